"""The record of a run: opened before the first write, refreshed meanwhile, closed or kept here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from listing_sync import logs
from listing_sync.core.listings import Rejection
from listing_sync.core.runs import (
    GOOD,
    Cause,
    Run,
    RunStats,
    RunStatus,
    RunType,
    StoredRejection,
    is_dead,
    rejection_key,
)
from listing_sync.errors import (
    BatchTooLargeError,
    BreakerOpenError,
    Category,
    ListingSyncError,
    LockTimeoutError,
    RefusedError,
    RemoteError,
    RowError,
    SourceError,
    StoppedError,
    TransientError,
)
from listing_sync.ports import JournalEntry, Ports

REFRESH_S = 2.0
SILENCE_S = 30.0
RECENT_RUNS = 50
KEPT_RUNS = 100
STORED_AGAIN_AFTER = timedelta(days=1)
_WAIT_STEP_S = 2.0


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs of this source and target left; `rejections` are of `last_checked`.

    `is_known` is False when it could not be read: then nothing can be told to be new.
    """

    runs: tuple[Run, ...] = ()
    rejections: tuple[StoredRejection, ...] = ()
    is_known: bool = True

    @property
    def last_checked(self) -> Run | None:
        """Return the newest full run that came as far as to know what it rejects."""
        return next(
            (
                run
                for run in self.runs
                if run.run_type is RunType.FULL
                and (run.status in GOOD or run.rejections_run_id is not None)
            ),
            None,
        )

    def news(self, rejections: Sequence[Rejection]) -> tuple[Rejection, ...]:
        """Return the rejections that the last run that checked the sheet did not have."""
        if not self.is_known:
            return ()
        known = {rejection_key(stored.rejection) for stored in self.rejections}
        return tuple(item for item in rejections if rejection_key(item) not in known)


def new_run(ports: Ports, run_type: RunType, trigger: str) -> Run:
    """Return a run that begins now."""
    now, who = ports.clock.now(), ports.identity
    return Run(
        run_id=str(uuid4()),
        run_type=run_type,
        trigger=trigger,
        status=RunStatus.IN_PROGRESS,
        started_at=now,
        completed_at=None,
        heartbeat_at=now,
        stats=RunStats(),
        cause=None,
        source=who.source,
        target=who.target,
        host=who.host,
        pid=who.pid,
        version=who.version,
    )


def cause_of(error: ListingSyncError | None) -> Cause | None:
    """Return what ended a run early, as its record keeps it."""
    if error is None:
        return None
    category = error.category if isinstance(error, RemoteError) else Category.UNKNOWN
    text = error.recorded if isinstance(error, SourceError) else str(error)
    return Cause(Category.NETWORK if isinstance(error, BreakerOpenError) else category, text)


