"""Turn a cell into its typed value, or say why there is none.

A sheet has a million cells, so that the usual ones (plain text, whole numbers, dates) take a short
way, and typed texts, which repeat, are remembered, a few per column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from functools import lru_cache
from types import NoneType
from typing import Final

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.error_cells import ERROR_STARTS, error_cell
from listing_sync.cells.listings import (
    KEPT,
    Cell,
    Problem,
    ReadShown,
    ReadText,
    Shown,
    Stored,
    Unreadable,
    Value,
)
from listing_sync.cells.spelling import EDGES, UNSTORABLE, normalise, trim
from listing_sync.cells.texts import plain_text
from listing_sync.language.sentences import phrase

Parse = Callable[[Cell], Value | Problem]
"""One cell in; its value (listings.Value) or a Problem out. Never raises."""

_REMEMBERED_TEXTS = 256
_REPEATED: Final = frozenset({str, NoneType, date, datetime})


def parser_for(column: Column, zone: tzinfo | None) -> Parse:
    """Return the function that reads the cells of a column.

    `zone` is that of date-times without one; None when it is not known, which rejects them.
    """
    facts = column.type.facts
    understand_text, read_value, understand_shown = facts.rules(column, facts.expected, zone)
    read_text = _text_reader(column, understand_text)
    read_shown = _shown_reader(column, read_text, understand_shown)
    if not column.type.is_shown:
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


def parsed(parse: Parse, cells: Sequence[Cell]) -> list[Value | Problem]:
    """Return what is read of each of the cells of a column; those that repeat are read once.

    Only where all are texts or dates: of other cells some are equal that are not the same.
    """
    if _REPEATED.issuperset(map(type, cells)):
        known: dict[Cell, Value | Problem] = dict.fromkeys(cells)
        if 2 * len(known) < len(cells):
            for cell in known:
                known[cell] = parse(cell)
            return list(map(known.__getitem__, cells))
    return list(map(parse, cells))


def is_blank(column: Column, cell: Cell) -> bool:
    """Return whether a cell says nothing: empty, a text for blank, or an unchecked check box."""
    if isinstance(cell, str):
        text = trim(cell)
        unchecked = column.type is ColumnType.BOOLEAN and text == "FALSE"
        return not text or unchecked or normalise(text) in column.blank
    return cell is None or (cell is False and column.type is ColumnType.BOOLEAN)


def _blank_value(column: Column) -> Value | Problem:
    if column.required:
        return Problem(
            phrase("blank, but a value is required", code="blank_required"),
            column.type.facts.expected,
        )
    return KEPT if column.keep_on_blank else None


def _text_reader(column: Column, understand: ReadText | None) -> ReadText:
    """Return what is the same for every type: white space, blanks, markers and error cells."""
    blank = _blank_value(column)
    special: dict[str, Value | Problem] = dict.fromkeys(column.blank, blank)
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
                return Problem(
                    phrase(
                        "holds the character U+{number:04X}",
                        code="forbidden_character",
                        number=ord(bad[0]),
                    ),
                    phrase("text without it"),
                )
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
            reason = phrase("shows nothing, holds {held}", code="shows_nothing", held=held)
            return Problem(reason, column.type.facts.expected)
        if is_blank(column, text) or normalise(text) == column.clear_marker:
            return read_text(text)
        return understand(Shown(shown, stored))

    return lambda cell: read(cell.text, cell.stored)
