"""The files that people really have, each through the program once, in a dry run."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from listing_sync.cli.app import run
from tests.cli.agency import OURS
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

CASES = Path(__file__).parents[1] / "cases"
TABLE = """
create table items (id text primary key, title text, note text, price numeric, price0 numeric,
  area numeric, built date, seen timestamptz, flag boolean, photo text, count integer);
grant all on items to service_role;
notify pgrst, 'reload schema';
"""


@pytest.fixture(scope="module")
def items(stack: SupabaseLite) -> Iterator[SupabaseLite]:
    stack.execute(TABLE)
    stack.restart()
    yield stack
    stack.execute("drop table items")
    stack.restart()


@pytest.mark.parametrize(
    ("case", "inserted", "rejected"),
    [
        ("unit_in_number_format.xlsx", 3, {"AA2": "坪", "AA4": "帖"}),
        ("formula_never_calculated.xlsx", 1, {"AA1": "never calculated"}),
        ("formulas.xlsx", 3, {"AA2": "no stored value", "AA8": "no stored value"}),
        ("unquoted_thousands.csv", 2, {None: "7 fields, the header 5"}),
        ("blank_before_quote.csv", 0, {None: "7 fields, the header 5"}),
        ("more_fields_than_headers.csv", 0, {None: "5 fields, the header 4"}),
        ("builtin_japanese_dates.xlsx", 9, {"AA34": "year, month and day"}),
        ("text_with_number_format.xlsx", 10, {}),
        ("cells_out_of_order.xlsx", 1, {}),
        ("rows_out_of_order.xlsx", 1, {"AA1": "not a number"}),
        ("one_row_element_per_cell.xlsx", 1, {}),
        ("new_error_cells.xlsx", 1, {"AA1": "the formula in this cell fails"}),
        ("error_spellings.csv", 0, {"A1": "the formula in this cell fails"}),
        ("strict_open_xml.xlsx", 1, {}),
        ("backslash_part_names.xlsx", 1, {}),
        ("empty_fill.xlsx", 9, {"AA34": "year, month and day"}),
        ("boolean_as_word.xlsx", 2, {}),
        ("one_bad_number.xlsx", 1, {"AA1": "not a number"}),
        ("missing_shared_string.xlsx", 1, {"AA1": "missing in the file"}),
        ("exporters_habits.csv", 3, {}),
        ("sep_line.csv", 1, {}),
        ("float_key_day_1.csv", 2, {}),
        ("float_key_day_2.csv", 2, {}),
        ("dates.csv", 5, {"A2": "a bare number"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_gives_its_listings_and_names_its_cells(
    items: SupabaseLite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: str,
    inserted: int,
    rejected: dict[str | None, str],
) -> None:
    code, out, _ = dry_run(items, tmp_path, monkeypatch, capsys, case)
    document = json.loads(out)
    assert document["stats"]["inserted"] == inserted
    told = {each["propertyNumber"]: each["error"] for each in reversed(document["errors"])}
    assert {number: words in told[number] for number, words in rejected.items()} == (
        dict.fromkeys(rejected, True)
    )
    assert bool(told) == bool(rejected)
    assert code == (1 if rejected else 0) or not inserted


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("cut_in_a_row.csv", "cut off: its last line has 3 of 5 fields"),
        ("cut_in_the_key.csv", "cut off: its last line has 1 of 5 fields"),
        ("western_code_page.csv", "does not read as Japanese"),
        ("western_code_page_refused.csv", "neither UTF-8 nor CP932"),
    ],
    ids=lambda value: value if value.endswith(".csv") else "",
)
def test_a_file_of_which_nothing_is_sure_ends_the_run(
    items: SupabaseLite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: str,
    words: str,
) -> None:
    code, out, err = dry_run(items, tmp_path, monkeypatch, capsys, case)
    assert code == 3
    assert words in out + err


def dry_run(
    project: SupabaseLite,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> tuple[int, str, str]:
    """Run the program on a case in this process, and return its exit code, stdout and stderr."""
    settings = {
        "SUPABASE_URL": project.url,
        "SUPABASE_SERVICE_ROLE_KEY": project.secret_key,
        "SYNC_STATE_DIR": str(folder / "state"),
        "SYNC_MAPPING_FILE": str(CASES / "items.toml"),
        "SYNC_SHEET_FILE": str(CASES / case),
        "SYNC_RATE_LIMIT": "0",
    }
    with monkeypatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(OURS)]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["listing-sync", "sync", "all", "--dry-run", "--json"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            run()
    printed = capsys.readouterr()
    assert isinstance(exit_.value.code, int)
    return exit_.value.code, printed.out, printed.err
