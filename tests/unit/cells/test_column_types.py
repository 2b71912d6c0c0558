"""What every type of column must have; a new one without it fails here, by its name."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Cell, Problem, Value
from listing_sync.cells.parsing import parser_for

ROOT = Path(__file__).parents[3]
EXAMPLES: dict[str, tuple[Cell, Value | Problem, Value, str]] = {
    "text": ("港区", "港区", "港区", "text"),
    "integer": ("12階建て", Problem("not a number"), None, "bigint"),
    "decimal": ("1,234.5", "1234.5", 1234.5, "numeric"),
    "money": ("3,480万円", "34800000", 34800000, "numeric"),
    "area": ("70.25㎡", "70.25", "70.250", "numeric"),
    "date": ("令和6年1月31日", "2024-01-31", "2024-01-31T00:00:00", "date"),
    "datetime": (
        "2024-01-31 09:30",
        "2024-01-31T00:30:00+00:00",
        "2024-01-31 09:30:00+09",
        "timestamp with time zone",
    ),
    "boolean": ("はい", True, True, "boolean"),
    "url": ("https://example.com/a.jpg", "https://example.com/a.jpg", None, "text"),
    "json": ('{"a": 1.50}', None, {"a": 1.5}, "jsonb"),
}
"""Type -> a cell, the value read, what the table may give back for it, and its own SQL type."""

EVERY = [pytest.param(each, id=each.value) for each in ColumnType]


def column(each: ColumnType) -> Column:
    return Column("c", ("C",), each)


def read(each: ColumnType, cell: Cell) -> Value | Problem:
    return parser_for(column(each), ZoneInfo("Asia/Tokyo"))(cell)


@pytest.mark.parametrize("each", EVERY)
def test_a_cell_of_a_type_is_read_and_found_again_in_the_table(each: ColumnType) -> None:
    cell, value, found, _ = EXAMPLES[each]
    got = read(each, cell)
    if isinstance(value, Problem):
        assert isinstance(got, Problem)
        return
    assert not isinstance(got, Problem)
    if value is not None:
        assert got == value
    assert each.facts.is_equal(got, got if found is None else found)
    assert not each.facts.is_equal(got, "something else")


@pytest.mark.parametrize("each", EVERY)
def test_what_is_no_value_of_a_type_is_told_with_what_is_expected(each: ColumnType) -> None:
    got = read(each, "\x00?")
    assert isinstance(got, Problem)
    assert each.facts.expected


@pytest.mark.parametrize("each", EVERY)
def test_the_column_that_a_type_wants_fits_it(each: ColumnType) -> None:
    assert EXAMPLES[each][3] in each.facts.fits
    short = {"timestamp with time zone": "timestamptz"}
    assert each.facts.sql(column(each)) == short.get(EXAMPLES[each][3], EXAMPLES[each][3])


def test_the_contract_names_every_type_in_order() -> None:
    contract = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    assert f"# {', '.join(ColumnType)}\n" in contract


def test_every_type_has_its_example() -> None:
    assert list(EXAMPLES) == list(ColumnType)
