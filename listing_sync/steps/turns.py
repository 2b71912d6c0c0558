"""Take the turn to write the table among runs elsewhere, by the records alone.

The rules are core.taking_turns; here its steps become requests and waits.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import datetime, timedelta

from listing_sync import logs
from listing_sync.errors import (
    BatchTooLargeError,
    Category,
    ListingSyncError,
    LockTimeoutError,
    RowError,
    Service,
    TransientError,
)
from listing_sync.history.runs import Cause, Run, RunStatus
from listing_sync.history.taking_turns import Claim, Present, Step, Turn, after, is_gone
from listing_sync.language.sentences import english_of, phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports

PASSING = (TransientError, RowError, BatchTooLargeError)
"""Failures for which a run goes on without a record, as long as it has met nobody."""
WAIT_STEP_S = 2.0
_MOST_LOOKS = 5
"""Between two waits, of a run that has met nobody: more only where records do not stay."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The run that has its turn, begun anew when it had to wait, and the runs that it buried.

    `came_at` is when the database noted its record.
    """

    run: Run
    waited: bool
    buried: tuple[Run, ...]
    came_at: datetime


@dataclass(slots=True)
class Turns:
    """One run on the way to its turn: as it is `claimed`; `met` is the last that was at work."""

    ports: Ports
    claimed: Run | None = None
    met: Run | None = None
    _buried: list[Run] = field(default_factory=list)
    _claims: dict[str, Claim] = field(default_factory=dict)
    _first_seen_s: dict[tuple[str, datetime], float] = field(default_factory=dict)
    _database_time: tuple[datetime, float] | None = None
    _looks: int = 0

    def take(self, run: Run) -> Taken:
        """Record the run and return when it is its turn.

        Raises:
            LockTimeoutError: another one did not finish in time; this one leaves no record.
            TransientError, RowError, BatchTooLargeError: it is not known whether there are others.
        """
        run = replace(run, process=replace(run.process, lock=self.ports.machine.lock.name))
        limit_s = float(self.ports.settings.sync_lock_timeout)
        waited_s = 0.0
        turn = Turn()
        while turn.step is not Step.GO:
            if turn.step is Step.WAIT:
                waited_s += self._wait(run, turn, limit_s - waited_s)
            try:
                run, present = self._do(run, turn)
            except PASSING as error:
                if self.met is None:
                    raise
                # Somebody is at work: not to know more is no leave to go.
                logs.event(
                    "debug", "look_failed", f"looking for other runs failed: {english_of(error)}"
                )
                waited_s += self._wait(run, turn, limit_s - waited_s)
                continue
            turn = after(turn, run.run_id, present)
        if waited_s:
            run = self._begun_now(run)
        came_at = self._claims[run.run_id].came_at
        return Taken(run, waited_s > 0, tuple(self._buried), came_at)

    def _begun_now(self, run: Run) -> Run:
        now = self.ports.clock.now()
        return replace(run, started_at=now, heartbeat_at=now)

    def _do(self, run: Run, turn: Turn) -> tuple[Run, tuple[Present, ...]]:
        records = self.ports.target.records
        match turn.step:
            case Step.CLAIM:
                run = self._begun_now(run)
                records.save(run)
                self.claimed = run
            case Step.LOOK:
                self._looks += 1
                if self._looks > _MOST_LOOKS:
                    raise _records_do_not_stay()
                return run, self._look(run)
            case Step.WITHDRAW:
                records.withdraw(run)
                self.claimed = None
            case Step.WAIT if turn.is_claimed:
                records.renew(replace(run, heartbeat_at=self.ports.clock.now()))
            case Step.BURY:
                for run_id in turn.whom:
                    self._bury(self._claims[run_id])
        return run, ()

    def _wait(self, run: Run, turn: Turn, left_s: float) -> float:
        """Wait a step; raises LockTimeoutError when the time for it is used up."""
        if left_s <= 0:
            self._give_up(run)
        if turn.whom and turn.whom[0] in self._claims:
            self.met = self._claims[turn.whom[0]].run
        self._looks = 0
        step_s = min(WAIT_STEP_S, left_s)
        self.ports.clock.sleep(step_s)
        return step_s

    def _give_up(self, run: Run) -> None:
        if self.claimed is not None:
            try:
                self.ports.target.records.withdraw(run)
            except ListingSyncError as error:  # the next run buries it
                logs.event(
                    "info", "withdraw_failed", f"a record was left behind: {english_of(error)}"
                )
        limit_s, other = self.ports.settings.sync_lock_timeout, self.met
        if other is None:
            raise LockTimeoutError(
                phrase(
                    "another run is still at work after {limit_s} s (SYNC_LOCK_TIMEOUT);"
                    " try again later",
                    limit_s=limit_s,
                )
            )
        raise LockTimeoutError(
            phrase(
                "another run (process {pid} on {host}, since {since:%Y-%m-%d"
                " %H:%M:%S}) is still at work after {limit_s} s (SYNC_LOCK_TIMEOUT);"
                " try again later",
                pid=other.pid,
                host=other.host,
                since=other.started_at.astimezone(),
                limit_s=limit_s,
            )
        )

    # -- who is there ------------------------------------------------------------------------------

    def _look(self, run: Run) -> tuple[Present, ...]:
        claims = self.ports.target.records.in_progress()
        now_s = self.ports.clock.monotonic()
        self._claims = {claim.run.run_id: claim for claim in claims}
        ours = self._claims.get(run.run_id)
        if ours is not None:
            self._database_time = (ours.heard_at, now_s)
        return tuple(
            Present(
                claim.run.run_id,
                (claim.came_at, claim.run.run_id),
                is_gone=claim.run.run_id != run.run_id and self._is_gone(claim, run, now_s),
            )
            for claim in claims
        )

    def _is_gone(self, claim: Claim, run: Run, now_s: float) -> bool:
        other = claim.run
        return is_gone(
            other.process,
            run.process,
            silent_s=self._silent_s(claim, now_s),
            is_there=self.ports.machine.is_process_there(other.pid, other.process.started),
        )

    def _silent_s(self, claim: Claim, now_s: float) -> float:
        """Return for how long nothing was heard: by the database's clock, or since we watch."""
        seen_s = self._first_seen_s.setdefault((claim.run.run_id, claim.heard_at), now_s)
        watched_s = now_s - seen_s
        if self._database_time is None:
            return watched_s
        database_time, at_s = self._database_time
        age = database_time - claim.heard_at + timedelta(seconds=now_s - at_s)
        return max(age.total_seconds(), watched_s)

    def _bury(self, claim: Claim) -> None:
        """Close the record of a run that is gone, unless it has been heard of since."""
        run, now = claim.run, self.ports.clock.now()
        # Its times are those of the services already.
        run = replace(run, started_at=min(run.started_at, now), metrics={})
        cause = Cause(
            Category.UNKNOWN,
            phrase("its process died (process {pid} on {host})", pid=run.pid, host=run.host),
        )
        ended = run.ended(RunStatus.FAILED, min(run.heartbeat_at, now), cause)
        if self.ports.target.records.bury(ended, claim.heard_at):
            self._buried.append(ended)


def _records_do_not_stay() -> TransientError:
    return TransientError(
        phrase(
            "sync_state does not keep what is written there: look at its triggers"
            " and policies, and whether SUPABASE_URL is right"
        ),
        service=Service.SUPABASE,
        category=Category.DATABASE,
    )
