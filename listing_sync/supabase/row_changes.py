"""Change rows only while they still are as they were read, where our function is there.

`listing_sync_change_rows` comes with a file of sql/, which `migrate up` applies. Its arguments and
answers are texts of JSON, so that every digit arrives whatever lies between.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Final

from listing_sync.cells.json_exact import decode, encode_rows
from listing_sync.errors import PermanentError
from listing_sync.ports import Changed, RowChange
from listing_sync.supabase.failures import failure_of_exception
from listing_sync.supabase.rest import Rest, Row, read_as_asked

FUNCTION: Final = "listing_sync_change_rows"
_MISSING: Final = frozenset({"PGRST202", "42501"})
"""Not there, or not granted: what is not granted of the table itself, the next request says."""


def change_rows(
    rest: Rest, table: str, key: str, changes: Sequence[RowChange], told: Sequence[str]
) -> Changed | None:
    """Return what became of rows, None where there is no function.

    Raises:
        RowError, BatchTooLargeError: nothing was changed; the splitter finds why.
    """
    arguments = {
        "table_name": table,
        "key_column": key,
        "changes": _text(changes),
        "told": list(told),
    }
    tries = count()
    what = f"leading {len(changes)} rows back" if changes else "asking how rows can be led back"
    try:
        rows = rest.write_back(
            rest.function(FUNCTION, arguments), what, before_try=lambda: next(tries)
        )
    except PermanentError as error:
        if error.code in _MISSING:
            return None
        raise
    with read_as_asked("changed rows"):
        found = decode(rows[0]["rows_made"], frames=3)
        made = {int(each["place"]): _row(each["made"]) for each in found}
    return Changed(made, is_certain=next(tries) == 1)


def _text(changes: Sequence[RowChange]) -> str:
    rows = (row.values() for change in changes for row in change if row is not None)
    try:
        return encode_rows([change._asdict() for change in changes], rows).decode()
    except ValueError as error:
        failure = failure_of_exception(error)
    # Outside the handler: a foreign error may hold a batch.
    raise failure


def _row(row: Any) -> Row:
    if not isinstance(row, dict):
        raise TypeError("no row")
    return row
