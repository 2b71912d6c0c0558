"""Run `sync all` or `sync numbers`: read, validate, plan, refuse or write, record."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import timedelta
from time import process_time

from listing_sync import logs
from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import left_out
from listing_sync.changes.given_back import NOTHING_KNOWN, GivenBack
from listing_sync.changes.left_out import leave_out
from listing_sync.changes.meaning import Settled, why_none_is_removed
from listing_sync.changes.plan import Plan
from listing_sync.changes.refusal import SafetyLimits, refusal
from listing_sync.changes.rewritten import rewritten_sample
from listing_sync.errors import (
    BreakerOpenError,
    Category,
    HoldError,
    ListingSyncError,
    LockTimeoutError,
    RefusedError,
    RemoteError,
    Service,
    StoppedError,
    TransientError,
    UnsafePlanError,
)
from listing_sync.history.common_faults import whole_column
from listing_sync.history.mended import taken_of
from listing_sync.history.month import REJECTED, rejected_rows
from listing_sync.history.run_statistics import GIVEN_BACK
from listing_sync.history.runs import (
    GOOD,
    Cause,
    Run,
    RunStatus,
    RunType,
    final_status,
)
from listing_sync.history.skipped import Skip, noted
from listing_sync.history.undone_again import REWRITTEN
from listing_sync.language.sentences import english_of, phrase, phrase_number
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Holder, Ports, Progress
from listing_sync.steps.after_run import ping, report, report_unstarted
from listing_sync.steps.applying import Applying
from listing_sync.steps.background import Background
from listing_sync.steps.comparing import Scope
from listing_sync.steps.earlier_runs import History, read_history, stored
from listing_sync.steps.holding import held_elsewhere, held_here
from listing_sync.steps.learning import known_to, learn
from listing_sync.steps.naming import learn_source
from listing_sync.steps.planning import plan_changes
from listing_sync.steps.quiet import keep_quiet, remembered_quiet, still_quiet
from listing_sync.steps.reading import Reading, read
from listing_sync.steps.recording import (
    KEPT_RUNS,
    Heard,
    Recorder,
    cause_of,
    cause_of_bug,
    new_run,
)
from listing_sync.steps.standing_trouble import MANUAL
from listing_sync.steps.tally import Tally
from listing_sync.steps.turns import PASSING


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What the caller asks for; `numbers` None means all.

    `percent` is the rollout share. `reads_all` goes by nothing remembered of the table. `signals`
    False leaves heartbeat and alerts alone.
    """

    limits: SafetyLimits
    percent: float
    batch_size: int
    numbers: tuple[str, ...] | None = None
    dry_run: bool = False
    force: bool = False
    prune: bool = False
    reads_all: bool = False
    signals: bool = True


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a run did, or a dry run would do.

    `news` are the rejections that the run before did not have, `new_warnings` likewise;
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
    examples: Mapping[str, str] = field(default_factory=dict)


def sync(ports: Ports, options: SyncOptions, progress: Progress) -> SyncResult:
    """Make the table say what the sheet says, or show what that would change.

    Raises:
        LockTimeoutError: another run did not finish in time.
    """
    run_type = RunType.FULL if options.numbers is None else RunType.SELECTIVE
    run = new_run(ports, run_type, ports.identity.trigger)
    if options.dry_run:
        ports.machine.limit_time()
        return _Sync(ports, options, progress, Tally(run), Recorder(ports, run)).preview()
    who = ports.identity
    me = Holder(who.host, who.pid, who.user, run.run_id, run.started_at)
    try:
        with ports.machine.lock.held(me, ports.settings.sync_lock_timeout):
            # The wait for another run is not part of this one.
            now = ports.clock.now()
            run = replace(run, started_at=now, heartbeat_at=now)
            return _Sync(ports, options, progress, Tally(run), Recorder(ports, run)).execute()
    except LockTimeoutError as error:
        if options.signals and run_type is RunType.FULL:
            report_unstarted(ports, str(error), f"{run.source} → {run.target}")
        raise


