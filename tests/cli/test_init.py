"""`init` as a new user runs it: three answers, two files, and the first sync."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from listing_sync.cells.romaji import romanised
from tests.cli.agency import SHEET, TAB, Agency, house
from tests.cli.dialogue import Dialogue
from tests.stack import odd_headers
from tests.stack.spreadsheet import Cell

HEADERS = ("物件番号", "種別", "価格", "バルコニー面積", "謎の列")


@pytest.fixture
def newcomer(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> Agency:
    """An agency that has a key for each service and nothing else, in its folder."""
    folder = agency.folder
    (folder / "mapping.toml").unlink()
    monkeypatch.chdir(folder)
    Path("secret").write_text(agency.project.secret_key)
    agency.google.write_key_file(folder / "google.json")
    agency.settings = {
        "GOOGLE_SHEETS_API_ENDPOINT": agency.google.url,
        "SYNC_STATE_DIR": str(folder / "state"),
        "SYNC_RATE_LIMIT": "0",
    }
    return agency


def answers(agency: Agency, sheet: str = SHEET) -> tuple[str, ...]:
    return (
        *("init", "--url", agency.project.url, "--supabase-key-file", "secret"),
        *("--google-key", "google.json", "--sheet", sheet),
    )


def test_headers_of_ones_own_get_a_mapping_that_the_next_command_reads(newcomer: Agency) -> None:
    newcomer.google.put_tab(SHEET, TAB, [HEADERS, *([*house(n)[:3], 8.5, "x"] for n in range(5))])
    printed = newcomer.run(*answers(newcomer), "--yes")
    assert (printed.code, printed.err) == (0, "")
    assert "Listings are told apart by '物件番号'" in printed.out
    mapping = tomllib.loads(Path("mapping.toml").read_text(encoding="utf-8"))
    assert mapping["key"] == "property_number"
    assert list(mapping["columns"]) == [
        *(
            "property_number",
            "property_type",
            "price",
            "balcony_area",
            romanised("謎の列") or "column_e",
        )
    ]
    assert mapping["columns"]["property_number"]["pattern"]
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600

    plan = newcomer.run("migrate", "plan", "--sql")
    assert 'add column "balcony_area" numeric' in plan.out
    dry_run = newcomer.run("sync", "all", "--dry-run")
    assert (dry_run.code, "balcony_area" in dry_run.err) == (3, True)


def test_where_every_header_is_bundled_no_mapping_is_written(newcomer: Agency) -> None:
    newcomer.google.put_tab(SHEET, TAB, [HEADERS[:3], *(house(n)[:3] for n in range(5))])
    printed = newcomer.run(*answers(newcomer), "--yes")
    assert printed.code == 0
    assert "The bundled mapping has every header of the sheet." in printed.out
    assert not Path("mapping.toml").exists()
    assert newcomer.run("sync", "all").code == 0
    assert len(newcomer.table()) == 5


@pytest.mark.parametrize(("locale", "is_written"), [("ja_JP.UTF-8", True), ("en_US.UTF-8", False)])
def test_the_language_of_who_sets_it_up_is_written_for_cron_which_has_no_locale(
    newcomer: Agency, japanese: None, locale: str, *, is_written: bool
) -> None:
    newcomer.google.put_tab(SHEET, TAB, [HEADERS[:3], house(1)[:3]])
    assert newcomer.run(*answers(newcomer), "--yes", LC_ALL=locale).code == 0
    assert ("SYNC_LANGUAGE=ja\n" in Path(".env").read_text()) is is_written


def test_numbers_that_the_bundled_pattern_does_not_know_drop_it(newcomer: Agency) -> None:
    rows: list[list[Cell]] = [[f"K-{n}", "戸建", 1] for n in range(5)]
    newcomer.google.put_tab(SHEET, TAB, [HEADERS[:3], *rows])
    assert newcomer.run(*answers(newcomer), "--yes").code == 0
    assert "pattern" not in Path("mapping.toml").read_text(encoding="utf-8")
    assert newcomer.run("sync", "all").code == 0
    assert len(newcomer.table()) == 5


def test_a_sheet_without_the_bundled_key_is_told_apart_by_a_column_of_its_own(
    newcomer: Agency,
) -> None:
    rows: list[list[Cell]] = [[f"R{n}", "戸建", 100 + n] for n in range(5)]
    newcomer.google.put_tab(SHEET, TAB, [("管理コード", "種別", "価格"), *rows])
    printed = newcomer.run(*answers(newcomer), "--table", "homes", "--yes")
    assert printed.code == 0
    mapping = tomllib.loads(Path("mapping.toml").read_text(encoding="utf-8"))
    assert (mapping["table"], mapping["key"]) == ("homes", "management_code")
    assert mapping["columns"]["management_code"] == {
        "header": "管理コード",
        "type": "text",
        "required": True,
    }


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        pytest.param([["A"], ["A"]], (), "no column of the sheet tells", id="nothing is unique"),
        pytest.param(
            [["A"], ["B"]], ("--key-header", "物件コート"), "'物件コード'", id="a header misspelt"
        ),
    ],
)
def test_a_sheet_that_cannot_be_told_apart_writes_nothing(
    newcomer: Agency, rows: list[list[str]], options: tuple[str, ...], said: str
) -> None:
    newcomer.google.put_tab(SHEET, TAB, [("物件コード",), *rows])
    printed = newcomer.run(*answers(newcomer), "--yes", *options)
    assert printed.code == 3
    assert said in printed.err
    assert not Path(".env").exists()


def test_a_wrong_answer_is_asked_for_again_and_a_secret_is_not_shown(newcomer: Agency) -> None:
    newcomer.google.put_tab(SHEET, TAB, [HEADERS[:3], *(house(n)[:3] for n in range(5))])
    talk = Dialogue("init", folder=newcomer.folder, settings=newcomer.settings)
    for question, wrong, why, right in (
        ("URL of the Supabase project: ", "xyz", "SUPABASE_URL: not a URL", newcomer.project.url),
        (
            *("Secret key (sb_secret_...): ", "sb_publishable_abcdefghijklmnopqrst"),
            *("a publishable key, which may not write", newcomer.project.secret_key),
        ),
        ("or path of a .csv or .xlsx file: ", "no.csv", "there is no file no.csv", SHEET),
    ):
        talk.answer(question, wrong)
        talk.sees(why)
        talk.answer(question, right)
    talk.answer("Tab (Enter: the only one): ", "")
    question = "Path of Google's credentials file: "
    talk.answer(question, "~/nowhere.json")
    talk.sees(f"cannot read {newcomer.folder}/nowhere.json")
    talk.answer(question, "~/a/../google.json")
    talk.answer("Write this? [Y/n]: ", "")
    assert talk.end() == 0
    assert newcomer.project.secret_key not in talk.screen
    written = Path(".env").read_text(encoding="utf-8")
    assert f"GOOGLE_APPLICATION_CREDENTIALS={newcomer.folder}/google.json\n" in written
    newcomer.project.truncate()
    assert newcomer.run("sync", "all").code == 0


def test_without_a_terminal_what_is_lacking_is_told_at_once(newcomer: Agency) -> None:
    printed = newcomer.run("init")
    assert printed.code == 2
    assert "--url, --supabase-key-file, --sheet, --google-key" in " ".join(printed.err.split())


def test_nothing_is_written_over_or_without_consent(newcomer: Agency) -> None:
    newcomer.google.put_tab(SHEET, TAB, [HEADERS[:3], house(1)[:3]])
    assert newcomer.run(*answers(newcomer)).code == 2
    assert not Path(".env").exists()
    Path(".env").write_text("")
    printed = newcomer.run(*answers(newcomer), "--yes")
    assert (printed.code, "already" in printed.err) == (2, True)


@pytest.mark.parametrize("mark", ["\ufeff", ""], ids=["with a mark", "without"])
def test_a_key_file_is_read_as_every_command_reads_it(newcomer: Agency, mark: str) -> None:
    newcomer.google.put_tab(SHEET, TAB, [HEADERS[:3], *(house(n)[:3] for n in range(5))])
    Path("secret").write_text(f"{mark}{newcomer.project.secret_key}\n", encoding="utf-8")
    assert newcomer.run(*answers(newcomer), "--yes").code == 0


def test_an_answer_that_is_wrong_is_told_as_by_every_command(newcomer: Agency) -> None:
    Path("secret").write_text("sb_publishable_abcdefghijklmnopqrst")
    printed = newcomer.run(*answers(newcomer), "--yes")
    assert printed.code == 78
    assert "publishable" in printed.err
    assert not Path(".env").exists()


@pytest.fixture
def table_as_before(newcomer: Agency) -> Iterator[None]:
    """Let the columns that a test adds to the bundled table be gone afterwards."""
    names = "select column_name from information_schema.columns where table_name = %s"
    before = {name for (name,) in newcomer.project.execute(names, ("property_listings",))}
    yield
    newcomer.project.truncate()
    for (name,) in newcomer.project.execute(names, ("property_listings",)):
        if name not in before:
            newcomer.project.execute(f'alter table property_listings drop column "{name}"')
    newcomer.project.restart()


@pytest.mark.usefixtures("table_as_before")
def test_126_japanese_headers_are_synced_in_four_commands_and_no_editor(newcomer: Agency) -> None:
    assert len(odd_headers.HEADERS) == 126
    newcomer.project.execute("drop table property_listings")
    newcomer.project.execute("delete from sync_migrations")
    newcomer.project.restart()
    newcomer.google.put_tab(SHEET, TAB, odd_headers.rows(30))
    written = newcomer.run(*answers(newcomer), "--yes")
    assert (written.code, written.err) == (0, "")
    commands = [
        line.split("listing-sync ")[1] for line in written.out.split("Next:")[1].split("\n")[1:4]
    ]
    assert commands[0].startswith("migrate plan --sql")
    assert commands[1:] == ["sync all --dry-run", "sync all"]

    newcomer.project.execute(newcomer.run("migrate", "plan", "--sql").out)
    newcomer.project.restart()  # this server does not listen to the notify at the end
    dry_run = newcomer.run("sync", "all", "--dry-run")
    assert (dry_run.code, dry_run.err) == (0, "")
    assert "30 would be inserted" in dry_run.out
    assert newcomer.run("sync", "all").code == 0
    assert newcomer.run("migrate", "verify").code == 0
    mapping = tomllib.loads(Path("mapping.toml").read_text(encoding="utf-8"))["columns"]
    assert len(mapping) == 126
    most = 3 if romanised("謎") else 11  # %, a year first, and a name of marks alone
    assert sum(name.startswith("column_") for name in mapping) <= most
    read = 'price, price_per_tsubo, balcony_area, facing, phone, "order"'
    asked = f"select {read} from property_listings where property_number = 'AA10003'"
    [(price, per_tsubo, area, facing, phone, order)] = newcomer.project.execute(asked)
    assert (price, per_tsubo, area) == (29_820_000, 29_820_000, Decimal("52.25"))
    assert (facing, phone, order) == ("-", "03-1234-0002", "ordeの値2")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_written_is_for_its_owner_alone_whatever_the_umask(
    newcomer: Agency, umask: int
) -> None:
    Path("houses.csv").write_text("物件番号,謎の列\nAA00001,x\n", encoding="utf-8")
    project = ("--url", newcomer.project.url, "--supabase-key-file", "secret")
    before = os.umask(umask)
    try:
        printed = newcomer.run("init", *project, "--sheet", "houses.csv", "--yes")
    finally:
        os.umask(before)
    assert (printed.code, printed.err) == (0, "")
    modes = {name: stat.S_IMODE(Path(name).stat().st_mode) for name in (".env", "mapping.toml")}
    assert modes == {".env": 0o600, "mapping.toml": 0o600}
