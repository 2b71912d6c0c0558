"""Plan in, batches out: one exact set of columns each, in the order of the key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from listing_sync.core.listings import KEPT, Listing, Value
from listing_sync.core.plan import Plan, Update

Write = Listing | Update
"""A listing to insert, or to update."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Listings that one request can write. `indexes` choose the values that `columns` name.

    `unmarks` says that the mark column, last in `columns`, is cleared.
    """

    columns: tuple[str, ...]
    indexes: tuple[int, ...]
    writes: tuple[Write, ...]
    unmarks: bool = False

    def rows(self) -> list[tuple[Value, ...]]:
        """Return the values to send, in the order of `columns`."""
        rows = [listing_of(write).values for write in self.writes]
        if len(self.indexes) < len(rows[0]):  # else they are all of them
            rows = [tuple([values[index] for index in self.indexes]) for values in rows]
        return [(*values, None) for values in rows] if self.unmarks else rows


def listing_of(write: Write) -> Listing:
    """Return the listing of an insert or update."""
    return write.listing if isinstance(write, Update) else write


def batches(plan: Plan, size: int, mark_column: str | None) -> Iterator[Batch]:
    """Yield batches of at most `size` listings; no listing is in two of them.

    The same order of keys in every batch keeps two writers from locking each other out.
    """
    every = tuple(range(len(plan.columns)))
    keeps = any(column.column.keep_on_blank for column in plan.columns)

    def written(listing: Listing) -> tuple[int, ...]:
        if not keeps:
            return every
        return tuple(index for index in every if listing.values[index] is not KEPT)

    groups: defaultdict[tuple[bool, bool, tuple[int, ...]], list[Write]] = defaultdict(list)
    for insert in plan.inserts:
        groups[(True, False, written(insert))].append(insert)
    for update in plan.updates:
        groups[(False, update.mark is not None, written(update.listing))].append(update)
    for (_, unmarks, indexes), writes in groups.items():
        columns = tuple(plan.columns[index].column.name for index in indexes)
        if unmarks and mark_column:
            columns += (mark_column,)
        writes.sort(key=lambda write: listing_of(write).property_number)
        for start in range(0, len(writes), size):
            yield Batch(columns, indexes, tuple(writes[start : start + size]), unmarks=unmarks)
