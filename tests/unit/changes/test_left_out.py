"""A plan without columns that nobody can write."""

from __future__ import annotations

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import KEPT, Listing, SheetColumn
from listing_sync.changes.batcher import batches
from listing_sync.changes.left_out import leave_out
from listing_sync.changes.plan import Plan, Update

COLUMNS = tuple(
    SheetColumn(Column(name, (name,), ColumnType.TEXT), name, "A")
    for name in ("number", "price", "tax")
)


def listing(number: str) -> Listing:
    return Listing(number, 2, (number, 1, 2))


def plan(*updates: Update) -> Plan:
    return Plan(COLUMNS, (listing("AA9"),), updates, 5, (), (), 9, (9, 9, 9), (0, 1, 2))


def test_nothing_to_leave_out_leaves_the_plan_as_it_is():
    whole = plan()
    assert leave_out(whole, {"other"}) is whole


def test_what_differs_in_nothing_else_is_unchanged():
    only_tax = Update(listing("AA1"), (2,), (3,))
    both = Update(listing("AA2"), (1, 2), (7, 3))
    back = Update(listing("AA3"), (2,), (3,), mark="2026-01-01")
    forced = Update(listing("AA4"), (), ())
    left = leave_out(plan(only_tax, both, back, forced), {"tax"})
    assert [update.listing.property_number for update in left.updates] == ["AA2", "AA3", "AA4"]
    assert (left.updates[0].changed, left.updates[0].old) == ((1,), (7,))
    assert all(update.listing.values[2] is KEPT for update in left.updates)
    assert left.inserts[0].values == ("AA9", 1, KEPT)
    assert {batch.columns for batch in batches(left, 9, None)} == {("number", "price")}
    assert (left.unchanged, left.blanked) == (6, (0, 1, 0))
