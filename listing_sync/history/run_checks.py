"""Judge the runs so far: the last one, those that are missing, and those that go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from listing_sync.cells.wording import count, duration, listed, percent
from listing_sync.history.rhythm import GONE, missing, usual_distance_s
from listing_sync.history.run_statistics import (
    Statistics,
    full_runs,
    is_good,
    last_good,
    loose_named,
)
from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.taking_turns import GONE_AFTER_S
from listing_sync.history.undone_again import undone_again
from listing_sync.history.verdict import Check, CheckName, fail, ok, warn

DEGRADED_ERROR_RATE = 0.05
UNHEALTHY_ERROR_RATE = 0.10
SILENT_AFTER = timedelta(seconds=GONE_AFTER_S)
STUCK_AFTER = timedelta(minutes=10)
"""A run that keeps the lock and has been silent for so long will not go on."""

_NAMED = 3


def run_checks(
    runs: Iterable[Run],
    now: datetime,
    *,
    stale_after_s: float,
    recent: Statistics,
    examples: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Check, ...]:
    """Judge the runs of this source and target; `recent` are the statistics of the last 24 h.

    `examples` name, by column, what it gives back for what is written, where that is known here.
    """
    full = full_runs(runs)
    if not full:
        return (warn(CheckName.LAST_RUN, "no run yet: start one with `listing-sync sync all`"),)
    return (
        _last_run_check(full[0], now),
        _last_good_run_check(full, now, stale_after_s),
        _error_rate_check(recent, full),
        _stability_check(full, examples),
        _undone_check(full),
    )


def _last_run_check(run: Run, now: datetime) -> Check:
    name = CheckName.LAST_RUN
    ended = f"{run.status} {_age(run.completed_at, now)} ago"
    taken = f"{run.stats.success:,} of {count(run.stats.total, 'listing')} up to date"
    why = f": {run.cause.message}" if run.cause else ""
    details = f"`listing-sync status {run.run_id}`"
    match run.status:
        case RunStatus.COMPLETED:
            return ok(name, f"{ended}, {taken}")
        case RunStatus.INTERRUPTED:
            return ok(name, f"{ended}{why}; the next run goes on where it stopped")
        case RunStatus.PARTIAL:
            return warn(name, f"{ended}{why}; {taken}, {details} names the others")
        case _:
            return warn(name, f"{ended}{why}; more by {details}")


def _last_good_run_check(full: Sequence[Run], now: datetime, stale_after_s: float) -> Check:
    name = CheckName.LAST_GOOD_RUN
    good = last_good(full)
    since = full[-1].started_at if good is None else good.completed_at
    limit = f"SYNC_STALE_AFTER ({duration(stale_after_s)})"
    found = "none" if good is None else f"{_age(since, now)} ago"
    if since is None or (now - since).total_seconds() > stale_after_s:
        return fail(
            name,
            f"{found}, longer than {limit}: does cron still start runs, and why do"
            " they fail? `listing-sync status` lists them",
        )
    if good is None:
        return warn(name, "none yet")
    return ok(name, found)


def _error_rate_check(recent: Statistics, full: Sequence[Run]) -> Check:
    name = CheckName.ERROR_RATE
    rate = recent.error_rate
    detail = f"{percent(rate)} of {count(recent.total - recent.skipped, 'listing')} in 24 h"
    well = next((at for at, run in enumerate(full) if not _is_well(run)), len(full))
    if well and rate > DEGRADED_ERROR_RATE:
        detail += f" (the last {well} runs were good)" if well > 1 else " (the last run was good)"
    if rate > UNHEALTHY_ERROR_RATE:
        return fail(
            name,
            f"{detail}, above {percent(UNHEALTHY_ERROR_RATE)}: `listing-sync status`"
            " lists the runs, with a run's id its errors",
        )
    if rate > DEGRADED_ERROR_RATE:
        return warn(name, f"{detail}, above {percent(DEGRADED_ERROR_RATE)}")
    return ok(name, detail)


def _is_well(run: Run) -> bool:
    """Return whether a run by itself would be no reason to be degraded."""
    in_hand = run.stats.total - run.stats.skipped
    return is_good(run) and run.stats.failed <= DEGRADED_ERROR_RATE * in_hand


def _stability_check(full: Sequence[Run], examples: Mapping[str, str]) -> Check:
    name = CheckName.STABILITY
    if loose := loose_named(full, examples):
        what = f"the table gives back something else than is written to {loose}"
        return warn(name, f"{what}: give them a type that keeps the value (numeric, text)")
    return ok(name, "the table keeps what is written")


def _undone_check(full: Sequence[Run]) -> Check:
    name = CheckName.UNDONE
    found = undone_again(full)
    if found is None:
        return ok(name, "nothing is written again and again")
    numbers, columns = listed(found.numbers, _NAMED), listed(found.columns, _NAMED)
    return warn(
        name,
        f"{found.times} runs wrote the same values again to {numbers} ({columns}): another"
        " program or a trigger of the database undoes them each time; find it, then"
        f" `listing-sync status --listing {found.numbers[0]}`",
    )


def checks_of_waiting(
    waiting: Sequence[Run], wrote_at: datetime | None, now: datetime, stale_after_s: float
) -> tuple[Check, ...]:
    """Judge the runs that this machine has not recorded yet; what was before is in Supabase.

    `wrote_at` is when a run of this machine last wrote something, None: not known.
    """
    full = full_runs(waiting)
    checks: list[Check] = []
    if full:
        checks.append(_last_run_check(full[0], now))
    name = CheckName.LAST_GOOD_RUN
    good = last_good(full)
    seen_at = good.completed_at if good else wrote_at
    if good is None and full:
        first_at = full[-1].started_at
        found = f"none for {_age(first_at, now)}, since the first of those that wait here"
        is_stale = (now - first_at).total_seconds() > stale_after_s
        checks.append(fail(name, found) if is_stale else warn(name, found))
    elif seen_at is not None:
        checks.append(ok(name, f"{_age(seen_at, now)} ago, as far as this machine knows"))
    checks.append(schedule_check(waiting, now))
    return tuple(checks)


def schedule_check(runs: Sequence[Run], now: datetime) -> Check:
    """Say whether a run is missing, by the usual distance of those before."""
    name = CheckName.SCHEDULE
    found = missing(runs, now)
    if found is not None:
        times, what = found
        return fail(name, what) if times == GONE else warn(name, what)
    usual_s = usual_distance_s(runs)
    return ok(name, "not known yet" if usual_s is None else f"a run every {duration(usual_s)}")


def share_check(share: float, runs: Iterable[Run]) -> Check:
    """Say how many listings SYNC_ROLLOUT_PERCENT leaves out: a rollout may have been forgotten."""
    name = CheckName.SHARE
    if share >= 100:  # noqa: PLR2004 - percent
        return ok(name, "all listings")
    last = next(iter(full_runs(runs)), None)
    out = (
        f": {last.stats.skipped:,} of {count(last.stats.total, 'listing')} are left out"
        if last
        else ""
    )
    return warn(name, f"SYNC_ROLLOUT_PERCENT is {share:g}{out}; set it to 100 when all is well")


def progress_check(runs: Iterable[Run], now: datetime, lock_run_id: str | None) -> Check:
    """Judge the runs that have not ended; `lock_run_id` holds this host's lock, None: nobody."""
    name = CheckName.RUN_IN_PROGRESS
    going = [run for run in runs if run.status is RunStatus.IN_PROGRESS]
    silent = [run for run in going if now - run.heartbeat_at > SILENT_AFTER]
    if not going:
        return ok(name, "none")
    if not silent:
        return ok(name, f"{queue_size(going, now):,} still to do")
    run = silent[0]
    who = f"process {run.pid} on {run.host} has been silent for {_age(run.heartbeat_at, now)}"
    if run.run_id == lock_run_id and now - run.heartbeat_at > STUCK_AFTER:
        stuck = "it hangs, and keeps the lock, so no other run can start"
        return fail(name, f"{who}: {stuck}; end that process (`kill {run.pid}`)")
    return warn(name, f"{who}; if it is dead, the next run closes its record and goes on")


def queue_size(runs: Iterable[Run], now: datetime) -> int:
    """Return how many listings the living runs have still to do."""
    return sum(
        run.stats.open
        for run in runs
        if run.status is RunStatus.IN_PROGRESS and now - run.heartbeat_at <= SILENT_AFTER
    )


def _age(moment: datetime | None, now: datetime) -> str:
    return duration(0 if moment is None else max((now - moment).total_seconds(), 0))
