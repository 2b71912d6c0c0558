"""A plan in, a sample of what it writes to each column out: what runs have in common is undone."""

from __future__ import annotations

from heapq import nsmallest
from zlib import crc32

from listing_sync.core.plan import Plan

REWRITTEN_SAMPLE = 16


def rewritten_sample(plan: Plan) -> dict[str, list[int]]:
    """Return for each changed column digests of (number, new value): at most 16, the smallest.

    What three runs in a row have in common was written again and again: rounding, a trigger or
    another writer. The smallest ones make samples of different runs comparable.
    """
    digests: dict[int, list[int]] = {}
    for update in plan.updates:
        for index in update.changed:
            text = f"{update.listing.property_number}\0{update.listing.values[index]!r}"
            digests.setdefault(index, []).append(crc32(text.encode("utf-8", "replace")))
    return {
        plan.columns[index].column.name: nsmallest(REWRITTEN_SAMPLE, found)
        for index, found in digests.items()
    }
