"""Names that were probably meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.near import is_one_sign_off, likely_meant, near_matches

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


SHEET = ("AA00031", "AA00032", "AA00034", "AA00123", "AB00032", "AA00132", "AA00302")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ＡＡ０００３２", "AA00032"),
        ("aa 00032", "AA00032"),
        ("AA-00032", "AA00032"),
        ("AAO0032", "AA00032"),
        ("AA0OO32", "AA00032"),
        ("AA000I23", "AA000123"),
        ("AA0032", "AA00032"),
        ("AA000032", "AA00032"),
        ("AA00213", "AA00123"),
        ("XA00123", "AA00123"),
    ],
    ids=["width", "case and space", "dash", "O", "two O", "I", "missing", "double", "swapped", "X"],
)
def test_what_was_meant_by_a_slip_of_the_keys_comes_first(typed: str, meant: str) -> None:
    assert likely_meant(typed, [*SHEET, "AA000123"])[0] == meant


@pytest.mark.parametrize("number", ["AA00033", "AA00035", "AA00042", "AA00932"])
def test_another_digit_is_another_number(number: str) -> None:
    assert likely_meant(number, ["AA00032", "AA00034"]) == ()


def test_a_slip_that_many_explain_says_nothing() -> None:
    assert likely_meant("AA123", [f"AA123{digit}" for digit in "0124567"]) == ()


@given(st.from_regex(r"[A-Z]{2}[0-9]{5}", fullmatch=True), st.integers(0, 99999))
def test_no_number_of_the_same_letters_and_length_is_meant_but_a_swapped_one(
    number: str, other: int
) -> None:
    candidate = f"{number[:2]}{other:05}"
    meant = likely_meant(number, [candidate])
    assert meant in {(), (candidate,)}
    if meant and candidate != number:
        assert sorted(candidate) == sorted(number)


@given(st.text(max_size=12), st.lists(st.text(max_size=12)))
def test_what_is_meant_is_a_candidate_whatever_the_texts(
    number: str, candidates: list[str]
) -> None:
    meant = likely_meant(number, candidates)
    assert len(meant) <= 3
    assert set(meant) <= set(candidates)


def test_numbers_of_copied_rows_are_one_sign_off() -> None:
    assert is_one_sign_off("AA00032", "AA00033")
    assert not is_one_sign_off("AA00032", "AA00032")
    assert not is_one_sign_off("AA00032", "AA00043")
