"""Compare what a person sees in a cell with the value that is stored in it.

Google gives both, and a number format of .xlsx makes one of the other. Most cells show their
stored number and nothing else that would change it: such a cell is handed on as the bare number.
What stands around the digits has few distinct forms in a column, so that it is judged once a form.
All else becomes Shown, which the rules of the column's type read. Digits are compared, not parsed:
1.234,50 and 1,234.50 both show 1234.5, whatever the spreadsheet's locale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time
from decimal import Context, Decimal
from functools import lru_cache
from math import isfinite

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Cell, Shown, Stored, Unreadable
from listing_sync.cells.serials import moment_of_serial, shows_day, shows_time
from listing_sync.cells.spelling import half_width
from listing_sync.cells.units import Kind, unit_of, with_squares
from listing_sync.language.sentences import marked

Join = Callable[[object, object], Cell]
"""(text shown, value stored) of one cell in, the cell for the validator out."""

_WIDE = Context(prec=2_000)
_HIDDEN_TEXT = marked("holds a text that its number format does not show", code="shows_nothing")
HALF = Decimal("0.5001")  # a double shown with a 5 at its end may be a little off
_SEPARATORS = ".,'’٫٬_ \xa0\u2007\u2009\u202f"
_SIGNS = "-−‐–+▲△"
_NEGATIVE = frozenset("-−‐–▲△")
_NO_NUMBER = str.maketrans("", "", "0123456789" + _SEPARATORS + _SIGNS)
_FRAME = re.compile(
    rf"([^0-9]*)([0-9](?:[0-9{re.escape(_SEPARATORS)}]*[0-9])?)([^0-9]*)", re.DOTALL
)
_OTHER_MARKS = str.maketrans(",.", ".,")
_GROUPED = re.compile(
    rf"[1-9][0-9]{{0,2}}(?:[{re.escape(_SEPARATORS)}][0-9]{{2,3}})*[^0-9][0-9]{{3}}"
)
_DECIMAL_MARKS = ".,٫"
_REMEMBERED = 4_096


def joiner(column: Column) -> Join:
    """Return what makes one cell of the text that is shown and the value that is stored.

    Made once a column and read. The bare number comes back where the text shows just it, a moment
    where the text is the date that a serial number stands for, else Shown for `parser_for`.
    """
    if column.type.is_moment:
        join = _join_day if column.type.is_day else _join_date
        return _with_text(lru_cache(_REMEMBERED, typed=True)(join))  # False is not 0
    if not column.type.is_shown:
        return _with_text(_number_joiner(column))
    return lambda text, stored: text if isinstance(text, str) else _bare(stored)


def residue(text: str) -> str:
    """Return what is left of a shown text without digits, separators, signs and white space.

    In half width and folded, the square of m² and m2 as in ㎡: "¥29,800,000" -> "¥".
    """
    plain = with_squares(half_width(text).casefold()).replace("m²", "㎡")
    return plain.translate(_NO_NUMBER)


def says_the_number(rest: str, column: Column) -> bool:
    """Return whether what stands around the digits leaves the stored number as it is.

    Nothing does, and so does a unit by which the bare numbers of the column are counted anyway.
    """
    if rest.endswith(")") and rest.count("(") == 1:  # (1,234) is negative, $ (1,234) too
        rest = rest.replace("(", "").removesuffix(")")
    if not rest:
        return True
    unit = unit_of(rest)
    if unit is None or not column.type.is_number:
        return False
    if column.unit is not None:
        own = unit_of(column.unit)
        if own is None or own.factor != unit.factor:
            return False
        return unit.kind in {own.kind, Kind.COUNT}
    return unit.factor == 1 and unit.kind in column.type.units - {Kind.SHARE}


def frame(text: str) -> tuple[str, str, str] | None:
    """Return (what stands before, the digits with their separators, what stands behind).

    None when there is not just one run of digits; the square of m2 is none.
    """
    found = _FRAME.fullmatch(with_squares(half_width(text)))
    return None if found is None else (found[1], found[2], found[3])


def agrees(text: str, number: float) -> bool:
    """Return whether the digits that a text shows are those of the number, as far as shown."""
    framed = frame(text)
    if framed is None or not isfinite(number):
        return False
    before, digits, after = framed
    wanted = Decimal(repr(number)).copy_abs()
    is_negative = _is_negative(before, after)
    return any(
        _WIDE.subtract(shown, wanted).copy_abs() <= _WIDE.multiply(HALF, step)
        and (shown == 0 or is_negative == (number < 0))
        for shown, step in readings(digits)
    )


def readings(digits: str) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield the numbers that digits with separators may be, each with its last place.

    "1.234" may be 1234 or 1.234; which one it is the stored number says.
    """
    whole = "".join(filter(str.isdigit, digits))
    last = max(map(digits.rfind, _DECIMAL_MARKS))
    if last < 0 or _GROUPED.fullmatch(digits):
        yield Decimal(whole), Decimal(1)
    if last >= 0:
        place = last + 1 - len(digits)
        yield Decimal(whole).scaleb(place, _WIDE), Decimal(1).scaleb(place)


