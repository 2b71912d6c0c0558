"""Index on disk, by listing, what the undo files say that our runs did."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from listing_sync.cells.column_types import ColumnType
from listing_sync.changes.undo_log import Logged
from listing_sync.machine.sequence import sequence_of
from listing_sync.machine.state_dir import decode_json, encode_json, read_as_ours
from listing_sync.machine.undo import RunFile, UndoFiles
from listing_sync.machine.undo_lines import change_of, done_in, is_change, lines_by_number
from listing_sync.machine.undo_of_one import types_of
from listing_sync.ports import SnapshotMeta

_TABLE = """
create table change (
  number text, run integer, line blob, made blob, is_certain integer default 0
);
create index change_number on change (number);
"""


class WrittenIndex:
    """The changes of our runs, to be asked for listing by listing, oldest first.

    Those that the database refused are not in it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._files: list[RunFile] = []
        self._types: list[dict[str, ColumnType]] = []
        self._undoes: list[frozenset[str]] = []

    def add(self, file: RunFile, undo: UndoFiles) -> None:
        """Take in what one run did."""
        run = len(self._files)
        self._files.append(file)
        self._types.append({})
        self._undoes.append(frozenset())
        # Changes of which nothing is known yet, by number: a run may note one more than once.
        pending: defaultdict[str, list[int]] = defaultdict(list)
        with read_as_ours(file.path):
            self._take_in(run, undo.lines(file.path), pending)

    def _take_in(
        self, run: int, lines: Iterator[bytes], pending: defaultdict[str, list[int]]
    ) -> None:
        execute = self._connection.execute
        for line in lines:
            if is_change(line):
                for number, one in lines_by_number(line):
                    cursor = execute(
                        "insert into change (number, run, line) values (?, ?, ?)",
                        (number, run, one),
                    )
                    pending[number].append(cursor.lastrowid or 0)
                continue
            said = decode_json(line, frames=3)
            self._types[run] |= types_of(said.get("types", {}))
            self._undoes[run] |= self._undone(run, said.get("undoes"))
            spelled = said.get("spelled", {})
            for number, made in done_in(said):
                key = spelled.get(number, number)
                kept = None if made is None else encode_json(made)
                rows = [(key, kept, row) for row in pending.pop(number, ())]
                self._connection.executemany(
                    "update change set is_certain = 1, number = ?, made = ? where rowid = ?", rows
                )
            for number in said.get("refused", ()):
                gone = [(row,) for row in pending.pop(number, ())]
                self._connection.executemany("delete from change where rowid = ?", gone)

    def _undone(self, run: int, said: object) -> frozenset[str]:
        """Return the runs that a rollback was to take back, of those that are known here."""
        match said:
            case {"run": str(run_id)}:
                return frozenset({run_id})
            case {"since": int(sequence)}:
                return frozenset(
                    file.run_id
                    for file in self._files[:run]
                    if (sequence_of(file.path.name) or 0) > sequence
                )
            case _:
                return frozenset()

    def numbers_of(self, run_id: str) -> Iterator[str]:
        """Yield the listings that a run changed, in the order of its first changes."""
        run = next((at for at, file in enumerate(self._files) if file.run_id == run_id), None)
        yield from (
            number
            for (number,) in self._connection.execute(
                "select number from change where run = ? group by number order by min(rowid)",
                (run,),
            )
        )

    def changes_of(self, property_number: str) -> tuple[Logged, ...]:
        """Return what our runs did to one listing, oldest first."""
        rows = self._connection.execute(
            "select run, line, made, is_certain from change where number = ? order by rowid",
            (property_number,),
        )
        return tuple(self._logged(*row) for row in rows)

    def _logged(self, run: int, line: bytes, made: bytes | None, is_certain: int) -> Logged:
        file = self._files[run]
        with read_as_ours(file.path):
            change = change_of(line)
            as_made = None if made is None else decode_json(made, frames=1)
        return Logged(
            property_number=change.property_number,
            old=change.old,
            new=change.new,
            run_id=file.run_id,
            started_at=file.started_at,
            made=as_made,
            is_certain=bool(is_certain),
            types=self._types[run],
            undoes=self._undoes[run],
        )


@contextmanager
def written_since(undo: UndoFiles, beginning: SnapshotMeta | str | None) -> Iterator[WrittenIndex]:
    """Index what the runs after a snapshot did, or that run and later ones, or all.

    It is gone when the block ends.
    """
    # An empty name is a temporary database: SQLite keeps it in memory while it is small.
    connection = sqlite3.connect("")
    try:
        connection.executescript(_TABLE)
        index = WrittenIndex(connection)
        for file in undo.since(beginning):
            index.add(file, undo)
        yield index
    finally:
        connection.close()
