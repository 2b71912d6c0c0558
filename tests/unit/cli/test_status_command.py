"""`status` as a person sees it: words, JSON and exit codes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from listing_sync.cells.listings import Rejection
from listing_sync.cli.face import Face
from listing_sync.cli.status import register
from listing_sync.cli.text import cell_width
from listing_sync.errors import Category, PermanentError, Service, StoppedError
from listing_sync.history.runs import RunStats, RunStatus, RunType, StoredRejection
from listing_sync.ports import JournalEntry, Replaced
from tests.command_line import runner
from tests.fakes import START
from tests.local_world import LocalWorld
from tests.runs import make_run, run_id

AWAY = PermanentError("the project is paused", service=Service.SUPABASE, category=Category.NETWORK)
LINK = "https://docs.google.com/spreadsheets/d/" + "x" * 44 + "/edit#gid=0&range=F17"
REJECTION = Rejection(
    "AA12345", 17, "価格", "物件一覧!F17", "応相談\x1b", "not a number", link=LINK
)


class LocalFace(Face):
    """A face whose world is given; it remembers whether the sheet's settings were needed."""

    def __init__(self, world: LocalWorld) -> None:
        super().__init__()
        self.world = world
        self.needed_sheet: bool | None = None

    @contextmanager
    def open(  # type: ignore[override] # the world is not the real one
        self,
        *,
        needs_sheet: bool = True,
        flags: Mapping[str, object] | None = None,
        json_output: bool = False,
        moves_breakers: bool = True,
    ) -> Iterator[LocalWorld]:
        self.needed_sheet = needs_sheet
        self.json_output = json_output
        yield self.world


def _app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    app.callback()(lambda: None)
    return app


@dataclass
class Printed:
    code: int
    out: str
    err: str
    needed_sheet: bool | None
    error: BaseException | None

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Ask = Callable[..., Printed]


@pytest.fixture
def world(tmp_path: Path) -> LocalWorld:
    return LocalWorld(tmp_path, "AA1,5000,sold\nAA123,1,\n")


@pytest.fixture
def ask(world: LocalWorld, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("TZ", "UTC")

    def run(*arguments: str) -> Printed:
        face = LocalFace(world)
        result = runner().invoke(_app(), ["status", *arguments], obj=face)
        return Printed(
            result.exit_code, result.stdout, result.stderr, face.needed_sheet, result.exception
        )

    return run


def fits(printed: Printed) -> bool:
    return all(cell_width(line) <= 80 for line in printed.out.splitlines())


# -- the last runs ----------------------------------------------------------------------------


def test_the_last_runs_are_a_table_of_80_columns(ask, world) -> None:
    world.clock.sleep(3600)
    stats = RunStats(
        total=1_234_567, failed=5_000, inserted=100_000, updated=200_000, unchanged=929_567
    )
    world.records.save(
        make_run(
            1,
            RunStatus.INTERRUPTED,
            stats=stats,
            run_type=RunType.SELECTIVE,
            took_s=3599,
            trigger="a very long trigger",
        )
    )
    world.records.save(make_run(2, RunStatus.FAILED, minutes=5, why="語" * 99))
    world.journal.add(JournalEntry(make_run(3, minutes=10), ()))
    printed = ask()
    assert printed.code == 0
    assert fits(printed)
    lines = printed.out.splitlines()
    assert lines == [
        "Started           Outcome       Listings      New  Updated  Removed  Failed",
        "2026-03-01 09:10  completed           10        0        0        0       0",
        f"  {run_id(3)}  full run, cron, 1 min",
        "  not yet recorded in Supabase",
        "2026-03-01 09:05  failed              10        0        0        0      10",
        f"  {run_id(2)}  full run, cron, 1 min",
        "  " + "語" * 38 + "…",
        "2026-03-01 09:00  interrupted  1,234,567  100,000  200,000        0   5,000",
        f"  {run_id(1)}  selective run, a very lo…, 59 min 59 s",
    ]
    assert printed.needed_sheet is False


def test_why_the_newest_run_failed_is_told_whole(ask, world) -> None:
    why = f"the table is {'語' * 99} gone: run `listing-sync migrate up`"
    world.records.save(make_run(1, RunStatus.FAILED, why=why))
    printed = ask()
    assert fits(printed)
    assert "".join(printed.out.partition("1 min\n")[2].split()) == "".join(why.split())


def test_a_journal_that_cannot_be_read_is_said_on_stderr(ask, world) -> None:
    world.records.save(make_run(1))
    world.state.path.mkdir(parents=True)
    (world.state.path / "journal").write_text("not a folder")
    printed = ask()
    assert printed.code == 0
    assert printed.err == "the journal in SYNC_STATE_DIR cannot be read: Not a directory\n"


def test_nothing_known_and_supabase_away_is_not_called_no_run(ask, world) -> None:
    world.records.away = AWAY
    printed = ask()
    assert (printed.code, printed.out) == (3, "")


def test_no_run_yet_names_the_command_that_starts_one(ask) -> None:
    printed = ask()
    assert (printed.code, printed.out) == (
        0,
        "No run yet. `listing-sync sync all` starts one.\n",
    )


def test_the_last_runs_as_json_are_one_document(ask, world) -> None:
    for number in range(1, 5):
        world.records.save(make_run(number, minutes=number))
    printed = ask("--json", "--limit", "2")
    assert [run["syncId"] for run in printed.document["runs"]] == [run_id(4), run_id(3)]
    assert printed.err == ""


@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["text", "json"])
def test_without_supabase_the_journal_is_printed_and_the_code_is_3(ask, world, flags) -> None:
    world.records.away = AWAY
    world.journal.add(JournalEntry(make_run(3), ()))
    printed = ask(*flags)
    assert printed.code == 3
    assert run_id(3) in printed.out
    assert "the project is paused" in printed.err + (printed.out if flags else "")


