"""Decide whether the table's JSON value means what a listing's value means, type by type.

Takes both forms in which servers answer: PostgREST's numbers and `2024-01-02T00:00:00+00:00`,
Supabase Lite's numeric as text and `2024-01-02 00:00:00+00`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from listing_sync.cells.listings import Value

_DIGITS_OF_A_FLOAT = 15
"""A number of so many digits is a float of its own."""


def is_same_text(wanted: Value, found: Value) -> bool:
    """Return whether they are one text; the column of the table may be of another type."""
    return not isinstance(found, bool | dict | list) and str(wanted) == str(found)


def is_same_number(wanted: Value, found: Value) -> bool:
    """Return whether they are one number, however it is written."""
    if isinstance(found, bool):
        return False
    if str(wanted) == str(found):
        return True
    try:
        if type(found) is float and len(str(wanted)) <= _DIGITS_OF_A_FLOAT:
            return float(str(wanted)) == found
        return Decimal(str(wanted)) == Decimal(str(found))
    except (InvalidOperation, ValueError):
        return False


def is_same_boolean(wanted: Value, found: Value) -> bool:
    """Return whether they are both true or both false."""
    return isinstance(found, bool) and wanted == found


def is_same_date(wanted: Value, found: Value) -> bool:
    """Return whether they are one day; a timestamp at midnight is its day."""
    day, _, rest = str(found).replace("T", " ").partition(" ")
    return str(wanted) == (day if not rest or rest.startswith("00:00:00") else str(found))


def is_same_moment(wanted: Value, found: Value) -> bool:
    """Return whether they are one moment, in whatever zone."""
    try:
        return _moment(str(wanted)) == _moment(str(found))
    except ValueError:
        return False


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
