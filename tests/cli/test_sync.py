"""`sync` as its users meet it: exit codes, stdout, stderr and JSON, with and without a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook

from tests.cli.agency import HEADERS, MAPPING, SHEET, TAB, Agency, cron, house, masked
from tests.stack.loopback import Request
from tests.stack.spreadsheet import Cell

pytestmark = pytest.mark.stack

# -- without a terminal -----------------------------------------------------------------------


def test_cron_mails_nothing_when_all_is_well(agency: Agency) -> None:
    agency.sheet_is(*[house(number) for number in range(25)], headers=(*HEADERS, "", "未知"))
    for _ in range(2):
        printed = cron(agency, "sync", "all")
        assert (printed.code, printed.out, printed.err) == (0, "", "")
    assert len(agency.table()) == 25


def test_cron_mails_rejections_once_and_tells_all_when_asked(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2, "ask"), house(3))
    first = agency.run("sync", "all")
    assert (first.code, first.out) == (1, "")
    assert "1 new problem" in first.err
    assert "Listings!C3" in first.err
    assert 'Price "ask": not a number' in " ".join(first.err.split())

    again = agency.run("sync", "all")
    assert (again.code, again.out, again.err) == (1, "", "")

    agency.set_cell("C2", "12坪")
    news = agency.run("sync", "all")
    assert "1 new problem" in news.err
    assert "AA10002" not in news.err

    everything = agency.run("-v", "sync", "all")
    assert "2 problems" in everything.err
    assert "3 listings" in everything.out

    agency.set_cell("C4", "?")
    quiet = agency.run("-q", "sync", "all")
    assert (quiet.code, quiet.out, quiet.err) == (1, "", "")


def test_a_new_warning_is_printed_once(agency: Agency) -> None:
    agency.sheet_is(["AA10001", "戸建"], headers=HEADERS[:2])
    assert "no column 'Price'" in agency.run("sync", "all").err
    assert agency.run("sync", "all").err == ""
    assert "no column 'Price'" in agency.run("-v", "sync", "all").err


def test_many_rejections_are_cut_on_the_screen_and_whole_in_json(agency: Agency) -> None:
    agency.sheet_is(*[house(number, "ask") for number in range(30)])
    printed = agency.run("sync", "all")
    assert "30 new problems" in printed.err
    assert printed.err.count("AA100") == 20
    assert "and 10 more" in printed.err
    assert len(agency.run("sync", "all", "--json").document["errors"]) == 30


# -- JSON -------------------------------------------------------------------------------------

COUNTS = ("total", "success", "failed", "skipped", "inserted", "updated", "unchanged", "removed")
ASK = {
    "propertyNumber": "AA10002",
    "row": 3,
    "column": "Price",
    "cell": "Listings!C3",
    "value": "ask",
    "category": "validation_error",
    "error": "not a number; expected an amount, e.g. 34800000, 3,480万円",
    "code": "not_a_number",
    "link": f"https://docs.google.com/spreadsheets/d/{SHEET}/edit#gid=0&range=C3",
}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def test_the_document_of_a_run(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2, "ask"))
    document = agency.run("sync", "all", "--json").document
    assert UUID(document["syncId"])
    assert re.fullmatch(TIME, document["startedAt"])
    assert re.fullmatch(TIME, document["completedAt"])
    assert list(masked(document, "syncId", "startedAt", "completedAt").items()) == [
        ("version", 1),
        ("syncId", "..."),
        ("type", "full"),
        ("status", "partial"),
        ("startedAt", "..."),
        ("completedAt", "..."),
        ("stats", dict(zip(COUNTS, (2, 1, 1, 0, 1, 0, 0, 0), strict=True))),
        ("removed", []),
        ("errors", [ASK]),
    ]


def test_the_document_of_a_dry_run_is_the_runs_with_what_would_change(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2))
    agency.run("sync", "all")
    agency.sheet_is(house(1, 5), house(2, "ask"), house(3))
    foretold = agency.run("sync", "all", "--dry-run", "--json")
    assert agency.table() == {"AA10001": 30_000_000, "AA10002": 30_000_000}
    done = agency.run("sync", "all", "--json")
    assert foretold.code == done.code == 1
    own = ("syncId", "startedAt", "completedAt")
    extra = {
        "dryRun": True,
        "changes": {
            "inserts": ["AA10003"],
            "updates": [
                {
                    "propertyNumber": "AA10001",
                    "columns": [{"column": "Price", "old": "30000000", "new": 5}],
                    "unmarked": False,
                }
            ],
            "removals": [],
        },
        "refusal": None,
    }
    assert masked(foretold.document, *own) == {**masked(done.document, *own), **extra}


def test_one_document_also_when_nothing_could_be_done(agency: Agency) -> None:
    printed = agency.run("sync", "all", "--json", SUPABASE_URL="", SYNC_BATCH_SIZE="0")
    assert printed.code == 78
    assert printed.document["status"] == "failed"
    assert [problem.split(":")[0] for problem in printed.document["problems"]] == [
        str(agency.folder / ".env"),
        "SUPABASE_URL",
        "SYNC_BATCH_SIZE",
    ]
    agency.sheet_is()
    refused = agency.run("sync", "all", "--json")
    assert refused.code == 3
    assert refused.document["status"] == "failed"
    assert "no listing at all" in refused.document["errors"][0]["error"]


# -- dry run ----------------------------------------------------------------------------------


def test_a_dry_run_shows_the_plan_and_leaves_no_trace(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2), house(3))
    agency.run("sync", "all")
    agency.sheet_is(house(1, 5), house(2), house(4), house(5, "ask"))
    agency.project.execute("truncate sync_state cascade")
    state = agency.folder / "elsewhere"
    printed = agency.run("sync", "all", "--prune", "--dry-run", SYNC_STATE_DIR=str(state))
    assert printed.code == 3
    words = " ".join(printed.out.split())
    assert "Would insert 1 listing: AA10004" in words
    assert "AA10001 Price 30000000 -> 5" in words
    assert "Would remove 1 listing: AA10003" in words
    assert "AA10005" in printed.err
    assert "1 of 3" in printed.err
    assert not state.exists()
    assert agency.project.execute("select count(*) from sync_state") == [(0,)]
    assert len(agency.table()) == 3


# -- what is wrong, and what to do --------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        pytest.param({"SUPABASE_SERVICE_ROLE_KEY": "sb_secret_wrong"}, 3, "key", id="wrong key"),
        pytest.param(
            {"SUPABASE_SERVICE_ROLE_KEY": "sb_publishable_x"},
            78,
            "SUPABASE_SERVICE_ROLE_KEY: is a publishable key",
            id="publishable key",
        ),
        pytest.param({"SUPABASE_URL": "http://127.0.0.1:9/rest/v1"}, 78, "SUPABASE_URL", id="path"),
        pytest.param({"SYNC_SHEET_NAME": "Listing"}, 3, '"Listings"', id="unknown tab"),
        pytest.param(
            {"SYNC_SPREADSHEET_ID": "1Other"}, 3, "no spreadsheet", id="unknown spreadsheet"
        ),
        pytest.param(
            {"SYNC_SPREADSHEET_ID": "https://example.com/x"}, 78, "SYNC_SPREADSHEET_ID", id="no ID"
        ),
        pytest.param(
            {"GOOGLE_SERVICE_ACCOUNT_JSON": "{"}, 78, "GOOGLE_SERVICE_ACCOUNT_JSON", id="key JSON"
        ),
        pytest.param(
            {"GOOGLE_SERVICE_ACCOUNT_JSON": "", "GOOGLE_APPLICATION_CREDENTIALS": "none.json"},
            78,
            "cannot read none.json",
            id="no key file",
        ),
        pytest.param({"SYNC_SHEET_FILE": "none.csv"}, 3, "none.csv", id="no sheet file"),
        pytest.param({"SYNC_MAPPING_FILE": "none.toml"}, 78, "none.toml", id="no mapping file"),
        pytest.param({"SYNC_STATE_DIR": "/dev/null/x"}, 78, "SYNC_STATE_DIR", id="no state"),
        pytest.param({"SYNC_HEADER_ROW": "2"}, 3, "Property Number", id="another header row"),
        pytest.param(
            {"SUPABASE_URL": "http://127.0.0.1:9"}, 3, "cannot connect", id="nobody listens"
        ),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_is_written(
    agency: Agency, settings: dict[str, str], code: int, says: str
) -> None:
    agency.sheet_is(house(1))
    printed = agency.run("sync", "all", **settings)
    assert printed.code == code, printed.err
    assert says in printed.err
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert agency.project.secret_key not in printed.err
    assert agency.table() == {}


def test_a_sheet_that_is_not_shared_names_the_account_to_share_it_with(agency: Agency) -> None:
    agency.sheet_is(house(1))
    agency.google.unshare(SHEET)
    printed = agency.run("sync", "all")
    assert printed.code == 3
    assert agency.google.key()["client_email"] in printed.err


def test_several_tabs_and_none_named_are_listed(agency: Agency) -> None:
    agency.sheet_is(house(1))
    agency.google.put_tab(SHEET, "Archive", [HEADERS], sheet_id=7)
    agency.google.put_tab(SHEET, "Secret", [HEADERS], sheet_id=8, hidden=True)
    printed = agency.run("sync", "all")
    assert printed.code == 3
    assert "Listings" in printed.err
    assert "Archive" in printed.err
    assert agency.run("sync", "all", SYNC_SHEET_NAME=TAB).code == 0


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        pytest.param(
            ("Propety Number", "種別", "Price"),
            ['expected "Property Number"', "Propety"],
            id="renamed key",
        ),
        pytest.param(
            ("Property Number", "Price", "価格"),
            ['"Price" in Listings!B1', '"価格" in Listings!C1'],
            id="one column twice",
        ),
        pytest.param((), ["Listings"], id="an empty tab"),
    ],
)
def test_a_header_that_does_not_fit_fails_the_run(
    agency: Agency, headers: tuple[str, ...], says: list[str]
) -> None:
    rows: list[list[Cell]] = [["AA10001", "戸建", 5]] if headers else []
    agency.sheet_is(*rows, headers=headers)
    printed = agency.run("sync", "all")
    assert printed.code == 3
    for words in says:
        assert words in printed.err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(("property_listings", "nowhere"), "nowhere", id="no such table"),
        pytest.param(
            ("[columns.price]", "[columns.prize]"),
            'alter table public."property_listings" add column "prize"',
            id="no such column",
        ),
        pytest.param(('type = "money"', 'type = "cash"'), "columns.price.type", id="bad mapping"),
    ],
)
def test_a_mapping_that_does_not_fit_the_table(
    agency: Agency, change: tuple[str, str], says: str
) -> None:
    agency.sheet_is(house(1))
    agency.map(MAPPING.replace(*change))
    printed = agency.run("sync", "all")
    assert printed.code == (78 if "cash" in change[1] else 3)
    assert says in printed.err


# -- usage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["sync", "al"], "al", id="no such command"),
        pytest.param(["sync", "all", "--forse"], "--force", id="no such option"),
        pytest.param(["sync", "all", "--prune-limit", "101"], "--prune-limit", id="out of range"),
        pytest.param(["sync", "all", "--change-limit", "0"], "--change-limit", id="no change"),
        pytest.param(["sync", "all", "--batch-size", "many"], "--batch-size", id="no number"),
        pytest.param(["sync", "all", "AA1"], "AA1", id="an argument too many"),
        pytest.param(["sync", "numbers"], "at least one property number", id="no numbers"),
        pytest.param(["sync", "numbers", " ", "　"], "at least one", id="blank numbers"),
        pytest.param(
            ["sync", "numbers", "--from-file", "none.txt"], "cannot read none.txt", id="no file"
        ),
        pytest.param(["--log-format", "xml", "sync", "all"], "--log-format", id="no such format"),
    ],
)
def test_wrong_usage_is_exit_2_and_helps(agency: Agency, arguments: list[str], says: str) -> None:
    printed = agency.run(*arguments)
    assert (printed.code, printed.out) == (2, "")
    assert says in printed.err


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "all", "--help"], ["--version"]])
def test_help_and_version_need_no_settings(agency: Agency, arguments: list[str]) -> None:
    agency.settings = {}
    printed = agency.run(*arguments)
    assert (printed.code, printed.err) == (0, "")
    assert max(map(len, printed.out.splitlines())) <= 80


def test_a_flag_wins_over_the_environment(agency: Agency) -> None:
    agency.sheet_is(*[house(number) for number in range(5)])
    agency.run("sync", "all", "--batch-size", "1", SYNC_BATCH_SIZE="1000")
    runs = agency.project.execute("select metrics from sync_state")
    assert runs[0][0]["requests"] > 10


# -- removing and refusing ----------------------------------------------------------------------


def test_pruning_deletes_within_its_limit_and_the_way_on_goes_beyond(agency: Agency) -> None:
    agency.sheet_is(*[house(number) for number in range(20)])
    agency.run("sync", "all")
    agency.sheet_is(*[house(number) for number in range(2, 20)])
    assert agency.run("sync", "all", "--prune").code == 0
    assert len(agency.table()) == 18
    agency.sheet_is(*[house(number) for number in range(5, 20)])
    refused = agency.run("sync", "all", SYNC_PRUNE="true")
    assert refused.code == 3
    assert "3 of 18 listings in the table would be removed" in refused.err
    assert len(agency.table()) == 18
    way_on = re.search(r"`listing-sync sync all (--prune --prune-limit \d+)`$", refused.err.strip())
    assert way_on
    assert agency.run("sync", "all", *way_on[1].split()).code == 0
    assert len(agency.table()) == 15


def test_pruning_marks_when_the_mapping_says_so(agency: Agency) -> None:
    agency.map(MAPPING + '[prune]\nmark_column = "withdrawn_at"\n')
    agency.sheet_is(house(1), house(2))
    agency.run("sync", "all")
    agency.sheet_is(house(1))
    run = agency.run("sync", "all", "--prune", "--prune-limit", "50")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("Removed 1 listing: ")
    marked = "select property_number from property_listings where withdrawn_at is not null"
    assert agency.project.execute(marked) == [("AA10002",)]
    agency.sheet_is(house(1), house(2))
    assert agency.run("sync", "all").code == 0
    assert agency.project.execute(marked) == []


def test_a_sorted_column_is_refused_until_a_person_agrees(agency: Agency) -> None:
    agency.sheet_is(*[house(number, 1000 + number) for number in range(20)])
    agency.run("sync", "all")
    before = agency.table()
    agency.sheet_is(*[house(number, 1019 - number) for number in range(20)])
    assert "run once" not in agency.run("sync", "all", "--dry-run").err
    refused = agency.run("sync", "all")
    assert refused.code == 3
    first_line = refused.err.splitlines()[0]
    assert "column 'Price' looks sorted alone" in first_line
    assert "20 of 20 listings would be changed, most often in 'Price' 20" in first_line
    assert agency.table() == before
    assert agency.run("sync", "all", "--change-limit", "100").code == 0


def test_the_file_hold_pauses_cron_and_is_named(agency: Agency) -> None:
    agency.sheet_is(house(1))
    hold = agency.folder / "state" / "hold"
    hold.parent.mkdir()
    hold.write_text("wait for Aiko")
    printed = agency.run("sync", "all")
    assert printed.code == 3
    assert str(hold) in printed.err.replace("\n", "")
    assert "wait for Aiko" in printed.err
    hold.unlink()
    assert agency.run("sync", "all").code == 0


# -- single numbers -----------------------------------------------------------------------------


def test_single_numbers_from_arguments_a_file_and_stdin(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency.sheet_is(*[house(number) for number in range(6)])
    listed = agency.folder / "numbers.txt"
    listed.write_text(
        "# sold since Friday\nAA10001\nAA10002, AA10001 # both flats\n\n", encoding="utf-8-sig"
    )
    printed = agency.run(
        *("sync", "numbers", "ＡＡ１０００３", " AA10003 ", "--from-file", str(listed), "--json")
    )
    assert printed.code == 0
    assert printed.document["type"] == "selective"
    assert printed.document["stats"]["total"] == 3
    assert set(agency.table()) == {"AA10001", "AA10002", "AA10003"}

    with (agency.folder / "piped").open("w+") as piped:
        piped.write("AA10004\n")
        piped.seek(0)
        monkeypatch.setattr("sys.stdin", piped)
        assert agency.run("sync", "numbers", "--from-file", "-").code == 0
    assert "AA10004" in agency.table()


def test_a_number_that_the_sheet_lacks_is_named_with_near_ones(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2))
    printed = agency.run("sync", "numbers", "AA1001", "AA10002")
    assert printed.code == 1
    assert "AA1001 is not in the sheet; near: AA10001" in printed.err
    assert set(agency.table()) == {"AA10002"}


# -- local files --------------------------------------------------------------------------------


def test_a_local_file_needs_no_google(agency: Agency) -> None:
    for name in [name for name in agency.settings if name.startswith("GOOGLE")]:
        del agency.settings[name]
    del agency.settings["SYNC_SPREADSHEET_ID"]
    csv = agency.folder / "listings.csv"
    csv.write_bytes("物件番号,価格\r\nAA10001,3000万円\r\n".encode("cp932"))
    assert agency.run("sync", "all", SYNC_SHEET_FILE=str(csv)).code == 0
    assert agency.table() == {"AA10001": 30_000_000}

    book = Workbook()
    book.active.title = TAB
    for row in (HEADERS, house(1, 5), house(2)):
        book.active.append(list(row))
    book.save(agency.folder / "listings.xlsx")
    assert agency.run("sync", "all", SYNC_SHEET_FILE="listings.xlsx").code == 0
    assert agency.table() == {"AA10001": 5, "AA10002": 30_000_000}
    assert agency.google.requests == []


# -- what sheets can hold -----------------------------------------------------------------------


def test_cells_that_nobody_expects_are_taken_or_named_and_never_steer_the_terminal(
    agency: Agency,
) -> None:
    agency.sheet_is(
        house(1, note="\x1b[31mred\x1b[0m"),
        house(2, note="a\x00b"),
        house(3, note="[bold]not markup[/bold]"),
        house(4, note="長" * 400_000),
        house(5, "\x1b]0;title\x07[red]ask[/red]"),
        house(6, "#REF!"),
        house(7, "1,23"),
        ["\x1b[2JAA1", "戸建", 5],
    )
    printed = agency.run("-v", "sync", "all")
    assert printed.code == 1
    assert "\x1b" not in printed.err + printed.out
    assert "[red]ask[/red]" in printed.err
    assert "Listings!C7" in printed.err
    assert set(agency.table()) == {"AA10001", "AA10003", "AA10004"}
    errors = agency.run("sync", "all", "--json").document["errors"]
    assert {error["row"] for error in errors} == {3, 6, 7, 8, 9}
    assert all(len(error["value"] or "") <= 200 for error in errors)


def test_a_sheet_of_the_bundled_columns_needs_no_mapping_file(agency: Agency) -> None:
    headers = ("物件番号", "売出\n価格", "●特記", "Google Map")
    agency.sheet_is(["AA10001", "3,480万円", "南向き", "https://maps.example/1"], headers=headers)
    assert agency.run("sync", "all", SYNC_MAPPING_FILE="").code == 0
    row = "select listing_price, special_notes, google_map_url from property_listings"
    assert agency.project.execute(row) == [(34_800_000, "南向き", "https://maps.example/1")]


# -- beside the run -----------------------------------------------------------------------------


def test_the_page_and_the_metrics_are_written_after_each_run(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2))
    page, metrics = agency.folder / "page.html", agency.folder / "sync.prom"
    settings = {"SYNC_STATUS_PAGE": str(page), "SYNC_METRICS_FILE": str(metrics)}
    assert agency.run("sync", "all", "--dry-run", **settings).code == 0
    assert not page.exists()
    assert not metrics.exists()
    assert agency.run("sync", "numbers", "AA10001", **settings).code == 0
    assert page.exists()
    assert metrics.exists()
    page.unlink()
    assert agency.run("sync", "all", **settings).code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_logs_are_one_json_object_a_line_when_asked(agency: Agency) -> None:
    agency.sheet_is(house(1))
    printed = agency.run("-v", "--log-format", "json", "sync", "all", "--json")
    assert printed.document["status"] == "completed"
    events = [json.loads(line) for line in printed.err.splitlines()]
    assert [event["event"] for event in events] == ["run_started", "run_ended"]
    assert {event["run_id"] for event in events} == {printed.document["syncId"]}
    assert agency.project.secret_key not in printed.err


def test_a_reader_that_has_gone_is_no_error(agency: Agency) -> None:
    agency.sheet_is(house(1))
    with agency.start("sync", "all", "--dry-run", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=20) == 0


# -- on a terminal --------------------------------------------------------------------------------

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def visible(screen: str) -> list[str]:
    return [line.rstrip() for line in re.split(r"[\r\n]+", ESCAPE.sub("", screen))]


def width(line: str) -> int:
    return sum(2 if ord(char) > 0x2E80 else 1 for char in line)


def test_a_terminal_shows_progress_a_summary_and_all_rejections(agency: Agency) -> None:
    rows = [house(number, note="南向き" * 30) for number in range(60)]
    agency.sheet_is(*rows, house(99, "応相談" * 40))
    printed = agency.on_a_terminal("sync", "all")
    lines = visible(printed.out)
    assert printed.code == 1
    assert any("Writing" in line for line in lines)
    assert any(line.startswith("Done in part: 61 listings in ") for line in lines)
    assert "  60 inserted, 0 updated, 0 unchanged, 1 rejected" in lines
    assert "1 problem:" in lines
    assert max(map(width, lines)) <= 80
    assert COLOUR.search(printed.out)


@pytest.mark.parametrize(
    "settings", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "TERM=dumb"]
)
def test_no_colour_when_asked(agency: Agency, settings: dict[str, Any]) -> None:
    agency.sheet_is(house(1), house(2, "ask"))
    printed = agency.on_a_terminal("sync", "all", **settings)
    colours = [code for code in COLOUR.findall(printed.out) if re.search(r"[349]\d", code)]
    assert colours == []
    if "TERM" in settings:
        assert "\x1b" not in printed.out
    assert "Done in part: 2 listings" in printed.out


# -- stopping -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal_ends_the_run_in_order(agency: Agency, number: int, code: int) -> None:
    agency.sheet_is(house(1))
    reading, go_on = threading.Event(), threading.Event()

    def wait(request: Request) -> None:
        if "values" in request.path:
            reading.set()
            go_on.wait(10)

    agency.google.before_request(wait)
    process = agency.start("sync", "all")
    assert reading.wait(20)
    process.send_signal(number)
    threading.Timer(0.3, go_on.set).start()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (code, "")
    assert err == f"Stopped: stopped by {signal.Signals(number).name}\n"
    assert agency.project.execute("select status from sync_state") == [("interrupted",)]


def test_a_signal_before_the_run_began_has_the_same_code(agency: Agency) -> None:
    listed = agency.folder / "numbers"
    os.mkfifo(listed)
    process = agency.start("sync", "numbers", "--from-file", str(listed))
    with listed.open("w"):  # once the program reads from it
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 130


def test_a_bug_is_one_line_without_a_traceback_and_one_document(agency: Agency) -> None:
    agency.sheet_is(house(1))
    with pytest.MonkeyPatch.context() as patch:
        # A driver of the disk that raises what no driver should.
        nothing: dict[str, None] = {}
        patch.setattr(Path, "mkdir", lambda *_, **__: nothing["bug"])
        bare = agency.run("sync", "all")
        printed = agency.run("-v", "sync", "all", "--json")
    assert (bare.code, bare.out) == (70, "")
    (line,) = bare.err.splitlines()
    assert line.startswith("listing-sync has a bug (KeyError)")
    assert printed.code == 70
    assert printed.document["exitCode"] == 70
    assert "Traceback" in printed.err


def test_paths_are_as_written_on_the_command_line(agency: Agency) -> None:
    agency.sheet_is(house(1))
    settings = "".join(f"{name}='{value}'\n" for name, value in agency.settings.items())
    Path(agency.folder / "agency.env").write_text(settings)
    agency.settings = {}
    assert agency.run("--env-file", "agency.env", "sync", "all").code == 0
    assert agency.run("--env-file", "none.env", "sync", "all").code == 78
