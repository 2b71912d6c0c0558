"""Foresee from the runs so far when the next one comes, and whether it can be counted on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from listing_sync.history.rhythm import missing, usual_distance_s
from listing_sync.history.run_statistics import full_runs
from listing_sync.history.runs import Run, RunStatus, RunType
from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may be expected of the next run.

    `last` is the newest full run that has ended. `due` is about when the next one comes, None: not
    known; `missing` says that it should have come. `failures` are how many of the last runs failed
    one after the other, `failing_since` when the first of them began.
    """

    last: Run | None = None
    due: datetime | None = None
    missing: str | None = None
    failures: int = 0
    failing_since: datetime | None = None


def outlook(runs: Sequence[Run], now: datetime) -> Outlook:
    """Return what the runs so far let expect; a run of the future counts as now."""
    ended = full_runs(runs)
    late = missing(runs, now)
    usual_s = usual_distance_s(runs)
    due = None
    if usual_s is not None and late is None:
        begun = max(run.started_at for run in runs if run.run_type is RunType.FULL)
        due = max(min(begun, now) + timedelta(seconds=usual_s), now)
    well = (at for at, run in enumerate(ended) if run.status is not RunStatus.FAILED)
    failures = next(well, len(ended))
    return Outlook(
        last=ended[0] if ended else None,
        due=due,
        missing=late[1] if late else None,
        failures=failures,
        failing_since=ended[failures - 1].started_at if failures else None,
    )
