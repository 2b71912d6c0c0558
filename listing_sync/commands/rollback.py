"""Lead the table back to a snapshot, or undo one run, a part at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from listing_sync.changes.rollback import Action, LeftAlone, Step
from listing_sync.errors import (
    ListingSyncError,
    LockTimeoutError,
    RefusedError,
    StoppedError,
)
from listing_sync.history.runs import Run, RunStats, RunStatus, RunType
from listing_sync.history.skipped import Skip, noted
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Holder, Ports, Progress
from listing_sync.steps.elsewhere import Elsewhere, hosts_of, runs_elsewhere
from listing_sync.steps.holding import hold
from listing_sync.steps.recording import Heard, Recorder, cause_of, cause_of_bug, new_run
from listing_sync.steps.restoring import Restorer
from listing_sync.steps.run_named import run_that_wrote
from listing_sync.steps.ways_back import Source, table_now, ways_back

TRIGGER: Final = "rollback"
EXAMPLES: Final = 10


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What a rollback did, or a dry run would do.

    `examples` are its first steps. `remaining` counts the listings that at its end still were not
    as they should be, None where that was not looked at; `error` is what ended it early;
    `is_on_hold` says whether it wrote anything, and so put syncing on hold.
    """

    source: Source
    stats: RunStats
    left_alone: tuple[LeftAlone, ...]
    examples: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    remaining: int | None = None
    error: ListingSyncError | None = None
    is_on_hold: bool = False


def find_source(ports: Ports, *, snapshot: Path | None, run_id: str | None) -> Source:
    """Return the run (an id, its beginning, "latest") or snapshot asked for, else the latest one.

    Raises:
        RefusedError: there is none, or it cannot be used.
    """
    if run_id is not None:
        return Source(run_id=run_that_wrote(ports, run_id))
    if snapshot is not None:
        return Source(ports.machine.snapshots.find(snapshot))
    taken = ports.machine.snapshots.all()
    if not taken:
        raise RefusedError(_no_snapshot(ports))
    return Source(ports.machine.snapshots.find(ports.machine.snapshots.path_of(taken[0])))


def _no_snapshot(ports: Ports) -> str:
    elsewhere = runs_elsewhere(ports, lambda _: datetime.fromtimestamp(0, UTC)).runs
    if elsewhere:
        return phrase(
            "there is no snapshot of this table on this machine (SYNC_STATE_DIR); runs on {hosts}"
            " wrote it too: what they replaced, and the snapshots that were taken there, are kept"
            " there, so give this command on that machine; a single run is undone with --run"
            " RUN_ID",
            hosts=hosts_of(elsewhere),
        )
    return phrase(
        "there is no snapshot of this table on this machine (SYNC_STATE_DIR):"
        " `migrate cutover` takes one; a single run is undone with --run RUN_ID"
    )


def preview(ports: Ports, source: Source, progress: Progress) -> RollbackResult:
    """Return what a rollback would do; nothing is written."""
    return _look(ports, source, progress, runs_elsewhere(ports, source.began))


def _look(ports: Ports, source: Source, progress: Progress, elsewhere: Elsewhere) -> RollbackResult:
    progress.phase("Looking", source.rows)
    tally = _Tally(progress, elsewhere)
    with ways_back(ports, source, table_now(ports), elsewhere.others) as ways:
        for steps in ways.steps():
            tally.add(steps)
    return tally.result(source)


def rollback(ports: Ports, source: Source, progress: Progress) -> RollbackResult:
    """Lead the table back, with syncing on hold from the first write on, and look again.

    After an interruption it is run again: what is back already needs nothing.

    Raises:
        LockTimeoutError: a run did not finish in time; nothing was changed.
    """
    # A selective run moves no streak and no last success.
    run = new_run(ports, RunType.SELECTIVE, TRIGGER)
    who = ports.identity
    me = Holder(who.host, who.pid, who.user, run.run_id, run.started_at)
    with ports.machine.lock.held(me, ports.settings.sync_lock_timeout):
        recorder = Recorder(ports, run)
        doing = _Rollback(ports, source, progress, run, recorder, _Tally(progress))
        with Heard(doing.crashed):
            return doing.execute()


