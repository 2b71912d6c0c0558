"""Find what somebody else undid of what our runs wrote to one listing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Logged, Row
from listing_sync.lazy_dataclasses import dataclass


class Deed(StrEnum):
    """What a run of ours did that is no longer so."""

    WROTE = "written"
    INSERTED = "inserted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Undone:
    """The last run of ours whose work on a listing is gone; `columns` by name, of what it wrote."""

    run_id: str
    started_at: datetime
    deed: Deed
    columns: tuple[str, ...] = ()


def undone(
    changes: Sequence[Logged], row: Row | None, table: TableNow, looked_at: Collection[str]
) -> Undone | None:
    """Return what is no longer as our runs left it; None where that is not certain.

    `changes` come newest first; `row` is what the table has now, None when it has no row;
    `looked_at` are the columns of interest. What a killed run may have written says nothing.
    """
    if not changes:
        return None
    latest = changes[0]
    if row is None or latest.new is None:
        was_removed = latest.new is None
        if was_removed is (row is None) or not latest.is_certain:
            return None
        deed = Deed.REMOVED if was_removed else Deed.INSERTED
        if deed is Deed.INSERTED and latest.old is not None:
            deed = Deed.WROTE
        return Undone(latest.run_id, latest.started_at, deed)
    found = {
        name: change
        for name in looked_at
        if name in row and (change := _undone_in(changes, name, row, table)) is not None
    }
    last = next((change for change in changes if change in found.values()), None)
    if last is None:
        return None
    columns = tuple(name for name, change in found.items() if change is last)
    return Undone(last.run_id, last.started_at, Deed.WROTE, columns)


def _undone_in(changes: Sequence[Logged], name: str, row: Row, table: TableNow) -> Logged | None:
    """Return the change that last wrote a column, where the table no longer has what it left."""
    for change in changes:
        left = change.left(name)
        if left is not None:
            is_as_left = table.is_same(name, left[0], row[name], change.types.get(name))
            return change if change.is_certain and not is_as_left else None
        if change.old is None or change.new is None:
            return None
    return None
