"""Find the last runs, one run, or the story of one listing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category, RefusedError, RemoteError, Service, SourceError
from listing_sync.history.run_statistics import (
    DAY,
    WEEK,
    Day,
    Statistics,
    daily,
    full_runs,
    last_good,
    statistics,
)
from listing_sync.history.runs import (
    ENDED,
    GOOD,
    Run,
)
from listing_sync.history.signs_of_life import Going
from listing_sync.history.verdict import Check, CheckName, Verdict, fail, run_checks, verdict
from listing_sync.ports import JournalEntry, Ports
from listing_sync.steps.going_now import going_now

_RUNS_LOOKED_AT = 300
_REJECTIONS_LOOKED_AT = 300
_RUNS_ON_PAGE = 5000
_UNREADABLE = (RemoteError, RefusedError, SourceError)


@dataclass(frozen=True, slots=True)
class Recent:
    """Runs, newest first. `away` says why Supabase could not be asked, `problems` what else."""

    runs: tuple[Run, ...]
    away: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneRun:
    """One run, None when there is none of this id, and its rejections; `away` as in Recent.

    `going` has the run while it is in progress.
    """

    run: Run | None
    rejections: tuple[Rejection, ...]
    away: str | None
    going: tuple[Going, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often a category struck: rows of the sheet in the last run, and runs of 7 days."""

    category: Category
    listings: int
    runs: int


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the page shows; `runs` are newest first, `days` oldest first, times in `zone`.

    `last_run` is the newest full run that has ended, `rejected_by` the newest that knew its
    rejections, which are `rejections`.
    """

    written_at: datetime
    zone: tzinfo
    source: str
    target: str
    verdict: Verdict
    checks: tuple[Check, ...]
    runs: tuple[Run, ...]
    last_good: Run | None
    day: Statistics
    week: Statistics
    days: tuple[Day, ...]
    errors: tuple[ErrorCount, ...]
    rejections: tuple[Rejection, ...]
    rejected_by: Run | None
    last_run: Run | None
    away: str | None
    problems: tuple[str, ...]


def recent(ports: Ports, limit: int, *, since: datetime | None = None) -> Recent:
    """Return the last runs, those that wait in the journal among them."""
    waiting, problems = _waiting(ports)
    away = None
    recorded: tuple[Run, ...] = ()
    try:
        recorded = ports.target.records.recent(limit, since=since)
    except _UNREADABLE as error:
        away = str(error)
    runs = {run.run_id: run for run in recorded}
    for entry in waiting:
        known = runs.get(entry.run.run_id)
        if known is None or known.status not in ENDED:
            runs[entry.run.run_id] = entry.run
    newest = sorted(runs.values(), key=lambda run: run.started_at, reverse=True)
    return Recent(tuple(newest[:limit]), away, problems)


def going(ports: Ports, found: Recent) -> tuple[Going, ...]:
    """Return those of the runs that are in progress, with what their processes show."""
    return going_now(ports, found.runs)


def run_ids_like(ports: Ports, name: str) -> Recent:
    """Return the recent runs that `name` may mean: `latest`, or the first characters of an id."""
    if name == "latest":
        return recent(ports, 1)
    found = recent(ports, _RUNS_LOOKED_AT)
    return replace(found, runs=tuple(run for run in found.runs if run.run_id.startswith(name)))


def rejected_now(ports: Ports) -> OneRun:
    """Return the newest full run that knew what it rejected, with its rejections."""
    found = recent(ports, _RUNS_LOOKED_AT)
    judge = _judge(found.runs)
    if judge is None or found.away:
        return OneRun(judge, (), found.away)
    return one_run(ports, judge.run_id)


def _judge(runs: Sequence[Run]) -> Run | None:
    """Return the newest full run that came to check the sheet."""
    checked = (run for run in full_runs(runs) if run.rejections_run_id or run.status in GOOD)
    return next(checked, None)


def one_run(ports: Ports, run_id: str) -> OneRun:
    """Return one run whole; from the journal when its record has not arrived."""
    recorded, away = None, None
    try:
        recorded = ports.target.records.get(run_id)
        if recorded is not None and recorded.status in ENDED:
            return OneRun(recorded, _rejections(ports, recorded), None)
    except _UNREADABLE as error:
        away = str(error)
    for entry in _waiting(ports)[0]:
        if entry.run.run_id == run_id:
            kept = tuple(item.rejection for item in entry.rejections)
            return OneRun(entry.run, kept or (() if away else _rejections(ports, entry.run)), away)
    return OneRun(recorded, (), away, going_now(ports, [recorded] if recorded else ()))


def _rejections(ports: Ports, run: Run) -> tuple[Rejection, ...]:
    if run.rejections_run_id is None and run.stats.failed == 0:
        return ()
    stored = ports.target.records.rejections(run.rejections_run_id or run.run_id)
    return tuple(item.rejection for item in stored)


def _waiting(ports: Ports) -> tuple[tuple[JournalEntry, ...], tuple[str, ...]]:
    """Return what the journal has of this source, its runs marked, and why it cannot be read."""
    try:
        entries = ports.machine.journal.entries()
    except OSError as error:
        return (), (f"the journal in SYNC_STATE_DIR cannot be read: {error.strerror}",)
    return tuple(
        replace(entry, run=replace(entry.run, in_journal=True))
        for entry in entries
        if ports.identity.owns(entry.run)
    ), ()


def page_facts(ports: Ports) -> PageFacts:
    """Return what the page shows, from records, journal and this machine; no sheet is asked."""
    # The checks of health, which a list of runs needs not wait for.
    from listing_sync.commands.health import breaker_check, local_checks  # noqa: PLC0415

    now = ports.clock.now()
    zone = now.astimezone().tzinfo or UTC
    found = recent(ports, _RUNS_ON_PAGE, since=now - WEEK - DAY)
    if last_good(found.runs) is None and not found.away:
        found = recent(ports, _RUNS_ON_PAGE)
    runs, away = found.runs, found.away
    ended = full_runs(runs)
    judge = _judge(runs)
    rejections: tuple[Rejection, ...] = ()
    if judge and not away:
        try:
            rejections = _rejections(ports, judge)
        except _UNREADABLE as error:
            away = str(error)
    day = statistics(runs, now)
    checks = (
        *_record_checks(ports, runs, day, away),
        breaker_check(CheckName.BREAKER, ports.machine.breaker_state(Service.SUPABASE)),
        breaker_check(CheckName.GOOGLE_BREAKER, ports.machine.breaker_state(Service.GOOGLE)),
        *local_checks(ports),
    )
    return PageFacts(
        written_at=now,
        zone=zone,
        source=ports.identity.source,
        target=ports.identity.target,
        verdict=verdict(checks, answered=True),
        checks=checks,
        runs=runs,
        last_good=last_good(runs),
        day=day,
        week=statistics(runs, now, WEEK),
        days=daily(runs, now, zone),
        errors=_error_counts(rejections, (run for run in runs if now - WEEK < run.started_at)),
        rejections=rejections,
        rejected_by=judge,
        last_run=ended[0] if ended else None,
        away=away,
        problems=found.problems,
    )


def _record_checks(
    ports: Ports, runs: Sequence[Run], day: Statistics, away: str | None
) -> tuple[Check, ...]:
    """Judge the runs; those of the journal alone say too little."""
    if away:
        return (fail(CheckName.SYNC_STATE, f"cannot be read: {away}"),)
    stale_after_s = ports.settings.sync_stale_after
    return run_checks(runs, ports.clock.now(), stale_after_s=stale_after_s, recent=day)


def _error_counts(rejections: Iterable[Rejection], runs: Iterable[Run]) -> tuple[ErrorCount, ...]:
    listings = Counter(
        category
        for category, _ in {
            (item.category, item.sheet_row or item.property_number) for item in rejections
        }
    )
    stopped = Counter(run.cause.category for run in runs if run.cause)
    return tuple(
        ErrorCount(category, listings[category], stopped[category])
        for category in Category
        if listings[category] or stopped[category]
    )
