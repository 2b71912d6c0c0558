"""When the next run comes, and whether it can be counted on."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.outlook import Outlook, outlook
from listing_sync.history.runs import Run, RunStatus
from tests.fakes import START
from tests.runs import make_run


def every_ten_minutes(count: int, status: RunStatus = RunStatus.COMPLETED) -> list[Run]:
    """Return runs, the newest at the start of the fake clock."""
    return [make_run(number, status, minutes=-10 * number) for number in range(count)]


def test_the_next_run_is_due_the_usual_distance_after_the_last() -> None:
    found = outlook(every_ten_minutes(9), START + timedelta(minutes=4))
    assert found.due == START + timedelta(minutes=10)
    assert found.missing is None


def test_a_run_that_is_a_little_late_is_due_now() -> None:
    now = START + timedelta(minutes=15)
    assert outlook(every_ten_minutes(9), now).due == now


def test_no_run_is_due_where_none_comes_any_more() -> None:
    found = outlook(every_ten_minutes(9), START + timedelta(hours=2))
    assert found.due is None
    assert "usually one comes every 10 min" in (found.missing or "")


def test_nothing_is_foreseen_from_too_few_runs() -> None:
    assert outlook([], START) == Outlook()
    assert outlook(every_ten_minutes(2), START).due is None


def test_failures_count_back_to_the_last_run_that_did_not_fail() -> None:
    runs = [*every_ten_minutes(3, RunStatus.FAILED), make_run(9, minutes=-60)]
    found = outlook(runs, START)
    assert (found.failures, found.failing_since) == (3, START - timedelta(minutes=20))


@given(st.integers(0, 600))
def test_a_run_of_the_future_lets_none_be_due_later_than_the_usual_distance(ahead_min) -> None:
    now = START - timedelta(minutes=ahead_min)
    due = outlook(every_ten_minutes(9), now).due
    assert due is not None
    assert now <= due <= now + timedelta(minutes=10)
