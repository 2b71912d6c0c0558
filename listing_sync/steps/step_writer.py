"""Send the steps of a rollback to the table: where it can, only to rows that are as they were read.

The table's own function takes rows that differ in any columns, and leaves what has changed since it
was read. Without it a request takes rows that differ in the same columns, as they are then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from listing_sync.cells.listings import Value
from listing_sync.changes.made_rows import aligned, made_of
from listing_sync.changes.rollback import Action, Step
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Row
from listing_sync.errors import (
    GeneratedColumnError,
    NoColumnError,
    NullRefusedError,
    PermanentError,
    RemoteError,
    RowError,
)
from listing_sync.language.sentences import phrase
from listing_sync.ports import Back, Changed, RowChange, Table


class StepWriter:
    """Writes steps of one kind in one request, all or none.

    It learns from refusals which columns to leave out, and says so by `warn`.
    """

    def __init__(self, rows: Table, table: TableNow, warn: Callable[[str], None]) -> None:
        self._rows = rows
        self._table = table
        self._warn = warn
        self._needed: set[str] = set()
        self._left_out: set[str] = set()
        self._is_conditional: bool | None = None
        self._made: dict[str, Row] = {}
        self._removed: set[str] = set()

    @property
    def is_conditional(self) -> bool:
        """Return whether the table changes rows only while they are as they were read."""
        if self._is_conditional is None:
            self._is_conditional = self._rows.change_rows(()) is not None
        return self._is_conditional

    def write_as_read(self, steps: Sequence[Step]) -> tuple[list[Step], bool]:
        """Do those steps whose rows still are as they were read.

        Return the others, and whether none of those was done by an earlier try.

        Raises:
            RemoteError: nothing was written.
        """
        changes = [self._change(step) for step in steps]
        sent = {at: change for at, change in enumerate(changes) if change is not None}
        try:
            found = None
            if sent:
                told = sorted(self._table.row_ids)
                found = self._rows.change_rows(list(sent.values()), told)
        except (RowError, PermanentError) as error:
            given = {name for change in sent.values() for name in change.to or ()}
            if not self._knows_better(error, given, may_need=False):
                raise
            return self.write_as_read(steps)
        made, is_certain = found or Changed({}, is_certain=False)
        came = {at: made.get(place) for place, at in enumerate(sent)}
        self._note([(steps[at], sent[at].to, row) for at, row in came.items() if row is not None])
        late = [step for at, step in enumerate(steps) if at in sent and came[at] is None]
        return late, is_certain

    def taken(self) -> tuple[dict[str, Row], set[str]]:
        """Return what the database made of rows since the last time, and the numbers that went."""
        taken = self._made, self._removed
        self._made, self._removed = {}, set()
        return taken

    def _change(self, step: Step) -> RowChange | None:
        """Return the change that a step is, None where nothing is left of it."""
        if step.action is Action.REMOVE:
            return RowChange(step.now, None)
        key = self._table.key
        names = [name for name in step.values if name not in {*self._left_out, key}]
        if step.now is None:
            return RowChange(
                None, {key: step.property_number, **{name: step.values[name] for name in names}}
            )
        if not names:
            return None
        which = {key} | (self._table.row_ids & step.now.keys())
        return RowChange(
            {name: step.now[name] for name in which.union(names)},
            {name: step.values[name] for name in names},
        )

    def _note(self, done: Sequence[tuple[Step, Row | None, Row]]) -> None:
        """Note what became of steps, of which each has what was sent and the row that came."""
        groups: defaultdict[tuple[str, ...], list[tuple[Step, Row, Row]]] = defaultdict(list)
        for step, sent, row in done:
            if sent is None:
                self._removed.add(step.property_number)
            else:
                groups[tuple(sent)].append((step, sent, row))
        for columns, same in groups.items():
            numbers = [step.property_number for step, _, _ in same]
            values = [tuple(sent.values()) for _, sent, _ in same]
            rows = [row for _, _, row in same]
            key = self._table.key
            found = made_of(numbers, columns, values, rows, self._table.types, key)
            for step, _, _ in same:
                self._note_made(step, columns, found.of(step.property_number))

    def _note_made(self, step: Step, columns: Collection[str], made: Mapping[str, Value]) -> None:
        # What was left out is as it was.
        now = step.now or {}
        kept = {name: now[name] for name in step.values.keys() - columns if name in now}
        self._made[step.property_number] = {**kept, **made}

    def write(self, steps: Sequence[Step]) -> list[Step]:
        """Do steps in the same columns, whatever the rows are by now; return those left undone.

        A trigger may have done so, or an earlier try whose answer was lost did them.

        Others go along only where the database insists: PostgreSQL tests NOT NULL before it looks
        for a conflicting row.

        Raises:
            RemoteError: nothing was written.
        """
        if steps[0].action is Action.REMOVE:
            return self._remove(steps)
        key, is_there = self._table.key, steps[0].now is not None
        given = steps[0].values.keys() - self._left_out - {key}
        # Only a row that is there has values to go along.
        given |= self._needed if is_there else set()
        columns = [key, *sorted(given)]
        rows = [{**(step.now or {}), **step.values, key: _key_of(step, key)} for step in steps]
        values = [[row[name] for name in columns] for row in rows]
        back = Back.WRITTEN if is_there else Back.WHOLE
        try:
            made = self._rows.upsert(columns, values, back=back)
        except (RowError, PermanentError) as error:
            if not self._knows_better(error, given, may_need=is_there):
                raise
            return self.write(steps)
        numbers = [str(sent[0]) for sent in values]
        came = aligned(numbers, made, key)
        self._note(
            [
                (step, dict(zip(columns, sent, strict=True)), came[number])
                for step, sent, number in zip(steps, values, numbers, strict=True)
                if number in came
            ]
        )
        return [step for step, number in zip(steps, numbers, strict=True) if number not in came]

    def _remove(self, steps: Sequence[Step]) -> list[Step]:
        keys = [_key_of(step, self._table.key) for step in steps]
        gone = set(self._rows.delete(keys))
        pairs = [*zip(steps, keys, strict=True)]
        self._removed |= {step.property_number for step, key in pairs if key in gone}
        return [step for step, key in pairs if key not in gone]

    def _knows_better(self, error: RemoteError, given: Collection[str], *, may_need: bool) -> bool:
        """Learn from a refusal which column to leave out, or to send too; say whether it did."""
        name = error.column
        if name is None:
            return False
        if isinstance(error, NullRefusedError) and may_need and name not in given:
            self._needed.add(name)
            return True
        if name not in given or not isinstance(error, GeneratedColumnError | NoColumnError):
            return False
        self._left_out.add(name)
        if isinstance(error, GeneratedColumnError):
            self._warn(phrase("rows that are brought back get a new {name}", name=name))
        else:
            self._warn(
                phrase("the table no longer has the column {name}: it is left out", name=name)
            )
        return True


def _key_of(step: Step, key: str) -> str:
    """Return the number as the table spells it."""
    return step.property_number if step.now is None else str(step.now[key])
