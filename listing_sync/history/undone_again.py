"""Find what our runs write again and again, because somebody else undoes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from listing_sync.history.run_statistics import full_runs
from listing_sync.history.runs import GOOD, Run
from listing_sync.lazy_dataclasses import dataclass

REWRITTEN: Final = "rewritten"
"""Among the metrics of a run: by column and number a digest of what it wrote, a sample."""
_TIMES: Final = 3


@dataclass(frozen=True, slots=True)
class UndoneAgain:
    """The listings and columns that were written again `times` times, the most of any."""

    numbers: tuple[str, ...]
    columns: tuple[str, ...]
    times: int


def undone_again(runs: Iterable[Run]) -> UndoneAgain | None:
    """Return what at least three of the good full runs wrote again, the same value each time.

    It is over when no run has written it for twice as many runs as it ever took. What our own runs
    wrote otherwise in between, since the sheet said so, was not undone.
    """
    good = [run for run in full_runs(runs) if run.status in GOOD]
    written: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for at, run in enumerate(good):
        for column, by_number in _sample(run).items():
            for number, digest in by_number.items():
                written.setdefault((column, number), []).append((at, digest))
    again = {place: times for place, found in written.items() if (times := _times_again(found))}
    if not again:
        return None
    return UndoneAgain(
        tuple(sorted({number for _, number in again})),
        tuple(sorted({column for column, _ in again})),
        max(again.values()),
    )


def _times_again(found: Sequence[tuple[int, int]]) -> int:
    """Return how often the newest value was written; 0: too seldom, or no longer.

    `found` are places in the order of the runs, newest first, and digests.
    """
    newest = found[0][1]
    places: list[int] = []
    for at, digest in found:
        if digest != newest:
            break
        places.append(at)
    gaps = [later - at for at, later in pairwise(places)]
    is_again = len(places) >= _TIMES and places[0] < 2 * max(gaps)
    return len(places) if is_again else 0


def _sample(run: Run) -> dict[str, dict[str, int]]:
    """Return what a run noted; versions before 1.1 noted no numbers."""
    noted = run.metrics.get(REWRITTEN)
    if not isinstance(noted, dict):
        return {}
    return {
        str(column): {str(number): digest for number, digest in by_number.items()}
        for column, by_number in noted.items()
        if isinstance(by_number, dict)
    }
