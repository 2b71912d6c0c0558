"""The accident behind a refused plan is found from what changes, and never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Checked, Listing, SheetColumn, Value
from listing_sync.changes.likely_cause import likely_cause
from listing_sync.changes.plan import Plan, TableRow, make_plan
from listing_sync.changes.refusal import SafetyLimits, refusal

COLUMNS = (
    SheetColumn(Column("number", ("Number",), ColumnType.TEXT), "Number", "A"),
    SheetColumn(Column("price", ("Price",), ColumnType.MONEY), "Price", "B"),
    SheetColumn(Column("note", ("Note",), ColumnType.TEXT), "Note", "C"),
)

Row = tuple[str, Value, Value]


def houses(count: int) -> list[Row]:
    return [(f"AA{number}", 1000 + number, f"n{number}") for number in range(1, count + 1)]


def priced(rows: Sequence[Row], prices: Sequence[Value]) -> list[Row]:
    return [(row[0], price, row[2]) for row, price in zip(rows, prices, strict=True)]


def plan_of(sheet: Sequence[Row], table: Sequence[Row]) -> tuple[Plan, tuple[Listing, ...]]:
    listings = tuple(Listing(row[0], index, row) for index, row in enumerate(sheet, start=2))
    checked = Checked(
        columns=COLUMNS,
        listings=listings,
        rejections=(),
        numbers=frozenset(row[0] for row in sheet),
        unknown_numbers=False,
        total_rows=len(sheet),
        rejected_rows=0,
    )
    pages = [[TableRow(row[0], row) for row in table]]
    return make_plan(checked, pages, prune=True), listings


def cause_of(sheet: Sequence[Row], table: Sequence[Row]) -> str | None:
    return likely_cause(*plan_of(sheet, table))


def test_a_column_sorted_alone_is_named_though_the_table_spells_its_values_otherwise() -> None:
    table = houses(20)
    stored = priced(table, [f"{row[1]}.00" for row in table])
    cause = cause_of(priced(table, [row[1] for row in reversed(table)]), stored)
    assert cause is not None
    assert cause.startswith("column 'Price' looks sorted alone")


def test_a_column_that_moved_with_another_one_was_not_sorted_alone() -> None:
    table = houses(20)
    both = [(row[0], *other[1:]) for row, other in zip(table, reversed(table), strict=True)]
    assert cause_of(both, table) is None


def test_two_values_that_were_swapped_are_an_edit() -> None:
    table = houses(20)
    prices = [row[1] for row in table]
    prices[0], prices[1] = prices[1], prices[0]
    assert cause_of(priced(table, prices), table) is None


@given(st.lists(st.integers(0, 5), min_size=20, max_size=20), st.integers(0, 19))
def test_a_change_that_brings_a_new_value_is_never_called_sorted(
    prices: list[int], place: int
) -> None:
    prices[place] = 7777
    table = houses(20)
    stored = priced(table, [number % 6 for number in range(20)])
    assert cause_of(priced(table, prices), stored) is None


def test_a_missing_tail_is_told_with_the_row_where_the_sheet_ends() -> None:
    table = houses(30)
    assert cause_of(table[:9], table) == (
        "the sheet looks cut or half loaded: it ends at AA9 in row 10, and 21 listings that came"
        " after it are gone"
    )


def test_rows_missing_in_the_middle_or_from_an_unordered_sheet_are_no_tail() -> None:
    table = houses(30)
    assert cause_of([*table[:9], *table[20:]], table) is None
    assert cause_of(table[8::-1], table) is None


def test_a_column_blank_from_some_row_to_the_end_is_told() -> None:
    table = houses(30)
    cut = [row if index < 10 else (row[0], row[1], None) for index, row in enumerate(table)]
    assert cause_of(cut, table) == (
        "column 'Note' looks cut or half loaded: it is blank from row 12 to the end"
    )
    cut[-1] = table[-1]
    assert cause_of(cut, table) is None


def test_a_refusal_says_cause_then_way_back_then_the_whole_command() -> None:
    table = houses(30)
    plan, listings = plan_of(table[:9], table)
    limits = SafetyLimits(prune_percent=10, change_percent=50)
    told = refusal(plan, limits, listings=listings, command="listing-sync sync all --prune")
    assert told is not None
    assert told.startswith("the sheet looks cut or half loaded")
    assert told.index("21 of 30") < told.index("Version history") < told.index("run once")
    assert told.endswith("run once: `listing-sync sync all --prune --prune-limit 70`")


def test_no_way_through_is_told_where_there_is_no_same_command() -> None:
    plan, listings = plan_of(houses(9), houses(30))
    told = refusal(plan, SafetyLimits(10, 50), listings=listings)
    assert told is not None
    assert "-limit " not in told
    assert told.endswith("its last copy)")


def test_a_plan_without_changes_has_no_cause() -> None:
    plan, listings = plan_of(houses(30), houses(30))
    assert likely_cause(plan, listings) is None
    assert likely_cause(replace(plan, removals=("AA9",)), ()) is None
