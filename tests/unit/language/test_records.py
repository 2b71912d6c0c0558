from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import Problem
from listing_sync.language.catalogue import speak
from listing_sync.language.choice import Language
from listing_sync.language.records import recalled, record_of
from listing_sync.language.sentences import altered, code_of, english_of, marked, phrase


def said():
    reason = marked("not one of the choices", code="not_a_choice")
    return str(Problem(reason, phrase("one of {choices}", choices="マンション, 土地")))


def test_what_one_run_said_is_said_again_in_another_language(japanese):
    before = said()
    assert before == "選択肢にない値です。正しい入力：マンション, 土地のいずれか"
    speak(Language.ENGLISH)
    again = recalled(record_of(before), "not_a_choice")
    assert again == "not one of the choices; expected one of マンション, 土地"
    assert code_of(again) == "not_a_choice"


@given(st.lists(st.text() | st.integers() | st.decimals(allow_nan=False), max_size=3))
def test_a_record_says_the_same_as_the_sentence(values):
    text = phrase("a {b}", b=phrase("{c} {d}", c=values, d=marked("e")))
    assert recalled(record_of(text), None) == text == english_of(text)


def test_numbers_keep_what_their_form_needs():
    text = phrase("U+{number:04X} {many:,}", number=0x3042, many=12345)
    assert recalled(record_of(text), None) == "U+3042 12,345"
    assert recalled(record_of(phrase("{a}", a=Decimal("1.50"))), None) == "1.50"


def test_an_error_that_is_quoted_is_kept_as_its_sentence():
    text = phrase("not written: {why}", why=ValueError(phrase("not a number")))
    assert record_of(text) == ["not written: {why}", {"why": ["not a number", {}]}]


@pytest.mark.parametrize(
    "record",
    [
        None,
        "a",
        ["{a.__class__}", {"a": "b"}],
        ["{a:>99999999}", {"a": "b"}],
        ["{a[0]}", {"a": "b"}],
        ["{a}", {"b": "c"}],
        ["{a:d}", {"a": "b"}],
        ["{a}", ["a"]],
        [1, {}],
    ],
    ids=str,
)
def test_what_somebody_else_wrote_into_a_record_is_no_sentence(record):
    assert recalled(record, None) is None


def test_a_text_that_is_no_sentence_or_lost_a_secret_has_no_record():
    assert record_of("not a number") is None
    assert (
        record_of(altered(phrase("a {b}", b="key"), lambda text: text.replace("key", "?"))) is None
    )
