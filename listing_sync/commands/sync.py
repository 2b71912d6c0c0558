"""`sync all` and `sync numbers`: read, validate, plan, refuse or write, record."""

from __future__ import annotations

import resource
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import process_time

from listing_sync import logs
from listing_sync.commands.after_run import report
from listing_sync.commands.background import Background
from listing_sync.commands.reading import Reading, check, plan_changes, read_sheet
from listing_sync.commands.recording import (
    KEPT_RUNS,
    REFRESH_S,
    History,
    Recorder,
    cause_of,
    new_run,
    stored,
)
from listing_sync.commands.removing import remove
from listing_sync.commands.writing import BatchWriter, Outcome, replaced_by, write_all
from listing_sync.core.batcher import Batch, batches, listing_of
from listing_sync.core.listings import Listing, Rejection
from listing_sync.core.plan import Limits, Plan, refusal, rewritten_sample
from listing_sync.core.runs import (
    GOOD,
    Run,
    RunStats,
    RunStatus,
    RunType,
    final_status,
)
from listing_sync.errors import (
    BatchTooLargeError,
    BreakerOpenError,
    Category,
    HoldError,
    ListingSyncError,
    LockTimeoutError,
    RemoteError,
    RowError,
    Service,
    StoppedError,
    UnsafePlanError,
)
from listing_sync.ports import Holder, Ports, Progress, Replaced


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What the caller asks for; `numbers` None means all.

    `percent` is the rollout share. `signals` False leaves heartbeat and alerts alone.
    """

    limits: Limits
    percent: float
    batch_size: int
    numbers: tuple[str, ...] | None = None
    dry_run: bool = False
    force: bool = False
    prune: bool = False
    signals: bool = True


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a run did, or a dry run would do.

    `news` are the rejections that the last good run did not have, `new_warnings` likewise;
    `not_found` gives near matches of the numbers that the sheet lacks. `error` is what ended the
    run early; `refused` is why the plan of a dry run would not be applied.
    """

    run: Run
    rejections: tuple[Rejection, ...]
    news: tuple[Rejection, ...]
    new_warnings: tuple[str, ...]
    not_found: Mapping[str, tuple[str, ...]]
    plan: Plan | None = None
    error: ListingSyncError | None = None
    refused: str | None = None


def sync(ports: Ports, options: SyncOptions, progress: Progress) -> SyncResult:
    """Make the table say what the sheet says, or show what that would change.

    Raises:
        LockTimeoutError: another run did not finish in time.
    """
    run_type = RunType.FULL if options.numbers is None else RunType.SELECTIVE
    run = new_run(ports, run_type, ports.identity.trigger)
    if options.dry_run:
        ports.limit_time()
        return _Sync(ports, options, progress, run).preview()
    who = ports.identity
    me = Holder(who.host, who.pid, who.user, run.run_id, run.started_at)
    with ports.lock.held(me, ports.settings.sync_lock_timeout):
        # The wait for another run is not part of this one.
        now = ports.clock.now()
        run = replace(run, started_at=now, heartbeat_at=now)
        ports.limit_time()
        return _Sync(ports, options, progress, run).execute()


class _Undo:
    """Remembers what the run replaces; called by the writers' threads. Failing is a warning."""

    def __init__(self, ports: Ports, run: Run) -> None:
        self._ports = ports
        self._run = run
        self._lock = threading.Lock()
        self.problem: str | None = None

    def remember(self, changes: Sequence[Replaced]) -> None:
        if self.problem is not None or not changes:
            return
        try:
            self._ports.undo.record(self._run.run_id, self._run.started_at, changes)
        except OSError as error:
            with self._lock:
                self.problem = f"this run cannot be undone: {error.strerror or error}"


