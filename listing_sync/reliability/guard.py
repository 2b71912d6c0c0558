"""Make one call under rate limit, breaker and retries: the only place that waits between tries.

After a counted failure no try begins before its back-off has passed, whoever makes it, and the
back-off doubles from one counted failure to the next until the service answers, or a call gives
up: the next call then waits that long once more and starts afresh. A caller alone so waits exactly
the stated schedule (1, 2, 4 s), and neither a crowd of callers nor the next call can use up the
breaker's threshold sooner than one caller would. Retry-After only lengthens a wait: PostgREST sends
0 with every 503 while its database restarts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol, TypeVar

from listing_sync.errors import (
    BreakerOpenError,
    Category,
    ListingSyncError,
    QuotaError,
    RetryLaterError,
    Service,
    SlowError,
    TransientError,
)
from listing_sync.ports import Clock
from listing_sync.reliability.breaker import Breaker, BreakerLimits, BreakerState, Try
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.rate_limit import Pace
from listing_sync.reliability.retry import CAP_S, retry_delays

T = TypeVar("T")

LAST_TIMEOUT_S = 5.0
LONGEST_RETRY_AFTER_S = 60.0
# Waits are made in steps: a breaker that opens, or a service that answers, ends those of all.
_STEP_S = 0.1
# Those for the rate limit are made in every run: longer steps cost less CPU.
_RATE_STEP_S = 1.0
# What is left of a wait after adding its parts up as floats.
_NOTHING_S = 1e-6
# Google asks to wait 30 s or more for its quota, which is filled again each minute: two such waits
# reach the next minute, which others may have used up by then, four the one after it. In units of
# the first delay, so that whoever sets that short waits less.
_QUOTA_WAIT = 30
_QUOTA_WAITS = 4


class Patience(Enum):
    """How much a call is worth.

    RETRY: tried again after failures of the moment. OUTLAST: so too, and when those retries are
    used up while the breaker is closed, once more after the next back-off: the restart of a
    database takes longer than the schedule, shorter than the breaker's threshold. ONCE: one try.
    LAST: one try of 5 s, made even when the run was stopped and whatever the breaker says. PROBE:
    one try, whatever the breaker says, which does not learn of it.
    """

    RETRY = "retry"
    OUTLAST = "outlast"
    ONCE = "once"
    LAST = "last"
    PROBE = "probe"


_TRIED_AGAIN = frozenset({Patience.RETRY, Patience.OUTLAST})


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed try that will be made again: the `attempt` that failed, the wait, the cause."""

    service: Service
    what: str
    attempt: int
    attempts: int
    wait_s: float
    cause: TransientError


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What a person sets: docs/contract.md section 3; `growth` is that of the delays."""

    retries: int
    first_delay_s: float
    timeout_s: float
    threshold: int
    breaker_timeout_s: float
    growth: float = 2


@dataclass(slots=True)
class _Tries:
    """What one call has tried: its `attempt` is that of counted failures, from 1."""

    attempt: int = 1
    delays: tuple[float, ...] | None = None
    quota_waits: int = 0
    was_slow: bool = False


class BreakerStore(Protocol):
    """Keeps a breaker between processes; neither method raises for a file it cannot use."""

    def load(self) -> Breaker: ...  # noqa: D102 - the class says it
    def save(self, breaker: Breaker) -> None: ...  # noqa: D102


class Guard:
    """Everything that is asked of one service goes through `call`; shared by all threads.

    `bounded` puts its block under a deadline of so many seconds. `patient_clock` sleeps on when the
    run is stopped: it paces the closing records. `bucket` None: no rate limit. `chance` gives a
    number from 0 to 1: many who meet one quota shall not come back together.
    """

    def __init__(  # noqa: PLR0913 - one of each of what it is made of
        self,
        service: Service,
        settings: GuardSettings,
        *,
        store: BreakerStore,
        bucket: Pace | None,
        clock: Clock,
        patient_clock: Clock,
        bounded: Callable[[float], AbstractContextManager[None]],
        meter: Meter,
        on_retry: Callable[[Retry], None],
        chance: Callable[[], float] = float,
    ) -> None:
        self._service = service
        self._settings = settings
        self._limits = BreakerLimits(settings.threshold, settings.breaker_timeout_s)
        self._store = store
        self._bucket = bucket
        self._clock = clock
        self._patient_clock = patient_clock
        self._bounded = bounded
        self._meter = meter
        self._on_retry = on_retry
        self._chance = chance
        self._lock = threading.Lock()
        self._breaker = store.load()
        self._backoff_s = 0.0
        self._backoff_until = 0.0
        self._asked_until = 0.0
        self._retry_later: RetryLaterError | None = None
        self._last_failure = ""
        self._is_closed = False

    def close(self) -> None:
        """Keep the breaker as it is: what is still under way now loses its connection by us."""
        with self._lock:
            self._is_closed = True

    def breaker_state(self) -> BreakerState:
        """Return the state of the breaker now."""
        with self._lock:
            return self._breaker.state(self._limits, self._wall())

    def call(self, send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        """Return what `send` returns, trying again as `patience` says.

        `what` completes "failed while ..." in the log. What `send` raises but TransientError
        comes from a living service, resets the breaker and is raised at once.

        Raises:
            TransientError: the tries are used up.
            BreakerOpenError: the breaker is open, or opened by this failure.
            RetryLaterError: the service asks for a wait of more than 60 s.
            StoppedError: the run was stopped before a try began.
        """
        tries = _Tries()
        earliest = 0.0
        while True:
            tried = self._begin(patience, earliest)
            try:
                answer = self._send(send, patience)
            except TransientError as error:
                again_at = self._again(tries, tried, what, patience, error)
                if again_at is None:
                    raise
                earliest = again_at
            except ListingSyncError:
                self._answered(tried, patience)
                raise
            except BaseException:
                self._abandoned(tried)
                raise
            else:
                self._answered(tried, patience)
                return answer

    def probe(self, send: Callable[[], T], what: str, patience: Patience = Patience.PROBE) -> T:  # noqa: ARG002
        """Return what one try gives, however much the call is worth: the breaker learns nothing."""
        return self.call(send, what, Patience.PROBE)

    def _send(self, send: Callable[[], T], patience: Patience) -> T:
        timeout_s = LAST_TIMEOUT_S if patience is Patience.LAST else self._settings.timeout_s
        began = self._clock.monotonic()
        try:
            with self._bounded(timeout_s):
                return send()
        finally:
            self._meter.add_request(self._clock.monotonic() - began)

    def _again(
        self, tries: _Tries, tried: Try, what: str, patience: Patience, error: TransientError
    ) -> float | None:
        """Take note of a failed try; return when the next may begin, None when there is none."""
        if isinstance(error, QuotaError):
            self._abandoned(tried)
            if patience not in _TRIED_AGAIN or tries.quota_waits == _QUOTA_WAITS:
                return None
            tries.quota_waits += 1
            attempt, attempts = tries.quota_waits, _QUOTA_WAITS + 1
            earliest, wait_s = self._refilled(error)
        else:
            if tries.delays is None:
                tries.delays = self._delays(patience)
            if isinstance(error, SlowError):
                tries.delays = tries.delays[: 0 if tries.was_slow else tries.attempt]
                tries.was_slow = True
            attempt, attempts = tries.attempt, len(tries.delays) + 1
            delay_s = tries.delays[attempt - 1] if attempt < attempts else None
            earliest, wait_s = self._failed(tried, patience, error, delay_s)
            if delay_s is None:
                return None
            tries.attempt += 1
        self._on_retry(Retry(self._service, what, attempt, attempts, wait_s, error))
        self._meter.add_retry()
        return earliest

    def _delays(self, patience: Patience) -> tuple[float, ...]:
        retries = self._settings.retries
        if patience not in _TRIED_AGAIN or not retries:
            return ()
        more = int(patience is Patience.OUTLAST)
        settings = self._settings
        return retry_delays(settings.first_delay_s, retries + more, growth=settings.growth)

    def _begin(self, patience: Patience, earliest: float) -> Try:
        """Wait until a try may begin at `earliest` or later, and let it begin."""
        clock = self._patient_clock if patience is Patience.LAST else self._clock
        due: float | None = None
        try:
            while True:
                clock.sleep(0)
                with self._lock:
                    now = clock.monotonic()
                    retry_wait_s = self._retry_wait_s(patience, earliest, now)
                    if retry_wait_s > _NOTHING_S:
                        self._give_back(due)
                        due = None
                    elif due is None:
                        due = now + self._reserve(now)
                    rate_wait_s = 0.0 if due is None else due - now
                    if max(retry_wait_s, rate_wait_s) <= _NOTHING_S:
                        return self._let_begin(patience)
                if retry_wait_s > _NOTHING_S:
                    step_s, waited = min(retry_wait_s, _STEP_S), self._meter.add_retry_wait
                else:
                    step_s = min(rate_wait_s, _RATE_STEP_S)
                    waited = self._meter.add_rate_limit_wait
                clock.sleep(step_s)
                waited(step_s)
        except ListingSyncError:
            with self._lock:
                self._give_back(due)
            raise

    def _retry_wait_s(self, patience: Patience, earliest: float, now: float) -> float:
        """Return how long failures of the moment keep a try waiting; raise if they forbid it."""
        if patience in (Patience.LAST, Patience.PROBE):
            return 0.0
        if self._retry_later is not None and now < self._asked_until:
            raise self._retry_later
        state = self._breaker.state(self._limits, self._wall())
        if state is BreakerState.OPEN:
            raise self._open_error()
        if self._breaker.probing:
            return _STEP_S
        if state is BreakerState.HALF_OPEN:
            return earliest - now
        return max(earliest, self._backoff_until, self._asked_until) - now

    def _let_begin(self, patience: Patience) -> Try:
        if patience in (Patience.LAST, Patience.PROBE):
            return self._breaker.bypass()
        self._breaker, tried = self._breaker.begin(self._limits, self._wall())
        return tried

    def _reserve(self, now: float) -> float:
        if self._bucket is None:
            return 0.0
        self._bucket, wait_s = self._bucket.reserve(now)
        return wait_s

    def _give_back(self, due: float | None) -> None:
        if self._bucket is not None and due is not None:
            self._bucket = self._bucket.give_back()

    def _failed(
        self, tried: Try, patience: Patience, error: TransientError, delay_s: float | None
    ) -> tuple[float, float]:
        """Take note of a failure; return when its caller may try again, and the wait until then.

        `delay_s` None: the tries are used up. Raises the error that forbids another try.
        """
        if patience is Patience.PROBE:
            return 0.0, 0.0
        with self._lock:
            now = self._clock.monotonic()
            self._last_failure = f" ({error})"
            before = self._breaker
            self._change(before.failed(tried, self._limits, self._wall()))
            if self._breaker.counted != before.counted:
                self._backoff_until = now + self._back_off(patience, delay_s)
            earliest = now + (delay_s or 0.0)
            if error.retry_after_s is not None:
                earliest = max(earliest, now + error.retry_after_s)
                self._asked_until = max(self._asked_until, earliest)
                if error.retry_after_s > LONGEST_RETRY_AFTER_S:
                    self._retry_later = _retry_later(error, error.retry_after_s)
                    raise self._retry_later from error
            if self._breaker.opened_at is not None and patience is not Patience.LAST:
                raise self._open_error() from error
            return earliest, max(earliest, self._backoff_until, self._asked_until) - now

    def _refilled(self, error: QuotaError) -> tuple[float, float]:
        """Return when the quota may be filled again, and the wait until then; hold every caller."""
        wait_s = _QUOTA_WAIT * self._settings.first_delay_s * (1 + self._chance() / 2)
        with self._lock:
            self._last_failure = f" ({error})"
            earliest = self._clock.monotonic() + wait_s
            self._asked_until = max(self._asked_until, earliest)
        return earliest, wait_s

    def _back_off(self, patience: Patience, delay_s: float | None) -> float:
        """Return how long all wait after a counted failure."""
        doubled_s = min(2 * self._backoff_s, CAP_S)
        if delay_s is None and patience in _TRIED_AGAIN:
            self._backoff_s = 0.0
            return doubled_s
        least_s = self._settings.first_delay_s if delay_s is None else delay_s
        self._backoff_s = max(least_s, doubled_s)
        return self._backoff_s

    def _answered(self, tried: Try, patience: Patience) -> None:
        if patience is Patience.PROBE:
            return
        with self._lock:
            self._change(self._breaker.answered(tried))
            self._backoff_s = 0.0
            self._backoff_until = 0.0

    def _abandoned(self, tried: Try) -> None:
        with self._lock:
            self._breaker = self._breaker.abandoned(tried)

    def _change(self, breaker: Breaker) -> None:
        if not self._is_closed and breaker.to_stored() != self._breaker.to_stored():
            self._store.save(breaker)
        self._breaker = breaker

    def _open_error(self) -> BreakerOpenError:
        opened_at = self._breaker.opened_at or 0.0
        ends = datetime.fromtimestamp(opened_at + self._limits.timeout_s, tz=UTC).astimezone()
        return BreakerOpenError(
            f"nothing is asked of {self._service.title()} before {ends:%H:%M:%S}, because it"
            f" failed {self._breaker.failures} times in a row{self._last_failure}. Run again after"
            " that: then one try is let through; `listing-sync health` tries at once and says what"
            " is wrong",
            service=self._service,
        )

    def _wall(self) -> float:
        return self._clock.now().timestamp()


def _retry_later(error: TransientError, retry_after_s: float) -> RetryLaterError:
    return RetryLaterError(
        f"{error}; it asks to wait {retry_after_s:.0f} s, longer than a run waits"
        f" ({LONGEST_RETRY_AFTER_S:.0f} s): run again after that",
        service=error.service,
        category=Category.RATE_LIMIT,
        http_status=error.http_status,
        code=error.code,
    )
