"""Write a date as the tokens of its format say: years, eras, months, weekdays, hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from listing_sync.cells.format_tokens import Token
from listing_sync.lazy_dataclasses import dataclass

_DAY_ZERO: Final = date(1899, 12, 30)
_LAST_SERIAL: Final = 2_958_465
_DAY_S: Final = 86_400
_ERAS: Final = (
    (date(2019, 5, 1), "R", "令和", 2018),
    (date(1989, 1, 8), "H", "平成", 1988),
    (date(1926, 12, 25), "S", "昭和", 1925),
    (date(1912, 7, 30), "T", "大正", 1911),
    (date(1868, 1, 25), "M", "明治", 1867),
)
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KANJI: Final = "月火水木金土日"
_LOCALE: Final = re.compile(
    r"(?P<name>[a-z]{2}(?:-[a-z]+)*)(?:,[0-9]{1,3})?|(?P<code>[0-9a-f]{1,8})"
)
_JAPANESE, _ENGLISH = 0x11, 0x09
# Western digits, and the Gregorian calendar or that of eras, which LibreOffice writes out.
_CALENDARS: Final = frozenset({0x0000, 0x0001, 0x0100, 0x0101})
_ERA_CALENDARS: Final = frozenset({0x0003, 0x0103})
_MINUTES_BEFORE, _MINUTES_AFTER = ("h", "hh"), ("s", "ss")
_FRACTION: Final = ("fraction", "")
_MOST_PLACES = 3  # Excel's limit
_OF_THE_DAY: Final = re.compile(r"y|mo|d|g|e|a")


@dataclass(frozen=True, slots=True)
class DateForm:
    """How one section shows a moment. `marks` are its tokens, minutes told from months (mi, mo)."""

    marks: tuple[tuple[str, str], ...]
    places: int
    is_japanese: bool
    is_first_year_named: bool

    def text(self, serial: float) -> str | None:
        """Return what is shown of a serial number; None where Excel shows no date."""
        if not 0 <= serial < _LAST_SERIAL + 1:
            return None
        unit = 10**self.places
        days, ticks = divmod(round(serial * _DAY_S * unit), _DAY_S * unit)
        needs_day = any(kind == "date" and _OF_THE_DAY.match(mark) for kind, mark in self.marks)
        if (needs_day and days < 2) or days > _LAST_SERIAL:  # noqa: PLR2004 - 1900-01-01
            return None
        day = _DAY_ZERO + timedelta(days=days)
        parts = [self._part(kind, mark, day, days, ticks) for kind, mark in self.marks]
        return None if None in parts else "".join(filter(None, parts))

    def _part(self, kind: str, mark: str, day: date, days: int, ticks: int) -> str | None:
        if kind == "literal":
            return mark
        seconds, fraction = divmod(ticks, 10**self.places)
        if kind == "fraction":
            return f".{fraction:0{self.places}}"
        if kind == "half":
            return self._half(mark, seconds)
        if kind == "elapsed":
            total = days * _DAY_S + seconds
            number = total // {"h": 3600, "m": 60, "s": 1}[mark[0]]
            return f"{number:0{len(mark)}}"
        if mark[0] in "hs" or mark.startswith("mi"):
            return self._of_time(mark, seconds)
        return self._of_day(mark, day)

    def _half(self, mark: str, seconds: int) -> str:
        is_after = seconds >= _DAY_S // 2
        if mark == "A/P":
            return "P" if is_after else "A"
        if self.is_japanese:
            return "午後" if is_after else "午前"
        return "PM" if is_after else "AM"

    def _of_time(self, mark: str, seconds: int) -> str:
        hour, rest = divmod(seconds, 3600)
        if mark[0] == "h":
            if any(kind == "half" for kind, _ in self.marks):
                hour = hour % 12 or 12
            return f"{hour:0{min(len(mark), 2)}}"
        minute, second = divmod(rest, 60)
        if mark[0] == "s":
            return f"{second:0{min(len(mark), 2)}}"
        return f"{minute:0{min(len(mark) - 1, 2)}}"

    def _of_day(self, mark: str, day: date) -> str | None:
        if mark[0] == "y":
            return f"{day.year % 100:02}" if len(mark) < 3 else f"{day.year:04}"  # noqa: PLR2004
        if mark.startswith("mo"):
            return _named(mark[1:].replace("o", "m", 1), day.month, _MONTHS[day.month - 1])
        if mark[0] == "d":
            return _named(mark, day.day, _DAYS[day.weekday()])
        if mark[0] == "a":
            return _KANJI[day.weekday()] + ("曜日" if len(mark) > 3 else "")  # noqa: PLR2004
        _, letter, name, year_zero = next(era for era in _ERAS if era[0] <= day)
        if mark[0] == "g":
            return (letter, name[0], name)[min(len(mark), 3) - 1]
        year = day.year - year_zero
        if year == 1 and self.is_first_year_named:
            return "元"
        return f"{year:0{min(len(mark), 2)}}"


def _named(mark: str, number: int, name: str) -> str | None:
    """Return m, mm, mmm, mmmm or mmmmm, and the same of d but for the last."""
    count = len(mark)
    if count < 3:  # noqa: PLR2004 - digits
        return f"{number:0{count}}"
    if count == 5:  # noqa: PLR2004 - the first letter
        return name[0] if mark[0] == "m" else None
    return name[:3] if count == 3 else name  # noqa: PLR2004


def date_form(tokens: Sequence[Token]) -> DateForm | None:
    """Return how a section shows moments; None where it is not understood."""
    languages = set()
    is_gannen = counts_eras = False
    for token in tokens:
        if token.kind == "locale":
            languages.add(_language(token.text.replace("-x-gannen", "")))
            is_gannen = is_gannen or "gannen" in token.text
            counts_eras = counts_eras or _calendar(token.text) in _ERA_CALENDARS
    is_named = any(
        token.kind == "date" and token.text[0] in "md" and len(token.text) > 2  # noqa: PLR2004
        for token in tokens
    )
    if None in languages or (is_named and languages - {_JAPANESE, _ENGLISH}):
        return None
    marks = _marks([token for token in tokens if token.kind != "locale"])
    if marks is None:
        return None
    has_era = any(kind == "date" and mark[0] == "g" for kind, mark in marks)
    has_era_year = any(kind == "date" and mark[0] == "e" for kind, mark in marks)
    if counts_eras and any(kind == "date" and mark[0] == "y" for kind, mark in marks):
        return None  # of an era, too
    if has_era_year and not has_era and _JAPANESE not in languages:
        return None  # elsewhere it is the year
    places = max((len(mark) for kind, mark in marks if kind == "fraction"), default=0)
    return DateForm(tuple(marks), places, _JAPANESE in languages, is_gannen)


def _language(locale: str) -> int | None:
    """Return the primary language of a locale, None where digits or calendar are another's."""
    found = _LOCALE.fullmatch(locale)
    if found is None:
        return None
    if name := found["name"]:
        return {"ja": _JAPANESE, "en": _ENGLISH}.get(name[:2], 0)
    code = int(found["code"], 16)
    return code & 0x3FF if _calendar(locale) in _CALENDARS | _ERA_CALENDARS else None


