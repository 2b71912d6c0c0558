"""Guesses at which texts a database may take for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.changes.likeness import alike, close_likeness, guesses, likeness, paired


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AA1", "aa1"),
        ("AA1", "AA1   "),
        ("AA1", " AA1"),
        ("7", "007"),
        ("7", "7.00"),
        ("AA7", "AA007"),
        ("A-1", "a1"),
        ("é1", "E1"),
        ("カ1", "か1"),
        ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"),
    ],
)
def test_spellings_that_some_key_takes_for_one_are_alike(one: str, other: str) -> None:
    assert likeness(one) == likeness(other)


@pytest.mark.parametrize("pair", [("AA1", "AA10"), ("7", "70"), ("7.0", "70"), ("-", "--")])
def test_different_numbers_are_not_alike(pair: tuple[str, str]) -> None:
    one, other = pair
    assert likeness(one) != likeness(other)


@given(st.text(max_size=8))
def test_every_text_has_a_likeness_that_its_close_spellings_share(text: str) -> None:
    assert likeness(text) == likeness(text)
    assert close_likeness(text) == close_likeness(f" {text} ".casefold())


def test_the_closest_spelling_is_guessed_and_none_where_two_are_as_close() -> None:
    assert guesses(["aa1", "A-2", "b1"], ["AA1", "A-A1", "a2", "B1", "b1 "]) == {
        "aa1": "AA1",
        "A-2": "a2",
    }
    assert alike(["7", "8", "07"], str) == [["7", "07"]]


def test_answers_are_paired_by_their_spelling_then_by_their_order() -> None:
    assert paired(["A1", "A2"], ["A2", "A1"]) == {"A1": "A1", "A2": "A2"}
    assert paired(["a1", "A2", "b1"], ["A1", "A2", "B1"]) == {"a1": "A1", "A2": "A2", "b1": "B1"}
    assert paired(["a1", "A2"], ["A2"]) == {"A2": "A2"}
