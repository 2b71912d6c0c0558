"""Read a cell of a number column as its exact value: 3,480万円, ▲１，２００, 70.25㎡."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from math import isfinite

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import (
    Problem,
    ReadShown,
    ReadText,
    ReadValue,
    Shown,
    Stored,
    Value,
)
from listing_sync.cells.quantities import WIDE, number_from_text, scale_of, times
from listing_sync.cells.shown_numbers import number_shown
from listing_sync.language.sentences import phrase

_MAX_BITS = 3_000  # some 900 digits: PostgreSQL and JSON readers take them
_EXACT_INT = 2**53
_BIGINT_MIN, _BIGINT_MAX = Decimal(-(2**63)), Decimal(2**63 - 1)


def number_rules(
    column: Column, expected: str, _: tzinfo | None = None
) -> tuple[ReadText, ReadValue, ReadShown]:
    """Return how the texts and the other cells of a number column are read."""
    scale = scale_of(column)
    factor = Fraction(1) if scale.unit is None else scale.unit.factor
    finish = _finish_number(column, expected)
    low, high = _quick_range(column) if factor == 1 else (1, 0)
    quick = _quick_text(column) if factor == 1 else None

    def from_text(text: str) -> Value | Problem:
        number = number_from_text(text, scale)
        return Problem(number, expected) if isinstance(number, str) else finish(number)

    def from_value(cell: Stored) -> Value | Problem:
        if type(cell) is float and cell.is_integer() and -_EXACT_INT < cell < _EXACT_INT:
            cell = int(cell)
        if type(cell) is int and low <= cell <= high:
            return cell
        if quick is not None and (text := quick(cell)) is not None:
            return text
        number = _stored_number(cell)
        if number is None:
            return Problem(_why_no_number(cell), expected)
        return finish(times(number, factor))

    def from_shown(cell: Shown) -> Value | Problem:
        stored = _stored_number(cell.stored)
        if stored is None:
            return from_value(cell.stored)
        number = number_shown(cell.text, stored, scale)
        return Problem(number, expected) if isinstance(number, str) else finish(number)

    return from_text, from_value, from_shown


def _quick_range(column: Column) -> tuple[int, int]:
    """Return the whole numbers that are values as they are; an empty range when none is."""
    if not column.type.is_whole and column.scale != 0:
        return 1, 0
    low, high = -_EXACT_INT, _EXACT_INT
    if isinstance(column.minimum, Decimal):
        low = max(low, int(column.minimum.to_integral_value(ROUND_CEILING)))
    if isinstance(column.maximum, Decimal):
        high = min(high, int(column.maximum.to_integral_value(ROUND_FLOOR)))
    return low, high


def _quick_text(column: Column) -> Callable[[Stored], str | None] | None:
    """Return what writes numbers with at most `scale` decimals, without a Decimal of each.

    None of other numbers; no function where the column says more about them.
    """
    scale = column.scale
    is_bare = column.minimum is None and column.maximum is None
    if not is_bare or column.type.is_whole or (scale is not None and scale <= 0):
        return None
    zeros = ["0" * (scale - count) for count in range(scale + 1)] if scale else []
    whole = f".{zeros[0]}" if zeros else ""

    def quick(cell: Stored) -> str | None:
        if type(cell) is int and -_EXACT_INT < cell < _EXACT_INT:
            return f"{cell}{whole}"
        if type(cell) is float:
            text = repr(cell)
            decimals = text.partition(".")[2]
            if decimals.isdigit():
                if scale is None:
                    return text
                if len(decimals) <= scale:
                    return text + zeros[len(decimals)]
        return None

    return quick


def _finish_number(column: Column, expected: str) -> Callable[[Decimal], Value | Problem]:
    """Return what turns an exact number into the value: whole or scaled, and inside the limits."""
    is_integer = column.type.is_whole
    is_whole = is_integer or column.scale == 0
    step = None if column.scale is None else Decimal(1).scaleb(-column.scale)
    minimum, maximum = column.minimum, column.maximum

    def finish(number: Decimal) -> Value | Problem:
        if is_integer and number != number.to_integral_value():
            return Problem(phrase("not a whole number", code="not_whole"), expected)
        if is_integer and not _BIGINT_MIN <= number <= _BIGINT_MAX:
            return Problem(phrase("too large for a whole number", code="too_large"), expected)
        if step is not None:
            number = number.quantize(step, context=WIDE)
        if isinstance(minimum, Decimal) and number < minimum:
            return _too_small(format(minimum, "f"))
        if isinstance(maximum, Decimal) and number > maximum:
            return _too_large(format(maximum, "f"))
        if is_whole:
            return int(number)
        return format(number or number.copy_abs(), "f")  # 0.00, never -0.00

    return finish


def _too_small(limit: str) -> Problem:
    return Problem(
        phrase("below {minimum}", code="below_minimum", minimum=limit),
        phrase("at least {minimum}", minimum=limit),
    )


def _too_large(limit: str) -> Problem:
    return Problem(
        phrase("above {maximum}", code="above_maximum", maximum=limit),
        phrase("at most {maximum}", maximum=limit),
    )


def _stored_number(stored: Stored) -> Decimal | None:
    is_number = isinstance(stored, int | float) and not isinstance(stored, bool)
    return number_from_value(stored) if is_number else None  # type: ignore[arg-type]  # just checked


def _why_no_number(cell: Stored) -> str:
    if isinstance(cell, bool):
        return phrase("a check box", code="check_box")
    is_number = isinstance(cell, int | float)
    if is_number:
        return phrase("not a number that can be stored", code="not_storable")
    return phrase("a date or time, not a number", code="date_not_number")


def number_from_value(value: float) -> Decimal | None:
    """Return what a number cell shows, exactly; None when no database holds it."""
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() <= _MAX_BITS else None
    return Decimal(repr(value)) if isfinite(value) else None
