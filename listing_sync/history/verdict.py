"""Judge what was seen of settings, services and runs: checks, and one verdict.

Source: docs/contract.md section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain
from types import MappingProxyType

from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.renamed import renamed_to
from listing_sync.cells.wording import count, duration, one_line, percent
from listing_sync.changes.table_check import FACTS_FILE, TableFacts, lacks_of
from listing_sync.history.rhythm import GONE, missing, usual_distance_s
from listing_sync.history.run_statistics import (
    Statistics,
    full_runs,
    last_good,
    loose_named,
    rewritten_columns,
)
from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.taking_turns import GONE_AFTER_S

DEGRADED_ERROR_RATE = 0.05
UNHEALTHY_ERROR_RATE = 0.10

LEGACY_KEYS_END = datetime(2027, 1, 1, tzinfo=UTC)
"""Supabase switches legacy JWT keys off at the end of 2026 ("Understanding API keys")."""
KEY_NOTICE = timedelta(days=90)
SILENT_AFTER = timedelta(seconds=GONE_AFTER_S)
STUCK_AFTER = timedelta(minutes=10)
"""A run that keeps the lock and has been silent for so long will not go on."""


_HEADERS_SHOWN = 3


class CheckStatus(StrEnum):
    """How a check came out; what could not be checked is FAIL."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class CheckName(StrEnum):
    """The checks, in the order in which they are shown."""

    SETTINGS = "settings"
    KEY = "key"
    FILES = "files"
    STATE_DIR = "state_dir"
    HOLD = "hold"
    JOURNAL = "journal"
    SHEET = "sheet"
    HEADERS = "headers"
    TABLE = "table"
    UNIQUE_KEY = "unique_key"
    SYNC_STATE = "sync_state"
    BREAKER = "breaker"
    GOOGLE_BREAKER = "google_breaker"
    LAST_RUN = "last_run"
    LAST_GOOD_RUN = "last_good_run"
    ERROR_RATE = "error_rate"
    STABILITY = "stability"
    RUN_IN_PROGRESS = "run_in_progress"
    EGRESS = "egress"
    SCHEDULE = "schedule"
    SHARE = "share"
    CHANNELS = "channels"


@dataclass(frozen=True, slots=True)
class Check:
    """One check and a sentence: what was found and, unless it is well, what to do.

    `degrades` makes of a warning that is advice otherwise one that is more.
    """

    name: CheckName
    status: CheckStatus
    detail: str
    degrades: bool = False


