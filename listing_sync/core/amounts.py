"""A cell of a number column in, its exact value out: 3,480万円, ▲１，２００, 70.25㎡."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from math import isfinite

from listing_sync.core.listings import (
    Problem,
    ReadShown,
    ReadText,
    ReadValue,
    Shown,
    Stored,
    Value,
)
from listing_sync.core.mapping import Column, ColumnType
from listing_sync.core.shown import HALF, frame, readings, residue
from listing_sync.core.spelling import half_width

_YEN = frozenset({"¥", "円", "jpy"})
_CURRENCIES = _YEN | {"$", "€"}
_SQUARE_METRES = frozenset({"㎡", "m²", "m2", "平米"})

_SHAPE = re.compile(
    r"(?:約 ?)?(?P<sign>[-+▲△]?) ?(?P<currency>[¥$€]|JPY)? ?(?P<inner_sign>[-+▲△]?)"
    r"(?P<number>[0-9.][0-9.,千万億]*)(?P<unit>(?:[^0-9.,千万億].*)?)",
    re.IGNORECASE,
)
_SPACE_AT_MYRIAD = re.compile(r" (?=[千万億])|(?<=[万億]) (?=[0-9])")
_PART = re.compile(r"([0-9.,]+)(千?)([万億]?)")
_DIGITS = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+")
_SCIENTIFIC = re.compile(r"([-+]?)([0-9]+[.,]?[0-9]*)e([-+]?[0-9]{1,3})", re.IGNORECASE)
_TIMES = {"": 1, "千": 10**3, "万": 10**4, "億": 10**8}

_SCALES = {
    **dict.fromkeys(("k", "thousand", "千"), 10**3),
    **dict.fromkeys(("m", "mn", "mm", "mio", "million", "百万"), 10**6),
    **dict.fromkeys(("b", "bn", "billion"), 10**9),
}
"""What number formats that divide by thousands write behind the number."""

_LONGEST = 200
_MAX_BITS = 3_000  # some 900 digits: PostgreSQL and JSON readers take them
_EXACT_INT = 2**53
_BIGINT_MIN, _BIGINT_MAX = Decimal(-(2**63)), Decimal(2**63 - 1)
_WIDE = Context(prec=2_000, rounding=ROUND_HALF_UP)


def number_rules(column: Column, expected: str) -> tuple[ReadText, ReadValue, ReadShown]:
    """Return how the texts and the other cells of a number column are read."""
    column_type = column.type
    finish = _finish_number(column, expected)
    low, high = _quick_range(column)

    def from_text(text: str) -> Value | Problem:
        number = _number_from_text(text, column_type)
        return Problem(number, expected) if isinstance(number, str) else finish(number)

    def from_value(cell: Stored) -> Value | Problem:
        if type(cell) is float and cell.is_integer() and -_EXACT_INT < cell < _EXACT_INT:
            cell = int(cell)
        if type(cell) is int and low <= cell <= high:
            return cell
        if isinstance(cell, bool):
            return Problem("a check box", expected)
        if not isinstance(cell, int | float):
            return Problem("a date or time, not a number", expected)
        number = number_from_value(cell)
        if number is None:
            return Problem("not a number that can be stored", expected)
        return finish(number)

    def from_shown(cell: Shown) -> Value | Problem:
        stored = _stored_number(cell.stored)
        if stored is None:
            return from_value(cell.stored)
        number = _number_shown(cell.text, stored, column_type)
        return Problem(number, expected) if isinstance(number, str) else finish(number)

    return from_text, from_value, from_shown


def _quick_range(column: Column) -> tuple[int, int]:
    """Return the whole numbers that are values as they are; an empty range when none is."""
    if column.type is not ColumnType.INTEGER and column.scale != 0:
        return 1, 0
    low, high = -_EXACT_INT, _EXACT_INT
    if isinstance(column.minimum, Decimal):
        low = max(low, int(column.minimum.to_integral_value(ROUND_CEILING)))
    if isinstance(column.maximum, Decimal):
        high = min(high, int(column.maximum.to_integral_value(ROUND_FLOOR)))
    return low, high


def _finish_number(column: Column, expected: str) -> Callable[[Decimal], Value | Problem]:
    """Return what turns an exact number into the value: whole or scaled, and inside the limits."""
    is_integer = column.type is ColumnType.INTEGER
    is_whole = is_integer or column.scale == 0
    step = None if column.scale is None else Decimal(1).scaleb(-column.scale)
    minimum, maximum = column.minimum, column.maximum

    def finish(number: Decimal) -> Value | Problem:
        if is_integer and number != number.to_integral_value():
            return Problem("not a whole number", expected)
        if is_integer and not _BIGINT_MIN <= number <= _BIGINT_MAX:
            return Problem("too large for a whole number", expected)
        if step is not None:
            number = number.quantize(step, context=_WIDE)
        if isinstance(minimum, Decimal) and number < minimum:
            return Problem(f"below {minimum:f}", f"at least {minimum:f}")
        if isinstance(maximum, Decimal) and number > maximum:
            return Problem(f"above {maximum:f}", f"at most {maximum:f}")
        if is_whole:
            return int(number)
        return format(number or abs(number), "f")  # 0.00, never -0.00

    return finish


def _number_from_text(text: str, column_type: ColumnType) -> Decimal | str:
    """Return the exact number that a text means in a column of this type, or why it is none.

    Source: docs/contract.md section 5.
    """
    plain = half_width(text) if len(text) <= _LONGEST else ""
    if "坪" in plain:
        return "wrong unit: 坪"
    if "%" in plain:
        return "a percentage"
    shape = _SHAPE.fullmatch(_SPACE_AT_MYRIAD.sub("", plain))
    if shape is None or (shape["sign"] and shape["inner_sign"]):
        return "not a number"
    if unit_problem := _unit_problem(shape, column_type):
        return unit_problem
    number = _number(shape["number"], names_unit=bool(shape["unit"].strip()))
    if isinstance(number, str):
        return number
    return -number if (shape["sign"] or shape["inner_sign"]) in {"-", "▲", "△"} else number


def _stored_number(stored: Stored) -> Decimal | None:
    is_number = isinstance(stored, int | float) and not isinstance(stored, bool)
    return number_from_value(stored) if is_number else None  # type: ignore[arg-type]  # just checked


def _number_shown(text: str, stored: Decimal, column_type: ColumnType) -> Decimal | str:
    """Return what a stored number means that shows as a text; or why it is none.

    Where both agree, as far as the text shows it, it is the stored number: 350000 shown $350K.
    Where the text gives the stored number a unit, it is what the text says: 8.5 shown 8.5万円.
    """
    framed = frame(text)
    contradiction = f"shows {text}, holds {stored:f}"
    if framed is None:
        if _shows_scientifically(text, stored):
            return stored
        number = _number_from_text(text, column_type)
        if isinstance(number, str):
            return f"{number}: {contradiction}"
        return stored if number == stored else f"not one number: {contradiction}"
    before, digits, after = framed
    problem = "not one number"
    for bare, step in readings(digits):
        number = _number_from_text(f"{before}{bare:f}{after}", column_type)
        if isinstance(number, str):
            problem = number
            times = _scale_shown(residue(before + after), column_type)
            number = bare * times if stored >= 0 else -bare * times
            if times and abs(number - stored) <= HALF * step * times:
                return stored
            continue
        times = abs(number) / bare if bare else Decimal(1)
        if abs(number - stored) <= HALF * step * times:
            return stored
        if abs(abs(stored) - bare) <= HALF * step and (number < 0) == (stored < 0):
            return number
    return f"{problem}: {contradiction}"


def _shows_scientifically(text: str, stored: Decimal) -> bool:
    """Return whether a text shows the number as 1.23E+08, to which long numbers turn."""
    found = _SCIENTIFIC.fullmatch(half_width(text))
    if found is None:
        return False
    times = Decimal(1).scaleb(int(found[3]))
    return (found[1] == "-") == (stored < 0) and any(
        abs(bare * times - abs(stored)) <= HALF * step * times for bare, step in readings(found[2])
    )


def _scale_shown(rest: str, column_type: ColumnType) -> Decimal:
    """Return what a number format that scales has divided by; 0 where it is no scale."""
    if column_type is ColumnType.AREA:
        return Decimal(0)
    if rest == "%" and column_type is ColumnType.DECIMAL:
        return Decimal("0.01")
    return Decimal(_SCALES.get(rest.strip("¥$€円"), 0))


def number_from_value(value: float) -> Decimal | None:
    """Return what a number cell shows, exactly; None when no database holds it."""
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() <= _MAX_BITS else None
    return Decimal(repr(value)) if isfinite(value) else None


def _unit_problem(shape: re.Match[str], column_type: ColumnType) -> str | None:
    before = (shape["currency"] or "").lower()
    after = shape["unit"].strip().lower()
    if after and after not in _CURRENCIES and after not in _SQUARE_METRES:
        return "not a number"
    if before and after and not (before in _YEN and after in _YEN):
        return "not a number: two units"
    is_area = after in _SQUARE_METRES
    is_money = bool(before or after) and not is_area
    wrong = (is_money and column_type is ColumnType.AREA) or (
        is_area and column_type is ColumnType.MONEY
    )
    return f"wrong unit: {shape['unit'].strip() or shape['currency']}" if wrong else None


def _number(text: str, *, names_unit: bool) -> Decimal | str:
    """Return the value of digits and 千, 万, 億; or why it is none.

    Parts go down (1億2,000万), and only the last may have decimals. What follows 万 or 億 without
    one of its own must name its unit: in 1億5000 people may mean either 5000 or 5000万.
    """
    parts = _PART.findall(text)
    if "".join(map("".join, parts)) != text:
        return "not a number"
    total, above = Decimal(0), Decimal("Infinity")
    for position, (digits, thousand, myriad) in enumerate(parts):
        if not _DIGITS.fullmatch(digits):
            commas = "," in digits
            return "not a number: commas do not group by threes" if commas else "not a number"
        times = _TIMES[thousand] * _TIMES[myriad]
        value = Decimal(digits.replace(",", "")) * times
        is_last = position == len(parts) - 1
        if value >= above or ("." in digits and not is_last):
            return "not a number: 億, 万 and 千 do not go down"
        if position > 0 and times == 1 and not (names_unit and above == _TIMES["万"]):
            return "not a number: what comes after 億 or 万 is not certain"
        total, above = total + value, Decimal(times)
    return total
