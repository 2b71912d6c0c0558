"""Guess which header a mapped column was renamed to."""

from __future__ import annotations

from collections.abc import Sequence

from listing_sync.cells.columns import Column
from listing_sync.cells.near import near_matches


def renamed_to(missing: Sequence[Column], unmapped: Sequence[str]) -> str | None:
    """Return the header that stands where the only missing one should, None where none does.

    That is the only one that is not in the mapping, or else the one that looks most like it.
    """
    if len(missing) != 1:
        return None
    if len(unmapped) == 1:
        return unmapped[0]
    near = (match for text in missing[0].headers for match in near_matches(text, unmapped, 1))
    return next(near, None)