def _with_text(join: Callable[[str, float], Cell]) -> Join:
    """Return the join for stored values; stored texts are texts that a person sees."""

    def join_cell(text: object, stored: object) -> Cell:
        kind = type(stored)
        if kind is float or kind is int:
            return join(text, stored) if isinstance(text, str) else _bare(stored)  # type: ignore[arg-type]  # just checked
        if kind is str and stored and (text is None or text == ""):
            return Unreadable(str(stored), _HIDDEN_TEXT)
        return text or None if isinstance(stored, str) and isinstance(text, str) else _bare(stored)

    return join_cell


def _bare(stored: object) -> Cell:
    return None if stored is None or stored == "" else stored  # type: ignore[return-value]  # what a reader has


def _number_joiner(column: Column) -> Callable[[str, Stored], Cell]:
    forms: dict[tuple[str, str], int] = {}

    def join(text: str, stored: Stored) -> Cell:
        if text == str(stored):
            return stored
        found = _FRAME.fullmatch(text)
        if found is None:
            return Shown(text, stored)
        before, digits, after = found.groups()
        sign = forms.get((before, after))
        if sign is None:
            sign = forms[before, after] = _sign(before, after, column)
        if sign and (_is_written(digits, sign * stored) or agrees(text, stored)):  # type: ignore[operator,arg-type]  # a number
            return stored
        return Shown(text, stored)

    return join


def _sign(before: str, after: str, column: Column) -> int:
    """Return the sign that stands beside the digits; 0 where anything else changes the number."""
    if not says_the_number(residue(before + after), column):
        return 0
    return -1 if _is_negative(before, after) else 1


def _is_negative(before: str, after: str) -> bool:
    return not _NEGATIVE.isdisjoint(before + after) or "(" in before


def _is_written(digits: str, number: float) -> bool:
    """Return whether the digits are the number as most locales write it: the quick way."""
    places = len(digits) - digits.rfind(".") - 1 if "." in digits else 0
    if digits in {f"{number:,.{places}f}", f"{number:.{places}f}"}:
        return True
    if "," not in digits:
        return False
    digits = digits.translate(_OTHER_MARKS)
    places = len(digits) - digits.rfind(".") - 1
    return digits in {f"{number:,.{places}f}", f"{number:.{places}f}"}


def _join_date(text: str, stored: float) -> Cell:
    moment = moment_of_serial(stored)
    if moment is not None and shows_day(text, moment.date()):
        return moment
    return Shown(text, stored)


def _join_day(text: str, stored: float) -> Cell:
    """Join a cell of a column of days: a time of day that is not shown does not count."""
    cell = _join_date(text, stored)
    if isinstance(cell, datetime) and not shows_time(text):
        return datetime.combine(cell.date(), time.min)
    return cell