@dataclass(slots=True)
class _Sync:
    """One run under way; only the command's own thread changes it."""

    ports: Ports
    options: SyncOptions
    progress: Progress
    tally: Tally
    recorder: Recorder
    history: History = field(default_factory=lambda: History(is_known=False))
    plan: Plan | None = None
    known: GivenBack = NOTHING_KNOWN
    meant: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    is_announced: bool = False

    # -- the two ways through ------------------------------------------------------------------

    def preview(self) -> SyncResult:
        """Do everything but writing; a plan that would be refused is returned with the refusal."""
        error: ListingSyncError | None = None
        refused: str | None = None
        try:
            plan = self._find_changes(self._read())
            refused = self._held(may_release=False) or self._refusal(plan)
            self.tally.count(
                inserted=len(plan.inserts), updated=len(plan.updates), removed=len(plan.removals)
            )
        except ListingSyncError as caught:
            error = caught
        return replace(self._end(error), refused=refused)

    def execute(self) -> SyncResult:
        """Run to the end, whatever the end is, and record it."""
        run = self.tally.run
        logs.name_run(run.run_id)
        logs.event("info", "run_started", f"{run.run_type} run {run.run_id} started")
        with Heard(self._crashed):
            error = self._run()
            if self.plan is not None:
                self.examples = learn(self.ports, self.tally, self.known, self.meant)
            return self._record(self._end(error), error)

    def _run(self) -> ListingSyncError | None:
        """Do it; return what ended it early."""
        try:
            if held := self._held(elsewhere=False):
                raise HoldError(held)
            reading = Background(self._read)
            waited = self._open()
            self._announce()
            # Once more after the wait: it may have been for a rollback.
            if self.history.is_known and (held := self._held(may_release=True)):
                raise HoldError(held)
            found = reading.result(self._tick)
            # After a wait for another run the sheet may have moved on.
            plan = self._find_changes(self._read() if waited else found)
            if refused := self._refusal(plan):
                raise UnsafePlanError(refused)
            applying = Applying(
                self.ports, plan, self.tally, self.options.batch_size, self.progress, self._tick
            )
            applying.write()
            applying.prune()
            self._heed_signal()
        except LockTimeoutError:  # it never became a run: no record, no signal
            raise
        except ListingSyncError as error:
            return error
        return None

    def _open(self) -> bool:
        """Record the run; return whether it waited for another one, which is no part of it."""
        opened = self.recorder.open(self.tally.run)
        self.tally.run, self.history = opened.run, opened.history
        self.ports.machine.limit_time()
        return opened.waited

    def _announce(self) -> None:
        """Ping the start, once; a run that waits in vain for another one never starts."""
        if self._sends_signals and not self.is_announced:
            self.is_announced = True
            self.ports.signals.heartbeat.started(self.tally.run.run_id)

    @property
    def _sends_signals(self) -> bool:
        return self.options.signals and self.options.numbers is None

    # -- reading and deciding ------------------------------------------------------------------

    @property
    def _scope(self) -> Scope:
        options = self.options
        return Scope(
            percent=options.percent,
            selected_only=options.numbers is not None,
            force=options.force,
            prune=options.prune,
            reads_all=options.reads_all,
            keeps=not options.dry_run,
        )

    def _read(self, *, goes_on: bool = False) -> Reading:
        options = self.options
        return read(
            self.ports,
            self.progress,
            percent=options.percent,
            numbers=options.numbers,
            quiet=None if goes_on else remembered_quiet(self.ports, self._scope),
            goes_on=goes_on,
        )

    def _name_source(self, reading: Reading) -> None:
        """Go by what was read; what earlier runs left is then looked for by its names."""
        is_kept = not self.options.dry_run
        if not learn_source(self.ports, reading.contents, keep=is_kept):
            return
        run = self.tally.run = replace(self.tally.run, source=self.ports.identity.source)
        if self.history.is_known:
            try:
                self.history = read_history(self.ports.target.records, run.run_id)
            except PASSING as error:
                logs.event(
                    "info",
                    "history_unread",
                    f"earlier runs cannot be read yet: {english_of(error)}",
                )
                self.history = History(is_known=False)

    def _find_changes(self, reading: Reading) -> Plan:
        self.tally.take(reading)
        self._name_source(reading)
        self.progress.phase("Comparing", None)
        self.known = known_to(self.ports, self.history.runs)
        try:
            settled = still_quiet(self.ports, reading, self.known) or self._compare(reading)
            generated = self.ports.target.table.generated() if settled.plan.writes else frozenset()
        except (RemoteError, BreakerOpenError):
            # The cause of the run says it once for all of them.
            self.tally.count(failed=reading.valid)
            raise
        self.plan, self.meant = leave_out(settled.plan, generated), settled.meant
        for column in self.plan.columns:
            if column.column.name in generated:
                self.tally.warn(left_out(column.column.name))
        self.tally.reject(settled.rejections)
        self.tally.count(unchanged=self.plan.unchanged)
        if self.options.prune:
            self.tally.warn(why_none_is_removed(settled.checked, self.plan.unlisted))
        return self.plan

    def _compare(self, reading: Reading) -> Settled:
        if reading.remembered is not None:
            reading = self.tally.reading = self._read(goes_on=True)
            self.progress.phase("Comparing", None)
        settled = plan_changes(
            self.ports,
            reading,
            self._scope,
            on_rows=self.progress.advance,
            tick=self._tick,
            known=self.known,
        )
        keep_quiet(self.ports, reading, self._scope, settled, self.known)
        return settled

    def _held(self, *, elsewhere: bool = True, may_release: bool = False) -> str | None:
        """Return why syncing is on hold, here or elsewhere; single numbers never are."""
        if self.options.numbers is not None:
            return None
        hold = self.ports.machine.hold
        held = held_here(hold)
        if held or not elsewhere:
            return held
        return held_elsewhere(hold, self.ports.target.holds, may_release=may_release)

    def _refusal(self, plan: Plan) -> str | None:
        if self.options.numbers is not None:
            return None
        if self.tally.run.stats.total == 0:
            return phrase(
                "the sheet has no listing at all. Is this the right tab"
                " (SYNC_SHEET_NAME) and header row (SYNC_HEADER_ROW)?"
            )
        if plan.removals:
            days = self.ports.settings.sync_history_days
            since = self.ports.clock.now() - timedelta(days=days)
            others = self.ports.target.records.other_sources(since)
            if others:
                return phrase_number(
                    "{count} listing would be removed, but another source ({sources}) wrote this"
                    " table within {days} days (SYNC_HISTORY_DAYS) and may list it: run without"
                    " --prune and SYNC_PRUNE. If it is no longer used, delete its rows (column"
                    " source) from sync_state",
                    "{count:,} listings would be removed, but another source ({sources}) wrote this"
                    " table within {days} days (SYNC_HISTORY_DAYS) and may list them: run without"
                    " --prune and SYNC_PRUNE. If it is no longer used, delete its rows (column"
                    " source) from sync_state",
                    len(plan.removals),
                    sources=", ".join(others),
                    days=days,
                )
        reading = self.tally.reading
        return refusal(
            plan,
            self.options.limits,
            listings=reading.checked.listings if reading else (),
            command=None if self.options.dry_run else self._same_command,
        )

    @property
    def _same_command(self) -> str:
        """Return what to type for this run once more."""
        flags = {"--prune": self.options.prune, "--force": self.options.force}
        return " ".join(
            ["listing-sync sync all", *(flag for flag, given in flags.items() if given)]
        )

    def _heed_signal(self) -> None:
        """End as stopped also when the signal came too late to leave anything out.

        Whoever sent it looks for its exit code; a time limit wants no more than the end.
        """
        try:
            self.ports.clock.sleep(0)
        except StoppedError as stopped:
            if stopped.signal is not None:
                raise

    def _tick(self) -> None:
        self.recorder.refresh(self.tally.run)

    # -- ending --------------------------------------------------------------------------------

    def _end(self, error: ListingSyncError | None) -> SyncResult:
        tally = self.tally
        run = replace(tally.run, warnings=tuple(tally.warnings), metrics=self._metrics())
        status = self._status(error)
        why = error or (tally.first_service_failure if status is RunStatus.FAILED else None)
        fault = (
            whole_column(tally.rejections, run.stats.total) if status is RunStatus.PARTIAL else None
        )
        cause = Cause(Category.VALIDATION, fault) if fault else cause_of(why)
        run = run.ended(status, self.ports.clock.now(), cause)
        payloads = tally.reading.payloads if tally.reading else {}
        is_cut_short = status is RunStatus.INTERRUPTED
        if run.run_type is RunType.FULL and tally.reading is not None:
            run = replace(run, told=self.history.is_known and self._is_mailed(status))
        return SyncResult(
            run=run,
            rejections=tuple(tally.rejections),
            news=() if is_cut_short else self.history.news(tally.rejections, payloads),
            new_warnings=() if is_cut_short else self.history.new_warnings(tally.warnings),
            not_found=tally.reading.not_found if tally.reading else {},
            plan=self.plan,
            error=error,
            examples=self.examples,
        )

    def _is_mailed(self, status: RunStatus) -> bool:
        """Return whether this run's news reach whoever reads cron's mail.

        A run by hand, of a share (cutover) or cut short leaves them to the next one.
        """
        is_by_hand = self.tally.run.trigger == MANUAL
        return self.options.signals and not is_by_hand and status is not RunStatus.INTERRUPTED

    def _status(self, error: ListingSyncError | None) -> RunStatus:
        if isinstance(error, StoppedError) and error.signal is not None:
            return RunStatus.INTERRUPTED
        if error is not None:
            return RunStatus.FAILED
        return final_status(
            self.tally.run.stats,
            unremoved=self.tally.unremoved,
            service_failures=self.tally.service_failures,
            row_failures=self.tally.row_failures,
        )

    def _metrics(self) -> dict[str, object]:
        tally = self.tally
        sample = rewritten_sample(tally.columns, tally.written, self.ports.mapping.key)
        return {
            **self.ports.machine.request_metrics(),
            "cpu_s": round(process_time(), 3),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            **self._taken(),
            REJECTED: rejected_rows(tally.rejections),
            **({REWRITTEN: sample} if sample else {}),
            **({GIVEN_BACK: tally.given_back} if tally.given_back else {}),
            **noted({Skip.NOT_IN_SHEET: [*tally.reading.not_found]} if tally.reading else {}),
        }

    def _taken(self) -> Mapping[str, object]:
        """Return which single listings are as the sheet says, for who shows those that are not."""
        tally = self.tally
        if self.options.numbers is None or tally.reading is None:
            return {}
        return taken_of(tally.reading.checked.listings, tally.rejections)

    def _record(self, result: SyncResult, error: ListingSyncError | None) -> SyncResult:
        payloads = self.tally.reading.payloads if self.tally.reading else {}
        run, new_rejections = stored(result.run, result.rejections, payloads, self.history)
        if isinstance(error, BreakerOpenError) and error.service is Service.SUPABASE:
            run = self.recorder.keep(run, new_rejections, phrase("the breaker is open"))
        else:
            run = self.recorder.close(run, new_rejections)
        logs.event(
            "info", "run_ended", f"{run.status}: {run.stats.success} of {run.stats.total} listings"
        )
        self._signal(run, result.news)
        self._delete_old(run)
        return replace(result, run=run)

    def _signal(self, run: Run, news: tuple[Rejection, ...]) -> None:
        """Tell the outside; what is to be told first, since the record says that it was."""
        if self.options.signals:
            report(self.ports, run, news, self.history.runs)
        if self._sends_signals:
            if run.status is RunStatus.FAILED:
                self._announce()
            ping(self.ports, run)

    def _crashed(self, bug: str) -> None:
        """Record and tell that a bug of this program ended the run."""
        run = self.tally.run.ended(RunStatus.FAILED, self.ports.clock.now(), cause_of_bug(bug))
        self._signal(self.recorder.close(run, ()), ())

    def _delete_old(self, run: Run) -> None:
        """Delete what is older than SYNC_HISTORY_DAYS; before a first run there is nothing."""
        if run.status not in GOOD or run.in_journal or not self.history.runs:
            return
        since = self.ports.clock.now() - timedelta(days=self.ports.settings.sync_history_days)
        try:
            self.ports.target.records.delete_older(since, keep=KEPT_RUNS)
            self.ports.machine.undo.delete_older(since, keep=KEPT_RUNS)
        except (ListingSyncError, OSError) as error:
            is_passing = isinstance(error, TransientError | RefusedError | StoppedError)
            level = "info" if is_passing else "warning"  # the next day's first run deletes it
            logs.event(level, "history_kept", f"old history was not deleted: {english_of(error)}")
