"""Make sentences for people in their language, each of which still knows its English.

A sentence is a text like any other where it is shown or stored; logs take its English, and what
compares sentences of two runs its code. What it quotes may be a sentence too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Self

from listing_sync.language.catalogue import translated, translated_number


class Marked(str):
    """A sentence in English that is looked up where it is said: for what is made at import."""

    __slots__ = ("code",)
    code: str | None

    def __str__(self) -> str:
        """Return itself: an error's text stays the sentence that it is."""
        return self


class Said(str):
    """A sentence in the language of the office."""

    __slots__ = ("_template", "_values", "code")
    code: str | None
    _template: str
    _values: Mapping[str, object]

    @classmethod
    def of(
        cls, local: str, english: str, values: Mapping[str, object], code: str | None = None
    ) -> Self:
        """Return the sentence of two templates, in the local language and in English.

        Of an error that it quotes it keeps what it says: sentences are stored, errors are not.
        """
        values = {
            name: str(value) if isinstance(value, BaseException) else value
            for name, value in values.items()
        }
        said = cls(_filled(local, {name: _local(value) for name, value in values.items()}))
        said._template, said._values, said.code = english, values, code
        return said

    @property
    def parts(self) -> tuple[str, Mapping[str, object]] | None:
        """Return the sentence in English with its placeholders, and what fills them, if known."""
        return self._template, self._values

    @property
    def english(self) -> str:
        """Return the sentence in English."""
        values = {name: english_of(value) for name, value in self._values.items()}
        return _filled(self._template, values)

    def __str__(self) -> str:
        """Return itself: an error's text stays the sentence that it is."""
        return self


class _Altered(Said):
    """A sentence of which some was taken away, in each language."""

    __slots__ = ("_english",)
    _english: str

    @property
    def parts(self) -> None:
        return None

    @property
    def english(self) -> str:
        return self._english


def phrase(sentence: str, /, *, code: str | None = None, **values: object) -> Said:
    """Return a sentence in the language of the office, its {placeholders} filled after lookup.

    `code` names it in every language; without one it has that of the marked sentence it is.
    """
    if code is None and isinstance(sentence, Marked):
        code = sentence.code
    return Said.of(translated(sentence), sentence, values, code)


def phrase_number(
    one: str, many: str, /, count: int, *, code: str | None = None, **values: object
) -> Said:
    """Return the one of two sentences that fits a number, which fills {count}."""
    local = translated_number(one, many, count)
    return Said.of(local, one if count == 1 else many, {"count": count, **values}, code)


def joined(separator: str, sentences: Sequence[str]) -> str:
    """Return sentences that stand beside each other, apart by a sign such as "; "."""
    if len(sentences) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(sentences) if not sentences else sentences[0]
    head, *rest = sentences
    for each in rest:
        head = Said.of("{a}{sign}{b}", "{a}{sign}{b}", {"a": head, "sign": separator, "b": each})
    return head


def marked(sentence: str, /, *, code: str | None = None) -> Marked:
    """Mark a sentence that is made at import, before the language is known, to be said later."""
    text = Marked(sentence)
    text.code = code
    return text


def spoken(text: str, /, **values: object) -> str:
    """Return a text as it is said: one that was marked is looked up and filled, others stay."""
    if not isinstance(text, Marked):
        return text
    return Said.of(translated(text), text, values, text.code)


def english_of(value: object) -> object:
    """Return a sentence in English, and anything else as it is."""
    if isinstance(value, BaseException):
        value = str(value)
    return value.english if isinstance(value, Said) else value


def code_of(text: str | None) -> str | None:
    """Return the code of a sentence, None where it has none."""
    return text.code if isinstance(text, Said | Marked) else None


def altered(text: str, change: Callable[[str], str]) -> str:
    """Return a text after a change, such as secrets taken out; a sentence in each language."""
    if not isinstance(text, Said):
        return change(text)
    sentence = _Altered(change(text))
    sentence._english, sentence.code = change(text.english), text.code  # noqa: SLF001 - just made
    return sentence


def _filled(template: str, values: Mapping[str, object]) -> str:
    return template.format(**values) if values else template


def _local(value: object) -> object:
    return translated(value) if isinstance(value, Marked) else value
