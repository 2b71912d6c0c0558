"""Find the number that a stored number and the text of its cell both mean."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from listing_sync.cells.quantities import WIDE, Scale, number_from_text
from listing_sync.cells.shown import HALF, frame, readings, residue
from listing_sync.cells.spelling import half_width
from listing_sync.cells.units import Kind

if TYPE_CHECKING:
    from listing_sync.cells.column_types import ColumnType  # its rows read numbers

_SCIENTIFIC = re.compile(r"([-+]?)([0-9]+[.,]?[0-9]*)e([-+]?[0-9]{1,3})", re.IGNORECASE)
_SCALES = {
    **dict.fromkeys(("k", "thousand", "千"), 10**3),
    **dict.fromkeys(("m", "mn", "mm", "mio", "million", "百万"), 10**6),
    **dict.fromkeys(("b", "bn", "billion"), 10**9),
}
"""What number formats that divide by thousands write behind the number."""
_NONE = "not one number"


def number_shown(text: str, stored: Decimal, scale: Scale) -> Decimal | str:
    """Return what a stored number means that shows as a text; or why it is none.

    Where both agree, as far as the text shows it, it is the stored number: 350000 shown $350K.
    Where the text gives the stored number a unit, it is what the text says: 8.5 shown 8.5万円.
    """
    with localcontext(WIDE):
        return _judged(text, stored, scale)


def _judged(text: str, stored: Decimal, scale: Scale) -> Decimal | str:
    framed = frame(text)
    contradiction = f"shows {text}, holds {stored:f}"
    if framed is None:
        if _shows_scientifically(text, stored):
            return stored
        number = number_from_text(text, scale)
        if isinstance(number, str):
            return f"{number}: {contradiction}"
        return stored if number == stored else f"not one number: {contradiction}"
    before, digits, after = framed
    problem = _NONE
    exact = replace(scale, decimal_mark=".")
    for bare, step in readings(digits):
        number = number_from_text(f"{before}{bare:f}{after}", exact)
        if isinstance(number, str):
            problem = number
            number, by = stored, _scale_shown(residue(before + after), scale.type)
        else:
            by = number.copy_abs() / bare if bare else Decimal(1)
        agree = abs(bare * by - abs(stored)) <= HALF * step * by
        same_sign = (number < 0) == (stored < 0)
        if by and agree and same_sign:
            return stored
        if problem == _NONE and same_sign and abs(abs(stored) - bare) <= HALF * step:
            return number
        if by != 1:
            break  # 1,000K of another locale may be 1.000K: not believed
    return f"{problem}: {contradiction}"


def _shows_scientifically(text: str, stored: Decimal) -> bool:
    """Return whether a text shows the number as 1.23E+08, to which long numbers turn."""
    found = _SCIENTIFIC.fullmatch(half_width(text))
    if found is None:
        return False
    by = Decimal(1).scaleb(int(found[3]))
    return (found[1] == "-") == (stored < 0) and any(
        abs(bare * by - abs(stored)) <= HALF * step * by for bare, step in readings(found[2])
    )


def _scale_shown(rest: str, column_type: ColumnType) -> Decimal:
    """Return what a number format that scales has divided by; 0 where it is no scale."""
    if Kind.MONEY not in column_type.units:
        return Decimal(0)
    if rest == "%" and Kind.SHARE in column_type.units:
        return Decimal("0.01")
    return Decimal(_SCALES.get(rest.strip("¥$€円"), 0))