# -- one run ----------------------------------------------------------------------------------


def test_one_run_is_shown_whole_with_links_in_one_piece(ask, world) -> None:
    run = make_run(
        1,
        RunStatus.PARTIAL,
        rejections_run_id=run_id(1),
        warnings=("the header 間取り is missing",),
        metrics={
            "requests": 30,
            "retries": 1,
            "bytes": 1_200_000,
            "bytes_from_supabase": 56_000,
            "bytes_from_google": 1_100_000,
            "rate_limit_wait_s": 0.25,
            "retry_wait_s": 1.0,
            "latency_p50_s": 0.1,
            "latency_p95_s": 0.3,
            "latency_p99_s": 0.5,
            "cpu_s": 1.3,
            "peak_memory_bytes": 90_000_000,
        },
    )
    world.records.save(run)
    world.records.save_rejections([StoredRejection(run_id(1), REJECTION, START)])
    printed = ask(run_id(1))
    assert printed.code == 0
    assert [line.rstrip() for line in printed.out.splitlines()] == [
        f"Run       {run_id(1)}",
        "Outcome   partial",
        "Started   2026-03-01 09:00:00 UTC, cron",
        "Took      1 min",
        "Kind      full",
        "From      sheet",
        "To        table",
        "By        web1, process 42, version 1.0",
        "Listings  10: 9 as in the sheet, 1 rejected, 0 failed, 0 skipped",
        "Changes   0 inserted, 0 updated, 0 removed, 9 unchanged",
        "Requests  30, 1 retry, 1.2 MB; p50 0.10 s, p95 0.30 s, p99 0.50 s",
        "Received  56 kB from Supabase, 1.1 MB from Google",
        "Waited    0.2 s for the rate limit, 1.0 s before retries",
        "Used      1.3 s of CPU, 90.0 MB of memory",
        "Warning   the header 間取り is missing",
        "",
        "1 rejection:",
        "AA12345  物件一覧!F17",
        '  価格 "応相談\\x1b": not a number',
        f"  {LINK}",
    ]


def test_a_run_in_progress_says_what_is_to_do(ask, world) -> None:
    going = make_run(1, RunStatus.IN_PROGRESS, stats=RunStats(total=10, unchanged=4))
    world.records.save(going)
    out = ask(run_id(1)).out
    assert "4 as in the sheet, 0 rejected, 0 failed, 0 skipped, 6 to do" in out
    assert "Last seen" in out


def test_one_run_as_json_has_its_errors(ask, world) -> None:
    world.records.save(make_run(1, RunStatus.PARTIAL, rejections_run_id=run_id(1)))
    world.records.save_rejections([StoredRejection(run_id(1), REJECTION, START)])
    document = ask(run_id(1), "--json").document
    assert document["syncId"] == run_id(1)
    assert [error["link"] for error in document["errors"]] == [LINK]


@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["text", "json"])
def test_an_unknown_run_is_code_1(ask, flags) -> None:
    printed = ask(run_id(9), *flags)
    assert printed.code == 1
    assert "o such run" in printed.out if flags else f"No run {run_id(9)}" in printed.err


