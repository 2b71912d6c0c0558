"""Work out error rate, durations, throughput, latencies and waits of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from listing_sync.history.runs import ENDED, GOOD, Run, RunType
from listing_sync.lazy_dataclasses import dataclass

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds from a request's start to its answer."""

    p50_s: float
    p95_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the ended full runs of a period amount to.

    Averages are None without a run to take them from. `throughput` is listings in line with the
    sheet per second of the good runs. `latencies` are the runs' own percentiles, averaged with the
    runs' requests as weights.
    """

    runs: int
    good_runs: int
    total: int
    failed: int
    average_duration_s: float | None
    throughput: float | None
    latencies: Latencies | None
    requests: int
    retries: int
    rate_limit_wait_s: float
    retry_wait_s: float
    skipped: int = 0

    @property
    def error_rate(self) -> float:
        """Return failed / listings that were in hand, 0 without any.

        Those outside the rollout share, or not reached, are not among them.
        """
        in_hand = self.total - self.skipped
        return self.failed / in_hand if in_hand else 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar and what its runs amount to."""

    date: date
    statistics: Statistics


def full_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return the ended runs of all listings, newest first, each once."""
    kept = {
        run.run_id: run
        for run in runs
        if run.run_type is RunType.FULL and run.status in ENDED and run.completed_at is not None
    }
    return tuple(sorted(kept.values(), key=lambda run: run.started_at, reverse=True))


def last_good(runs: Iterable[Run]) -> Run | None:
    """Return the newest full run that was completed, be it in part, and took a listing."""
    return next(filter(is_good, full_runs(runs)), None)


def is_good(run: Run) -> bool:
    """Return whether a run shows that all works: one of which every row is rejected does not."""
    return run.status in GOOD and bool(run.stats.success or not run.stats.failed)


def statistics(runs: Iterable[Run], now: datetime, period: timedelta = DAY) -> Statistics:
    """Return the statistics of the full runs that began in the `period` before `now`."""
    return _statistics([run for run in full_runs(runs) if now - period < run.started_at])


def daily(runs: Iterable[Run], now: datetime, zone: tzinfo, days: int = 7) -> tuple[Day, ...]:
    """Return the last `days` calendar days in `zone`, oldest first, days without a run included."""
    today = now.astimezone(zone).date()
    by_date: dict[date, list[Run]] = {
        today - timedelta(days=back): [] for back in reversed(range(days))
    }
    for run in full_runs(runs):
        by_date.get(run.started_at.astimezone(zone).date(), []).append(run)
    return tuple(Day(day, _statistics(of_day)) for day, of_day in by_date.items())


def duration_s(run: Run) -> float:
    """Return how long an ended run took, in seconds; 0 when a clock was set back meanwhile."""
    if run.completed_at is None:
        return 0.0
    return max((run.completed_at - run.started_at).total_seconds(), 0.0)


def metric(run: Run, name: str) -> float:
    """Return one number of `Run.metrics`, 0 where it is not recorded."""
    value = run.metrics.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else 0.0  # type: ignore[arg-type] # mypy loses the check


def _statistics(runs: Sequence[Run]) -> Statistics:
    good = [run for run in runs if run.status in GOOD]
    good_time_s = sum(map(duration_s, good))
    return Statistics(
        runs=len(runs),
        good_runs=len(good),
        total=sum(run.stats.total for run in runs),
        failed=sum(run.stats.failed for run in runs),
        average_duration_s=sum(map(duration_s, runs)) / len(runs) if runs else None,
        throughput=sum(run.stats.success for run in good) / good_time_s if good_time_s else None,
        latencies=_latencies(runs),
        requests=round(_sum(runs, "requests")),
        retries=round(_sum(runs, "retries")),
        rate_limit_wait_s=_sum(runs, "rate_limit_wait_s"),
        retry_wait_s=_sum(runs, "retry_wait_s"),
        skipped=sum(run.stats.skipped for run in runs),
    )


def _sum(runs: Iterable[Run], name: str) -> float:
    return sum(metric(run, name) for run in runs)


def _latencies(runs: Iterable[Run]) -> Latencies | None:
    measured = [run for run in runs if metric(run, "requests") and "latency_p50_s" in run.metrics]
    requests = _sum(measured, "requests")
    if not requests:
        return None

    def mean(name: str) -> float:
        return sum(metric(run, name) * metric(run, "requests") for run in measured) / requests

    return Latencies(mean("latency_p50_s"), mean("latency_p95_s"), mean("latency_p99_s"))


GIVEN_BACK = "given_back"
"""Among the metrics of a run: the columns that gave back something else, with their types."""


def loose_columns(runs: Iterable[Run]) -> dict[str, str]:
    """Return by column that gives back something else than is written its type, as last seen."""
    good = next((run for run in full_runs(runs) if run.status in GOOD), None)
    noted = good.metrics.get(GIVEN_BACK) if good else None
    return {str(name): str(kind) for name, kind in noted.items()} if isinstance(noted, dict) else {}


def loose_named(runs: Iterable[Run], examples: Mapping[str, str]) -> str:
    """Return these columns as people are told of them: price (money), note.

    `examples` are by column the words that name it with what was written and what is read.
    """
    return ", ".join(
        examples.get(name, f"{name} ({kind})" if kind else name)
        for name, kind in loose_columns(runs).items()
    )
