"""Numbers as people read them."""

from __future__ import annotations

import pytest

from listing_sync.cells.wording import count, duration, left_out, listed, percent


@pytest.mark.parametrize(
    ("number", "noun", "plural", "words"),
    [
        (0, "run", None, "0 runs"),
        (1, "run", None, "1 run"),
        (1200, "listing", None, "1,200 listings"),
        (2, "retry", "retries", "2 retries"),
        (1, "retry", "retries", "1 retry"),
    ],
)
def test_a_number_and_its_noun_agree(
    number: int, noun: str, plural: str | None, words: str
) -> None:
    assert count(number, noun, plural) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0%"),
        (0.0004, "<0.1%"),
        (0.005, "0.5%"),
        (0.05, "5%"),
        (0.666, "66.6%"),
        (0.9999, ">99.9%"),
        (1, "100%"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (12, "12 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86399.9, "1 d"),
        (273600, "3 d 4 h"),
    ],
)
def test_a_time_span_has_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_names_in_a_row_are_cut_with_their_number() -> None:
    assert listed(["a", "b", "c\n"], 3) == "a, b, c\\n"
    assert listed([*"abcde"], 3) == "a, b, c and 2 more"


def test_a_column_that_the_database_fills_is_named_with_the_way_on() -> None:
    assert left_out("area").startswith("column area is filled by the database itself")
