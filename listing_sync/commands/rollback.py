"""`migrate rollback`: the table led back to a snapshot, or one run undone, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from listing_sync.commands.recording import Recorder, cause_of, new_run
from listing_sync.commands.restoring import Restorer
from listing_sync.core.mapping import ColumnType
from listing_sync.core.mapping import Mapping as ColumnMapping
from listing_sync.core.rollback import Action, LeftAlone, Row, Step, way_back
from listing_sync.core.runs import Run, RunStats, RunStatus, RunType
from listing_sync.errors import (
    ListingSyncError,
    RefusedError,
    StoppedError,
)
from listing_sync.ports import Holder, Ports, Progress, Replaced, SnapshotMeta, Written

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
            return f"before run {self.run_id}"
        kind = "first snapshot" if self.snapshot.first else "snapshot"
        return f"the {kind} of {self.snapshot.taken_at.astimezone():%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What a rollback did, or a dry run would do.

    `examples` are its first steps. `remaining` counts the listings that at its end still were not
    as they should be, None where that was not looked at; `error` is what ended it early.
    """

    source: Source
    stats: RunStats
    left_alone: tuple[LeftAlone, ...]
    examples: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    remaining: int | None = None
    error: ListingSyncError | None = None


def find_source(ports: Ports, *, snapshot: Path | None, run_id: str | None) -> Source:
    """Return the run or snapshot asked for, else the latest snapshot.

    Raises:
        RefusedError: there is none, or it cannot be used.
    """
    if run_id is not None:
        if run_id not in {known for known, _ in ports.undo.runs()}:
            raise RefusedError(
                f"what run {run_id} replaced is not known here: it wrote nothing, ran on another"
                " machine, or is older than SYNC_HISTORY_DAYS"
            )
        return Source(run_id=run_id)
    if snapshot is not None:
        return Source(ports.snapshots.find(snapshot))
    taken = ports.snapshots.all()
    if not taken:
        raise RefusedError(
            "there is no snapshot of this table on this machine (SYNC_STATE_DIR): `migrate"
            " cutover` takes one; a single run is undone with --run RUN_ID"
        )
    return Source(ports.snapshots.find(ports.snapshots.path_of(taken[0])))


def preview(ports: Ports, source: Source, progress: Progress) -> RollbackResult:
    """Return what a rollback would do; nothing is written."""
    progress.phase("Looking", _expected(source))
    tally = _Tally(progress)
    for steps in _steps(ports, source):
        tally.add(steps)
    return tally.result(source)


def rollback(ports: Ports, source: Source, progress: Progress) -> RollbackResult:
    """Put syncing on hold, lead the table back and look again.

    After an interruption it is run again: what is back already needs nothing.

    Raises:
        LockTimeoutError: a run did not finish in time; nothing was changed.
    """
    # A selective run moves no streak and no last success.
    run = new_run(ports, RunType.SELECTIVE, TRIGGER)
    who = ports.identity
    me = Holder(who.host, who.pid, who.user, run.run_id, run.started_at)
    with ports.lock.held(me, ports.settings.sync_lock_timeout):
        at = f"{run.started_at.astimezone():%Y-%m-%d %H:%M:%S}"
        ports.hold.place(f"rolled back at {at} to {source}")
        return _execute(ports, source, progress, run)


def _execute(ports: Ports, source: Source, progress: Progress, run: Run) -> RollbackResult:
    recorder = Recorder(ports, run)
    tally = _Tally(progress)
    warnings: tuple[str, ...] = ()
    remaining: int | None = None
    error: ListingSyncError | None = None
    try:
        recorder.open(run)
        restorer = Restorer(ports, run)
        progress.phase("Leading back", _expected(source))
        for steps in _steps(ports, source):
            tally.add(restorer.do(steps))
            warnings = restorer.warnings
            run = replace(run, stats=tally.stats)
            recorder.refresh(run)
        left = preview(ports, source, progress).stats
        remaining = left.inserted + left.updated + left.removed
    except ListingSyncError as caught:
        error = caught
    run = replace(run, stats=tally.stats, warnings=warnings)
    recorder.close(run.ended(_status(error), ports.clock.now(), cause_of(error)), ())
    return replace(tally.result(source), warnings=warnings, remaining=remaining, error=error)


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
    examples: list[Step] = field(default_factory=list)

    def add(self, steps: Sequence[Step]) -> None:
        actions = [step.action for step in steps]
        skipped = sum(step.action is Action.NONE and bool(step.left_alone) for step in steps)
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
        self.progress.advance(len(steps))

    def result(self, source: Source) -> RollbackResult:
        return RollbackResult(source, self.stats, tuple(self.left_alone), tuple(self.examples))


def _expected(source: Source) -> int | None:
    return source.snapshot.rows if source.snapshot else None


def _steps(ports: Ports, source: Source) -> Iterator[list[Step]]:
    """Yield the steps of all listings, a part at a time; only their numbers are held."""
    if source.snapshot is None:
        yield from _undoing(ports, source.run_id or "")
        return
    with ports.written_since(source.snapshot.taken_at) as written:
        yield from _to_snapshot(ports, source.snapshot, written)


def _to_snapshot(ports: Ports, snapshot: SnapshotMeta, written: Written) -> Iterator[list[Step]]:
    key, types = ports.mapping.key, _types(ports.mapping)
    rows = ports.snapshots.rows(snapshot)
    listed: set[str] = set()
    while part := list(islice(rows, _PART)):
        before = {str(row[key]): row for row in part}
        now = _rows_now(ports, list(before))
        listed |= before.keys()
        yield [
            _step(number, was, now.get(number), written.changes_of(number), types)
            for number, was in before.items()
        ]
    for page in ports.table.whole_pages():
        added = {number: row for row in page if (number := str(row[key])) not in listed}
        yield [
            _step(number, None, row, written.changes_of(number), types)
            for number, row in added.items()
        ]


def _step(
    number: str,
    was: Row | None,
    now: Row | None,
    changes: Sequence[Replaced],
    types: Mapping[str, ColumnType],
) -> Step:
    ours = dict.fromkeys([*types, *(name for change in changes for name in change.new or ())])
    columns = [name for name in ours if was is not None and name in was]
    return way_back(number, was, now, changes, types, columns)


def _undoing(ports: Ports, run_id: str) -> Iterator[list[Step]]:
    types = _types(ports.mapping)
    changes = ports.undo.read(run_id)
    while part := list(islice(changes, _PART)):
        now = _rows_now(ports, [change.property_number for change in part])
        yield [
            way_back(
                change.property_number,
                change.old,
                now.get(change.property_number),
                (change,),
                types,
                tuple(change.old or ()),
            )
            for change in part
        ]


def _rows_now(ports: Ports, numbers: Sequence[str]) -> dict[str, Row]:
    return {str(row[ports.mapping.key]): row for row in ports.table.whole_rows(numbers)}


def _types(mapping: ColumnMapping) -> dict[str, ColumnType]:
    types = {column.name: column.type for column in mapping.columns}
    if mapping.mark_column:
        types[mapping.mark_column] = ColumnType.DATETIME
    return types
