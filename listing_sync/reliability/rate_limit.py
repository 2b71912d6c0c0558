"""Token bucket: the time of a request in, how long it must wait out."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
