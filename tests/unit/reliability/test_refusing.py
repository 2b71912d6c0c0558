"""Why a service is not asked any more is said with its cause and when it is asked again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from listing_sync.errors import Category, Service, TransientError
from listing_sync.reliability.breaker import Breaker
from listing_sync.reliability.refusing import breaker_open, retry_later

OPENED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cause", "first"),
    [
        ("no route to db.example.", "no route to db.example. It failed 5 times"),
        ("", "It failed 5 times"),
    ],
)
def test_an_open_breaker_says_what_failed_and_when_one_try_is_made(cause: str, first: str) -> None:
    breaker = Breaker(failures=5, opened_at=OPENED.timestamp(), cause=cause)
    error = breaker_open(breaker, Service.SUPABASE, 60)
    ends = datetime(2026, 3, 1, 9, 1, tzinfo=UTC).astimezone()
    assert str(error).startswith(first)
    assert f"nothing is asked of Supabase before {ends:%H:%M:%S}" in str(error)
    assert error.service is Service.SUPABASE


def test_a_wait_that_is_too_long_is_said_with_its_length() -> None:
    asked = TransientError("busy", service=Service.GOOGLE, category=Category.NETWORK, code="X")
    error = retry_later(asked, 3600)
    assert str(error) == (
        "busy; it asks to wait 3600 s, longer than a run waits (60 s): run again after that"
    )
    assert (error.category, error.code) == (Category.RATE_LIMIT, "X")
