"""Decide when the next try of a service may begin, from how all earlier ones ended.

After a counted failure no try begins before its back-off has passed, whoever makes it, and the
back-off doubles from one counted failure to the next until the service answers, or a call gives
up: the next call then waits that long once more and starts afresh. A caller alone so waits exactly
the stated schedule (1, 2, 4 s), and neither a crowd of callers nor the next call can use up the
breaker's threshold sooner than one caller would. Retry-After (PostgREST: 0) only lengthens a wait.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import Enum
from typing import Final, NamedTuple

from listing_sync.errors import (
    BreakerOpenError,
    QuotaError,
    RefusedError,
    RemoteError,
    RetryLaterError,
    Service,
    SlowError,
    TransientError,
)
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.reliability.breaker import Breaker, BreakerLimits, BreakerState, Try
from listing_sync.reliability.refusing import (
    LONGEST_RETRY_AFTER_S,
    breaker_open,
    retry_later,
)
from listing_sync.reliability.retry import CAP_S, retry_delays

STEP_S = 0.1  # of a wait: a breaker that opens, or a service that answers, ends those of all
# Google asks to wait 30 s or more for its quota, filled again each minute: two such waits reach the
# next minute, four the one after it. In units of the first delay: who sets that short waits less.
_QUOTA_WAIT: Final = 30
_QUOTA_WAITS: Final = 4


class _Worth(NamedTuple):
    """The five things in which calls differ."""

    is_retried: bool = False
    outlasts: bool = False
    goes_on_when_stopped: bool = False
    heeds_breaker: bool = True
    teaches_breaker: bool = True


class Patience(Enum):
    """How much a call is worth.

    RETRY: tried again after failures of the moment. OUTLAST: so too, and once more after the next
    back-off while the breaker is closed: a database restarts for longer than the schedule, shorter
    than the breaker's threshold. ONCE: one try. LAST: one try of 5 s, even of a stopped run and
    whatever the breaker says. PROBE: one try, whatever the breaker says, which learns nothing.
    """

    RETRY = _Worth(is_retried=True)
    OUTLAST = _Worth(is_retried=True, outlasts=True)
    ONCE = _Worth()
    LAST = _Worth(goes_on_when_stopped=True, heeds_breaker=False)
    PROBE = _Worth(heeds_breaker=False, teaches_breaker=False)

    @property
    def worth(self) -> _Worth:
        """Return what it means."""
        return self.value


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What a person sets: docs/contract.md section 3; `growth` is that of the delays."""

    retries: int
    first_delay_s: float
    timeout_s: float
    threshold: int
    breaker_timeout_s: float
    growth: float = 2


