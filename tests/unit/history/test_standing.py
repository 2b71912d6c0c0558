"""When a trouble that lasts is told: the table of history/standing.py, and its law."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.standing import Standing, Word, seen, standing_of

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTH_OF_RUNS = 30 * 24 * 12


def said(causes: Iterable[str | None], minutes: float = 5) -> list[Word | None]:
    standing: Standing | None = None
    words = []
    for number, cause in enumerate(causes):
        word, standing = seen(standing, cause, START + timedelta(minutes=minutes * number))
        if standing:
            standing = standing_of(json.loads(json.dumps(standing.to_document())))
        words.append(word)
    return words


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over() -> None:
    assert said(["down", "down", "down", None, None]) == [
        *(Word.BEGINS, None, None, Word.OVER, None),
    ]


def test_another_cause_is_told_and_one_that_was_named_is_not() -> None:
    assert said(["down", "key", "down", "key"]) == [Word.BEGINS, Word.CHANGED, None, None]


def test_numbers_and_brackets_make_no_other_cause() -> None:
    assert said(["no answer (in 3 s). Wait", "no answer (in 4 s)"]) == [Word.BEGINS, None]


def test_it_is_told_again_after_a_day() -> None:
    assert said(["down"] * 3, minutes=12 * 60) == [Word.BEGINS, None, Word.STILL]


def test_what_comes_and_goes_is_told_three_times_more_and_then_daily() -> None:
    assert said(["down", None] * 3) == [
        *(Word.BEGINS, Word.OVER, Word.BEGINS, Word.OVER, None, None),
    ]
    words = said(["down", None] * 50, minutes=30)
    assert [word for word in words[6:] if word] == [Word.STILL, Word.STILL]


def test_an_end_that_was_not_said_is_when_it_stayed_so_for_a_day() -> None:
    words = said([*["down", None] * 3, *[None] * 30], minutes=60)
    assert words[4:].count(Word.OVER) == 1


def test_causes_that_differ_each_time_are_told_three_times_more_and_then_daily() -> None:
    causes = [f"held by {chr(97 + number)}" for number in range(25)]
    assert [word for word in said(causes, minutes=60) if word] == [
        *(Word.BEGINS, Word.CHANGED, Word.CHANGED, Word.CHANGED),
    ]
    assert said(["run 0f9a3c1e-0000-4000-8000-00000000000a", f"run {uuid4()}"])[1] is None


CAUSES = st.sampled_from(["down", "no answer", "a", "b", "c", "d", None])


@pytest.mark.slow
@given(st.lists(CAUSES, min_size=1, max_size=12))
def test_a_month_of_any_trouble_is_at_most_35_mails(pattern: list[str | None]) -> None:
    causes = [pattern[number % len(pattern)] for number in range(MONTH_OF_RUNS)]
    assert sum(word is not None for word in said(causes)) <= 35


def test_a_clock_that_was_set_back_hides_nothing() -> None:
    _, standing = seen(None, "down", START)
    assert seen(standing, "down", START - timedelta(days=3))[0] is Word.STILL


def test_a_damaged_memory_is_an_empty_one() -> None:
    assert standing_of({"since": 3}) is None
