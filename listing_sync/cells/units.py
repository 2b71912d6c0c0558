"""Know the units that people write beside a number, in a cell, a format or a header."""

from __future__ import annotations

import re
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Final

from listing_sync.cells.spelling import half_width, normalise, without_spaces
from listing_sync.lazy_dataclasses import dataclass


class Kind(Enum):
    """What a unit measures."""

    MONEY = "money"
    COUNT = "count"
    AREA = "area"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as messages spell it; a number of it times `factor` is yen, ㎡, or a bare number."""

    name: str
    kind: Kind
    factor: Fraction


_NAMED: Final = (
    (Unit("円", Kind.MONEY, Fraction(1)), ("円", "¥", "jpy", "¥円")),
    (Unit("$", Kind.MONEY, Fraction(1)), ("$",)),
    (Unit("€", Kind.MONEY, Fraction(1)), ("€",)),
    (Unit("千円", Kind.MONEY, Fraction(10**3)), ("千円", "¥千円", "¥千")),
    (Unit("万円", Kind.MONEY, Fraction(10**4)), ("万円", "¥万円", "¥万")),
    (Unit("百万円", Kind.MONEY, Fraction(10**6)), ("百万円",)),
    (Unit("億円", Kind.MONEY, Fraction(10**8)), ("億円", "¥億円", "¥億")),
    (Unit("千", Kind.COUNT, Fraction(10**3)), ("千",)),
    (Unit("万", Kind.COUNT, Fraction(10**4)), ("万",)),
    (Unit("億", Kind.COUNT, Fraction(10**8)), ("億",)),
    (
        Unit("㎡", Kind.AREA, Fraction(1)),
        ("㎡", "m²", "平米", "平方メートル", "平方m", "sqm", "sq.m", "sq.m."),
    ),
    (Unit("坪", Kind.AREA, Fraction(400, 121)), ("坪", "つぼ")),
    (
        Unit("sq ft", Kind.AREA, Fraction("0.09290304")),
        ("sqft", "sq.ft", "sq.ft.", "ft²", "sf", "squarefeet", "平方フィート"),
    ),
    (Unit("ha", Kind.AREA, Fraction(10_000)), ("ha", "ヘクタール")),
    (Unit("%", Kind.SHARE, Fraction(1, 100)), ("%", "パーセント")),
)
"""Each unit with its spellings, as `_spelled` gives them.

Source: 計量単位令 (1 坪 is 400/121 ㎡); international yard and pound agreement of 1959 (1 ft is
0.3048 m).
"""
_BY_SPELLING: Final = {text: unit for unit, texts in _NAMED for text in texts}

UNIT_NAMES: Final = ("円", "千円", "万円", "百万円", "億円", "㎡", "坪", "sq ft", "ha", "%")
"""What the mapping's `unit` can say."""


_REMEMBERED = 256
_SQUARE = re.compile(r"(?<=m)(?:2|\^2)(?![0-9])|(?<=ft)(?:2|\^2)(?![0-9])", re.IGNORECASE)
_FOREIGN_AREA = re.compile(
    r"帖|畳|ac|acres?|エーカー|a|アール|反|町歩?|sq ?yd|"
    + "|".join(re.escape(text) for unit, texts in _NAMED if unit.factor != 1 for text in texts),
    re.IGNORECASE,
)


def with_squares(text: str) -> str:
    """Return a text with the square of m2 and ft^2 as ², so that no digit is left of it."""
    return _SQUARE.sub("²", text) if "2" in text else text


def is_foreign_area(text: str) -> bool:
    """Return whether a text names a measure of area that is not ours."""
    return _FOREIGN_AREA.fullmatch(without_spaces(text)) is not None


@lru_cache(_REMEMBERED)
def unit_of(text: str) -> Unit | None:
    """Return the unit that a text names, whatever its width, case and spaces; None when none."""
    return _BY_SPELLING.get(without_spaces(with_squares(half_width(text))).casefold())


_UNIT_AT_END = re.compile(r"(.+?)\s*[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]", re.DOTALL)


def named_unit(header: str) -> tuple[str, Unit | None]:
    """Return (the rest of a header, the unit that it names in brackets at its end).

    価格（万円） -> 価格, 万円; 価格（税込） and 価格 name none.
    """
    found = _UNIT_AT_END.fullmatch(normalise(header))
    unit = None if found is None else unit_of(found[2].removeprefix("単位:").removeprefix("単位"))
    if found is None or unit is None or unit.kind is Kind.COUNT:
        return header, None
    return found[1], unit
