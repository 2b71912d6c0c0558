"""Leave out of what cannot be read what a run of single listings has taken since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from listing_sync.cells.listings import Listing, Rejection
from listing_sync.history.runs import GOOD, Run, RunType

TAKEN = "taken"
"""Among the metrics of a run of single listings: those that the table holds as the sheet says."""


def taken_of(listings: Iterable[Listing], rejections: Iterable[Rejection]) -> Mapping[str, object]:
    """Return what a run of single listings notes among its metrics."""
    failed = {item.property_number for item in rejections}
    numbers = [each.property_number for each in listings]
    return {TAKEN: [number for number in numbers if number not in failed]}


def still_standing(
    rejections: Sequence[Rejection], judge: Run, runs: Iterable[Run]
) -> tuple[Rejection, ...]:
    """Return the rejections of a run of all listings that no later run made good."""
    taken: set[object] = set()
    for run in runs:
        noted = run.metrics.get(TAKEN)
        is_later = run.run_type is RunType.SELECTIVE and run.started_at > judge.started_at
        if is_later and run.status in GOOD and isinstance(noted, list):
            taken.update(noted)
    return tuple(item for item in rejections if item.property_number not in taken)