class Verdict(StrEnum):
    """The answer as a whole."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


_DEGRADING = frozenset(
    {CheckName.LAST_RUN, CheckName.ERROR_RATE, CheckName.SCHEDULE, CheckName.CHANNELS}
)
"""Checks whose warning is more than advice."""

_FOLLOWING = frozenset({CheckName.ERROR_RATE, CheckName.LAST_GOOD_RUN})
"""Checks that fail because runs do."""


def ok(name: CheckName, detail: str) -> Check:
    """Return a check that came out well."""
    return Check(name, CheckStatus.OK, detail)


def warn(name: CheckName, detail: str) -> Check:
    """Return a check that found something to look after."""
    return Check(name, CheckStatus.WARN, detail)


def fail(name: CheckName, detail: str) -> Check:
    """Return a check that found something broken, or could not be made."""
    return Check(name, CheckStatus.FAIL, detail)


def verdict(checks: Collection[Check], *, answered: bool) -> Verdict:
    """Return the verdict; `answered` is False when neither service answered."""
    if not answered:
        return Verdict.UNKNOWN
    if any(check.status is CheckStatus.FAIL for check in checks):
        return Verdict.UNHEALTHY
    if any(map(_is_degrading, checks)):
        return Verdict.DEGRADED
    return Verdict.HEALTHY


def decisive(checks: Collection[Check]) -> Check | None:
    """Return the check to show before all: the first that decides the verdict, or else warns.

    Of what follows from runs that fail, the last run tells the cause. Where all is well, it is
    what is said of the last good run.
    """
    failed = [check for check in checks if check.status is CheckStatus.FAIL]
    degrading = [check for check in checks if _is_degrading(check)]
    good = (check for check in checks if check.name is CheckName.LAST_GOOD_RUN)
    if failed and all(check.name in _FOLLOWING for check in failed):
        failed = [check for check in degrading if check.name is CheckName.LAST_RUN] + failed
    warned = (check for check in checks if check.status is CheckStatus.WARN)
    return next(chain(failed, degrading, warned, good), None)


def _is_degrading(check: Check) -> bool:
    is_more = check.degrades or check.name in _DEGRADING
    return check.status is CheckStatus.WARN and is_more


def key_check(
    expires_at: datetime | None, now: datetime, *, is_legacy: bool, is_hosted: bool
) -> Check:
    """Say how long the key of the Supabase project will work."""
    if not is_legacy:
        return ok(CheckName.KEY, "a secret key")
    new_key = "create a secret key (sb_secret_...) under Settings > API keys and use that"
    if expires_at is not None and expires_at <= now:
        return fail(CheckName.KEY, f"the legacy key expired on {expires_at:%Y-%m-%d}: {new_key}")
    ends = [expires_at] if expires_at else []
    if is_hosted:
        ends.append(LEGACY_KEYS_END)
    if not ends or min(ends) - now > KEY_NOTICE:
        return ok(CheckName.KEY, "a legacy service_role key")
    last_day = min(ends) - timedelta(days=1)
    return warn(CheckName.KEY, f"a legacy key, which ends on {last_day:%Y-%m-%d}: {new_key}")


def headers_check(
    mapped: int, missing: Sequence[Column], unmapped: Sequence[str], duplicates: Sequence[str]
) -> Check:
    """Say whether the headers of the sheet match the mapping.

    Where every header is right but one, a column that was synced is so no longer.
    """
    name = CheckName.HEADERS
    if duplicates:
        which = ", ".join(duplicates)
        return fail(name, f"two columns of the sheet have the same header: {which}; rename one")
    new = renamed_to(missing, unmapped)
    seems = f' (renamed to "{one_line(new)}"?)' if new else ""
    way_back = "rename its header back, or add the new one to the mapping"
    required = [column for column in missing if column.required]
    if required:
        return fail(name, f"the sheet has no column {_headers(required)}{seems}: {way_back}")
    if seems and len(unmapped) == 1:
        lost = f"the sheet has no column {_headers(missing)}{seems}, which is no longer synced"
        return replace(warn(name, f"{lost}: {way_back}"), degrades=True)
    if missing:
        return warn(name, f"the sheet has no column {_headers(missing)}: left alone in the table")
    rest = f", {len(unmapped)} more ignored" if unmapped else ""
    return ok(name, f"all {count(mapped, 'mapped column')} found{rest}")


def table_check(mapping: SheetMapping, facts: TableFacts) -> Check:
    """Say whether the table can take what the mapping writes; its key has a check of its own."""
    lacks = lacks_of(replace(facts, key_is_unique=None), mapping)
    if not lacks:
        said = f"{mapping.table} fits the mapping"
        if facts.defaults is None:
            said += f" as far as the API shows it: `listing-sync migrate up` applies {FACTS_FILE}"
        return ok(CheckName.TABLE, said)
    detail = f"{mapping.table}: {'; '.join(lack.what for lack in lacks)}"
    wanted = {column.name for column in mapping.columns} | {mapping.mark_column or mapping.key}
    judge = warn if wanted <= set(facts.columns) else fail
    return judge(
        CheckName.TABLE, f"{detail}. `listing-sync migrate plan` prints the SQL to mend it"
    )


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
    # A run that took nothing at all has not shown that anything works.
    good = last_good(run for run in full if run.stats.success or not run.stats.failed)
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
    well = next((at for at, run in enumerate(full) if run.status is not RunStatus.COMPLETED), 0)
    if well > 1:
        detail += f" (the last {well} runs were good)"
    if rate > UNHEALTHY_ERROR_RATE:
        return fail(
            name,
            f"{detail}, above {percent(UNHEALTHY_ERROR_RATE)}: `listing-sync status`"
            " lists the runs, with a run's id its errors",
        )
    if rate > DEGRADED_ERROR_RATE:
        return warn(name, f"{detail}, above {percent(DEGRADED_ERROR_RATE)}")
    return ok(name, detail)


def _stability_check(full: Sequence[Run], examples: Mapping[str, str]) -> Check:
    name = CheckName.STABILITY
    columns = rewritten_columns(full)
    if loose := loose_named(full, examples):
        what = f"the table gives back something else than is written to {loose}"
        return warn(name, f"{what}: give them a type that keeps the value (numeric, text)")
    if not columns:
        return ok(name, "no column is written again and again")
    return warn(
        name,
        f"the last three runs each wrote the same values to {', '.join(columns)}: the"
        " database rounds or changes them (column type, trigger), or another program"
        " writes there",
    )


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


def channels_check(waiting: int, refusing: Sequence[str]) -> Check:
    """Say which channels refuse messages, and how many messages wait."""
    name = CheckName.CHANNELS
    waits = f"{count(waiting, 'message')} could not be delivered yet: the next run sends them again"
    if refusing:
        more = f"; {waits}" if waiting else ""
        return warn(name, f"{'; '.join(refusing)}. `listing-sync test-signals` tries each{more}")
    return warn(name, waits) if waiting else ok(name, "nothing waits")


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
        return fail(name, f"{who} but keeps the lock, so no other run can start: end that process")
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


def _headers(columns: Sequence[Column]) -> str:
    shown = ", ".join(f'"{column.headers[0]}"' for column in columns[:_HEADERS_SHOWN])
    more = len(columns) - _HEADERS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
