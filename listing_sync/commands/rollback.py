"""Lead the table back to a snapshot, or undo one run, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from listing_sync.changes.rollback import Action, LeftAlone, Step, way_back, way_back_of_run
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Row, written_types
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
from listing_sync.ports import Holder, Ports, Progress, SnapshotMeta, Written
from listing_sync.steps.holding import hold
from listing_sync.steps.recording import Heard, Recorder, cause_of, cause_of_bug, new_run
from listing_sync.steps.restoring import Restorer
from listing_sync.steps.run_named import run_that_wrote

TRIGGER: Final = "rollback"
EXAMPLES: Final = 10

_PART: Final = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Where to lead back to: to a snapshot, or to before one run; it has one of the two."""

    snapshot: SnapshotMeta | None = None
    run_id: str | None = None

    def __str__(self) -> str:
        if self.snapshot is None:
            return phrase("before run {run_id}", run_id=self.run_id)
        at = self.snapshot.taken_at.astimezone()
        if self.snapshot.first:
            return phrase("the first snapshot of {at:%Y-%m-%d %H:%M:%S}", at=at)
        return phrase("the snapshot of {at:%Y-%m-%d %H:%M:%S}", at=at)


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
        raise RefusedError(
            phrase(
                "there is no snapshot of this table on this machine (SYNC_STATE_DIR):"
                " `migrate cutover` takes one; a single run is undone with --run RUN_ID"
            )
        )
    return Source(ports.machine.snapshots.find(ports.machine.snapshots.path_of(taken[0])))


def preview(ports: Ports, source: Source, progress: Progress) -> RollbackResult:
    """Return what a rollback would do; nothing is written."""
    progress.phase("Looking", _expected(source))
    tally = _Tally(progress)
    for steps in _steps(ports, source, _table_now(ports)):
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
            table = _table_now(ports)
            restorer = Restorer(ports, run, table, self._hold)
            self.progress.phase("Leading back", _expected(self.source))
            for steps in _steps(ports, self.source, table):
                for done in restorer.do(steps):
                    tally.add(done)
                    tally.warn(*restorer.warnings)
                    recorder.refresh(replace(run, stats=tally.stats))
            left = preview(ports, self.source, self.progress).stats
            remaining = left.inserted + left.updated + left.removed
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
    """Counts the steps; a listing of which nothing but a part is left alone is skipped."""

    progress: Progress
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
        return RollbackResult(
            source,
            self.stats,
            tuple(self.left_alone),
            tuple(self.examples),
            tuple(self.warnings),
        )


def _expected(source: Source) -> int | None:
    return source.snapshot.rows if source.snapshot else None


def _table_now(ports: Ports) -> TableNow:
    """Return what the table is: as far as the API shows it."""
    described = ports.target.table.describe()
    is_shown = any(described.columns.values())
    return TableNow(
        key=ports.mapping.key,
        types=written_types(ports.mapping),
        table_types=described.columns,
        columns=frozenset(described.columns) if is_shown else None,
        primary_key=frozenset(described.primary_key),
        fixed=described.generated,
        defaults=described.defaults or {},
    )


def _steps(ports: Ports, source: Source, table: TableNow) -> Iterator[list[Step]]:
    """Yield the steps of all listings, a part at a time; only their numbers are held."""
    if source.snapshot is None:
        with ports.machine.written_since(source.run_id) as written:
            yield from _undoing(ports, source.run_id or "", written, table)
        return
    with ports.machine.written_since(source.snapshot) as written:
        yield from _to_snapshot(ports, source.snapshot, written, table)


def _to_snapshot(
    ports: Ports, snapshot: SnapshotMeta, written: Written, table: TableNow
) -> Iterator[list[Step]]:
    """Lead back what was added first: it may hold a unique value that another row needs back."""
    key = table.key
    listed = {str(row[key]) for row in ports.machine.snapshots.rows(snapshot)}
    for page in ports.target.table.whole_pages():
        added = {number: row for row in page if (number := str(row[key])) not in listed}
        yield [
            way_back(number, None, row, written.changes_of(number), table)
            for number, row in added.items()
        ]
    rows = ports.machine.snapshots.rows(snapshot)
    while part := list(islice(rows, _PART)):
        before = {str(row[key]): row for row in part}
        now = _rows_now(ports, list(before))
        yield [
            way_back(number, was, now.get(number), written.changes_of(number), table)
            for number, was in before.items()
        ]


def _undoing(ports: Ports, run_id: str, written: Written, table: TableNow) -> Iterator[list[Step]]:
    numbers = written.numbers_of(run_id)
    while part := list(islice(numbers, _PART)):
        now = _rows_now(ports, part)
        steps = (
            way_back_of_run(number, run_id, now.get(number), written.changes_of(number), table)
            for number in part
        )
        yield [step for step in steps if step is not None]


def _rows_now(ports: Ports, numbers: Sequence[str]) -> dict[str, Row]:
    """Return the rows by the numbers asked for, whatever the table calls the same number."""
    rows = {str(row[ports.mapping.key]): row for row in ports.target.table.whole_rows(numbers)}
    if rows.keys() - set(numbers):
        missing = [number for number in numbers if number not in rows]
        meant = ports.target.table.meant_by(missing)
        rows |= {number: rows[key] for number, key in meant.items() if key in rows}
    return rows
