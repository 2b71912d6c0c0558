"""Cut a plan into batches: one exact set of columns each, in the order of the key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from listing_sync.cells.listings import KEPT, Listing, Value
from listing_sync.changes.likeness import alike
from listing_sync.changes.plan import Plan, Update
from listing_sync.lazy_dataclasses import dataclass

_TOGETHER = 20
"""So many new numbers that look like one go into one request, however small batches are."""

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

    The same order of keys in every batch keeps two writers from locking each other out. New
    numbers that the table may take for one go together, so that it can say so (21000).
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
        for part in _parts(writes, size):
            yield Batch(columns, indexes, part, unmarks=unmarks)


def _parts(writes: Sequence[Write], size: int) -> Iterator[tuple[Write, ...]]:
    is_divided = len(writes) > size and isinstance(writes[0], Listing)
    part: list[Write] = []
    grouped: set[int] = set()
    for group in alike(writes, number_of) if is_divided else ():
        grouped.update(map(id, group))
        if len(part) + len(group) > size:
            yield from _cut(part, max(size, _TOGETHER))
            part = []
        part += group
    if len(part) > size:
        yield from _cut(part, max(size, _TOGETHER))
        part = []
    rest = part + sorted((write for write in writes if id(write) not in grouped), key=key_of)
    yield from _cut(rest, size)


def halves(writes: Sequence[Write]) -> tuple[tuple[Write, ...], tuple[Write, ...]]:
    """Return two parts of at least two writes; numbers that look like one stay together."""
    groups = alike(writes, number_of)
    middle = len(writes) // 2
    if not groups:
        return tuple(writes[:middle]), tuple(writes[middle:])
    first: list[Write] = []
    for group in groups:
        if not first or len(first) + len(group) <= middle:
            first += group
    if len(first) == len(writes):
        return tuple(writes[:middle]), tuple(writes[middle:])
    chosen = set(map(id, first))
    others = [write for write in writes if id(write) not in chosen]
    in_group = {id(write) for group in groups for write in group}
    for write in others:
        if len(first) < middle and id(write) not in in_group:
            first.append(write)
            chosen.add(id(write))
    rest = tuple(write for write in others if id(write) not in chosen)
    return tuple(sorted(first, key=key_of)), rest


def _cut(writes: Sequence[Write], size: int) -> Iterator[tuple[Write, ...]]:
    for start in range(0, len(writes), size):
        yield tuple(sorted(writes[start : start + size], key=key_of))


def number_of(write: Write) -> str:
    """Return the number of a listing as the sheet has it."""
    return listing_of(write).property_number


def key_of(write: Write) -> str:
    """Return the number of a listing as its row has it, or will."""
    return write.key if isinstance(write, Update) else write.property_number
