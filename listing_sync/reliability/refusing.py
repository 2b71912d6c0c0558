"""Say why a service is not asked any more, and when it is again."""

from __future__ import annotations

from datetime import UTC, datetime

from listing_sync.errors import (
    BreakerOpenError,
    Category,
    RetryLaterError,
    Service,
    TransientError,
)
from listing_sync.language.sentences import altered, phrase
from listing_sync.reliability.breaker import Breaker

LONGEST_RETRY_AFTER_S = 60.0


def breaker_open(breaker: Breaker, service: Service, timeout_s: float) -> BreakerOpenError:
    """Return what to say while the breaker is open, for `timeout_s` seconds in all."""
    ends = datetime.fromtimestamp((breaker.opened_at or 0.0) + timeout_s, tz=UTC)
    told = phrase(
        "It failed {count} times in a row: nothing is asked of {service} before {ends:%H:%M:%S},"
        " then one try is let through; `listing-sync health` tries at once and says what is wrong",
        count=breaker.failures,
        service=service.title(),
        ends=ends.astimezone(),
    )
    if breaker.cause:
        cause = altered(breaker.cause, lambda text: text.rstrip("."))
        told = phrase("{cause}. {what}", cause=cause, what=told)
    return BreakerOpenError(told, service=service)


def retry_later(error: TransientError, asked_s: float) -> RetryLaterError:
    """Return what to say where a service asks for a wait of more seconds than a run waits."""
    return RetryLaterError(
        phrase(
            "{failure}; it asks to wait {asked_s:.0f} s, longer than a run waits ({longest_s:.0f}"
            " s): run again after that",
            failure=error,
            asked_s=asked_s,
            longest_s=LONGEST_RETRY_AFTER_S,
        ),
        service=error.service,
        category=Category.RATE_LIMIT,
        http_status=error.http_status,
        code=error.code,
    )
