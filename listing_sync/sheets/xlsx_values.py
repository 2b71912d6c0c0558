"""Read a stored cell's value by its type.

Source: ECMA-376 part 1, 18.18.11 (ST_CellType).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Final

from listing_sync.cells.a1 import column_index
from listing_sync.cells.error_cells import error_cell, failed_formula
from listing_sync.cells.listings import Unreadable
from listing_sync.language.sentences import phrase
from listing_sync.sheets.xlsx_package import DamageError, unescaped

Raw = str | int | float | bool | datetime | Unreadable
"""A cell as it is stored, without its format."""

StoredCell = Raw | tuple[Raw, int]
"""A cell, with the number of its style where that may say something about it."""

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
"""How many rows and columns Excel has."""

EXACT_DIGITS: Final = 15
"""Whole numbers of so many digits are in a file what they are in Excel."""


def stored_value(kind: str, text: str, texts: Sequence[str]) -> Raw | None:
    """Return the value of a cell of this type; None of a blank one."""
    if kind == "n":
        return number_value(text)
    if kind == "s":
        return _shared(text, texts)
    if kind in {"inlineStr", "str"}:
        return unescaped(text)
    if kind == "b":
        word = text.strip().lower()
        if word in {"1", "true", "0", "false"}:
            return word in {"1", "true"}
        return Unreadable(
            text, phrase("neither TRUE nor FALSE, although the file says so", code="not_a_boolean")
        )
    if kind == "e":
        return _error(unescaped(text))
    if kind == "d":
        try:
            return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
        except ValueError:
            return Unreadable(text, phrase("no date, although the file says so", code="not_a_date"))
    return Unreadable(
        text, phrase("of the kind {kind!r}, which is not known", code="unknown_kind", kind=kind)
    )


def _shared(text: str, texts: Sequence[str]) -> Raw:
    try:
        index = int(text)
    except ValueError:
        index = -1
    if 0 <= index < len(texts):
        return texts[index]
    return missing_text()


def missing_text() -> Unreadable:
    """Return a cell whose shared text is not there."""
    return Unreadable(
        "",
        phrase(
            "its text is missing in the file; open and save the file in Excel", code="text_missing"
        ),
    )


def number_value(text: str) -> Raw | None:
    """Return a number, None of a blank cell."""
    if text.isdecimal() and len(text) <= EXACT_DIGITS and text.isascii():
        return int(text)
    text = text.strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number) or "_" in text or not text.isascii():
        return Unreadable(
            text, phrase("not a number, although the file says so", code="not_a_number")
        )
    return int(number) if number.is_integer() and "." not in text and len(text) < 15 else number  # noqa: PLR2004


def _error(text: str) -> Raw:
    """Return a cell that the file calls an error, whatever the spelling."""
    if error_cell(text) is not None:
        return text  # as it is typed: the reason is the same in every kind of sheet
    return Unreadable(text, str(failed_formula(text)))


def whole_number(text: str, what: str) -> int:
    """Return the number of a row or style; raises DamageError."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 10:  # noqa: PLR2004
        raise DamageError(phrase("it has a {what}, which is none", what=what))
    return int(text)


def column_of(letters: str, reference: str) -> int:
    """Return a column, counted from 0, by its letters; raises DamageError."""
    is_one = letters.isascii() and letters.isalpha() and len(letters) <= 3  # noqa: PLR2004
    column = column_index(letters.upper()) if is_one else LAST_COLUMN
    if column >= LAST_COLUMN:
        raise DamageError(
            phrase(
                "it has a cell {reference}, beyond the last one of Excel", reference=reference[:20]
            )
        )
    return column
