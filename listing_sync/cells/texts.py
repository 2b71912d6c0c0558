"""Read the cells of text, url and boolean columns."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Final
from urllib.parse import urlsplit

from listing_sync.cells.amounts import number_from_value
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Problem, ReadShown, ReadText, ReadValue, Stored, Value
from listing_sync.cells.patterns import longest_tried
from listing_sync.cells.spelling import half_width, normalise
from listing_sync.cells.wording import is_hidden
from listing_sync.language.sentences import phrase

_BOOLEANS: Final = dict.fromkeys(("true", "yes", "はい", "1", "○", "◯", "〇"), True) | (
    dict.fromkeys(("false", "no", "いいえ", "0", "×", "✕", "✖"), False)
)
_PLAIN_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?:/[!#-;=?-\[\]-~]*)?")
"""Addresses that need no taking apart: nearly all."""
_UNESCAPED: Final = frozenset('"<>\\')
"""What a page would read as its own, and what browsers take for a slash (RFC 3986, appendix C)."""


def text_rules(
    column: Column, expected: str, _: tzinfo | None
) -> tuple[ReadText | None, ReadValue, None]:
    """Return how the texts and the other cells of a text column are read."""
    return _as_typed(_text_check(column), expected)


def url_rules(
    column: Column, expected: str, _: tzinfo | None
) -> tuple[ReadText | None, ReadValue, None]:
    """Return how the texts and the other cells of a column of addresses are read."""
    return _as_typed(_url_check(column, expected), expected)


def plain_text(cell: Stored) -> str | None:
    """Return a cell that is not text as a person would type it; None when it cannot be."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        number = number_from_value(cell)
        return None if number is None else format(number, "f")
    return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()


def _as_typed(
    understand: ReadText | None, expected: str
) -> tuple[ReadText | None, ReadValue, None]:
    def read_value(cell: Stored) -> Value | Problem:
        text = plain_text(cell)
        if text is None:
            return Problem(
                phrase("a number that has no plain form", code="no_plain_form"), expected
            )
        return text if understand is None else understand(text)

    return understand, read_value, None


def _text_check(column: Column) -> ReadText | None:
    """Return the check of a trimmed text, None when anything goes."""
    max_length, pattern = column.max_length, column.pattern
    longest = 0 if pattern is None else longest_tried(pattern)
    form = (
        "" if column.example is None else phrase("text such as {example}", example=column.example)
    )
    choices = {normalise(choice): choice for choice in column.choices}
    if max_length is None and pattern is None and not choices:
        return None

    def understand(text: str) -> Value | Problem:
        if choices:
            choice = choices.get(normalise(text))
            if choice is None:
                return Problem(
                    phrase("not one of the choices", code="not_a_choice"),
                    phrase("one of {choices}", choices=", ".join(column.choices)),
                )
            text = choice
        if max_length is not None and len(text) > max_length:
            return Problem(
                phrase("too long: {length} characters", code="too_long", length=len(text)),
                phrase("at most {length}", length=max_length),
            )
        if pattern is not None:
            if len(text) > longest:
                return Problem(
                    phrase(
                        "too long to be tried on the form of this column: {length} characters",
                        code="too_long",
                        length=len(text),
                    ),
                    phrase("at most {length}", length=longest),
                )
            if not pattern.fullmatch(text):
                return Problem(phrase("not in the form of this column", code="not_in_form"), form)
        return text

    return understand


def _url_check(column: Column, expected: str) -> ReadText:
    check = _text_check(column)

    def understand(text: str) -> Value | Problem:
        if _PLAIN_ADDRESS.fullmatch(text):
            return text if check is None else check(text)
        if len(text.split()) > 1:
            return Problem(
                phrase("not one address: it holds white space", code="not_one_address"), expected
            )
        try:
            parts = urlsplit(text)
            _ = parts.port  # raises ValueError when it is none
        except ValueError:
            return Problem(phrase("not an address", code="not_an_address"), expected)
        if parts.scheme not in {"http", "https"}:
            return Problem(phrase("not an http or https address", code="not_http"), expected)
        if not parts.hostname:
            return Problem(phrase("not an address: no host", code="not_an_address"), expected)
        if parts.username is not None or parts.password is not None:
            return Problem(
                phrase(
                    "not an address for readers: a user or password stands in it",
                    code="address_with_password",
                ),
                expected,
            )
        if any(char in _UNESCAPED or is_hidden(char) for char in text):
            return Problem(
                phrase(
                    "not an address: it holds a character that it must escape",
                    code="not_an_address",
                ),
                expected,
            )
        return text if check is None else check(text)

    return understand


def boolean_rules(
    _: Column, expected: str, __: tzinfo | None
) -> tuple[ReadText, ReadValue, ReadShown]:
    """Return how the texts and the check boxes of a boolean column are read."""
    problem = Problem(phrase("neither yes nor no", code="not_a_boolean"), expected)

    def from_text(text: str) -> Value | Problem:
        return _BOOLEANS.get(half_width(text).casefold(), problem)

    def from_value(cell: Stored) -> Value | Problem:
        if isinstance(cell, int | float) and cell in {0, 1}:
            return bool(cell)
        return problem

    return from_text, from_value, lambda cell: from_text(cell.text)
