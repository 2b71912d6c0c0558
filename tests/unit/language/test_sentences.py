from __future__ import annotations

import copy

import pytest

from listing_sync.errors import Category, Service, SourceError, TransientError
from listing_sync.language import sentences
from listing_sync.language.sentences import (
    altered,
    code_of,
    english_of,
    marked,
    phrase,
    phrase_number,
)

TWINS = {"a {thing}": "{thing}です", "tea": "お茶", "cup": "湯のみ"}
_AT_IMPORT = marked("tea", code="drink")


@pytest.fixture
def twins(monkeypatch):
    """A catalogue of its own, so that no test waits for a translation."""
    monkeypatch.setattr(sentences, "translated", lambda text: TWINS.get(text, text))
    monkeypatch.setattr(sentences, "translated_number", lambda *_: "{count}個の{what}")


def test_placeholders_are_filled_after_the_lookup(twins):
    assert phrase("a {thing}", thing=12) == "12です"


def test_a_sentence_knows_its_english_through_what_it_quotes(twins):
    said = phrase("a {thing}", thing=phrase("a {thing}", thing=_AT_IMPORT))
    assert said == "お茶ですです"
    assert english_of(said) == "a a tea"


def test_a_sentence_that_quotes_an_error_can_be_copied(twins):
    error = TransientError(
        phrase("a {thing}", thing=_AT_IMPORT),
        service=Service.SUPABASE,
        category=Category.UNKNOWN,
    )
    said = copy.deepcopy(phrase("a {thing}", thing=error))
    assert (said, english_of(said)) == ("お茶ですです", "a a tea")


def test_an_error_keeps_the_sentence_it_was_raised_with(twins):
    error = SourceError(phrase("a {thing}", thing=1))
    assert (str(error), english_of(error)) == ("1です", "a 1")


def test_a_number_chooses_the_sentence(twins):
    said = [phrase_number("{count} {what}", "{count} {what}s", n, what="cup") for n in (1, 2)]
    assert said == ["1個のcup", "2個のcup"]
    assert [english_of(each) for each in said] == ["1 cup", "2 cups"]


def test_the_code_is_that_of_the_sentence_marked_or_said(twins):
    assert code_of(phrase("tea", code="other")) == "other"
    assert code_of(phrase(_AT_IMPORT)) == code_of(_AT_IMPORT) == "drink"
    assert code_of("tea") is code_of(None) is None


def test_what_is_taken_away_is_gone_in_each_language(twins):
    said = altered(
        phrase("a {thing}", code="c", thing="key"), lambda text: text.replace("key", "?")
    )
    assert (said, english_of(said), code_of(said)) == ("?です", "a ?", "c")
    assert altered("key", str.upper) == "KEY"


def test_braces_of_a_sentence_without_values_are_its_own(twins):
    assert phrase('{"a": 1}') == '{"a": 1}'
