"""Tell which blank cells a plan would write, and leave out those that are blank to nobody.

A picture reads as blank in every answer about values. Where one would empty a value of the table,
or leave a new listing without one, the cell is looked at once more; what shows something to a
person is rejected, so that nothing is emptied that was not understood.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import BlankCell, Listing, Rejection, SheetColumn, SheetContents
from listing_sync.changes.meaning import Settled, without
from listing_sync.changes.plan import Plan
from listing_sync.language.sentences import code_of

MOST_NEW_CELLS = 10_000
"""Blank cells of new listings that are looked at; where a table is filled anew there are more."""

_EMPTY: frozenset[object] = frozenset({None, ""})


def blanks_to_write(plan: Plan) -> tuple[BlankCell, ...]:
    """Return the cells whose blanks would empty a value; of new listings all, unless too many.

    Addresses are not among them: what lies behind these is known when they are read.
    """
    columns = plan.columns
    found = [
        BlankCell(update.listing.sheet_row, columns[index])
        for update in plan.updates
        for index, old in zip(update.changed, update.old, strict=True)
        if update.listing.values[index] is None
        and not (isinstance(old, str | None) and old in _EMPTY)
        and _is_read_once(columns[index])
    ]
    if sum(listing.values.count(None) for listing in plan.inserts) <= MOST_NEW_CELLS:
        found += [
            BlankCell(listing.sheet_row, column)
            for listing in plan.inserts
            for column, value in zip(columns, listing.values, strict=True)
            if value is None and _is_read_once(column)
        ]
    return tuple(found)


def _is_read_once(column: SheetColumn) -> bool:
    return column.column.type is not ColumnType.URL


def without_hidden(
    settled: Settled, reasons: Mapping[BlankCell, str], contents: SheetContents
) -> Settled:
    """Return what is left where these cells are not blank: their listings are rejected."""
    if not reasons:
        return settled
    cells: defaultdict[int, list[BlankCell]] = defaultdict(list)
    for cell in reasons:
        cells[cell.sheet_row].append(cell)
    checked = settled.checked
    rejected = [each for each in checked.listings if each.sheet_row in cells]
    rejections = tuple(
        _rejection(listing, cell, reasons[cell], contents)
        for listing in rejected
        for cell in cells[listing.sheet_row]
    )
    left = replace(
        checked,
        listings=tuple(each for each in checked.listings if each.sheet_row not in cells),
        rejections=(*checked.rejections, *rejections),
        rejected_rows=checked.rejected_rows + len(rejected),
    )
    return replace(
        settled,
        plan=without(settled.plan, {each.property_number for each in rejected}),
        checked=left,
        rejections=(*settled.rejections, *rejections),
    )


def _rejection(
    listing: Listing, blank: BlankCell, reason: str, contents: SheetContents
) -> Rejection:
    cell, link = contents.place(blank.column, blank.sheet_row)
    return Rejection(
        property_number=listing.property_number,
        sheet_row=blank.sheet_row,
        column=blank.column.header,
        cell=cell,
        value=None,
        reason=reason,
        link=link,
        code=code_of(reason),
    )