@dataclass(slots=True)
class _Sync:
    """One run under way; only the command's own thread changes it."""

    ports: Ports
    options: SyncOptions
    progress: Progress
    run: Run
    history: History = field(default_factory=lambda: History(is_known=False))
    reading: Reading | None = None
    plan: Plan | None = None
    rejections: list[Rejection] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    service_failures: int = 0
    unremoved: int = 0
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.ports, self.run)

    # -- the two ways through ------------------------------------------------------------------

    def preview(self) -> SyncResult:
        """Do everything but writing; a plan that would be refused is returned with the refusal."""
        error: ListingSyncError | None = None
        refused: str | None = None
        try:
            self._find_changes(self._read())
            refused = self._hold() or self._refusal()
            if self.plan is not None:
                self.run = self.run.counting(
                    inserted=len(self.plan.inserts),
                    updated=len(self.plan.updates),
                    removed=len(self.plan.removals),
                )
        except ListingSyncError as caught:
            error = caught
        return replace(self._end(error), refused=refused)

    def execute(self) -> SyncResult:
        """Run to the end, whatever the end is, and record it."""
        logs.name_run(self.run.run_id)
        logs.event("info", "run_started", f"{self.run.run_type} run {self.run.run_id} started")
        error: ListingSyncError | None = None
        try:
            if held := self._hold():
                raise HoldError(held)
            reading = Background(self._read)
            self.history, waited = self.recorder.open(self.run)
            if self._sends_signals:
                self.ports.heartbeat.started(self.run.run_id)
            found = reading.result(self._tick)
            # After a wait for another run the sheet may have moved on.
            self._find_changes(self._read() if waited else found)
            if refused := self._refusal():
                raise UnsafePlanError(refused)
            self._write()
            self._prune()
        except LockTimeoutError:  # it never became a run: no record, no signal
            raise
        except ListingSyncError as caught:
            error = caught
        return self._record(self._end(error), error)

    @property
    def _sends_signals(self) -> bool:
        return self.options.signals and self.options.numbers is None

    # -- reading and deciding ------------------------------------------------------------------

    def _read(self) -> Reading:
        zone = self.ports.clock.now().astimezone().tzinfo
        if zone is None:
            raise AssertionError("astimezone() always gives a zone")
        return check(
            read_sheet(self.ports, self.options.numbers, self.progress),
            self.ports.mapping,
            numbers=self.options.numbers,
            percent=self.options.percent,
            default_zone=zone,
        )

    def _find_changes(self, reading: Reading) -> None:
        self.reading = reading
        self.rejections += reading.checked.rejections
        self.warnings += reading.warnings
        self.run = replace(self.run, stats=RunStats(total=reading.total, failed=reading.failed))
        self.progress.phase("Comparing", None)
        try:
            self.plan = plan_changes(
                self.ports,
                reading.checked,
                selected_only=self.options.numbers is not None,
                percent=self.options.percent,
                force=self.options.force,
                prune=self.options.prune,
                on_rows=self.progress.advance,
                tick=self._tick,
            )
        except (RemoteError, BreakerOpenError):
            # The cause of the run says it once for all of them.
            self.run = self.run.counting(failed=len(reading.checked.listings))
            raise
        self.run = self.run.counting(unchanged=self.plan.unchanged)
        if self.options.prune and reading.checked.unknown_numbers and self.plan.unlisted:
            self.warnings.append(
                "nothing is removed in this run: the property number of a row cannot be read, so"
                " it may be any of the listings that seem to be gone"
            )

    def _hold(self) -> str | None:
        hold = self.ports.hold
        reason = hold.reason() if self.options.numbers is None else None
        if reason is None:
            return None
        why = f" ({reason.strip()})" if reason.strip() else ""
        return f"syncing is on hold{why}. To go on, delete the file {hold.path}"

    def _refusal(self) -> str | None:
        if self.options.numbers is not None or self.plan is None:
            return None
        if self.run.stats.total == 0:
            return (
                "the sheet has no listing at all. Is this the right tab (SYNC_SHEET_NAME) and"
                " header row (SYNC_HEADER_ROW)?"
            )
        if self.plan.removals:
            days = self.ports.settings.sync_history_days
            since = self.ports.clock.now() - timedelta(days=days)
            others = self.ports.records.other_sources(since)
            if others:
                return (
                    f"{len(self.plan.removals)} listings would be removed, but another source"
                    f" ({', '.join(others)}) wrote this table within {days} days"
                    " (SYNC_HISTORY_DAYS) and may list them: run without --prune and SYNC_PRUNE."
                    " If it is no longer used, delete its rows (column source) from sync_state"
                )
        return refusal(self.plan, self.options.limits)

    def _tick(self) -> None:
        self.recorder.refresh(self.run)

    # -- writing -------------------------------------------------------------------------------

    def _write(self) -> None:
        plan = self.plan
        if plan is None or not plan.writes:
            return
        self.progress.phase("Writing", plan.writes)
        open_listings = {item.property_number: item for item in plan.inserts}
        open_listings |= {item.listing.property_number: item.listing for item in plan.updates}
        mark_column = self.ports.mapping.mark_column
        undo = _Undo(self.ports, self.run)

        def remember(batch: Batch) -> None:
            undo.remember(tuple(replaced_by(batch, plan, mark_column)))

        fatal: ListingSyncError | None = None
        for outcome in write_all(
            BatchWriter(self.ports.table, plan, remember),
            batches(plan, self.options.batch_size, mark_column),
            concurrency=self.ports.settings.sync_concurrency,
            tick_s=REFRESH_S / 2,
        ):
            self._count(outcome, open_listings)
            fatal = fatal or outcome.fatal
            self._tick()
        if undo.problem:
            self.warnings.append(undo.problem)
        if fatal is None:
            return
        if not isinstance(fatal, StoppedError):
            for listing in open_listings.values():
                self._fail(listing, fatal)
        raise fatal

    def _count(self, outcome: Outcome, open_listings: dict[str, Listing]) -> None:
        inserted = sum(isinstance(write, Listing) for write in outcome.written)
        self.run = self.run.counting(inserted=inserted, updated=len(outcome.written) - inserted)
        for write in outcome.written:
            del open_listings[listing_of(write).property_number]
        for failure in outcome.failures:
            del open_listings[failure.listing.property_number]
            self._fail(failure.listing, failure.error)
        self.progress.advance(len(outcome.written) + len(outcome.failures))

    def _fail(self, listing: Listing, error: ListingSyncError) -> None:
        self.run = self.run.counting(failed=1)
        self._note_fault(error)
        self.rejections.append(
            self._rejection(listing.property_number, listing.sheet_row, error, "not written")
        )

    def _note_fault(self, error: ListingSyncError) -> None:
        if not isinstance(error, RowError | BatchTooLargeError):
            self.service_failures += 1

    def _rejection(
        self, number: str, sheet_row: int | None, error: ListingSyncError, what: str
    ) -> Rejection:
        category = error.category if isinstance(error, RemoteError) else Category.NETWORK
        name = error.column if isinstance(error, RowError) else None
        if self.reading is None:
            raise AssertionError("nothing is written before it is read")
        contents, key = self.reading.contents, self.ports.mapping.key
        columns = {column.column.name: column for column in contents.columns}
        column = columns.get(name) if name else None
        cell, link = (
            (None, None) if sheet_row is None else contents.place(column or columns[key], sheet_row)
        )
        return Rejection(
            property_number=number,
            sheet_row=sheet_row,
            column=column.header if column else None,
            cell=cell,
            value=None,
            reason=f"{what}: {error}",
            category=category,
            link=link,
        )

    def _prune(self) -> None:
        if self.plan is None or not self.plan.removals:
            return
        self.progress.phase("Removing", len(self.plan.removals))
        undo = _Undo(self.ports, self.run)
        for removed in remove(
            self.ports,
            self.plan.removals,
            size=self.options.batch_size,
            marked_at=self.run.started_at,
            remember=undo.remember,
        ):
            self.run = self.run.counting(removed=removed.count)
            if removed.refused and removed.error:
                self.unremoved += 1
                self._note_fault(removed.error)
                self.rejections.append(
                    self._rejection(removed.refused, None, removed.error, "not removed")
                )
            self.progress.advance(removed.count)
            self._tick()
        if undo.problem and undo.problem not in self.warnings:
            self.warnings.append(undo.problem)

    # -- ending --------------------------------------------------------------------------------

    def _end(self, error: ListingSyncError | None) -> SyncResult:
        run = replace(self.run, warnings=tuple(self.warnings), metrics=self._metrics())
        run = run.ended(self._status(error), self.ports.clock.now(), cause_of(error))
        known = self.history.last_good.warnings if self.history.last_good else ()
        return SyncResult(
            run=run,
            rejections=tuple(self.rejections),
            news=self.history.news(self.rejections),
            new_warnings=tuple(item for item in self.warnings if item not in known),
            not_found=self.reading.not_found if self.reading else {},
            plan=self.plan,
            error=error,
        )

    def _status(self, error: ListingSyncError | None) -> RunStatus:
        if isinstance(error, StoppedError) and error.signal is not None:
            return RunStatus.INTERRUPTED
        if error is not None:
            return RunStatus.FAILED
        return final_status(
            self.run.stats, unremoved=self.unremoved, service_failures=self.service_failures
        )

    def _metrics(self) -> dict[str, object]:
        sample = rewritten_sample(self.plan) if self.plan else {}
        return {
            **self.ports.request_metrics(),
            "cpu_s": round(process_time(), 3),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            **({"rewritten": sample} if sample else {}),
        }

    def _record(self, result: SyncResult, error: ListingSyncError | None) -> SyncResult:
        payloads = self.reading.payloads if self.reading else {}
        run, new_rejections = stored(result.run, result.rejections, payloads, self.history)
        if isinstance(error, BreakerOpenError) and error.service is Service.SUPABASE:
            run = self.recorder.keep(run, new_rejections, "the breaker is open")
        else:
            run = self.recorder.close(run, new_rejections)
        logs.event(
            "info", "run_ended", f"{run.status}: {run.stats.success} of {run.stats.total} listings"
        )
        self._delete_old(run)
        if self._sends_signals:
            summary = _summary(run)
            if run.status in GOOD:
                self.ports.heartbeat.succeeded(run.run_id, summary)
            elif run.status is RunStatus.FAILED:
                self.ports.heartbeat.failed(run.run_id, summary)
        if self.options.signals:
            report(self.ports, run, result.news, self.history.runs)
        return replace(result, run=run)

    def _delete_old(self, run: Run) -> None:
        """Delete what is older than SYNC_HISTORY_DAYS, with the first good run of a day."""
        before = self.history.last_good
        is_first = before is None or before.started_at.date() != run.started_at.date()
        if run.status not in GOOD or not is_first or run.in_journal:
            return
        since = self.ports.clock.now() - timedelta(days=self.ports.settings.sync_history_days)
        try:
            self.ports.records.delete_older(since, keep=KEPT_RUNS)
            self.ports.undo.delete_older(since, keep=KEPT_RUNS)
        except (ListingSyncError, OSError) as error:
            logs.event("warning", "history_kept", f"old history was not deleted: {error}")


def _summary(run: Run) -> str:
    stats = run.stats
    return (
        f"{run.status}: {stats.total} listings: {stats.inserted} inserted, {stats.updated} updated,"
        f" {stats.unchanged} unchanged, {stats.removed} removed, {stats.failed} failed,"
        f" {stats.skipped} skipped"
    )
