"""What a dry run shows of its plan."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Listing, SheetColumn
from listing_sync.changes.plan import Plan, Update
from listing_sync.cli.sync_text import show_plan

COLUMNS = (
    SheetColumn(Column("number", ("Number",), ColumnType.TEXT), "Number", "A"),
    SheetColumn(Column("price", ("Price",), ColumnType.MONEY), "Price", "B"),
)


def shown(*updates: Update) -> list[str]:
    plan = Plan(
        columns=COLUMNS,
        inserts=(),
        updates=updates,
        unchanged=0,
        unlisted=(),
        removals=(),
        table_size=len(updates),
        filled=(0, 0),
        blanked=(0, 0),
    )
    out = StringIO()
    show_plan(Console(file=out, width=80), plan)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_listing_that_comes_back_shows_the_mark_that_goes() -> None:
    listing = Listing("AA1", 2, ("AA1", 5))
    back = Update(listing, changed=(), old=(), mark="2026-01-31")
    assert shown(back)[-1].split() == ["AA1", "(removal", "mark)", "2026-01-31", "->", "(blank)"]


def test_only_the_first_change_of_a_listing_names_it() -> None:
    listing = Listing("AA1", 2, ("AA1", 5))
    back = Update(listing, changed=(1,), old=(4,), mark="2026-01-31")
    assert shown(back)[-1].split() == ["Price", "4", "->", "5"]