@dataclass(slots=True)
class _Rollback:
    """One rollback under way."""

    ports: Ports
    source: Source
    progress: Progress
    run: Run
    recorder: Recorder
    tally: _Tally
    is_on_hold: bool = False

    def execute(self) -> RollbackResult:
        ports, run, recorder, tally = self.ports, self.run, self.recorder, self.tally
        remaining: int | None = None
        error: ListingSyncError | None = None
        try:
            recorder.open(run)
            table = table_now(ports)
            tally.elsewhere = runs_elsewhere(ports, self.source.began)
            self.progress.phase("Leading back", self.source.rows)
            with ways_back(ports, self.source, table, tally.elsewhere.others) as ways:
                restorer = Restorer(
                    ports, run, table, self._hold, ways.looked_at, self.source.undoes
                )
                for steps in ways.steps():
                    for done in restorer.do(steps):
                        tally.add(done)
                        tally.warn(*restorer.warnings)
                        recorder.refresh(replace(run, stats=tally.stats))
            remaining = _look(ports, self.source, self.progress, tally.elsewhere).stats.changed
        except LockTimeoutError:  # it never became a run
            raise
        except ListingSyncError as caught:
            error = caught
        result = tally.result(self.source)
        metrics = noted({Skip.LEFT_ALONE: tally.skipped})
        run = replace(run, stats=tally.stats, warnings=result.warnings, metrics=metrics)
        recorder.close(run.ended(_status(error), ports.clock.now(), cause_of(error)), ())
        return replace(result, remaining=remaining, error=error, is_on_hold=self.is_on_hold)

    def crashed(self, bug: str) -> None:
        """Record that a bug of this program ended it."""
        run = replace(self.run, stats=self.tally.stats)
        ended = run.ended(RunStatus.FAILED, self.ports.clock.now(), cause_of_bug(bug))
        self.recorder.close(ended, ())

    def _hold(self) -> None:
        why = phrase("rolled back to {source}", source=str(self.source))
        problem = hold(self.ports, self.run, why)
        if problem:
            self.tally.warn(problem)
        self.is_on_hold = True


def _status(error: ListingSyncError | None) -> RunStatus:
    if error is None:
        return RunStatus.COMPLETED
    is_stopped = isinstance(error, StoppedError) and error.signal is not None
    return RunStatus.INTERRUPTED if is_stopped else RunStatus.FAILED


@dataclass(slots=True)
class _Tally:
    """Counts the steps; a listing of which nothing but a part is left alone is skipped.

    `elsewhere` are the runs of ours since then of which nothing is known here.
    """

    progress: Progress
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    stats: RunStats = field(default_factory=RunStats)
    left_alone: list[LeftAlone] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    examples: list[Step] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)

    def add(self, steps: Sequence[Step]) -> None:
        actions = [step.action for step in steps]
        alone = [step for step in steps if step.action is Action.NONE and step.left_alone]
        self.skipped += [step.left_alone[0].property_number for step in alone]
        skipped = len(alone)
        stats = self.stats
        self.stats = replace(
            stats,
            total=stats.total + len(steps) - actions.count(Action.REMOVE),
            inserted=stats.inserted + actions.count(Action.BRING_BACK),
            updated=stats.updated + actions.count(Action.RESTORE),
            removed=stats.removed + actions.count(Action.REMOVE),
            unchanged=stats.unchanged + actions.count(Action.NONE) - skipped,
            skipped=stats.skipped + skipped,
        )
        for step in steps:
            self.left_alone += step.left_alone
            if step.action is not Action.NONE and len(self.examples) < EXAMPLES:
                self.examples.append(step)
        for name in sorted(frozenset().union(*(step.gone for step in steps))):
            self.warn(
                phrase("the table no longer has the column {name}: it is left out", name=name)
            )
        for name in sorted(frozenset().union(*(step.given for step in steps))):
            self.warn(phrase("rows that are brought back get a new {name}", name=name))
        self.progress.advance(len(steps))

    def warn(self, *texts: str) -> None:
        self.warnings |= dict.fromkeys(texts)

    def result(self, source: Source) -> RollbackResult:
        warning = self.elsewhere.warning
        if self.left_alone and warning:
            self.warn(warning)
        return RollbackResult(
            source,
            self.stats,
            tuple(self.left_alone),
            tuple(self.examples),
            tuple(self.warnings),
        )
