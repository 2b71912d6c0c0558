"""Patterns of a mapping: which are refused, and what the others cost at most."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.patterns import PatternError, compiled_pattern, fits, longest_tried
from tests.bounded import run_bounded

AMBIGUOUS = [
    *("(a+)+", "(a|a)*", "(a*)*b", r"(\d+,?)+", "(a|ab|b)*c", "(x+x+)+y", "(.*)*x"),
    *(r"(\s*\w+\s*)+", "((ab){1,10}){1,10}", "(a{1,10}){1,10}", "(a?){30}a{30}"),
    *("(?:(?:a?|b?)c)*d", "(?=(a+)+b)a", r"(?u)(\w+)+", "(?i)([a-z]|[A-Z])*"),
    *("(?:[ぁ-ん]|[い-う])*", r"(a|\x61)*", r"(a|\N{LATIN SMALL LETTER A})*", "(?x) ( a + ) + # b"),
    *(r"(?s)(?:.|\n)*x", r"(a|(?P<q>b)(?P=q))*(?#)", "(?-i:a|a)*", "(?:a|[^b])*"),
]
PLAIN = [
    *("^[A-Z]{2}[0-9]+(-[0-9]+)?$", r"https?://([a-z0-9-]+\.)+[a-z]{2,}(/.*)?", r"(\w+\s)*\w+"),
    *(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", "[0-9]+(,[0-9]+)*", r"(\d{1,3})(,\d{3})*(\.\d+)?"),
    *(".*東京.*区.*", r"(JR|東急|小田急)線?.*駅.*徒歩\d+分", r"[1-9][0-9]*(LDK|DK|K|R)(\+S)?"),
    *(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}", "((ab)+c)*", "(?x) a  b # c\n | d"),
    *(
        r"(?P<q>[\"']).*?(?P=q)",
        "[]a]+[^]b]+",
        r"\s*.*\s*",
        "a{,3}b{2,}",
        "x{",
        "(?i:ab)+c{0}",
        r"(a|b)\1c",
    ),
    *("(?:[A-Z]{1,5}[0-9]{1,5}){1,10}", r"(?:.|\n)*x", "(?:a|b|c)*", r"(?m)^a\Z", "(a)?(?(1)b|c)"),
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_pattern_that_one_text_goes_through_in_many_ways_is_refused(text: str) -> None:
    re.compile(text)
    with pytest.raises(PatternError, match="in many ways"):
        compiled_pattern(text)


@pytest.mark.parametrize("text", PLAIN)
def test_a_usual_pattern_is_taken(text: str) -> None:
    assert compiled_pattern(text).pattern == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".*.*.*.*", "behind each other"),
        ("(", "not a regular expression"),
        ("(" * 400 + ")" * 400, "too deeply nested"),
        ("a{99999999999}", "too large"),
        ("(?:" + "|".join(["[^a]?b"] * 140) + ")*", "too large"),
        ("a" * 1_001, "at most 1000"),
    ],
    ids=["cubic", "syntax", "deep", "rounds", "steps", "long"],
)
def test_a_pattern_is_refused_saying_why(text: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        compiled_pattern(text)


def test_what_is_searched_for_may_have_one_repeat_less() -> None:
    compiled_pattern(".*.*.*")
    with pytest.raises(PatternError, match="in ignore 2"):
        compiled_pattern(".*.*.*", is_searched=True)


def test_patterns_are_ascii_unless_they_say_otherwise() -> None:
    assert not compiled_pattern(r"\d+").fullmatch("١٢")
    assert compiled_pattern(r"(?u)\d+").fullmatch("١٢")


def test_the_text_tried_is_shorter_where_each_character_costs_more() -> None:
    assert longest_tried(compiled_pattern("a*b*")) == 1_000
    assert longest_tried(compiled_pattern(".*.*.*")) == 200


@pytest.mark.parametrize(
    "text",
    [
        "a?" * 30,
        "a{0,4}" * 9,
        "(?:a|a)" * 30,
        ".?" * 30 + "x",
        "(?:a?b?){4}" * 6,
        "(?=" + "a?" * 30 + ")a",
    ],
)
def test_what_may_be_left_out_too_often_is_refused(text: str) -> None:
    with pytest.raises(PatternError, match="left out"):
        compiled_pattern(text + "!")


@pytest.mark.parametrize(
    "text",
    [
        r"\d{1,4}-?\d{1,4}-?\d{3,4}",
        r"(\+81|0)?-?\d{1,4}-?\d{1,4}-?\d{4}",
        r"[A-Z]?[0-9]?[A-Z]?[0-9]?-?[A-Z]?",
        r"(?:\d{1,4}-?){1,3}",
        "徒歩?約?[0-9]{1,2}分?(以内)?",
        "(東京都)?.*区.*",
    ],
)
def test_what_may_be_left_out_here_and_there_is_taken_whole(text: str) -> None:
    assert longest_tried(compiled_pattern(text)) == 1_000


def test_what_is_searched_for_is_tried_on_shorter_texts() -> None:
    pattern = compiled_pattern(".*.*x", is_searched=True)
    assert longest_tried(pattern) == 1_000
    assert longest_tried(pattern, is_searched=True) < 200


def test_a_text_too_long_to_be_tried_does_not_fit() -> None:
    pattern = compiled_pattern("a*")
    assert fits(pattern, "a" * 1_000)
    assert not fits(pattern, "a" * 1_001)
    assert not fits(pattern, "b")


_ATOMS = st.sampled_from(["a", "b", "[ab]", "(?:ab)", "(?:a|b)"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("*+?")).map(lambda each: f"(?:{each[0]}){each[1]}"),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda each: f"(?:{each[0]}|{each[1]})"),
    ),
    max_leaves=6,
)


@given(_PATTERNS, st.sampled_from(["a", "b", "ab", "ba", "aab"]))
def test_what_is_taken_never_takes_long(text: str, round_: str) -> None:
    try:
        pattern = compiled_pattern(text)
    except PatternError:
        return
    whole = round_ * (longest_tried(pattern) // len(round_))
    pattern.fullmatch(whole[:-1] + "!")


_COSTLY = """
import sys
from listing_sync.cells.patterns import compiled_pattern, longest_tried
for text in sys.argv[1:]:
    pattern = compiled_pattern(text)
    for sign in "a0. 東-":
        pattern.fullmatch(sign * (longest_tried(pattern) - 2) + "\\n!")
"""


def test_the_costliest_texts_of_taken_patterns_cost_little() -> None:
    ended = run_bounded("-c", _COSTLY, *PLAIN, ".*.*.*", seconds=8)
    assert ended.status == 0, ended
