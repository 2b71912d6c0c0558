"""The usual distance of runs, and when one is missing."""

from __future__ import annotations

from datetime import timedelta

from listing_sync.history.rhythm import GONE, LATE, missing, usual_distance_s
from listing_sync.history.runs import Run
from tests.fakes import START
from tests.runs import make_run

EVERY_FIVE = [make_run(number, minutes=5 * number) for number in range(10)]


def late(minutes: float, runs: list[Run] = EVERY_FIVE) -> int | None:
    found = missing(runs, runs[-1].started_at + timedelta(minutes=minutes))
    return found and found[0]


def test_the_usual_distance_is_learned_from_five_runs_on() -> None:
    assert usual_distance_s(EVERY_FIVE) == 300
    assert usual_distance_s(EVERY_FIVE[:4]) is None


def test_a_run_is_missing_when_it_is_three_times_late_and_none_comes_at_ten() -> None:
    assert [late(minutes) for minutes in (14, 16, 49, 51)] == [None, LATE, LATE, GONE]


def test_a_pause_that_was_seen_is_usual() -> None:
    next_day = [make_run(100 + n, minutes=12 * 60 + 5 * n) for n in range(5)]
    assert late(12 * 60, EVERY_FIVE + next_day) is None
    assert late(16 * 60, EVERY_FIVE + next_day) == GONE


def test_a_run_of_the_future_counts_as_now() -> None:
    assert missing(EVERY_FIVE, START - timedelta(days=1)) is None
