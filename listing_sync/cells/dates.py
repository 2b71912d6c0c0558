"""Read a cell of a date or date-time column as ISO text: 45322, 2024年1月31日, R6.1.31."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

from listing_sync.cells.columns import Column
from listing_sync.cells.eras import SQUARE_ERAS, era_problem, year_in_era
from listing_sync.cells.listings import (
    Problem,
    ReadShown,
    ReadText,
    ReadValue,
    Shown,
    Stored,
    Value,
)
from listing_sync.cells.serials import moment_of_serial, shows_day
from listing_sync.cells.spelling import half_width
from listing_sync.language.sentences import marked, phrase

_WEEKDAYS = "月火水木金土日"

_YEAR = (
    r"(?:(?P<era>明治|大正|昭和|平成|令和|[MTSHRmtshr]) ?(?P<era_year>元|[0-9]{1,2})"
    r"|(?P<year>[1-9][0-9]{3}))"
)
_MONTH_AND_DAY = (
    r"(?: ?年 ?(?P<month>[0-9]{1,2}) ?月 ?(?P<day>[0-9]{1,2}) ?日"
    r"|(?P<mark>[-/.])(?P<month2>[0-9]{1,2})(?P=mark)(?P<day2>[0-9]{1,2}))"
)
_WEEKDAY = (
    r"(?: ?(?:\((?P<weekday>[月火水木金土日])(?:曜日?)?\)|(?P<weekday2>[月火水木金土日])曜日?))?"
)
_CLOCK = (
    r"(?:[T ] ?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?(?: ?(?P<half>[AaPp])[Mm])?"
    r"| ?(?P<hour2>[0-9]{1,2})時(?:(?P<minute2>[0-9]{1,2})分(?:(?P<second2>[0-9]{1,2})秒)?)?)"
)
_ZONE = (
    r"(?: ?(?P<zone>Z|(?P<zone_sign>[-+])(?P<zone_hour>[0-9]{2})(?::?(?P<zone_minute>[0-9]{2}))?))?"
)
_MOMENT = re.compile(f"{_YEAR}{_MONTH_AND_DAY}{_WEEKDAY}(?:{_CLOCK}{_ZONE})?")
_NO_DAY = re.compile(rf"{_YEAR}(?: ?年(?: ?[0-9]{{1,2}} ?月)?|[-/.][0-9]{{1,2}})?")
_YEAR_LAST = re.compile(
    r"(?P<first>[0-9]{1,2})(?P<mark>[-/.])(?P<second>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{2,4})"
    r"(?P<rest>(?:[T (].*)?)"
)
_NO_CERTAIN_ORDER = marked(
    "not a date: which number is the year, month or day is not certain (the mapping can state "
    "order)",
    code="date_order_uncertain",
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST = 100


def date_rules(column: Column, expected: str) -> tuple[ReadText, ReadValue, ReadShown]:
    """Return how the texts and the other cells of a date column are read."""
    minimum, maximum = column.minimum, column.maximum

    def finish(moment: datetime | str) -> Value | Problem:
        if isinstance(moment, str):
            return Problem(moment, expected)
        if moment.tzinfo is not None or moment.time() != time.min:
            return Problem(phrase("has a time of day", code="has_time_of_day"), expected)
        day = moment.date().isoformat()
        if isinstance(minimum, str) and day < minimum:
            return _too_early(minimum)
        if isinstance(maximum, str) and day > maximum:
            return _too_late(maximum)
        return day

    order = column.order
    return (
        lambda text: finish(_moment_from_text(text, order)),
        lambda cell: finish(_moment(cell)),
        lambda cell: finish(_moment_shown(cell)),
    )


def datetime_rules(
    column: Column, expected: str, zone: tzinfo | None
) -> tuple[ReadText, ReadValue, ReadShown]:
    """Return how the texts and the other cells of a date-time column are read."""
    earliest, latest = _utc_limit(column.minimum, zone), _utc_limit(column.maximum, zone)

    def finish(moment: datetime | str) -> Value | Problem:
        if isinstance(moment, datetime):
            moment = _in_utc(moment, zone)
        if isinstance(moment, str):
            return Problem(moment, expected)
        if earliest is not None and moment < earliest:
            return _too_early(column.minimum)
        if latest is not None and moment > latest:
            return _too_late(column.maximum)
        return moment.isoformat()

    order = column.order
    return (
        lambda text: finish(_moment_from_text(text, order)),
        lambda cell: finish(_moment(cell)),
        lambda cell: finish(_moment_shown(cell)),
    )


def _too_early(limit: object) -> Problem:
    return Problem(
        phrase("before {limit}", code="before_minimum", limit=limit),
        phrase("{limit} or later", limit=limit),
    )


def _too_late(limit: object) -> Problem:
    return Problem(
        phrase("after {limit}", code="after_maximum", limit=limit),
        phrase("{limit} or earlier", limit=limit),
    )


def _in_utc(moment: datetime, zone: tzinfo | None) -> datetime | str:
    if moment.tzinfo is None and zone is None:
        return phrase("the time zone of the spreadsheet is not known here", code="zone_unknown")
    return _to_utc(moment, zone or UTC)


def limit_problem(limit: Decimal | str | None, zone: tzinfo | None) -> str | None:
    """Return why a limit of date-times is no moment in the zone of the sheet, None when it is."""
    if zone is None or not isinstance(limit, str):
        return None
    moment = _in_utc(datetime.fromisoformat(limit), zone)
    return f"{limit}: {moment}" if isinstance(moment, str) else None


def _utc_limit(limit: Decimal | str | None, zone: tzinfo | None) -> datetime | None:
    moment = _in_utc(datetime.fromisoformat(limit), zone) if isinstance(limit, str) else None
    return moment if isinstance(moment, datetime) else None


def _moment_shown(cell: Shown) -> datetime | str:
    """Return the moment of a stored value whose text shows that day, or why it has none."""
    stored = cell.stored
    if isinstance(stored, bool):
        return phrase("a check box", code="check_box")
    if isinstance(stored, int | float):
        moment = moment_of_serial(stored)
        if moment is not None and shows_day(cell.text, moment.date()):
            return moment
        if not re.search(r"[-/:年月日]", half_width(cell.text)):
            return phrase(
                "not a date: a bare number, {shown}, which is no date by its own format",
                code="bare_number",
                shown=cell.text,
            )
        return phrase(
            "not a date with year, month and day: shows {shown}, holds the number {stored}",
            code="not_the_day_shown",
            shown=cell.text,
            stored=stored,
        )
    if isinstance(stored, date) and not shows_day(cell.text, stored):
        return phrase(
            "not a date with year, month and day: shows {shown}, holds {stored}",
            code="not_the_day_shown",
            shown=cell.text,
            stored=stored,
        )
    return _moment(stored)


def _moment(cell: Stored) -> datetime | str:
    """Return the moment of a cell that is not text, to the second, or why it is none."""
    if isinstance(cell, bool):
        return phrase("a check box", code="check_box")
    if isinstance(cell, int | float):
        return phrase(
            "not a date: a bare number, which is no date by its own format", code="bare_number"
        )
    if isinstance(cell, datetime):
        if not cell.microsecond:
            return cell
        half = timedelta(microseconds=500_000)
        rounded = cell if cell > cell.max.replace(tzinfo=cell.tzinfo) - half else cell + half
        return rounded.replace(microsecond=0)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - in the sheet's zone
    return phrase("a time without a date", code="time_without_date")


def _moment_from_text(text: str, order: str | None) -> datetime | str:
    """Return the moment that a text means, or why it means none; a date alone is its midnight.

    Naive unless the text names a zone. `order` is that of 7/5/2005, "mdy" or "dmy". A bare number
    is no date: it may be a serial number, 240131, or 6.01.31.
    """
    plain = half_width(text.translate(SQUARE_ERAS)) if len(text) <= _LONGEST else ""
    if found := _YEAR_LAST.fullmatch(plain):
        if order not in {"mdy", "dmy"}:
            return _NO_CERTAIN_ORDER
        first, second, year = found["first"], found["second"], found["year"]
        if len(year) != 4:  # noqa: PLR2004 - digits
            return phrase(
                "not a date: the century of its year is not certain", code="century_uncertain"
            )
        month, day_of_month = (first, second) if order == "mdy" else (second, first)
        plain = f"{year}-{month}-{day_of_month}{found['rest']}"
    match = _MOMENT.fullmatch(plain)
    if match is None:
        if _NO_DAY.fullmatch(plain):
            return phrase("not a date: no day", code="no_day")
        if _NUMBER.fullmatch(plain):
            return phrase("not a date: a bare number", code="bare_number")
        return phrase("not a date", code="not_a_date")
    day = _day(match)
    return day if isinstance(day, str) else _at_time(day, match)


def _to_utc(moment: datetime, zone: tzinfo) -> datetime | str:
    """Return the moment in UTC, or why there is none.

    A naive moment is in `zone`; where clocks are put back it is the earlier of the two.
    """
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        in_utc = moment.replace(tzinfo=zone).astimezone(UTC)
        if in_utc.astimezone(zone).replace(tzinfo=None) != moment:
            return phrase(
                "no such time in {zone}: the clocks are put forward over it",
                code="no_such_time",
                zone=zone,
            )
    except OverflowError:
        return phrase("not a date-time: out of range", code="out_of_range")
    return in_utc


def _day(match: re.Match[str]) -> date | str:
    month = int(match["month"] or match["month2"])
    day_of_month = int(match["day"] or match["day2"])
    era = match["era"]
    year = int(match["year"]) if era is None else year_in_era(era, match["era_year"])
    try:
        day = date(year, month, day_of_month)
    except ValueError:
        return phrase("not a date: no such day", code="no_such_day")
    if era is not None:
        problem = era_problem(era, day)
        if problem is not None:
            return problem
    weekday = match["weekday"] or match["weekday2"]
    if weekday is not None and weekday != _WEEKDAYS[day.weekday()]:
        return phrase(
            "not a date: {day} is not {said}曜日 but {true}曜日",
            code="wrong_weekday",
            day=day,
            said=weekday,
            true=_WEEKDAYS[day.weekday()],
        )
    return day


def _at_time(day: date, match: re.Match[str]) -> datetime | str:
    zone: tzinfo | None = None
    if match["zone_sign"]:
        offset = timedelta(hours=int(match["zone_hour"]), minutes=int(match["zone_minute"] or 0))
        if offset >= timedelta(days=1):
            return phrase("not a date-time: no such zone", code="no_such_zone")
        zone = timezone(-offset if match["zone_sign"] == "-" else offset)
    elif match["zone"]:
        zone = UTC
    hour = int(match["hour"] or match["hour2"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a clock face
            return phrase("not a date-time: no such time of day", code="no_such_time")
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    try:
        return datetime(
            day.year,
            day.month,
            day.day,
            hour,
            int(match["minute"] or match["minute2"] or 0),
            int(match["second"] or match["second2"] or 0),
            int((match["fraction"] or "").ljust(6, "0")),
            tzinfo=zone,
        )
    except ValueError:
        return phrase("not a date-time: no such time of day", code="no_such_time")
