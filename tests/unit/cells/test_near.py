"""Names that were probably meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.near import near_matches

NUMBERS = ("AA12345", "AA12346", "BB99999", "AA12345-1")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("AA-12345", "AA12345"),
        ("ａａ１２３４５", "AA12345"),
        ("aa 12345 1", "AA12345-1"),
        ("BB99998", "BB99999"),
    ],
)
def test_the_best_match_comes_first(name: str, first: str) -> None:
    assert near_matches(name, NUMBERS)[0] == first


def test_of_equally_near_ones_those_that_begin_alike_come_first() -> None:
    assert near_matches("AA12x45", ["AA10245", "AA12345"], limit=1) == ("AA12345",)


def test_nothing_is_near_to_something_else() -> None:
    assert near_matches("sales", NUMBERS) == ()


def test_there_are_at_most_as_many_as_asked_for_and_none_twice() -> None:
    assert near_matches("AA12345", NUMBERS * 2, limit=2) == ("AA12345", "AA12345-1")


@given(st.text(), st.lists(st.text()))
def test_matches_are_candidates_whatever_the_texts(name: str, candidates: list[str]) -> None:
    matches = near_matches(name, candidates)
    assert len(matches) <= 3
    assert set(matches) <= set(candidates)
