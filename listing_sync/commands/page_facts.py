"""Gather what the office's page shows, from records, journal and what this machine keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta, tzinfo

from listing_sync.cells.listings import Rejection
from listing_sync.commands.status import UNREADABLE, newest_judge, recent, rejections_of
from listing_sync.errors import Service
from listing_sync.history.mended import still_standing
from listing_sync.history.month import DAYS, DayFigures, days_to_keep, month
from listing_sync.history.run_checks import run_checks
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
from listing_sync.history.runs import Run
from listing_sync.history.verdict import Check, CheckName, Verdict, fail, verdict
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports
from listing_sync.steps.kept_changes import ListingChange, changes_of_runs
from listing_sync.steps.page_memory import PageMemory, load, since_when, store

_RUNS_ON_PAGE = 10_000
_MONTH = timedelta(days=DAYS + 1)
RUNS_OPENED = 20
"""How many of the newest runs can be opened to what they changed."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the page shows; `runs` are newest first, `days` oldest first, times in `zone`.

    `last_run` is the newest full run that has ended, `rejected_by` the newest that knew its
    rejections, which are `rejections`, by `standing_key` `since` when. `month` are the last 30
    days, oldest first; `changes` are by run what this machine keeps of what the newest changed.
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
    rejections: tuple[Rejection, ...]
    rejected_by: Run | None
    last_run: Run | None
    away: str | None
    problems: tuple[str, ...]
    month: tuple[DayFigures, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    changes: Mapping[str, tuple[ListingChange, ...]] = field(default_factory=dict)
    stale_after_s: int = 86400


def page_facts(ports: Ports) -> PageFacts:
    """Return what the page shows, from records, journal and this machine; no sheet is asked."""
    # The checks of health, which a list of runs needs not wait for.
    from listing_sync.commands.health import local_checks  # noqa: PLC0415
    from listing_sync.steps.health_here import breaker_check  # noqa: PLC0415

    now = ports.clock.now()
    zone = now.astimezone().tzinfo or UTC
    memory = load(ports, zone, now)
    seen_since = now - WEEK - DAY
    if not memory.knows_month_before(*(at.astimezone(zone).date() for at in (seen_since, now))):
        seen_since = now - _MONTH
    found = recent(ports, _RUNS_ON_PAGE, since=seen_since)
    if last_good(found.runs) is None and not found.away:
        found = recent(ports, _RUNS_ON_PAGE)
    runs, away = found.runs, found.away
    ended = full_runs(runs)
    judge = newest_judge(runs)
    rejections: tuple[Rejection, ...] = ()
    if judge and not away:
        try:
            rejections = still_standing(rejections_of(ports, judge), judge, runs)
        except UNREADABLE as error:
            away = str(error)
    since: Mapping[str, datetime] = {}
    days = month(runs, now, zone, memory.days)
    if not away:
        since = since_when(ports, rejections, runs, memory.since)
        kept = {**memory.days, **days_to_keep(days, seen_since, zone)}
        store(ports, zone, now, PageMemory(kept, since))
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
        rejections=rejections,
        rejected_by=judge,
        last_run=ended[0] if ended else None,
        away=away,
        problems=found.problems,
        month=days,
        since=since,
        changes=changes_of_runs(ports, runs[:RUNS_OPENED]),
        stale_after_s=ports.settings.sync_stale_after,
    )


def _record_checks(
    ports: Ports, runs: Sequence[Run], day: Statistics, away: str | None
) -> tuple[Check, ...]:
    """Judge the runs; those of the journal alone say too little."""
    if away:
        return (fail(CheckName.SYNC_STATE, phrase("cannot be read: {away}", away=away)),)
    stale_after_s = ports.settings.sync_stale_after
    return run_checks(runs, ports.clock.now(), stale_after_s=stale_after_s, recent=day)
