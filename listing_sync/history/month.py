"""Sum up the days of a month for the office: what changed, what was not taken, what fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.run_statistics import full_runs, metric
from listing_sync.history.runs import ENDED, GOOD, Run
from listing_sync.lazy_dataclasses import dataclass

DAYS = 30
REJECTED = "rejected"
"""Among the metrics of a run: how many of its failed listings were rejected for their cells."""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day of the calendar.

    `changed` counts what all runs inserted, updated and removed; the others are those of the day's
    last run of all listings, None without one. `up_to_date` is a share, 0 to 1.
    """

    date: date
    runs: int = 0
    changed: int = 0
    rejected: int | None = None
    failed: int | None = None
    up_to_date: float | None = None


def month(
    runs: Iterable[Run], now: datetime, zone: tzinfo, known: Mapping[date, DayFigures]
) -> tuple[DayFigures, ...]:
    """Return the last 30 days in `zone`, oldest first; those that are `known` are as they were."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    by_date: dict[date, list[Run]] = {day: [] for day in dates}
    for run in {run.run_id: run for run in runs if run.status in ENDED}.values():
        by_date.get(run.started_at.astimezone(zone).date(), []).append(run)
    return tuple(known.get(day) or _figures(day, by_date[day]) for day in dates)


def days_to_keep(
    days: Sequence[DayFigures], since: datetime, zone: tzinfo
) -> dict[date, DayFigures]:
    """Return the days that are over and of which every run is known: those after `since`."""
    first = since.astimezone(zone).date()
    return {day.date: day for day in days[:-1] if day.date > first}


def rejected_rows(rejections: Iterable[Rejection]) -> int:
    """Return how many rows were rejected for what their cells hold."""
    return len(
        {
            item.sheet_row or item.property_number
            for item in rejections
            if item.category is Category.VALIDATION
        }
    )


def rejected_and_failed(run: Run) -> tuple[int, int]:
    """Return how many listings of a run were rejected for a cell, and failed otherwise.

    Runs of former versions did not tell: where one came to its end, all count as rejected.
    """
    failed = run.stats.failed
    if REJECTED in run.metrics:
        rejected = min(round(metric(run, REJECTED)), failed)
    else:
        rejected = failed if run.status in GOOD else 0
    return rejected, failed - rejected


def _figures(day: date, runs: Sequence[Run]) -> DayFigures:
    changed = sum(run.stats.changed for run in runs)
    last = next(iter(full_runs(runs)), None)
    if last is None:
        return DayFigures(day, len(runs), changed)
    owned = last.stats.total - last.stats.skipped
    rejected, failed = rejected_and_failed(last)
    share = last.stats.success / owned if owned else None
    return DayFigures(day, len(runs), changed, rejected, failed, share)
