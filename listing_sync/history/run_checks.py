"""Judge the runs so far: the last one, those that are missing, and those that go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from listing_sync.cells.wording import duration, listed, percent
from listing_sync.history.outcomes import outcome
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
from listing_sync.language.sentences import phrase, phrase_number

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
        detail = phrase("no run yet: start one with `listing-sync sync all`")
        return (warn(CheckName.LAST_RUN, detail),)
    return (
        _last_run_check(full[0], now),
        _last_good_run_check(full, now, stale_after_s),
        _error_rate_check(recent, full),
        _stability_check(full, examples),
        _undone_check(full),
    )


def _last_run_check(run: Run, now: datetime) -> Check:
    name = CheckName.LAST_RUN
    ended = phrase(
        "{outcome} {age} ago", outcome=outcome(run.status), age=_age(run.completed_at, now)
    )
    taken = phrase_number(
        "{success:,} of {count:,} listing up to date",
        "{success:,} of {count:,} listings up to date",
        run.stats.total,
        success=run.stats.success,
    )
    if run.status is RunStatus.COMPLETED:
        return ok(name, phrase("{ended}, {taken}", ended=ended, taken=taken))
    if run.cause:
        ended = phrase("{ended}: {why}", ended=ended, why=run.cause.message)
    if run.status is RunStatus.INTERRUPTED:
        return ok(name, phrase("{ended}; the next run goes on where it stopped", ended=ended))
    if run.status is RunStatus.PARTIAL:
        detail = phrase(
            "{ended}; {taken}, `listing-sync status {run}` names the others",
            ended=ended,
            taken=taken,
            run=run.run_id,
        )
        return warn(name, detail)
    detail = phrase("{ended}; more by `listing-sync status {run}`", ended=ended, run=run.run_id)
    return warn(name, detail)


def _last_good_run_check(full: Sequence[Run], now: datetime, stale_after_s: float) -> Check:
    name = CheckName.LAST_GOOD_RUN
    good = last_good(full)
    since = full[-1].started_at if good is None else good.completed_at
    found = phrase("none") if good is None else phrase("{age} ago", age=_age(since, now))
    if since is None or (now - since).total_seconds() > stale_after_s:
        detail = phrase(
            "{found}, longer than SYNC_STALE_AFTER ({limit}): does cron still start runs, and why"
            " do they fail? `listing-sync status` lists them",
            found=found,
            limit=duration(stale_after_s),
        )
        return fail(name, detail)
    if good is None:
        return warn(name, phrase("none yet"))
    return ok(name, found)


def _error_rate_check(recent: Statistics, full: Sequence[Run]) -> Check:
    name = CheckName.ERROR_RATE
    rate = recent.error_rate
    detail = phrase_number(
        "{rate} of {count:,} listing in 24 h",
        "{rate} of {count:,} listings in 24 h",
        recent.total - recent.skipped,
        rate=percent(rate),
    )
    well = next((at for at, run in enumerate(full) if not _is_well(run)), len(full))
    if well and rate > DEGRADED_ERROR_RATE:
        detail = phrase_number(
            "{rate} (the last run was good)",
            "{rate} (the last {count} runs were good)",
            well,
            rate=detail,
        )
    if rate > UNHEALTHY_ERROR_RATE:
        detail = phrase(
            "{rate}, above {limit}: `listing-sync status` lists the runs, with a run's id its"
            " errors",
            rate=detail,
            limit=percent(UNHEALTHY_ERROR_RATE),
        )
        return fail(name, detail)
    if rate > DEGRADED_ERROR_RATE:
        limit = percent(DEGRADED_ERROR_RATE)
        return warn(name, phrase("{rate}, above {limit}", rate=detail, limit=limit))
    return ok(name, detail)


def _is_well(run: Run) -> bool:
    """Return whether a run by itself would be no reason to be degraded."""
    in_hand = run.stats.total - run.stats.skipped
    return is_good(run) and run.stats.failed <= DEGRADED_ERROR_RATE * in_hand


def _stability_check(full: Sequence[Run], examples: Mapping[str, str]) -> Check:
    name = CheckName.STABILITY
    if loose := loose_named(full, examples):
        detail = phrase(
            "the table gives back something else than is written to {columns}: give them a type"
            " that keeps the value (numeric, text)",
            columns=loose,
        )
        return warn(name, detail)
    return ok(name, phrase("the table keeps what is written"))


def _undone_check(full: Sequence[Run]) -> Check:
    name = CheckName.UNDONE
    found = undone_again(full)
    if found is None:
        return ok(name, phrase("nothing is written again and again"))
    detail = phrase(
        "{times} runs wrote the same values again to {numbers} ({columns}): another program or a"
        " trigger of the database undoes them each time; find it, then `listing-sync status"
        " --listing {number}`",
        times=found.times,
        numbers=listed(found.numbers, _NAMED),
        columns=listed(found.columns, _NAMED),
        number=found.numbers[0],
    )
    return warn(name, detail)


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
        found = phrase(
            "none for {age}, since the first of those that wait here", age=_age(first_at, now)
        )
        is_stale = (now - first_at).total_seconds() > stale_after_s
        checks.append(fail(name, found) if is_stale else warn(name, found))
    elif seen_at is not None:
        seen = phrase("{age} ago, as far as this machine knows", age=_age(seen_at, now))
        checks.append(ok(name, seen))
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
    if usual_s is None:
        return ok(name, phrase("not known yet"))
    return ok(name, phrase("a run every {distance}", distance=duration(usual_s)))


def share_check(share: float, runs: Iterable[Run]) -> Check:
    """Say how many listings SYNC_ROLLOUT_PERCENT leaves out: a rollout may have been forgotten."""
    name = CheckName.SHARE
    if share >= 100:  # noqa: PLR2004 - percent
        return ok(name, phrase("all listings"))
    last = next(iter(full_runs(runs)), None)
    if last is None:
        detail = phrase(
            "SYNC_ROLLOUT_PERCENT is {share:g}; set it to 100 when all is well", share=share
        )
        return warn(name, detail)
    detail = phrase_number(
        "SYNC_ROLLOUT_PERCENT is {share:g}: {skipped:,} of {count:,} listing are left out; set it"
        " to 100 when all is well",
        "SYNC_ROLLOUT_PERCENT is {share:g}: {skipped:,} of {count:,} listings are left out; set it"
        " to 100 when all is well",
        last.stats.total,
        share=share,
        skipped=last.stats.skipped,
    )
    return warn(name, detail)


def progress_check(runs: Iterable[Run], now: datetime, lock_run_id: str | None) -> Check:
    """Judge the runs that have not ended; `lock_run_id` holds this host's lock, None: nobody."""
    name = CheckName.RUN_IN_PROGRESS
    going = [run for run in runs if run.status is RunStatus.IN_PROGRESS]
    silent = [run for run in going if now - run.heartbeat_at > SILENT_AFTER]
    if not going:
        return ok(name, phrase("none"))
    if not silent:
        return ok(name, phrase("{open:,} still to do", open=queue_size(going, now)))
    run = silent[0]
    who = phrase(
        "process {pid} on {host} has been silent for {silence}",
        pid=run.pid,
        host=run.host,
        silence=_age(run.heartbeat_at, now),
    )
    if run.run_id == lock_run_id and now - run.heartbeat_at > STUCK_AFTER:
        detail = phrase(
            "{who}: it hangs, and keeps the lock, so no other run can start; end that process"
            " (`kill {pid}`)",
            who=who,
            pid=run.pid,
        )
        return fail(name, detail)
    detail = phrase("{who}; if it is dead, the next run closes its record and goes on", who=who)
    return warn(name, detail)


def queue_size(runs: Iterable[Run], now: datetime) -> int:
    """Return how many listings the living runs have still to do."""
    return sum(
        run.stats.open
        for run in runs
        if run.status is RunStatus.IN_PROGRESS and now - run.heartbeat_at <= SILENT_AFTER
    )


def _age(moment: datetime | None, now: datetime) -> str:
    return duration(0 if moment is None else max((now - moment).total_seconds(), 0))
