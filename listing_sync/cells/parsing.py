"""Turn a cell into its typed value, or say why there is none.

A sheet has a million cells, so that the usual ones (plain text, whole numbers, dates) take a short
way, and typed texts, which repeat, are remembered, a few per column.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from listing_sync.cells.amounts import number_from_value, number_rules
from listing_sync.cells.dates import date_rules, datetime_rules
from listing_sync.cells.error_cells import ERROR_STARTS, error_cell
from listing_sync.cells.json_cells import JSON_EXPECTED, json_from_text, json_from_value
from listing_sync.cells.listings import (
    KEPT,
    Cell,
    Problem,
    ReadShown,
    ReadText,
    ReadValue,
    Shown,
    Stored,
    Unreadable,
    Value,
)
from listing_sync.cells.mapping import NUMBER_TYPES, SHOWN_TYPES, Column, ColumnType
from listing_sync.cells.spelling import EDGES, UNSTORABLE, half_width, normalise, trim

Parse = Callable[[Cell], Value | Problem]
"""One cell in; its value (listings.Value) or a Problem out. Never raises."""

_EXPECTED: Final = {
    ColumnType.TEXT: "text",
    ColumnType.INTEGER: "a whole number, e.g. 12",
    ColumnType.DECIMAL: "a number, e.g. 1,234.5",
    ColumnType.MONEY: "an amount, e.g. 34800000, 3,480万円",
    ColumnType.AREA: "square metres, e.g. 70.25, 70.25㎡",
    ColumnType.DATE: "a date, e.g. 2024-01-31, 2024年1月31日, 令和6年1月31日",
    ColumnType.DATETIME: "a date and time, e.g. 2024-01-31 09:30",
    ColumnType.BOOLEAN: "a check box, TRUE/FALSE, yes/no, ○/×, はい/いいえ, 1/0",
    ColumnType.URL: "an address such as https://example.com/a.jpg",
    ColumnType.JSON: JSON_EXPECTED,
}
_REMEMBERED_TEXTS = 256

_BOOLEANS: Final = dict.fromkeys(("true", "yes", "はい", "1", "○", "◯", "〇"), True) | (
    dict.fromkeys(("false", "no", "いいえ", "0", "×", "✕", "✖"), False)
)


def parser_for(column: Column, zone: tzinfo | None) -> Parse:
    """Return the function that reads the cells of a column.

    `zone` is that of date-times without one; None when it is not known, which rejects them.
    """
    understand_text, read_value, understand_shown = _rules(column, zone)
    read_text = _text_reader(column, understand_text)
    read_shown = _shown_reader(column, read_text, understand_shown)
    if column.type not in SHOWN_TYPES:
        read_text = lru_cache(_REMEMBERED_TEXTS)(read_text)
    blank = _blank_value(column)

    def parse(cell: Cell) -> Value | Problem:
        if isinstance(cell, str):
            return read_text(cell)
        if cell is None:
            return blank
        kind = type(cell)
        if kind is Shown:
            return read_shown(cell)  # type: ignore[arg-type]  # just checked
        if kind is Unreadable:
            return Problem(cell.reason)  # type: ignore[union-attr]  # just checked
        return read_value(cell)  # type: ignore[arg-type]  # what is left

    return parse


def is_blank(column: Column, cell: Cell) -> bool:
    """Return whether a cell says nothing: empty, a text for blank, or an unchecked check box."""
    if isinstance(cell, str):
        text = trim(cell)
        unchecked = column.type is ColumnType.BOOLEAN and text == "FALSE"
        return not text or unchecked or normalise(text) in column.blank
    return cell is None or (cell is False and column.type is ColumnType.BOOLEAN)


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


def _blank_value(column: Column) -> Value | Problem:
    if column.required:
        return Problem("blank, but a value is required", _EXPECTED[column.type])
    return KEPT if column.keep_on_blank else None


def _text_reader(column: Column, understand: ReadText | None) -> ReadText:
    """Return what is the same for every type: white space, blanks, markers and error cells."""
    blank = _blank_value(column)
    special = dict.fromkeys(column.blank, blank)
    if column.clear_marker is not None:
        special[column.clear_marker] = None

    def read(cell: str) -> Value | Problem:
        text = cell.strip(EDGES)
        if not text:
            return blank
        if text[0] in ERROR_STARTS and (problem := error_cell(text)) is not None:
            return problem
        if special and (spelling := normalise(text)) in special:
            return special[spelling]
        if not text.isprintable():
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            if bad := UNSTORABLE.search(text):
                return Problem(f"holds the character U+{ord(bad[0]):04X}", "text without it")
        return text if understand is None else understand(text)

    return read


def _shown_reader(column: Column, read_text: ReadText, understand: ReadShown | None) -> ReadShown:
    """Return how a stored value is read of which a person sees something else."""

    @lru_cache(_REMEMBERED_TEXTS, typed=True)  # a check box is no 1
    def read(shown: str, stored: Stored) -> Value | Problem:
        text = trim(shown)
        if understand is None:
            return read_text(text)
        if not text:
            held = plain_text(stored)
            return Problem(f"shows nothing, holds {held}", _EXPECTED[column.type])
        if is_blank(column, text) or normalise(text) == column.clear_marker:
            return read_text(text)
        return understand(Shown(shown, stored))

    return lambda cell: read(cell.text, cell.stored)


def _rules(
    column: Column, zone: tzinfo | None
) -> tuple[ReadText | None, ReadValue, ReadShown | None]:
    expected = _EXPECTED[column.type]
    if column.type in NUMBER_TYPES:
        return number_rules(column, expected)
    if column.type is ColumnType.DATE:
        return date_rules(column, expected)
    if column.type is ColumnType.DATETIME:
        return datetime_rules(column, expected, zone)
    if column.type is ColumnType.BOOLEAN:
        return _boolean_rules()
    if column.type is ColumnType.JSON:
        return json_from_text, json_from_value, None
    understand = _url_rules(column) if column.type is ColumnType.URL else _text_rules(column)

    def read_value(cell: Stored) -> Value | Problem:
        text = plain_text(cell)
        if text is None:
            return Problem("a number that has no plain form", expected)
        return text if understand is None else understand(text)

    return understand, read_value, None


# -- text, url, json, boolean -------------------------------------------------------------------


def _text_rules(column: Column) -> ReadText | None:
    """Return the check of a trimmed text, None when anything goes."""
    max_length, pattern = column.max_length, column.pattern
    choices = {normalise(choice): choice for choice in column.choices}
    if max_length is None and pattern is None and not choices:
        return None

    def understand(text: str) -> Value | Problem:
        if choices:
            choice = choices.get(normalise(text))
            if choice is None:
                return Problem("not one of the choices", f"one of {', '.join(column.choices)}")
            text = choice
        if max_length is not None and len(text) > max_length:
            return Problem(f"too long: {len(text)} characters", f"at most {max_length}")
        if pattern is not None and not pattern.fullmatch(text):
            return Problem("not in the form of this column", f"the form {pattern.pattern}")
        return text

    return understand


def _url_rules(column: Column) -> ReadText:
    check = _text_rules(column)
    expected = _EXPECTED[ColumnType.URL]

    def understand(text: str) -> Value | Problem:
        if len(text.split()) > 1:
            return Problem("not one address: it holds white space", expected)
        try:
            parts = urlsplit(text)
            _ = parts.port  # raises ValueError when it is none
        except ValueError:
            return Problem("not an address", expected)
        if parts.scheme not in {"http", "https"}:
            return Problem("not an http or https address", expected)
        if not parts.hostname:
            return Problem("not an address: no host", expected)
        return text if check is None else check(text)

    return understand


def _boolean_rules() -> tuple[ReadText, ReadValue, ReadShown]:
    problem = Problem("neither yes nor no", _EXPECTED[ColumnType.BOOLEAN])

    def from_text(text: str) -> Value | Problem:
        return _BOOLEANS.get(half_width(text).casefold(), problem)

    def from_value(cell: Stored) -> Value | Problem:
        if isinstance(cell, int | float) and cell in {0, 1}:
            return bool(cell)
        return problem

    return from_text, from_value, lambda cell: from_text(cell.text)