class At(NamedTuple):
    """A moment by both clocks: seconds that only go on, and those that other processes share."""

    monotonic_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class Wait:
    """The try may begin after so many seconds; 0: now."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Refuse:
    """No try may begin."""

    error: RemoteError | RefusedError


Step = Wait | Refuse


@dataclass(frozen=True, slots=True)
class Again:
    """A failed try is made again: not before `earliest_s`, which is `wait_s` from now."""

    earliest_s: float
    wait_s: float
    attempt: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Tries:
    """What one call has tried: its `attempt` is that of counted failures, from 1."""

    patience: Patience
    attempt: int = 1
    delays: tuple[float, ...] | None = None
    quota_waits: int = 0
    was_slow: bool = False

    def after(self, error: TransientError, settings: GuardSettings) -> Tries:
        """Return the tries with what a failure makes of their schedule."""
        delays = self.delays
        if delays is None:
            retries = settings.retries + self.patience.worth.outlasts
            is_retried = self.patience.worth.is_retried and settings.retries > 0
            delays = (
                retry_delays(settings.first_delay_s, retries, growth=settings.growth)
                if is_retried
                else ()
            )
        if not isinstance(error, SlowError):
            return replace(self, delays=delays)
        kept = delays[: 0 if self.was_slow else self.attempt]
        return replace(self, delays=kept, was_slow=True)

    @property
    def delay_s(self) -> float | None:
        """Return the wait before the next try, None when the tries are used up."""
        delays = self.delays or ()
        return delays[self.attempt - 1] if self.attempt <= len(delays) else None


@dataclass(frozen=True, slots=True)
class Pacing:
    """What failures have left behind; every change gives a new one. Times are monotonic.

    `asked_until_s` is as long as the service asked to wait.
    """

    service: Service
    settings: GuardSettings
    breaker: Breaker = field(default_factory=Breaker)
    backoff_s: float = 0.0
    backoff_until_s: float = 0.0
    asked_until_s: float = 0.0
    retry_later: RetryLaterError | None = None

    @property
    def _limits(self) -> BreakerLimits:
        return BreakerLimits(self.settings.threshold, self.settings.breaker_timeout_s)

    def state(self, at: At) -> BreakerState:
        """Return the state of the breaker."""
        return self.breaker.state(self._limits, at.wall_s)

    def next_step(self, patience: Patience, earliest_s: float, at: At) -> Step:
        """Return how long failures of the moment keep a try waiting, or that they forbid it."""
        if not patience.worth.heeds_breaker:
            return Wait(0.0)
        if self.retry_later is not None and at.monotonic_s < self.asked_until_s:
            return Refuse(self.retry_later)
        state = self.state(at)
        if state is BreakerState.OPEN:
            return Refuse(self.open_error())
        if self.breaker.probing:
            return Wait(STEP_S)
        if state is BreakerState.HALF_OPEN:
            return Wait(earliest_s - at.monotonic_s)
        return Wait(self.earliest_s(earliest_s) - at.monotonic_s)

    def begun(self, patience: Patience, at: At) -> tuple[Pacing, Try]:
        """Let a try begin that `next_step` lets begin now."""
        if not patience.worth.heeds_breaker:
            return self, self.breaker.bypass()
        breaker, tried = self.breaker.begin(self._limits, at.wall_s)
        return replace(self, breaker=breaker), tried

    def answered(self, tried: Try, patience: Patience) -> Pacing:
        """Take note that the service answered, be it with a refusal."""
        if not patience.worth.teaches_breaker:
            return self
        breaker = self.breaker.answered(tried)
        return replace(self, breaker=breaker, backoff_s=0.0, backoff_until_s=0.0)

    def abandoned(self, tried: Try) -> Pacing:
        """Take note that a try ended without telling anything about the service."""
        return replace(self, breaker=self.breaker.abandoned(tried))

    def failed(
        self, tried: Try, tries: Tries, error: TransientError, at: At, chance: float
    ) -> tuple[Pacing, Tries, Again | Refuse | None]:
        """Take note of a failure; return when its caller may try again, None: not at all.

        `chance`, from 0 to 1, spreads those who meet one quota.
        """
        if isinstance(error, QuotaError):
            return self._out_of_quota(tried, tries, error, at, chance)
        tries = tries.after(error, self.settings)
        attempt, attempts, delay_s = tries.attempt, len(tries.delays or ()) + 1, tries.delay_s
        pacing, step = self._counted(tried, tries.patience, error, delay_s, at)
        if isinstance(step, Refuse) or delay_s is None:
            return pacing, tries, step if isinstance(step, Refuse) else None
        earliest_s = at.monotonic_s + step.wait_s
        wait_s = pacing.earliest_s(earliest_s) - at.monotonic_s
        again = Again(earliest_s, wait_s, attempt, attempts)
        return pacing, replace(tries, attempt=attempt + 1), again

    def _out_of_quota(
        self, tried: Try, tries: Tries, error: QuotaError, at: At, chance: float
    ) -> tuple[Pacing, Tries, Again | Refuse | None]:
        """Hold every caller until the quota is filled again, which is no failure of the service."""
        pacing = self.abandoned(tried)
        if not tries.patience.worth.is_retried or tries.quota_waits == _QUOTA_WAITS:
            return pacing, tries, None
        wait_s = _QUOTA_WAIT * self.settings.first_delay_s * (1 + chance / 2)
        earliest_s = at.monotonic_s + wait_s
        pacing = replace(
            pacing,
            breaker=replace(pacing.breaker, cause=str(error)),
            asked_until_s=max(self.asked_until_s, earliest_s),
        )
        waits = tries.quota_waits + 1
        again = Again(earliest_s, wait_s, waits, _QUOTA_WAITS + 1)
        return pacing, replace(tries, quota_waits=waits), again

    def _counted(
        self, tried: Try, patience: Patience, error: TransientError, delay_s: float | None, at: At
    ) -> tuple[Pacing, Step]:
        """Return what a failure leaves behind, and how long its own caller waits at least."""
        if not patience.worth.teaches_breaker:
            return self, Wait(0.0)
        before = replace(self.breaker, cause=str(error))
        breaker = before.failed(tried, self._limits, at.wall_s)
        pacing = replace(self, breaker=breaker)
        if breaker.counted != self.breaker.counted:
            wait_s, backoff_s = self._back_off(patience, delay_s)
            pacing = replace(pacing, backoff_s=backoff_s, backoff_until_s=at.monotonic_s + wait_s)
        earliest_s = at.monotonic_s + (delay_s or 0.0)
        if error.retry_after_s is not None:
            earliest_s = max(earliest_s, at.monotonic_s + error.retry_after_s)
            pacing = replace(pacing, asked_until_s=max(self.asked_until_s, earliest_s))
            if error.retry_after_s > LONGEST_RETRY_AFTER_S:
                later = retry_later(error, error.retry_after_s)
                return replace(pacing, retry_later=later), Refuse(later)
        if breaker.opened_at is not None and patience is not Patience.LAST:
            return pacing, Refuse(pacing.open_error())
        return pacing, Wait(earliest_s - at.monotonic_s)

    def earliest_s(self, wanted_s: float) -> float:
        """Return when a try may begin that its caller wants to make at `wanted_s`."""
        return max(wanted_s, self.backoff_until_s, self.asked_until_s)

    def _back_off(self, patience: Patience, delay_s: float | None) -> tuple[float, float]:
        """Return how long all wait after a counted failure, and the back-off from then on."""
        doubled_s = min(2 * self.backoff_s, CAP_S)
        if delay_s is None and patience.worth.is_retried:
            return doubled_s, 0.0
        least_s = self.settings.first_delay_s if delay_s is None else delay_s
        wait_s = max(least_s, doubled_s)
        return wait_s, wait_s

    def open_error(self) -> BreakerOpenError:
        """Return what to say while the breaker is open."""
        return breaker_open(self.breaker, self.service, self._limits.timeout_s)
