"""Find the steps that lead a table back to a snapshot, or to before one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final

from listing_sync.cells.listings import Value
from listing_sync.changes.ownership import Ours
from listing_sync.changes.rollback import Step, way_back, way_back_of_run
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Row, written_types
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports, SnapshotMeta, Written

_PART: Final = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Where to lead back to: to a snapshot, or to before one run; it has one of the two."""

    snapshot: SnapshotMeta | None = None
    run_id: str | None = None

    def __str__(self) -> str:
        if self.snapshot is None:
            return phrase("before run {run_id}", run_id=self.run_id)
        at = self.snapshot.taken_at.astimezone()
        if self.snapshot.first:
            return phrase("the first snapshot of {at:%Y-%m-%d %H:%M:%S}", at=at)
        return phrase("the snapshot of {at:%Y-%m-%d %H:%M:%S}", at=at)

    @property
    def rows(self) -> int | None:
        """Return how many listings that are, where it is known."""
        return self.snapshot.rows if self.snapshot else None

    @property
    def undoes(self) -> Mapping[str, Value] | None:
        """Return what is to be taken back, as an undo file tells it; None: that is not known."""
        if self.run_id is not None:
            return {"run": self.run_id}
        sequence = self.snapshot.sequence if self.snapshot else None
        return None if sequence is None else {"since": sequence}

    def began(self, ports: Ports) -> datetime:
        """Return since when others may have written: by the database's clock where that is known.

        Raises:
            RemoteError, RefusedError: the records cannot be read.
        """
        if self.snapshot is not None:
            return self.snapshot.last_heard_at or self.snapshot.taken_at
        run_id = self.run_id or ""
        return ports.target.records.came_at(run_id) or dict(ports.machine.undo.runs())[run_id]


def table_now(ports: Ports) -> TableNow:
    """Return what the table is: as far as the API shows it."""
    described = ports.target.table.describe()
    is_shown = any(described.columns.values())
    return TableNow(
        key=ports.mapping.key,
        types=written_types(ports.mapping),
        table_types=described.columns,
        columns=frozenset(described.columns) if is_shown else None,
        primary_key=frozenset(described.primary_key),
        identities=described.identities,
        fixed=described.generated,
        defaults=described.defaults,
    )


class WaysBack:
    """Finds the steps of all listings, a part at a time; only the numbers of all are held.

    `ours` tells what our runs did to one.
    """

    def __init__(
        self, ports: Ports, source: Source, written: Written, ours: Callable[[str], Ours]
    ) -> None:
        self._ports = ports
        self._source = source
        self._written = written
        self._ours = ours
        # The rows of the snapshot that the last part is about.
        self._before: Mapping[str, Row] = {}

    def steps(self) -> Iterator[list[Step]]:
        """Yield the steps.

        Those back to a snapshot begin with what was added since: it may hold a unique value that
        another row needs back.
        """
        if self._source.snapshot is not None:
            yield from self._to_snapshot(self._source.snapshot)
            return
        numbers = self._written.numbers_of(self._source.run_id or "")
        while part := list(islice(numbers, _PART)):
            yield self.looked_at(part)

    def looked_at(self, numbers: Sequence[str]) -> list[Step]:
        """Return the steps of listings of the last part as their rows are now."""
        now = _rows_now(self._ports, numbers)
        run_id = self._source.run_id
        if run_id is None:
            return [
                way_back(each, self._before.get(each), now.get(each), self._ours(each))
                for each in numbers
            ]
        steps = (way_back_of_run(each, run_id, now.get(each), self._ours(each)) for each in numbers)
        return [step for step in steps if step is not None]

    def _to_snapshot(self, snapshot: SnapshotMeta) -> Iterator[list[Step]]:
        key = self._ports.mapping.key
        listed = {str(row[key]) for row in self._ports.machine.snapshots.rows(snapshot)}
        for page in self._ports.target.table.whole_pages():
            added = {number: row for row in page if (number := str(row[key])) not in listed}
            yield [way_back(number, None, row, self._ours(number)) for number, row in added.items()]
        rows = self._ports.machine.snapshots.rows(snapshot)
        while part := list(islice(rows, _PART)):
            self._before = {str(row[key]): row for row in part}
            yield self.looked_at(list(self._before))


@contextmanager
def ways_back(ports: Ports, source: Source, table: TableNow, others: str) -> Iterator[WaysBack]:
    """Open what tells the ways back; `others` are those who may have done what is unknown here."""
    with ports.machine.written_since(source.snapshot or source.run_id) as written:

        def ours(number: str) -> Ours:
            return Ours(written.changes_of(number), table, others)

        yield WaysBack(ports, source, written, ours)


def _rows_now(ports: Ports, numbers: Sequence[str]) -> dict[str, Row]:
    """Return the rows by the numbers asked for, whatever the table calls the same number."""
    rows = {str(row[ports.mapping.key]): row for row in ports.target.table.whole_rows(numbers)}
    if rows.keys() - set(numbers):
        missing = [number for number in numbers if number not in rows]
        meant = ports.target.table.meant_by(missing)
        rows |= {number: rows[key] for number, key in meant.items() if key in rows}
    return rows
