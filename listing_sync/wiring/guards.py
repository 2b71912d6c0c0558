"""Build the guard of each service, and count what all of them ask."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from listing_sync import logs
from listing_sync.clock import Stop, SystemClock
from listing_sync.errors import Service
from listing_sync.language.sentences import english_of
from listing_sync.machine.breaker_file import BreakerFile
from listing_sync.machine.state_dir import StateDir
from listing_sync.reliability.breaker import Breaker
from listing_sync.reliability.guard import BreakerStore, Guard, Retry
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.pacing import GuardSettings, Patience
from listing_sync.reliability.rate_limit import Pace, TokenBucket, Window
from listing_sync.settings import Settings

# Google allows 60 reads a minute and account; a run leaves some to others (`health`).
_GOOGLE_READS = 50
# Google's 503 lasts for 15 s and more: waits of 1, 4 and 16 s outlive it, 1, 2 and 4 s do not.
_GOOGLE_GROWTH = 4


class Ask(Protocol):
    """A guard's `call` or `probe`: what is sent goes through it."""

    def __call__(  # noqa: D102 - the class says it
        self, send: Callable[[], Any], what: str, patience: Patience = ...
    ) -> Any: ...


class _NewBreaker:
    """A breaker that starts closed, and nobody else learns of."""

    def load(self) -> Breaker:
        return Breaker()

    def save(self, breaker: Breaker) -> None:
        """Forget it."""


class Guards:
    """One guard a service, shared by all who ask it; `meter` counts for all of them."""

    def __init__(
        self, settings: Settings, state: StateDir, stop: Stop, *, moves_breakers: bool
    ) -> None:
        self.meter = Meter()
        self._settings = settings
        self._state = state
        self._stop = stop
        self._moves_breakers = moves_breakers
        self._guards: dict[Service, Guard] = {}

    def of(self, service: Service) -> Guard:
        """Return the guard whose breaker is kept between processes."""
        if service not in self._guards:
            store = BreakerFile(self._state, service, keeps=self._moves_breakers)
            self._guards[service] = self._build(service, store)
        return self._guards[service]

    def apart(self, service: Service) -> Guard:
        """Return a guard for another way to a service: its failures leave the breaker alone."""
        return self._build(service, _NewBreaker())

    def close(self) -> None:
        """Keep every breaker as it is."""
        for guard in self._guards.values():
            guard.close()

    def _build(self, service: Service, store: BreakerStore) -> Guard:
        from listing_sync.transport import deadline

        settings = self._settings
        is_google = service is Service.GOOGLE
        pace: Pace | None = Window(_GOOGLE_READS, 60) if is_google else None
        if not is_google and settings.sync_rate_limit:
            pace = TokenBucket.full(settings.sync_rate_limit)
        return Guard(
            service,
            GuardSettings(
                retries=settings.sync_retry_attempts,
                first_delay_s=settings.retry_delay_s,
                timeout_s=settings.google_timeout_s if is_google else settings.request_timeout_s,
                threshold=settings.sync_circuit_breaker_threshold,
                breaker_timeout_s=settings.breaker_timeout_s,
                growth=_GOOGLE_GROWTH if is_google else 2,
            ),
            store=store,
            bucket=pace,
            clock=SystemClock(self._stop),
            patient_clock=SystemClock(Stop()),
            bounded=deadline,
            meter=self.meter,
            on_retry=_log_retry,
            chance=Random().random,  # noqa: S311 - it guards nothing
        )


def _log_retry(retry: Retry) -> None:
    logs.event(
        "info",
        "retry",
        f"failed while {retry.what} ({english_of(retry.cause)}); try {retry.attempt + 1} of"
        f" {retry.attempts} in {retry.wait_s:g} s",
        service=str(retry.service),
        attempt=retry.attempt,
        wait_s=retry.wait_s,
    )
