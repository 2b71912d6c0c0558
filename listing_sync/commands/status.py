"""Find the last runs, one run, or the story of one listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from listing_sync.cells.listings import Rejection
from listing_sync.errors import RefusedError, RemoteError, SourceError
from listing_sync.history.run_statistics import (
    full_runs,
)
from listing_sync.history.runs import (
    ENDED,
    GOOD,
    Run,
)
from listing_sync.history.signs_of_life import Going
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import JournalEntry, Ports
from listing_sync.steps.going_now import going_now

_RUNS_LOOKED_AT = 300
_REJECTIONS_LOOKED_AT = 300
UNREADABLE = (RemoteError, RefusedError, SourceError)


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


def recent(ports: Ports, limit: int, *, since: datetime | None = None) -> Recent:
    """Return the last runs, those that wait in the journal among them."""
    waiting, problems = _waiting(ports)
    away = None
    recorded: tuple[Run, ...] = ()
    try:
        recorded = ports.target.records.recent(limit, since=since)
    except UNREADABLE as error:
        away = str(error)
    runs = {run.run_id: run for run in recorded}
    for entry in waiting:
        known = runs.get(entry.run.run_id)
        if known is None or known.status not in ENDED:
            runs[entry.run.run_id] = entry.run
    newest = sorted(runs.values(), key=lambda run: run.started_at, reverse=True)
    # What was recorded has no time that the database had not seen yet; what waits may have.
    now = ports.clock.now()
    past = (run.no_later_than(now) if run.in_journal else run for run in newest[:limit])
    return Recent(tuple(past), away, problems)


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
    judge = newest_judge(found.runs)
    if judge is None or found.away:
        return OneRun(judge, (), found.away)
    return one_run(ports, judge.run_id)


def newest_judge(runs: Sequence[Run]) -> Run | None:
    """Return the newest full run that came to check the sheet."""
    checked = (run for run in full_runs(runs) if run.rejections_run_id or run.status in GOOD)
    return next(checked, None)


def one_run(ports: Ports, run_id: str) -> OneRun:
    """Return one run whole; from the journal when its record has not arrived."""
    recorded, away = None, None
    try:
        recorded = ports.target.records.get(run_id)
        if recorded is not None and recorded.status in ENDED:
            return OneRun(recorded, rejections_of(ports, recorded), None)
    except UNREADABLE as error:
        away = str(error)
    for entry in _waiting(ports)[0]:
        if entry.run.run_id == run_id:
            kept = tuple(item.rejection for item in entry.rejections)
            return OneRun(
                entry.run, kept or (() if away else rejections_of(ports, entry.run)), away
            )
    return OneRun(recorded, (), away, going_now(ports, [recorded] if recorded else ()))


def rejections_of(ports: Ports, run: Run) -> tuple[Rejection, ...]:
    """Return what a run rejected, as its record has it."""
    if run.rejections_run_id is None and run.stats.failed == 0:
        return ()
    stored = ports.target.records.rejections(run.rejections_run_id or run.run_id)
    return tuple(item.rejection for item in stored)


def _waiting(ports: Ports) -> tuple[tuple[JournalEntry, ...], tuple[str, ...]]:
    """Return what the journal has of this source, its runs marked, and why it cannot be read."""
    try:
        entries = ports.machine.journal.entries()
    except OSError as error:
        return (), (
            phrase("the journal in SYNC_STATE_DIR cannot be read: {why}", why=system_words(error)),
        )
    return tuple(
        replace(entry, run=replace(entry.run, in_journal=True))
        for entry in entries
        if ports.identity.owns(entry.run)
    ), ()
