"""Find the moment that a serial number and the text of its cell both mean."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

from listing_sync.cells.spelling import unicode_form

_DAY_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - serials have no zone
_FIRST_SERIAL, _LAST_SERIAL = 2, 2_958_465  # 1900-01-01, 9999-12-31
_DAY_S = 86_400
_LONGEST_MOMENT = 200
_GROUPS = re.compile(r"[0-9]+")
_MONTH_NAME = re.compile(r"[a-z\u00e0-\u052f]{3,}")  # no Han: it would be a weekday
_YEARS_BEFORE_ERA: Final = {
    **dict.fromkeys(("明治", "明", "m"), 1867),
    **dict.fromkeys(("大正", "大", "t"), 1911),
    **dict.fromkeys(("昭和", "昭", "s"), 1925),
    **dict.fromkeys(("平成", "平", "h"), 1988),
    **dict.fromkeys(("令和", "令", "r"), 2018),
}
_ERA = re.compile(r"明治|大正|昭和|平成|令和|(?<![a-z])[mtshr](?![a-z])|[明大昭平令]")


def moment_of_serial(serial: float) -> datetime | None:
    """Return the moment of a serial number, to the second; None out of the calendar.

    Source: developers.google.com/sheets/api/guides/formats, "About date & time values".
    """
    if not _FIRST_SERIAL <= serial < _LAST_SERIAL + 1:
        return None
    seconds = round(serial * _DAY_S)
    if seconds >= (_LAST_SERIAL + 1) * _DAY_S:
        return None
    return _DAY_ZERO + timedelta(seconds=seconds)


def shows_day(text: str, day: date) -> bool:
    """Return whether a text shows a day: its year, its month and its day, in whatever order.

    The year may be cut to two digits or be that of an era, the month a name in any alphabet.
    """
    if len(text) > _LONGEST_MOMENT:
        return False
    plain = unicode_form("NFKC", text).casefold()
    groups = _GROUPS.findall(plain.replace("元年", "1年"))
    if len(groups) == 1 and groups[0] in {f"{day:%Y%m%d}", f"{day:%y%m%d}"}:
        return True
    names_month = _MONTH_NAME.search(plain) is not None
    for year in filter(lambda at: _is_year(groups[at], plain, day), range(len(groups))):
        rest = groups[:year] + groups[year + 1 :]
        for at, group in enumerate(rest):
            months = rest[:at] + rest[at + 1 :]
            if _is(group, day.day) and (names_month or any(_is(m, day.month) for m in months)):
                return True
    return False


def shows_time(text: str) -> bool:
    """Return whether a text that shows a day may show more than that."""
    plain = unicode_form("NFKC", text).casefold().replace("元年", "1年")
    groups = len(_GROUPS.findall(plain))
    return groups > (2 if _MONTH_NAME.search(plain) else 3)


def _is(group: str, number: int) -> bool:
    return len(group) <= 2 and int(group) == number  # noqa: PLR2004 - a day or month


def _is_year(group: str, plain: str, day: date) -> bool:
    if group in {f"{day.year:04}", f"{day.year % 100:02}"}:
        return True
    return any(
        len(group) <= 2 and int(group) == day.year - _YEARS_BEFORE_ERA[era]  # noqa: PLR2004
        for era in _ERA.findall(plain)
    )
