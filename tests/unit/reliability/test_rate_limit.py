from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.reliability.rate_limit import TokenBucket, Window


def times_let_through(rate: int, asked_at: list[float]) -> list[float]:
    bucket = TokenBucket.full(rate)
    served = []
    for now in asked_at:
        bucket, wait_s = bucket.reserve(now)
        served.append(now + wait_s)
    return served


def test_a_full_bucket_lets_its_size_through_at_once_and_then_paces():
    assert times_let_through(10, [5.0] * 13) == pytest.approx([5.0] * 10 + [5.1, 5.2, 5.3])


def test_a_rate_of_zero_is_no_limit():
    assert times_let_through(0, [0.0] * 1000) == [0.0] * 1000


def test_a_token_given_back_serves_the_next():
    bucket = TokenBucket.full(1)
    bucket, _ = bucket.reserve(0.0)
    bucket, wait_s = bucket.reserve(0.0)
    assert wait_s == 1.0
    _, wait_s = bucket.give_back().reserve(0.0)
    assert wait_s == 1.0


@given(
    rate=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=120),
)
def test_no_window_sees_more_than_rate_times_its_length_and_the_size(rate, gaps):
    asked_at = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    served = times_let_through(rate, asked_at)
    assert served == sorted(served), "first come, first served"
    for first in range(len(served)):
        for last in range(first, len(served)):
            window_s = served[last] - served[first]
            assert last - first + 1 <= rate + rate * window_s + 1e-6


@given(rate=st.integers(1, 50), count=st.integers(1, 200))
def test_a_crowd_is_served_as_fast_as_the_rate_allows(rate, count):
    served = times_let_through(rate, [0.0] * count)
    assert served[-1] == pytest.approx(max(0, count - rate) / rate)


@given(
    size=st.integers(1, 9),
    gaps=st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=60),
)
def test_no_minute_sees_more_than_a_window_allows(size, gaps):
    window, now, served = Window(size, 60.0), 0.0, []
    for gap in gaps:
        now += gap
        window, wait_s = window.reserve(now)
        served.append(now + wait_s)
    assert served == sorted(served)
    for first, last in zip(served, served[size:], strict=False):
        assert last - first >= 60.0 - 1e-6


def test_a_window_lets_all_its_places_through_at_once():
    window = Window(2, 60.0)
    window, first_s = window.reserve(5.0)
    window, second_s = window.reserve(6.0)
    window, third_s = window.reserve(7.0)
    assert (first_s, second_s, third_s) == (0.0, 0.0, 58.0)
    _, again_s = window.give_back().reserve(8.0)
    assert again_s == 57.0
