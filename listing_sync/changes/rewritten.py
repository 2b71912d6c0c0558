"""Keep a sample of what a run wrote: what several runs have in common is undone by others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nsmallest
from operator import itemgetter
from zlib import crc32

from listing_sync.cells.listings import SheetColumn
from listing_sync.changes.batcher import Write
from listing_sync.changes.plan import Update

REWRITTEN_SAMPLE = 16


def rewritten_sample(
    columns: Sequence[SheetColumn], writes: Iterable[Write], key: str
) -> dict[str, dict[str, int]]:
    """Return for each changed column by number a digest of the new value: 16, the smallest.

    What several runs have in common was written again and again: another writer undoes it. The
    smallest ones make samples of different runs comparable. A listing that was inserted counts in
    the column of the key.
    """
    digests: dict[str, dict[str, int]] = {}
    for write in writes:
        if not isinstance(write, Update):
            digests.setdefault(key, {})[write.property_number] = _digest(write.property_number)
            continue
        number = write.listing.property_number
        for index in write.changed:
            text = f"{number}\0{write.listing.values[index]!r}"
            digests.setdefault(columns[index].column.name, {})[number] = _digest(text)
    return {
        name: dict(nsmallest(REWRITTEN_SAMPLE, found.items(), key=itemgetter(1)))
        for name, found in digests.items()
    }


def _digest(text: str) -> int:
    return crc32(text.encode("utf-8", "replace"))
