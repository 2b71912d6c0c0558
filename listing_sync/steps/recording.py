"""Keep the record of a run: opened before the first write, refreshed, closed or kept here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from listing_sync import logs
from listing_sync.errors import (
    BatchTooLargeError,
    BreakerOpenError,
    Category,
    ListingSyncError,
    RefusedError,
    RemoteError,
    RowError,
    SourceError,
    StoppedError,
)
from listing_sync.history.runs import (
    CLOCK_OFF,
    Cause,
    Run,
    RunStats,
    RunStatus,
    RunType,
    StoredRejection,
    clock_correction,
    clock_off_s,
)
from listing_sync.history.taking_turns import SIGN_OF_LIFE_S
from listing_sync.language.sentences import english_of, phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import JournalEntry, Ports
from listing_sync.steps.after_run import report_dead
from listing_sync.steps.earlier_runs import History, read_history
from listing_sync.steps.turns import PASSING, Turns

REFRESH_S = 2.0
KEPT_RUNS = 100


@dataclass(frozen=True, slots=True)
class Opened:
    """A run whose turn it is; `buried` are runs that it found dead and closed.

    `waited` says that it waited for another one, so that what was read before may be old.
    """

    run: Run
    history: History
    waited: bool = False
    buried: tuple[Run, ...] = ()


def new_run(ports: Ports, run_type: RunType, trigger: str) -> Run:
    """Return a run that begins now."""
    now, who = ports.clock.now(), ports.identity
    return Run(
        run_id=who.run_id or str(uuid4()),
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
        process=who.process,
    )


def cause_of(error: ListingSyncError | None) -> Cause | None:
    """Return what ended a run early, as its record keeps it."""
    if error is None:
        return None
    category = error.category if isinstance(error, RemoteError) else Category.UNKNOWN
    text = error.recorded if isinstance(error, SourceError) else str(error)
    category = Category.NETWORK if isinstance(error, BreakerOpenError) else category
    return Cause(category, logs.redacted(text))


def cause_of_bug(name: str) -> Cause:
    """Return what a bug, known by the name of its exception, leaves in the record: no data."""
    return Cause(
        Category.UNKNOWN,
        phrase(
            "a bug in listing-sync ({name}): run it with -v, and report what it says", name=name
        ),
    )


class Heard:
    """Around a run: tells of a bug by its name, on its way out, so that somebody hears of it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Tell of what nobody foresaw; it goes on to exit 70."""
        if isinstance(error, Exception) and not isinstance(error, ListingSyncError):
            self._tell(type(error).__name__)


class Recorder:
    """Keeps the record of one run in sync_state, or in the journal when that cannot be.

    From its turn to its end a thread of its own sees to a sign of life in time, whatever the
    command's thread waits for; it looks every `pulse_s` seconds.
    """

    def __init__(self, ports: Ports, run: Run, *, pulse_s: float = SIGN_OF_LIFE_S / 3) -> None:
        self._ports = ports
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._pulse_s = pulse_s
        self._is_recorded = False
        self._is_closed_by_others = False
        self._bug: BaseException | None = None
        self._run = self._saved = run
        self._saved_at = ports.clock.monotonic()

    def open(self, run: Run) -> Opened:
        """Insert the record and return once it is this run's turn, with what earlier runs left.

        Closes dead runs, telling of them, and delivers the journal. A passing failure does not end
        the run: one whose own record cannot be written still syncs.

        Raises:
            NotSetUpError: sync_state is missing.
            LockTimeoutError: a live run elsewhere did not finish in time.
        """
        turns = Turns(self._ports)
        try:
            taken = turns.take(run)
        except PASSING as error:
            logs.event(
                "info", "record_failed", f"this run cannot be recorded yet: {english_of(error)}"
            )
            if turns.claimed is not None:
                self._begin(turns.claimed)
            return Opened(turns.claimed or run, History(is_known=False))
        run = taken.run
        self._begin(run)
        if self._clock_off():  # dated by it, the record seems to be of a run that hangs
            self._saved_at -= SIGN_OF_LIFE_S
            self._renew(SIGN_OF_LIFE_S)
        try:
            self._deliver_journal(taken.came_at)
            history = read_history(self._ports.target.records, run.run_id)
        except PASSING as error:
            logs.event(
                "info", "history_unread", f"earlier runs cannot be read yet: {english_of(error)}"
            )
            history = History(is_known=False)
        report_dead(self._ports, taken.buried, history.runs)
        return Opened(run, history, waited=taken.waited, buried=taken.buried)

    def _begin(self, run: Run) -> None:
        self._is_recorded = True
        self._run = self._saved = run
        self._saved_at = self._ports.clock.monotonic()
        threading.Thread(target=self._give_signs_of_life, daemon=True).start()

    def refresh(self, run: Run) -> None:
        """Save the counts every 2 seconds while they change, and a sign of life every 30.

        Raises:
            RefusedError: the record is no longer in progress, so that others may be writing.
        """
        self._run = run
        if self._bug is not None:
            raise self._bug
        self._renew(REFRESH_S)
        if self._is_closed_by_others:
            raise RefusedError(
                phrase(
                    "the record of this run is no longer in progress in sync_state:"
                    " another run took it for dead, since nothing was heard of it, or"
                    " somebody changed it. What is left is for the next run"
                )
            )

    def _renew(self, changed_after_s: float) -> None:
        with self._lock:
            now = self._ports.clock.monotonic()
            is_changed = self._run.stats != self._saved.stats
            due_s = changed_after_s if is_changed else SIGN_OF_LIFE_S
            is_over = self._ended.is_set() or self._is_closed_by_others
            if is_over or not self._is_recorded or now - self._saved_at < due_s:
                return
            run = replace(
                self._run,
                heartbeat_at=self._ports.clock.now(),
                process=self._saved.process,
                metrics={**self._run.metrics, **self._clock_off()},
            )
            try:
                self._is_closed_by_others = not self._ports.target.records.renew(run)
                self._saved = run
            except (RemoteError, RefusedError, StoppedError) as error:
                logs.event(
                    "debug", "refresh_failed", f"progress was not recorded: {english_of(error)}"
                )
            self._saved_at = now

    def _clock_off(self) -> dict[str, object]:
        """Return by how much the clock is found to be off, as metrics tell it, where it is."""
        off_s = clock_off_s(self._ports.machine.request_metrics())
        return {CLOCK_OFF: off_s} if clock_correction(off_s) else {}

    def _give_signs_of_life(self) -> None:
        try:
            while not self._ended.wait(self._pulse_s):
                self._renew(SIGN_OF_LIFE_S)
        except BaseException as error:  # noqa: BLE001 - raised again in the command's thread
            self._bug = error

    def close(self, run: Run, rejections: Sequence[StoredRejection]) -> Run:
        """Record the end, or keep it in the journal; return the run, marked when it is there."""
        self._ended.set()
        run = replace(run, metrics={**run.metrics, **self._clock_off()})
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
        self._ports.target.records.save(run, last=last)
        self._ports.target.records.save_rejections(rejections, last=last)

    def keep(self, run: Run, rejections: Sequence[StoredRejection], why: str) -> Run:
        """Keep the record on this disk, for the next run that can deliver it."""
        self._ended.set()
        try:
            self._ports.machine.journal.add(JournalEntry(run, tuple(rejections)))
        except OSError as error:
            logs.event(
                "warning", "journal_failed", f"the record of this run is lost: {english_of(error)}"
            )
            return run
        logs.event(
            "info", "record_kept", f"the record of this run is delivered later: {english_of(why)}"
        )
        return replace(run, in_journal=True)

    def _deliver_journal(self, before: datetime) -> None:
        try:
            for entry in self._ports.machine.journal.entries():
                self._deliver(entry, before)
        except OSError as error:
            text = phrase(
                "the journal of earlier runs cannot be used: {why}", why=system_words(error)
            )
            logs.event("warning", "journal_unusable", text)

    def _deliver(self, entry: JournalEntry, before: datetime) -> None:
        """Record a run that comes late as of when it was, so that it is not the newest."""
        try:
            came_at = min(entry.run.by_services().started_at, before)
            self._ports.target.records.save(entry.run, came_at=came_at)
            self._ports.target.records.save_rejections(entry.rejections)
        except (RowError, BatchTooLargeError) as error:  # it must not keep later runs from syncing
            text = phrase(
                "the record of run {run_id} still waits: {error}",
                run_id=entry.run.run_id,
                error=error,
            )
            logs.event("info", "record_refused", text)
        else:
            self._ports.machine.journal.delivered(entry.run.run_id)