def test_a_run_that_cannot_be_looked_up_is_code_3(ask, world) -> None:
    world.records.away = AWAY
    printed = ask(run_id(9))
    assert (printed.code, printed.err) == (3, "the project is paused\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("not-a-uuid",),
        ("--limit", "0"),
        (run_id(1), "--listing", "AA1"),
        ("--listing", " "),
        ("--watch", "--json"),
        ("--html", "page.html", "--json"),
        ("--html", "no/such/folder/page.html"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_code_2(ask, arguments) -> None:
    assert ask(*arguments).code == 2


@pytest.mark.parametrize("name", ["latest", run_id(1)[:8], run_id(1)[:8].upper()])
def test_a_run_is_named_by_latest_or_by_the_start_of_its_id(ask, world, name) -> None:
    world.records.save(make_run(1))
    assert ask(name, "--json").document["syncId"] == run_id(1)


def test_a_start_that_several_runs_share_names_them(ask, world) -> None:
    world.records.save(replace(make_run(1), run_id="abcd" + run_id(1)[4:]))
    world.records.save(replace(make_run(2), run_id="abcd" + run_id(2)[4:]))
    printed = ask("abcd")
    assert printed.code == 1
    assert printed.err.startswith("abcd may mean 2 runs: abcd")


def test_a_start_of_no_run_is_code_1(ask) -> None:
    printed = ask("ffff0000")
    assert (printed.code, printed.err.startswith("No run ffff0000;")) == (1, True)


# -- what is rejected now -----------------------------------------------------------------------


def test_what_is_rejected_now_is_that_of_the_newest_run_that_checked_the_sheet(ask, world) -> None:
    world.records.save(make_run(1, RunStatus.PARTIAL, rejections_run_id=run_id(1)))
    world.records.save_rejections([StoredRejection(run_id(1), REJECTION, START)])
    world.records.save(make_run(2, RunStatus.FAILED, minutes=5, why="no network"))
    printed = ask("--rejected")
    assert printed.code == 1
    assert "AA12345  物件一覧!F17" in printed.out
    document = ask("--rejected", "--json").document
    assert document["syncId"] == run_id(1)
    assert [error["cell"] for error in document["errors"]] == ["物件一覧!F17"]


def test_nothing_rejected_is_said(ask, world) -> None:
    assert ask("--rejected").out == "No run has checked the sheet yet.\n"
    world.records.save(make_run(1))
    printed = ask("--rejected")
    assert (printed.code, printed.out) == (0, "Nothing is rejected.\n")


def test_what_is_rejected_cannot_be_told_without_supabase(ask, world) -> None:
    world.records.away = AWAY
    printed = ask("--rejected")
    assert printed.code == 3
    assert "the project is paused" in printed.err


# -- one listing ------------------------------------------------------------------------------


def test_a_listing_is_answered_first_and_explained_below(ask, world, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    world.table.content = {"AA1": {"property_number": "AA1", "price": 4000, "status": None}}
    world.records.save(make_run(1))
    world.undo.record(run_id(1), START, [Replaced("AA1", {"price": 3000}, {"price": 4000})])
    printed = ask("--listing", "AA1")
    assert printed.code == 0
    assert fits(printed)
    assert [line.rstrip() for line in printed.out.splitlines()] == [
        "AA1 is on the site but differs from row 2 in 価格, Status: the next run writes",
        "it (the last one was at 09:00).",
        "",
        "In the sheet  row 2, valid",
        "In the table  yes",
        'Difference    価格: sheet "5000", table "4000"',
        'Difference    Status: sheet "sold", table blank',
        "Last changed  2026-03-01 09:00:00 UTC: updated by run",
        f"              {run_id(1)}",
        '              価格: "3000" -> "4000"',
        f"Last run      2026-03-01 09:00, completed ({run_id(1)})",
    ]
    assert printed.needed_sheet is True


def test_a_rejected_listing_shows_cell_value_and_since_when(ask, world, tmp_path) -> None:
    (tmp_path / "Listings.csv").write_text("物件番号,価格,Status\nAA1,応相談,\n", encoding="utf-8")
    world.records.save(make_run(1))
    partial = make_run(2, RunStatus.PARTIAL, minutes=5, rejections_run_id=run_id(2))
    world.records.save(partial)
    rejection = replace(REJECTION, property_number="AA1", value="応相談")
    world.records.save_rejections([StoredRejection(run_id(2), rejection, START)])
    printed = ask("--listing", "AA1")
    answer = printed.out.split("\n\n")[0].replace("\n", " ")
    assert answer.startswith(
        'AA1 is not on the site because of its 価格 in Listings!B2 ("応相談"): not a'
    )
    assert answer.endswith("It has been rejected since 09:05.")
    assert "rejection:" not in printed.out
    assert printed.code == 0


def test_a_listing_as_json_has_its_answer(ask) -> None:
    document = ask("--listing", "AA1", "--json").document
    assert (document["row"], document["inTable"], document["upToDate"]) == (2, False, False)
    assert document["answer"].startswith("AA1 is not on the site yet")


def test_share_hold_and_withdrawal_are_facts_of_a_listing(ask, world) -> None:
    world.settings = world.settings.model_copy(update={"sync_rollout_percent": 0})
    world.table.content = {"AA1": {"property_number": "AA1"}}
    world.table.marks = {"AA1": "2026-03-01T00:00:00+00:00"}
    world.hold.place("rolled\x1bback")
    out = " ".join(ask("--listing", "AA1").out.split())
    assert "In the table yes, marked as withdrawn" in out
    assert "SYNC_ROLLOUT_PERCENT leaves it out" in out
    assert "(rolled\\x1bback)" in out


def test_an_unknown_listing_is_code_1(ask) -> None:
    printed = ask("--listing", "AA12")
    assert printed.code == 1
    assert printed.out.startswith(
        "AA12 is neither in the sheet nor on the site (near it: AA1, AA123)"
    )


def test_a_listing_of_a_sheet_that_cannot_be_read_is_code_3(ask, tmp_path) -> None:
    (tmp_path / "Listings.csv").unlink()
    printed = ask("--listing", "AA1")
    assert printed.code == 3
    assert "AA1 is not on the site; what the sheet says of it cannot be read now." in printed.out
    assert "Not known" in printed.out


# -- watching and the page --------------------------------------------------------------------


def test_watching_without_a_terminal_prints_each_change_once_until_it_is_stopped(
    ask, world
) -> None:
    going = make_run(1, RunStatus.IN_PROGRESS, stats=RunStats(total=100, unchanged=20))
    world.records.save(going)

    def get_on() -> None:
        later = replace(
            going,
            stats=RunStats(total=100, unchanged=60),
            heartbeat_at=START + timedelta(seconds=4),
        )
        world.records.save(later)

    stop = world.clock.stop
    world.clock.at(4.5, get_on)
    world.clock.at(8.5, lambda: stop.request(2))
    printed = ask("--watch")
    assert isinstance(printed.error, StoppedError)
    paces = [line for line in printed.out.splitlines() if line.startswith("In progress")]
    assert paces == [
        "In progress: 20 of 100 listings; last sign of life 0.0 s ago",
        "In progress: 60 of 100 listings, 10.0/s, about 4.0 s left; last sign of life 1.0 s ago",
    ]


def test_watching_on_a_terminal_redraws_every_second(world) -> None:
    drawn = io.StringIO()
    face = LocalFace(world)
    face.out = Console(
        file=drawn,
        force_terminal=True,
        width=80,
        height=24,
        markup=False,
        _environ={"TERM": "xterm"},
    )
    world.records.save(make_run(1))

    def go_away() -> None:
        world.records.away = AWAY

    world.clock.at(1.5, go_away)
    stop = world.clock.stop
    world.clock.at(3.5, lambda: stop.request(2))
    result = runner().invoke(_app(), ["status", "--watch"], obj=face)
    assert isinstance(result.exception, StoppedError)
    frames = drawn.getvalue().split("\x1b[H")[2:]
    assert [run_id(1) in frame for frame in frames] == [True, True, False, False]
    assert ["the project is paused" in frame for frame in frames] == [False, False, True, True]


def test_the_page_is_written_even_when_supabase_is_away_and_the_code_says_so(
    ask, world, tmp_path
) -> None:
    path = tmp_path / "page.html"
    world.records.save(make_run(1))
    printed = ask("--html", str(path))
    assert (printed.code, printed.out, printed.err) == (0, "", "")
    healthy = path.read_text(encoding="utf-8")
    world.records.away = AWAY
    assert ask("--html", str(path)).code == 3
    assert path.read_text(encoding="utf-8") != healthy
    assert path.stat().st_mode & 0o777 == 0o644
    assert [item.name for item in tmp_path.glob(".page*")] == []
