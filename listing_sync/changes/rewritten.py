"""Keep a sample of what a run wrote: what several runs have in common is undone by others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nsmallest
from zlib import crc32

from listing_sync.cells.listings import SheetColumn
from listing_sync.changes.batcher import Write
from listing_sync.changes.plan import Update

REWRITTEN_SAMPLE = 16


def rewritten_sample(
    columns: Sequence[SheetColumn], writes: Iterable[Write], key: str
) -> dict[str, list[int]]:
    """Return for each changed column digests of (number, new value): at most 16, the smallest.

    What three runs in a row have in common was written again and again: rounding, a trigger or
    another writer. The smallest ones make samples of different runs comparable. A listing that was
    inserted counts in the column of the key.
    """
    digests: dict[str, list[int]] = {}
    for write in writes:
        if not isinstance(write, Update):
            digests.setdefault(key, []).append(_digest(write.property_number))
            continue
        for index in write.changed:
            text = f"{write.listing.property_number}\0{write.listing.values[index]!r}"
            digests.setdefault(columns[index].column.name, []).append(_digest(text))
    return {name: nsmallest(REWRITTEN_SAMPLE, found) for name, found in digests.items()}


def _digest(text: str) -> int:
    return crc32(text.encode("utf-8", "replace"))
