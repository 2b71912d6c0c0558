"""Make one call under rate limit, breaker and retries: the only place that waits between tries.

pacing.py decides when the next try may begin; here is the lock under which it is asked, the loop
that waits as it says, and the meter that counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from listing_sync.errors import ListingSyncError, Service, TransientError
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Clock
from listing_sync.reliability.breaker import Breaker, BreakerState, Try
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.pacing import (
    STEP_S,
    At,
    GuardSettings,
    Pacing,
    Patience,
    Refuse,
    Tries,
)
from listing_sync.reliability.rate_limit import Pace

T = TypeVar("T")

LAST_TIMEOUT_S = 5.0
# Those for the rate limit are made in every run: longer steps cost less CPU.
_RATE_STEP_S = 1.0
# What is left of a wait after adding its parts up as floats.
_NOTHING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed try that will be made again: the `attempt` that failed, the wait, the cause."""

    service: Service
    what: str
    attempt: int
    attempts: int
    wait_s: float
    cause: TransientError


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
        self._timeout_s = settings.timeout_s
        self._store = store
        self._bucket = bucket
        self._clock = clock
        self._patient_clock = patient_clock
        self._bounded = bounded
        self._meter = meter
        self._on_retry = on_retry
        self._chance = chance
        self._lock = threading.Lock()
        self._pacing = Pacing(service, settings, store.load())
        self._is_closed = False

    def close(self) -> None:
        """Keep the breaker as it is: what is still under way now loses its connection by us."""
        with self._lock:
            self._is_closed = True

    def breaker_state(self) -> BreakerState:
        """Return the state of the breaker now."""
        with self._lock:
            return self._pacing.state(self._now())

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
        tries = Tries(patience)
        earliest_s = 0.0
        while True:
            tried = self._begin(patience, earliest_s)
            try:
                answer = self._send(send, patience)
            except TransientError as error:
                tries, again_s = self._failed(tried, tries, what, error)
                if again_s is None:
                    raise
                earliest_s = again_s
            except ListingSyncError:
                self._answered(tried, patience)
                raise
            except BaseException:
                with self._lock:
                    self._pacing = self._pacing.abandoned(tried)
                raise
            else:
                self._answered(tried, patience)
                return answer

    def probe(self, send: Callable[[], T], what: str, patience: Patience = Patience.PROBE) -> T:  # noqa: ARG002
        """Return what one try gives, however much the call is worth: the breaker learns nothing."""
        return self.call(send, what, Patience.PROBE)

    def _send(self, send: Callable[[], T], patience: Patience) -> T:
        timeout_s = LAST_TIMEOUT_S if patience is Patience.LAST else self._timeout_s
        began = self._clock.monotonic()
        try:
            with self._bounded(timeout_s):
                return send()
        finally:
            self._meter.add_request(self._clock.monotonic() - began)

    def _begin(self, patience: Patience, earliest_s: float) -> Try:
        """Wait until a try may begin at `earliest_s` or later, and let it begin."""
        clock = self._patient_clock if patience.worth.goes_on_when_stopped else self._clock
        due: float | None = None
        try:
            while True:
                clock.sleep(0)
                with self._lock:
                    at = self._now(clock)
                    step = self._pacing.next_step(patience, earliest_s, at)
                    if isinstance(step, Refuse):
                        raise step.error
                    retry_wait_s = step.wait_s
                    if retry_wait_s > _NOTHING_S:
                        self._give_back(due)
                        due = None
                    elif due is None:
                        due = at.monotonic_s + self._reserve(at.monotonic_s)
                    rate_wait_s = 0.0 if due is None else due - at.monotonic_s
                    if max(retry_wait_s, rate_wait_s) <= _NOTHING_S:
                        self._pacing, tried = self._pacing.begun(patience, at)
                        return tried
                if retry_wait_s > _NOTHING_S:
                    step_s, waited = min(retry_wait_s, STEP_S), self._meter.add_retry_wait
                else:
                    step_s = min(rate_wait_s, _RATE_STEP_S)
                    waited = self._meter.add_rate_limit_wait
                clock.sleep(step_s)
                waited(step_s)
        except ListingSyncError:
            with self._lock:
                self._give_back(due)
            raise

    def _reserve(self, now: float) -> float:
        if self._bucket is None:
            return 0.0
        self._bucket, wait_s = self._bucket.reserve(now)
        return wait_s

    def _give_back(self, due: float | None) -> None:
        if self._bucket is not None and due is not None:
            self._bucket = self._bucket.give_back()

    def _failed(
        self, tried: Try, tries: Tries, what: str, error: TransientError
    ) -> tuple[Tries, float | None]:
        """Take note of a failed try; return when the next may begin, None when there is none.

        Raises the error that forbids another try.
        """
        chance = self._chance()
        with self._lock:
            pacing, tries, again = self._pacing.failed(tried, tries, error, self._now(), chance)
            self._change(pacing)
        if isinstance(again, Refuse):
            raise again.error from error
        if again is None:
            return tries, None
        retry = Retry(self._service, what, again.attempt, again.attempts, again.wait_s, error)
        self._on_retry(retry)
        self._meter.add_retry()
        return tries, again.earliest_s

    def _answered(self, tried: Try, patience: Patience) -> None:
        with self._lock:
            self._change(self._pacing.answered(tried, patience))

    def _change(self, pacing: Pacing) -> None:
        breaker = pacing.breaker
        if not self._is_closed and breaker.to_stored() != self._pacing.breaker.to_stored():
            self._store.save(breaker)
        self._pacing = pacing

    def _now(self, clock: Clock | None = None) -> At:
        return At((clock or self._clock).monotonic(), self._clock.now().timestamp())
