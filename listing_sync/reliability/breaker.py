"""Decide whether the next try may be made, from how the earlier ones ended.

| state     | what happens                         | next state                        |
| --------- | ------------------------------------ | --------------------------------- |
| closed    | a counted try fails, below threshold | closed, one more failure in a row |
| closed    | a counted try fails, at threshold    | open                              |
| closed    | any answer                           | closed, no failure                |
| open      | the timeout has passed               | half-open                         |
| half-open | a try begins                         | half-open, probing                |
| probing   | its probe is answered                | closed, no failure                |
| probing   | its probe fails                      | open, from now                    |
| probing   | its probe ends otherwise             | half-open                         |
| open      | a try begun earlier ends             | open                              |

Theory: many tries may be in flight when a service goes down, and all of them fail for the one
reason, so they are one failure. A try therefore carries the number of failures counted when it
began, and its own failure counts only if that number is still the same: then it began after the
last counted failure. Half-open is not stored: an open breaker whose timeout has passed is
half-open, so a process that dies while probing leaves nothing to repair. Times are seconds of the
wall clock, because the next process reads them; the order of tries needs no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from math import isfinite

from listing_sync.lazy_dataclasses import dataclass


class BreakerState(StrEnum):
    """As circuitBreakerState shows it (docs/contract.md section 4)."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When a breaker opens, and for how long."""

    threshold: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Try:
    """One try as the breaker saw it begin."""

    counted_before: int
    is_probe: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """The breaker of one service; every change gives a new one. `opened_at` None: closed.

    `cause` is what people are told of the last failure, in this process or another one.
    """

    failures: int = 0
    opened_at: float | None = None
    counted: int = 0
    probing: bool = False
    cause: str = field(default="", compare=False)

    def state(self, limits: BreakerLimits, now: float) -> BreakerState:
        """Return the state at `now`."""
        if self.opened_at is None:
            return BreakerState.CLOSED
        passed = now >= self.opened_at + limits.timeout_s
        return BreakerState.HALF_OPEN if passed else BreakerState.OPEN

    def begin(self, limits: BreakerLimits, now: float) -> tuple[Breaker, Try]:
        """Let a try begin; the caller has seen that the breaker is not open and not probing."""
        is_probe = self.state(limits, now) is BreakerState.HALF_OPEN
        return replace(self, probing=self.probing or is_probe), Try(self.counted, is_probe)

    def bypass(self) -> Try:
        """Return a try that begins whatever the state, and is never the probe."""
        return Try(self.counted, is_probe=False)

    def answered(self, tried: Try) -> Breaker:
        """Take note that the service answered, be it with a refusal."""
        if self.opened_at is not None and not tried.is_probe:
            return self
        return replace(self, failures=0, opened_at=None, probing=False)

    def failed(self, tried: Try, limits: BreakerLimits, now: float) -> Breaker:
        """Take note of a failure of the moment."""
        if tried.is_probe:
            return replace(self, opened_at=now, counted=self.counted + 1, probing=False)
        if self.opened_at is not None or tried.counted_before != self.counted:
            return self
        failures = self.failures + 1
        opened_at = now if failures >= limits.threshold else None
        return replace(self, failures=failures, opened_at=opened_at, counted=self.counted + 1)

    def abandoned(self, tried: Try) -> Breaker:
        """Take note that a try ended without telling anything about the service."""
        return replace(self, probing=False) if tried.is_probe else self

    def to_stored(self) -> dict[str, object]:
        """Return what the next process must know."""
        stored: dict[str, object] = {"failures": self.failures, "opened_at": self.opened_at}
        return stored | ({"cause": self.cause} if self.cause and self.opened_at else {})

    @classmethod
    def from_stored(cls, stored: Mapping[str, object], now: float) -> Breaker:
        """Return the breaker that a process left; a time in the future counts as `now`.

        Raises:
            ValueError: this is not what `to_stored` gives.
        """
        failures, opened_at = stored.get("failures"), stored.get("opened_at")
        if not isinstance(failures, int) or failures < 0:
            raise ValueError(f"failures is {failures!r}")
        if opened_at is not None:
            if not isinstance(opened_at, int | float) or not isfinite(opened_at):
                raise ValueError(f"opened_at is {opened_at!r}")
            opened_at = min(float(opened_at), now)
        return cls(failures=failures, opened_at=opened_at, cause=str(stored.get("cause", "")))
