"""Read a cell of a json column as its document, every digit of its numbers kept."""

from __future__ import annotations

from datetime import tzinfo
from decimal import Decimal
from math import isfinite
from typing import Final

from listing_sync.cells.amounts import number_from_value
from listing_sync.cells.columns import Column
from listing_sync.cells.json_exact import decode
from listing_sync.cells.listings import Problem, ReadText, ReadValue, Stored, Value
from listing_sync.cells.spelling import UNSTORABLE
from listing_sync.language.sentences import marked, phrase

JSON_EXPECTED: Final = marked('JSON, e.g. {"a": 1}')
_DEEPEST = 100
"""Levels of arrays and objects; readers of JSON end somewhere above."""


def json_rules(_: Column, __: str, ___: tzinfo | None) -> tuple[ReadText, ReadValue, None]:
    """Return how the texts and the other cells of a json column are read."""
    return json_from_text, json_from_value, None


def json_from_text(text: str) -> Value | Problem:
    """Return the document that a text holds."""
    try:
        document = decode(text)
    except RecursionError:
        return Problem(_TOO_DEEP, JSON_EXPECTED)
    except ValueError:
        return Problem(phrase("not JSON", code="not_json"), JSON_EXPECTED)
    fault = _fault(document)
    return Problem(fault, JSON_EXPECTED) if fault else document


def json_from_value(cell: Stored) -> Value | Problem:
    """Return a number or a check box as the document that it is."""
    if isinstance(cell, bool) or (
        isinstance(cell, int | float) and number_from_value(cell) is not None
    ):
        return cell
    return Problem(phrase("not JSON", code="not_json"), JSON_EXPECTED)


_TOO_DEEP = marked("JSON nested deeper than 100 levels", code="json_too_deep")


def _fault(document: object) -> str | None:
    """Return what jsonb, or a reader of ours, cannot hold in a document; None when all is well."""
    level, depth = [document], 0
    while level:
        fault = next(filter(None, map(_fault_of_one, level)), None)
        if fault is not None:
            return fault
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in ((*outer, *outer.values()) if isinstance(outer, dict) else outer)
        ]
        depth += 1
        if depth > _DEEPEST and any(isinstance(one, dict | list) for one in level):
            return _TOO_DEEP
    return None


def _fault_of_one(value: object) -> str | None:
    if isinstance(value, str):
        bad = UNSTORABLE.search(value)
        if bad is None:
            return None
        return phrase(
            "JSON with the character U+{number:04X}",
            code="forbidden_character",
            number=ord(bad[0]),
        )
    if isinstance(value, Decimal) and not isfinite(float(value)):
        return phrase("JSON with a number out of range", code="out_of_range")
    return None
