"""Every sentence of the source has its translation, with the same placeholders."""

from __future__ import annotations

import ast
from gettext import GNUTranslations
from string import Formatter

import pytest

from listing_sync.language.catalogue import speak
from listing_sync.language.choice import Language
from listing_sync.language.sentences import phrase
from tests.messages import (
    HOUSE,
    KEYWORDS,
    TRANSLATED,
    catalogue_path,
    read_catalogue,
    sentences_of_source,
    text_of,
)
from tests.source import nodes_of


@pytest.fixture(scope="module")
def source():
    return sentences_of_source()


@pytest.fixture(params=TRANSLATED)
def language(request):
    return request.param


def texts_of(message):
    """Return the translations of a message: one, or one for each number."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def placeholders(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def said_in(message):
    """Return the sentence of a message, of two that of many, with each of its translations."""
    sentence = message.id if isinstance(message.id, str) else message.id[-1]
    return [(sentence, other) for other in texts_of(message)]


def test_each_sentence_of_the_source_is_translated(source, language):
    catalogue = read_catalogue(language)
    missing = [
        message.id
        for message in source
        if message.id
        and (
            (found := catalogue.get(message.id)) is None or found.fuzzy or not all(texts_of(found))
        )
    ]
    assert missing == [], "`make messages`, and translate them"


def test_what_is_said_is_a_literal_that_the_extraction_finds(source):
    """An f-string, or a sentence put together, would not be found."""
    given = [
        (call.args[0], f"{path.name}:{call.lineno}")
        for path in HOUSE.rglob("*.py")
        if path.parent.name != "language"
        for call in nodes_of(path)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in KEYWORDS
    ]
    missed = [
        place
        for said, place in given
        if not isinstance(said, ast.Constant) or source.get(said.value) is None
    ]
    assert missed == []


ERRORS_OF_RUNS = frozenset({
    "DamageError", "HoldError", "LockTimeoutError", "NotSetUpError", "PermanentError",
    "RefusedError", "RowError", "SlowError", "SourceError", "TooLargeError", "TransientError",
    "UnfitAnswerError", "UnsafePlanError", "permanent", "transient",
})  # fmt: skip
"""What the office reads when a run fails; settings and mapping are the installer's, in English."""


def test_an_error_of_a_run_is_said_in_the_language_of_the_office():
    bare = [
        f"{path.name}:{call.lineno}"
        for path in HOUSE.rglob("*.py")
        for call in nodes_of(path)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ERRORS_OF_RUNS
        and any(isinstance(each, ast.Constant | ast.JoinedStr) for each in call.args)
    ]
    assert bare == [], "give it phrase(...)"


SAID = frozenset({"cause", "error", "reason", "subject", "text", "why"})
"""Names of what may be a sentence in the language of the office."""


def test_a_log_quotes_sentences_in_english():
    local = [
        f"{path.name}:{value.lineno}"
        for path in HOUSE.rglob("*.py")
        for call in nodes_of(path)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "logs.event"
        for said in call.args
        if isinstance(said, ast.JoinedStr)
        for value in said.values
        if isinstance(value, ast.FormattedValue)
        and ast.unparse(value.value).rpartition(".")[2] in SAID
    ]
    assert local == [], "give it english_of(...)"


def test_no_translation_is_of_a_sentence_that_is_gone(source, language):
    catalogue = read_catalogue(language)
    assert [each.id for each in catalogue if each.id and source.get(each.id) is None] == []


def test_a_translation_has_the_placeholders_of_its_sentence(language):
    wrong = [
        (sentence, translation)
        for message in read_catalogue(language)
        if message.id
        for sentence, translation in said_in(message)
        if "{" in sentence and placeholders(sentence) != placeholders(translation)
    ]
    assert wrong == []


def test_what_is_compiled_is_what_is_written(language):
    catalogue = read_catalogue(language)
    with catalogue_path(language).with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for message in catalogue:
        if isinstance(message.id, str):
            assert not message.id or compiled.gettext(message.id) == message.string, "make messages"
        else:
            assert compiled.ngettext(message.id[0], message.id[1], 2) == texts_of(message)[-1], (
                "make messages"
            )


def test_a_catalogue_is_as_make_messages_writes_it(language):
    written = catalogue_path(language).read_text(encoding="utf-8")
    assert text_of(read_catalogue(language)) == written


def test_a_sentence_that_the_catalogue_lacks_is_said_in_english(japanese):
    assert phrase("no catalogue has this {thing}", thing="one") == "no catalogue has this one"


def test_english_reads_no_catalogue(monkeypatch):
    monkeypatch.setattr("listing_sync.language.catalogue.CATALOGUES", None)
    speak(Language.ENGLISH)
    assert phrase("a price") == "a price"
