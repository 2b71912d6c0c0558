"""Ask the database for fingerprints of a table in place of its rows, where our function is there.

`listing_sync_table_fingerprints` comes with a file of sql/, which `migrate up` applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from listing_sync import logs
from listing_sync.changes.seen import Fingerprint
from listing_sync.errors import BatchTooLargeError, PermanentError, RowError
from listing_sync.language.sentences import english_of
from listing_sync.supabase.rest import Rest, read_as_asked

FUNCTION: Final = "listing_sync_table_fingerprints"


def read_fingerprints(
    rest: Rest,
    table: str,
    key: str,
    columns: Sequence[str],
    known: Sequence[str | None],
    *,
    with_keys: bool,
) -> tuple[Fingerprint, ...] | None:
    """Return the buckets whose fingerprint is not the known one; there are as many as `known`.

    None where the database does not tell: no function, no right, not in time, a view.
    """
    query = rest.function(
        FUNCTION,
        {
            "table_name": table,
            "key_column": key,
            "column_names": list(columns),
            "buckets": len(known),
            "known": list(known),
            "with_keys": with_keys,
        },
    )
    try:
        rows = rest.read(query, "asking what of the table has changed").rows
    except (PermanentError, RowError, BatchTooLargeError) as error:
        logs.event("info", "read_whole", f"the table is read whole: {english_of(error)}")
        return None
    told = rows[0].get("fingerprints") if rows else None
    if told is None:
        return None
    with read_as_asked("fingerprints"):
        return tuple(map(_fingerprint, told))


def _fingerprint(told: Sequence[Any]) -> Fingerprint:
    bucket, content, version, keys = told
    return Fingerprint(
        int(bucket), str(content), str(version), None if keys is None else tuple(map(str, keys))
    )
