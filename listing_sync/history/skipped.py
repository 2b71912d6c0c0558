"""Tell which listings a run skipped, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from listing_sync.cells.wording import listed
from listing_sync.history.runs import GOOD, Run, RunStatus
from listing_sync.language.sentences import phrase

SKIPPED: Final = "skipped"
"""Among the metrics of a run: by reason the first numbers that it skipped, and how many more."""
_KEPT = 20
_NAMED = 5


class Skip(StrEnum):
    """Why a run skipped a listing that it was asked for, by name."""

    NOT_IN_SHEET = "not in the sheet"
    LEFT_ALONE = "changed by somebody else since, and left alone"


def noted(numbers: Mapping[Skip, Sequence[str]]) -> dict[str, object]:
    """Return what the record of a run keeps of the numbers that it skipped; nothing for none."""
    kept = {
        why: {"count": len(found), "numbers": list(found[:_KEPT])}
        for why, found in numbers.items()
        if found
    }
    return {SKIPPED: kept} if kept else {}


def skipped_words(run: Run) -> Iterator[str]:
    """Yield what a run skipped, one reason at a time: 3 not in the sheet: AA1, AA2 and 1 more."""
    left = run.stats.skipped
    stored = run.metrics.get(SKIPPED)
    for why in Skip:
        told = stored.get(why.value) if isinstance(stored, Mapping) else None
        if not isinstance(told, Mapping) or not isinstance(told.get("count"), int):
            continue
        numbers = [str(number) for number in told.get("numbers") or ()]
        more = max(told["count"] - min(len(numbers), _NAMED), 0)
        named = listed(numbers[:_NAMED], _NAMED)
        if more:
            named = phrase("{names} and {more:,} more", names=named, more=more)
        yield _words(why, told["count"], named)
        left -= told["count"]
    if left <= 0 or run.status is RunStatus.IN_PROGRESS:
        return
    if run.status in GOOD:
        yield phrase("{left:,} outside the share of SYNC_ROLLOUT_PERCENT", left=left)
    else:
        yield phrase(
            "{left:,} not reached, or outside the share of SYNC_ROLLOUT_PERCENT", left=left
        )


def _words(why: Skip, many: int, numbers: str) -> str:
    if why is Skip.NOT_IN_SHEET:
        return phrase("{many:,} not in the sheet: {numbers}", many=many, numbers=numbers)
    return phrase(
        "{many:,} changed by somebody else since, and left alone: {numbers}",
        many=many,
        numbers=numbers,
    )
