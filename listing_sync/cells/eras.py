"""Tell the year of a Japanese era, and whether a day is in it."""

from __future__ import annotations

from datetime import date
from typing import Final

from listing_sync.language.sentences import phrase

_ERAS = {
    # before Meiji 6 Japan counted days by the moon
    "M": ("明治", 1867, date(1873, 1, 1), date(1912, 7, 30)),
    "T": ("大正", 1911, date(1912, 7, 30), date(1926, 12, 25)),
    "S": ("昭和", 1925, date(1926, 12, 25), date(1989, 1, 7)),
    "H": ("平成", 1988, date(1989, 1, 8), date(2019, 4, 30)),
    "R": ("令和", 2018, date(2019, 5, 1), date.max),
}
"""Letter -> name, year before the first, first and last day.

Source: 元号法 (1979, law 43) and the cabinet orders on Heisei (1989) and Reiwa (2019).
"""
_ERA_LETTERS = {name: letter for letter, (name, *_) in _ERAS.items()}
SQUARE_ERAS: Final = str.maketrans(
    {"㋿": "令和", "㍻": "平成", "㍼": "昭和", "㍽": "大正", "㍾": "明治"}
)


def year_in_era(era: str, year: str) -> int:
    """Return the year of our count; `era` is its name or letter."""
    _, year_zero, *_ = _era(era)
    return year_zero + (1 if year == "元" else int(year))


def era_problem(era: str, day: date) -> str | None:
    """Return why a day cannot be in an era, None when it can."""
    name, _, first, last = _era(era)
    if first <= day <= last:
        return None
    if last == date.max:
        return phrase("not a date: {era} is from {first}", code="not_in_era", era=name, first=first)
    return phrase(
        "not a date: {era} is from {first} to {last}",
        code="not_in_era",
        era=name,
        first=first,
        last=last,
    )


def _era(era: str) -> tuple[str, int, date, date]:
    return _ERAS[_ERA_LETTERS.get(era) or era.upper()]
