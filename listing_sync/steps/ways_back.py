"""Find the steps that lead a table back to a snapshot, or to before one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from listing_sync.changes.rollback import Step, way_back, way_back_of_run
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Ours, Row, written_types
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports, SnapshotMeta

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
        defaults=described.defaults or {},
    )


def steps_back(ports: Ports, source: Source, table: TableNow, others: str) -> Iterator[list[Step]]:
    """Yield the steps of all listings, a part at a time; only their numbers are held.

    `others` are those who may have done what is not known here.
    """
    with ports.machine.written_since(source.snapshot or source.run_id) as written:

        def ours(number: str) -> Ours:
            return Ours(written.changes_of(number), table, others)

        if source.snapshot is not None:
            yield from _to_snapshot(ports, source.snapshot, ours)
            return
        run_id = source.run_id or ""
        numbers = written.numbers_of(run_id)
        while part := list(islice(numbers, _PART)):
            now = _rows_now(ports, part)
            steps = (way_back_of_run(each, run_id, now.get(each), ours(each)) for each in part)
            yield [step for step in steps if step is not None]


def _to_snapshot(
    ports: Ports, snapshot: SnapshotMeta, ours: Callable[[str], Ours]
) -> Iterator[list[Step]]:
    """Lead back what was added first: it may hold a unique value that another row needs back."""
    key = ports.mapping.key
    listed = {str(row[key]) for row in ports.machine.snapshots.rows(snapshot)}
    for page in ports.target.table.whole_pages():
        added = {number: row for row in page if (number := str(row[key])) not in listed}
        yield [way_back(number, None, row, ours(number)) for number, row in added.items()]
    rows = ports.machine.snapshots.rows(snapshot)
    while part := list(islice(rows, _PART)):
        before = {str(row[key]): row for row in part}
        now = _rows_now(ports, list(before))
        yield [way_back(each, was, now.get(each), ours(each)) for each, was in before.items()]


def _rows_now(ports: Ports, numbers: Sequence[str]) -> dict[str, Row]:
    """Return the rows by the numbers asked for, whatever the table calls the same number."""
    rows = {str(row[ports.mapping.key]): row for row in ports.target.table.whole_rows(numbers)}
    if rows.keys() - set(numbers):
        missing = [number for number in numbers if number not in rows]
        meant = ports.target.table.meant_by(missing)
        rows |= {number: rows[key] for number, key in meant.items() if key in rows}
    return rows
