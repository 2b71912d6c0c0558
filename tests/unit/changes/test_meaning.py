"""A listing whose number the table spells otherwise is compared with the row that it means."""

from __future__ import annotations

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import (
    Checked,
    Listing,
    Rejection,
    SheetColumn,
    SheetContents,
    Value,
)
from listing_sync.changes.meaning import Settled, settle
from listing_sync.changes.plan import TableRow, make_plan

NUMBER = SheetColumn(Column("number", ("Number",), ColumnType.TEXT), "Number", "A")
ADDRESS = SheetColumn(Column("address", ("Address",), ColumnType.TEXT), "Address", "B")
COLUMNS = (NUMBER, ADDRESS)
CONTENTS = SheetContents("Listings", None, None, COLUMNS, rows=())

Row = tuple[str, Value]


def settled(
    *rows: Row, table: list[Row], meant: dict[str, str], rejected: tuple[str, ...] = ()
) -> Settled:
    """Settle a sheet whose rejected numbers stand below its valid rows, from row 2 on."""
    first_rejected = len(rows) + 2
    checked = Checked(
        columns=COLUMNS,
        listings=tuple(Listing(row[0], index, row) for index, row in enumerate(rows, 2)),
        rejections=tuple(
            Rejection(number, row, "Address", f"Listings!B{row}", "?", "no address")
            for row, number in enumerate(rejected, first_rejected)
        ),
        numbers=frozenset((*(row[0] for row in rows), *rejected)),
        unknown_numbers=False,
        total_rows=len(rows) + len(rejected),
        rejected_rows=len(rejected),
    )
    stored = {row[0]: TableRow(row[0], row) for row in table}
    plan = make_plan(checked, [list(stored.values())])
    return settle(
        plan,
        checked,
        {number: stored[key] for number, key in meant.items()},
        contents=CONTENTS,
        key=NUMBER,
    )


def test_a_value_that_goes_from_a_row_spelled_otherwise_counts_as_emptied() -> None:
    found = settled(("a1", None), table=[("A1", "Ginza 1")], meant={"a1": "A1"})
    [update] = found.plan.updates
    assert (update.listing.values, update.old) == (("A1", None), ("Ginza 1",))
    assert found.plan.blanked == (0, 1)
    assert found.plan.inserts == ()


def test_a_valid_listing_is_rejected_beside_the_row_of_one_that_is_rejected_already() -> None:
    found = settled(
        ("a1", "x"),
        table=[("A1", "x")],
        meant={"a1": "A1", "A1 ": "A1"},
        rejected=("A1 ", "B2"),
    )
    [twin] = found.rejections
    assert twin.property_number == "a1"
    assert "A1  on row 3" in twin.reason
    assert (found.plan.inserts, found.plan.updates) == ((), ())
