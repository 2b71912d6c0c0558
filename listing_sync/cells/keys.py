"""Read a cell of the key column as a property number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Cell, Problem, Value
from listing_sync.cells.parsing import Parse, parser_for
from listing_sync.cells.spelling import foreign_sign, normalise
from listing_sync.language.sentences import marked, phrase

WHOLE_FLOAT: Final = re.compile(r"[0-9]+\.0+")
"""A property number as a program writes it that took the column for numbers."""
_WHOLE = re.compile(r"[0-9]+(?:\.0+)?")

PropertyNumber = Callable[[str], str]
"""A key cell's text in, the property number that it means out."""

_LONGEST_BYTES = 200
"""Longer ones do not fit into the address of a request for the next page."""


def whole_float_reader(keys: Iterable[str]) -> PropertyNumber:
    """Return how the texts of a key column are read, of which these are all.

    Where a program took it for numbers, 1001.0 is 1001; where any key is no whole number, every
    one is as it stands. All are normalised.

    Source: docs/contract.md section 5.
    """
    keys = tuple(keys)
    if not any("." in key or not key.isascii() for key in keys):  # nearly always, and far sooner
        return normalise
    numbers = [number for key in keys if not _is_no_listing(number := normalise(key))]
    floats = any(
        number.endswith("0") and WHOLE_FLOAT.fullmatch(number) is not None for number in numbers
    )
    if floats and all(_WHOLE.fullmatch(number) for number in numbers if number):
        return lambda key: normalise(key).partition(".")[0]
    return normalise


_FLOAT_KEY = Problem(
    marked(
        "a number with decimals, beside property numbers that are none", code="number_with_decimals"
    ),
    marked("the property number as it is written elsewhere, e.g. 1001"),
)

NO_LISTING: Final = Problem(
    marked("no property number but a total or a note", code="no_listing"),
    marked("a listing; rows such as this one can be left out by ignore in the mapping"),
)
"""Of a row that is none of the listings, whatever pattern numbers have."""

_TOTALS = ("合計", "総計", "小計", "総合計", "平均", "※")
_TOTAL_WORDS = frozenset({"計", "total", "totals", "subtotal", "grand total", "sum", "average"})


def _is_no_listing(number: str) -> bool:
    return number.startswith(_TOTALS) or number.casefold().rstrip(":") in _TOTAL_WORDS


def number_parser(key: Column) -> Parse:
    """Return what reads the key column: as text that is never blank, in its normalised form."""
    parse_text = parser_for(replace(key, required=True), None)
    is_text = key.type is ColumnType.TEXT
    example = key.example or "AA12345"

    def parse_number(cell: Cell) -> Value | Problem:
        if not isinstance(cell, str):
            return parse_text(cell)
        number = normalise(cell)
        if is_text and number.endswith("0") and WHOLE_FLOAT.fullmatch(number):
            return _FLOAT_KEY
        if _is_no_listing(number):
            return NO_LISTING
        if sign := foreign_sign(cell):
            return Problem(
                phrase(
                    "{sign} (U+{number:04X}) only looks like plain letters or digits",
                    code="not_plain_signs",
                    sign=sign,
                    number=ord(sign),
                ),
                phrase("the property number in plain ones, such as {example}", example=example),
            )
        if len(number) > _LONGEST_BYTES // 4:
            size = len(number.encode(errors="replace"))
            if size > _LONGEST_BYTES:
                return Problem(
                    phrase("too long: {size} bytes", code="too_long", size=size),
                    phrase("at most {size} bytes", size=_LONGEST_BYTES),
                )
        return parse_text(number)

    return parse_number
