"""Decide how long a request must wait for its turn: token bucket and window."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from listing_sync.lazy_dataclasses import dataclass


class Pace(Protocol):
    """What a guard keeps to; every change gives a new one."""

    def reserve(self, now: float) -> tuple[Pace, float]:
        """Take the next place; return the pace after it and the seconds until it is there."""

    def give_back(self) -> Pace:
        """Return the pace with the place that was reserved last not used."""


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """At most `rate` requests a second and `rate` at once; full at first; 0 is no limit.

    Tokens may be negative: who comes first is served first, each waits for the token promised.
    In any window of s seconds no more than `rate` * s + `rate` requests are let through.
    """

    rate: int
    tokens: float
    filled_at: float

    @classmethod
    def full(cls, rate: int) -> TokenBucket:
        """Return a bucket that holds all its tokens."""
        return cls(rate=rate, tokens=rate, filled_at=0.0)

    def reserve(self, now: float) -> tuple[TokenBucket, float]:
        """Take the next token; return the bucket after it and the seconds until it is there."""
        if self.rate == 0:
            return self, 0.0
        grown = self.tokens + max(0.0, now - self.filled_at) * self.rate
        tokens = min(grown, self.rate) - 1.0
        bucket = replace(self, tokens=tokens, filled_at=max(now, self.filled_at))
        return bucket, max(0.0, -tokens / self.rate)

    def give_back(self) -> TokenBucket:
        """Return the bucket with a token that was reserved and not used."""
        return self if self.rate == 0 else replace(self, tokens=self.tokens + 1.0)


@dataclass(frozen=True, slots=True)
class Window:
    """At most `size` requests in any `span_s` seconds, as many at once as that leaves.

    A quota that is filled again each minute allows a burst, which no bucket of its mean rate would.
    """

    size: int
    span_s: float
    taken: tuple[float, ...] = ()

    def reserve(self, now: float) -> tuple[Window, float]:
        """Take the next place; return the window after it and the seconds until it is there."""
        due = now
        if len(self.taken) >= self.size:
            due = max(now, self.taken[-self.size] + self.span_s)
        # Twice as many are kept as count: some may be given back.
        return replace(self, taken=(*self.taken, due)[-2 * self.size :]), due - now

    def give_back(self) -> Window:
        """Return the window with the place that was reserved last not used."""
        return replace(self, taken=self.taken[:-1])
