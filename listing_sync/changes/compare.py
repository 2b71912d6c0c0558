"""Find the columns in which a listing and its table row differ.

Takes both forms in which servers answer: PostgREST's numbers and `2024-01-02T00:00:00+00:00`,
Supabase Lite's numeric as text and `2024-01-02 00:00:00+00`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from listing_sync.cells.json_exact import is_same
from listing_sync.cells.listings import KEPT, Value
from listing_sync.cells.mapping import NUMBER_TYPES, Column, ColumnType

_DIGITS_OF_A_FLOAT = 15
"""A number of so many digits is a float of its own."""


def comparer(
    columns: Sequence[Column],
) -> Callable[[Sequence[Value], Sequence[Value]], tuple[int, ...]]:
    """Return a function from (listing's values, row's values) to the indexes that differ.

    All three are in the same order; a KEPT value never differs.
    """
    types = tuple(column.type for column in columns)
    # Python calls true and 1 equal, which inside a JSON document they are not.
    may_shortcut = ColumnType.JSON not in types

    def differing(listing: Sequence[Value], row: Sequence[Value]) -> tuple[int, ...]:
        if may_shortcut and listing == row:
            return ()
        return tuple(
            index
            for index, (wanted, found) in enumerate(zip(listing, row, strict=True))
            if wanted is not KEPT and not is_equal(wanted, found, types[index])
        )

    return differing


def is_equal(wanted: Value, found: Value, column_type: ColumnType) -> bool:
    """Return whether the table's JSON value means what the listing's value means."""
    if wanted is None or found is None:
        return wanted is found
    if column_type is ColumnType.JSON or isinstance(wanted, dict | list):
        return is_same(wanted, found)
    if type(wanted) is type(found) and wanted == found:
        return True
    if column_type in NUMBER_TYPES:
        return _is_same_number(wanted, found)
    if column_type is ColumnType.BOOLEAN:
        return isinstance(found, bool) and wanted == found
    if column_type is ColumnType.DATE:
        return str(wanted) == _date_text(str(found))
    if column_type is ColumnType.DATETIME:
        return _is_same_moment(str(wanted), str(found))
    # A text column of the sheet over a column of another type in the table.
    return not isinstance(found, bool | dict | list) and str(wanted) == str(found)


def _is_same_number(wanted: Value, found: Value) -> bool:
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


def _date_text(found: str) -> str:
    """Return the date of a date, or of a timestamp at midnight; anything else as it is."""
    day, _, rest = found.replace("T", " ").partition(" ")
    return day if not rest or rest.startswith("00:00:00") else found


def _is_same_moment(wanted: str, found: str) -> bool:
    try:
        return _moment(wanted) == _moment(found)
    except ValueError:
        return False


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def shown(value: Value) -> str:
    """Return a value as people read it in plans and stories; blank is an empty text."""
    if value is None or value is KEPT:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