def _calendar(locale: str) -> int | None:
    """Return the shape of digits and the calendar that a locale's code names, None without one."""
    found = _LOCALE.fullmatch(locale)
    return int(found["code"], 16) >> 16 if found and found["code"] else None


def _marks(tokens: Sequence[Token]) -> list[tuple[str, str]] | None:
    """Return (kind, text) of each token, m told to be months (mo) or minutes (mi)."""
    minutes = _minutes(tokens)
    marks: list[tuple[str, str]] = []
    places = 0
    for at, token in enumerate(tokens):
        kind, text = token.kind, token.text
        if kind == "date" and text[0] == "m":
            marks.append(("date", ("mi" if at in minutes else "mo") + text[1:]))
        elif kind == "digit" and text == "0" and marks and marks[-1] in {(".", ""), _FRACTION}:
            places += 1
            marks[-1] = _FRACTION
        elif kind == "point":
            marks.append((".", ""))
        elif kind in {"date", "elapsed", "half", "literal", "comma", "slash"}:
            marks.append(("literal" if kind in {"comma", "slash"} else kind, text))
        else:
            return None
    if places > _MOST_PLACES or marks.count(_FRACTION) > 1:
        return None
    return [
        ("literal", ".")
        if mark == (".", "")
        else ("fraction", "0" * places)
        if mark == _FRACTION
        else mark
        for mark in marks
    ]


def _minutes(tokens: Sequence[Token]) -> set[int]:
    """Return which tokens m and mm are minutes: behind hours, or before seconds."""
    times = [
        (at, token)
        for at, token in enumerate(tokens)
        if token.kind in {"date", "elapsed"} and token.text[0] in "hmsyd"
    ]
    minutes = set()
    for place, (at, token) in enumerate(times):
        before = times[place - 1][1].text if place else ""
        after = times[place + 1][1].text if place + 1 < len(times) else ""
        is_month_or_minute = token.kind == "date" and token.text in {"m", "mm"}
        if is_month_or_minute and (before in _MINUTES_BEFORE or after in _MINUTES_AFTER):
            minutes.add(at)
    return minutes
