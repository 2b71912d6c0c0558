"""Find the columns in which a listing and its table row differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.json_exact import is_same
from listing_sync.cells.listings import KEPT, Value


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
    return column_type.facts.is_equal(wanted, found)


def shown(value: Value) -> str:
    """Return a value as people read it in plans and stories; blank is an empty text."""
    if value is None or value is KEPT:
        return ""
    return str(value)