class Recorder:
    """Keeps the record of one run in sync_state, or in the journal when that cannot be."""

    def __init__(self, ports: Ports, run: Run) -> None:
        self._ports = ports
        self._is_recorded = False
        self._saved = run
        self._saved_at = ports.clock.monotonic()

    def open(self, run: Run) -> tuple[History, bool]:
        """Insert the record; return what earlier runs left, and whether another was waited for.

        Delivers the journal and closes dead runs first. A passing failure does not end the run: one
        whose own record cannot be written still syncs.

        Raises:
            NotSetUpError: sync_state is missing.
            LockTimeoutError: a live run elsewhere did not finish in time.
        """
        try:
            self._deliver_journal()
            history = self._history()
            waited = self._wait_for_others(run, since=None)
            self._save(run)
            waited = self._wait_for_others(run, since=run.started_at) or waited
        except (TransientError, RowError, BatchTooLargeError) as error:
            logs.event("info", "record_failed", f"this run cannot be recorded yet: {error}")
            return History(is_known=False), False
        return history, waited

    def refresh(self, run: Run) -> None:
        """Save the counts every 2 seconds while they change, and a sign of life every 30."""
        now = self._ports.clock.monotonic()
        due_s = REFRESH_S if run.stats != self._saved.stats else SILENCE_S
        if not self._is_recorded or now - self._saved_at < due_s:
            return
        try:
            self._save(replace(run, heartbeat_at=self._ports.clock.now()))
        except (RemoteError, RefusedError, StoppedError) as error:
            self._saved_at = now
            logs.event("debug", "refresh_failed", f"progress was not recorded: {error}")

    def close(self, run: Run, rejections: Sequence[StoredRejection]) -> Run:
        """Record the end, or keep it in the journal; return the run, marked when it is there."""
        is_last = run.status in {RunStatus.FAILED, RunStatus.INTERRUPTED}
        try:
            try:
                self._save_end(run, rejections, last=is_last)
            except StoppedError:  # when all was written already: one try is still due
                self._save_end(run, rejections, last=True)
        except (RemoteError, RefusedError, StoppedError) as error:
            return self.keep(run, rejections, str(error))
        return run

    def _save_end(self, run: Run, rejections: Sequence[StoredRejection], *, last: bool) -> None:
        self._ports.records.save(run, last=last)
        self._ports.records.save_rejections(rejections, last=last)

    def keep(self, run: Run, rejections: Sequence[StoredRejection], why: str) -> Run:
        """Keep the record on this disk, for the next run that can deliver it."""
        try:
            self._ports.journal.add(JournalEntry(run, tuple(rejections)))
        except OSError as error:
            logs.event("warning", "journal_failed", f"the record of this run is lost: {error}")
            return run
        logs.event("info", "record_kept", f"the record of this run is delivered later: {why}")
        return replace(run, in_journal=True)

    def _save(self, run: Run) -> None:
        self._ports.records.save(run)
        self._is_recorded = True
        self._saved = run
        self._saved_at = self._ports.clock.monotonic()

    def _deliver_journal(self) -> None:
        try:
            for entry in self._ports.journal.entries():
                self._deliver(entry)
        except OSError as error:
            text = f"the journal of earlier runs cannot be used: {error.strerror}"
            logs.event("warning", "journal_unusable", text)

    def _deliver(self, entry: JournalEntry) -> None:
        try:
            self._ports.records.save(entry.run)
            self._ports.records.save_rejections(entry.rejections)
        except (RowError, BatchTooLargeError) as error:  # it must not keep later runs from syncing
            text = f"the record of run {entry.run.run_id} still waits: {error}"
            logs.event("info", "record_refused", text)
        else:
            self._ports.journal.delivered(entry.run.run_id)

    def _history(self) -> History:
        now = self._ports.clock.now()
        runs = []
        for run in self._ports.records.recent(RECENT_RUNS):
            if run.status is RunStatus.IN_PROGRESS and self._is_dead(run, now):
                cause = Cause(Category.UNKNOWN, f"its process {run.pid} on {run.host} is gone")
                ended = run.ended(RunStatus.INTERRUPTED, run.heartbeat_at, cause)
                self._ports.records.save(ended)
                runs.append(ended)
            else:
                runs.append(run)
        history = History(tuple(runs))
        before = history.last_checked
        if before is None or before.rejections_run_id is None:
            return history
        return replace(history, rejections=self._ports.records.rejections(before.rejections_run_id))

    def _wait_for_others(self, run: Run, *, since: datetime | None) -> bool:
        """Wait for live runs elsewhere; with `since` only for those that came before us.

        Two that start at once both see each other: the later one waits.
        """
        waited_s = 0.0
        while other := self._other_alive(run, since):
            limit_s = self._ports.settings.sync_lock_timeout
            if waited_s >= limit_s:
                self._give_way(run)
                raise LockTimeoutError(
                    f"another run (process {other.pid} on {other.host}, since"
                    f" {other.started_at.astimezone():%Y-%m-%d %H:%M:%S}) is still at work after"
                    f" {limit_s} s (SYNC_LOCK_TIMEOUT); try again later"
                )
            step_s = min(_WAIT_STEP_S, limit_s - waited_s)
            self._ports.clock.sleep(step_s)
            waited_s += step_s
            self.refresh(run)
        return waited_s > 0

    def _other_alive(self, run: Run, since: datetime | None) -> Run | None:
        now = self._ports.clock.now()
        for other in self._ports.records.in_progress():
            is_earlier = since is None or (other.started_at, other.run_id) < (since, run.run_id)
            if other.run_id != run.run_id and is_earlier and not self._is_dead(other, now):
                return other
        return None

    def _give_way(self, run: Run) -> None:
        if self._is_recorded:
            cause = Cause(Category.UNKNOWN, "another run was at work")
            self.close(run.ended(RunStatus.INTERRUPTED, self._ports.clock.now(), cause), ())

    def _is_dead(self, run: Run, now: datetime) -> bool:
        return is_dead(
            run,
            now,
            host=self._ports.identity.host,
            own_pid=self._ports.identity.pid,
            is_alive=self._ports.is_process_alive(run.pid),
        )


def stored(
    run: Run,
    rejections: Sequence[Rejection],
    payloads: Mapping[int, Mapping[str, str]],
    history: History,
) -> tuple[Run, tuple[StoredRejection, ...]]:
    """Return what to store in sync_errors, and the run saying where its rejections are.

    Fifty standing rejections must not fill a database: the same ones are stored once a day.
    """
    if not rejections:
        return run, ()
    at = run.completed_at or run.started_at
    before = {(rejection_key(item.rejection), item.rejection.cell) for item in history.rejections}
    is_same = before == {(rejection_key(item), item.cell) for item in rejections}
    if is_same and at - max(s.created_at for s in history.rejections) < STORED_AGAIN_AFTER:
        return replace(run, rejections_run_id=history.rejections[0].run_id), ()
    return replace(run, rejections_run_id=run.run_id), tuple(
        StoredRejection(run.run_id, item, at, payloads.get(item.sheet_row or 0))
        for item in rejections
    )
