"""What many runs wrote, by listing: undo files in, an index on disk out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from listing_sync.core.json_exact import decode, encode
from listing_sync.ports import Replaced, Undo


class WrittenIndex:
    """The changes of our runs, to be asked for listing by listing, oldest first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def changes_of(self, property_number: str) -> tuple[Replaced, ...]:
        """Return what our runs did to one listing, oldest first."""
        rows = self._connection.execute(
            "select old, new from change where number = ? order by rowid", (property_number,)
        )
        return tuple(
            Replaced(property_number, decode(old, frames=1), decode(new, frames=1))
            for old, new in rows
        )


@contextmanager
def written_since(undo: Undo, since: datetime) -> Iterator[WrittenIndex]:
    """Index what the runs started at `since` or later wrote; gone when the block ends."""
    # An empty name is a temporary database: SQLite keeps it in memory while it is small.
    connection = sqlite3.connect("")
    try:
        connection.execute("create table change (number text, old text, new text)")
        for run_id, started_at in reversed(undo.runs()):
            if started_at >= since:
                connection.executemany(
                    "insert into change values (?, ?, ?)",
                    (
                        (change.property_number, encode(change.old), encode(change.new))
                        for change in undo.read(run_id)
                    ),
                )
        connection.execute("create index change_number on change (number)")
        yield WrittenIndex(connection)
    finally:
        connection.close()
