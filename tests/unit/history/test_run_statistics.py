"""Laws and examples of history/run_statistics.py."""

from __future__ import annotations

from datetime import UTC, date, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.run_statistics import (
    Latencies,
    daily,
    duration_s,
    full_runs,
    last_good,
    statistics,
)
from listing_sync.history.runs import Run, RunStats, RunStatus, RunType
from tests.fakes import START
from tests.runs import make_run, run_id

NOW = START + timedelta(hours=1)


def test_error_rate_is_failed_of_the_listings_in_hand_of_the_full_runs_of_the_last_day() -> None:
    runs = [
        make_run(1, stats=RunStats(total=1000, unchanged=995, failed=5)),
        make_run(2, RunStatus.FAILED, stats=RunStats(total=1000, failed=45, skipped=955)),
        make_run(3, RunStatus.FAILED, minutes=-24 * 60),
        make_run(4, RunStatus.FAILED, run_type=RunType.SELECTIVE),
        make_run(5, RunStatus.IN_PROGRESS, stats=RunStats(total=9, failed=9)),
    ]
    assert statistics(runs, NOW).error_rate == 50 / (2000 - 955)


def test_no_run_has_no_error_and_no_average() -> None:
    nothing = statistics((), NOW)
    assert nothing.error_rate == 0
    assert (nothing.average_duration_s, nothing.throughput, nothing.latencies) == (None, None, None)


def test_average_duration_is_over_all_full_runs_throughput_over_the_good_ones() -> None:
    runs = [make_run(1, took_s=30), make_run(2, RunStatus.FAILED, took_s=10)]
    found = statistics(runs, NOW)
    assert (found.runs, found.good_runs) == (2, 1)
    assert found.average_duration_s == 20
    assert found.throughput == pytest.approx(10 / 30)


def test_a_clock_set_back_meanwhile_makes_no_negative_duration() -> None:
    assert duration_s(make_run(took_s=-5)) == 0


def test_waits_and_retries_add_up_and_absent_metrics_count_as_nothing() -> None:
    runs = [
        make_run(1, metrics={"requests": 3, "retries": 1, "rate_limit_wait_s": 0.5}),
        make_run(2, metrics={"requests": 4, "retry_wait_s": 2, "retries": "many"}),
        make_run(3),
    ]
    found = statistics(runs, NOW)
    assert (found.requests, found.retries) == (7, 1)
    assert (found.rate_limit_wait_s, found.retry_wait_s) == (0.5, 2)


def test_latencies_are_weighted_by_requests() -> None:
    def measured(number: int, requests: int, seconds: float) -> Run:
        latencies = {f"latency_p{percent}_s": seconds for percent in (50, 95, 99)}
        return make_run(number, metrics={"requests": requests, **latencies})

    runs = [measured(1, 3, 1.0), measured(2, 1, 5.0), make_run(3, metrics={"requests": 0})]
    assert statistics(runs, NOW).latencies == Latencies(2.0, 2.0, 2.0)


def test_runs_known_twice_count_once_and_the_later_word_holds() -> None:
    recorded, in_journal = make_run(1, RunStatus.FAILED), make_run(1)
    assert full_runs([recorded, in_journal]) == (in_journal,)


def test_last_good_run_is_the_newest_full_one_that_completed_be_it_in_part() -> None:
    runs = [
        make_run(1, minutes=1),
        make_run(2, RunStatus.PARTIAL, minutes=2),
        make_run(3, RunStatus.FAILED, minutes=3),
        make_run(4, minutes=4, run_type=RunType.SELECTIVE),
    ]
    found = last_good(runs)
    assert found is not None
    assert found.run_id == run_id(2)
    assert last_good(runs[2:]) is None


def test_days_are_those_of_the_calendar_of_the_zone_and_include_empty_ones() -> None:
    tokyo = timezone(timedelta(hours=9))
    runs = [make_run(1), make_run(2, minutes=-10 * 60), make_run(3, minutes=-30 * 24 * 60)]
    days = daily(runs, NOW, tokyo, days=3)
    assert [(day.date, day.statistics.runs) for day in days] == [
        (date(2026, 2, 27), 0),
        (date(2026, 2, 28), 0),
        (date(2026, 3, 1), 2),
    ]
    assert [day.statistics.runs for day in daily(runs, NOW, UTC, days=2)] == [1, 1]


def test_a_run_that_took_nothing_is_not_good() -> None:
    rejected = make_run(2, RunStatus.PARTIAL, minutes=2, stats=RunStats(total=9, failed=9))
    empty = make_run(3, minutes=1, stats=RunStats(total=9, skipped=9))
    assert last_good([rejected, empty, make_run(1)]) == empty
    assert last_good([rejected]) is None


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 20000))))
def test_error_rate_is_a_share_and_days_add_up_to_the_week(
    counts: list[tuple[int, int, int]],
) -> None:
    runs = [
        make_run(
            number,
            minutes=-ago,
            stats=RunStats(total=good + bad, unchanged=good, failed=bad),
        )
        for number, (good, bad, ago) in enumerate(counts)
    ]
    assert 0 <= statistics(runs, NOW).error_rate <= 1
    recent = [run for run in runs if (NOW.date() - run.started_at.date()).days < 7]
    days = daily(runs, NOW, UTC)
    assert len(days) == 7
    assert sum(day.statistics.total for day in days) == sum(run.stats.total for run in recent)


def test_a_run_that_has_not_ended_took_no_time_yet() -> None:
    assert duration_s(make_run(1, RunStatus.IN_PROGRESS)) == 0
    assert duration_s(make_run(1, took_s=-60)) == 0
    assert duration_s(make_run(1, took_s=90)) == 90
