"""Write the steps of a rollback, a request at a time, and say what was refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from listing_sync.changes.made_rows import aligned, made_of
from listing_sync.changes.rollback import Action, LeftAlone, Step
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Row
from listing_sync.errors import (
    BatchTooLargeError,
    GeneratedColumnError,
    NoColumnError,
    NullRefusedError,
    PermanentError,
    RemoteError,
    RowError,
)
from listing_sync.history.runs import Run
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.ports import Back, Ports, Replaced

_ORDER: Final = (Action.REMOVE, Action.RESTORE, Action.BRING_BACK)
"""What is removed may hold a unique value that another row needs back."""


class Restorer:
    """Writes the steps of one rollback; what they replace is on disk before.

    `before_first_write` is called once, when there is something to write.
    """

    def __init__(
        self, ports: Ports, run: Run, table: TableNow, before_first_write: Callable[[], None]
    ) -> None:
        self._ports = ports
        self._run = run
        self._table = table
        self._before_first_write: Callable[[], None] | None = before_first_write
        self._needed: set[str] = set()
        self._left_out: set[str] = set()
        self._warnings: dict[str, None] = {}
        self._is_remembered = True
        self._made: dict[str, Row] = {}
        self._removed: set[str] = set()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a person has to know."""
        return tuple(self._warnings)

    def do(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Do the steps; yield them as they are done, those that the database refused as left alone.

        Raises:
            RemoteError: for another reason than a row.
        """
        size = self._ports.settings.sync_batch_size
        yield [step for step in steps if step.action is Action.NONE]
        for action in _ORDER:
            groups: defaultdict[tuple[str, ...], list[Step]] = defaultdict(list)
            for step in steps:
                if step.action is action:
                    groups[tuple(step.values)].append(step)
            for same in groups.values():
                for start in range(0, len(same), size):
                    yield self._do_part(action, same[start : start + size])

    def _do_part(self, action: Action, steps: Sequence[Step]) -> list[Step]:
        if self._before_first_write is not None:
            self._before_first_write()
            self._before_first_write = None
        self._remember(steps)
        done = self._in_halves(self._remove if action is Action.REMOVE else self._write, steps)
        self._conclude(action, done)
        return done

    def _in_halves(
        self, write: Callable[[Sequence[Step]], None], steps: Sequence[Step]
    ) -> list[Step]:
        try:
            write(steps)
        except (RowError, BatchTooLargeError) as error:
            if len(steps) == 1:
                without = self._without_identity(steps[0])
                return (
                    [_refused(steps[0], error)]
                    if without is None
                    else self._in_halves(write, [without])
                )
            middle = len(steps) // 2
            return self._in_halves(write, steps[:middle]) + self._in_halves(write, steps[middle:])
        return list(steps)

    def _without_identity(self, step: Step) -> Step | None:
        """Return the step without the row's id, to which other rows may refer meanwhile."""
        kept = {
            name: value
            for name, value in step.values.items()
            if name not in self._table.primary_key or name == self._table.key
        }
        if step.action is not Action.RESTORE or len(kept) == len(step.values):
            return None
        number = step.property_number
        self._warn(phrase("{number} keeps the id that it has now", number=number))
        return replace(step, values=kept)

    def _write(self, steps: Sequence[Step]) -> None:
        """Write values or whole rows; others go along only where the database insists.

        PostgreSQL tests NOT NULL before it looks for a conflicting row.
        """
        key, is_there = self._table.key, steps[0].now is not None
        given = steps[0].values.keys() - self._left_out - {key}
        # Only a row that is there has values to go along.
        given |= self._needed if is_there else set()
        columns = [key, *sorted(given)]
        rows = [{**(step.now or {}), **step.values, key: _key_of(step, key)} for step in steps]
        values = [[row[name] for name in columns] for row in rows]
        back = Back.WRITTEN if is_there else Back.WHOLE
        try:
            made = self._ports.target.table.upsert(columns, values, back=back)
        except (RowError, PermanentError) as error:
            if not self._knows_better(error, given, is_there=is_there):
                raise
            self._write(steps)
            return
        numbers = [str(sent[0]) for sent in values]
        came = aligned(numbers, made, key)
        there = [place for place, number in enumerate(numbers) if number in came]
        found = made_of(
            list(came),
            columns,
            [values[place] for place in there],
            list(came.values()),
            self._table.types,
            key,
        )
        for step, number in zip(steps, numbers, strict=True):
            if number in came:
                # What was left out is as it was.
                now = step.now or {}
                kept = {n: now[n] for n in step.values.keys() - columns if n in now}
                self._made[step.property_number] = {**kept, **found.of(number)}

    def _knows_better(self, error: RemoteError, given: set[str], *, is_there: bool) -> bool:
        """Learn from a refusal which column to leave out, or to send too; say whether it did."""
        name = error.column
        if name is None:
            return False
        if isinstance(error, NullRefusedError) and is_there and name not in given:
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

    def _remove(self, steps: Sequence[Step]) -> None:
        keys = [_key_of(step, self._table.key) for step in steps]
        gone = set(self._ports.target.table.delete(keys))
        self._removed |= {
            step.property_number for step, key in zip(steps, keys, strict=True) if key in gone
        }

    def _remember(self, steps: Sequence[Step]) -> None:
        if not self._is_remembered:
            return
        try:
            self._ports.machine.undo.record(
                self._run.run_id, self._run.started_at, map(_replaced, steps)
            )
        except OSError as error:
            self._is_remembered = False
            why = system_words(error)
            self._warn(phrase("this rollback cannot be undone: {why}", why=why))

    def _conclude(self, action: Action, done: Sequence[Step]) -> None:
        """Note what was refused, and what the database made of the rest."""
        if not self._is_remembered:
            return
        refused = [step.property_number for step in done if step.action is Action.NONE]
        made, self._made = self._made, {}
        removed, self._removed = self._removed, set()
        try:
            # A row that the database did not give back may not be there, or be there still.
            self._ports.machine.undo.conclude(
                self._run.run_id,
                done=sorted(removed) if action is Action.REMOVE else list(made),
                refused=refused,
                made=made,
            )
        except OSError as error:
            why = system_words(error)
            self._warn(phrase("what came of this rollback cannot be kept: {why}", why=why))

    def _warn(self, text: str) -> None:
        self._warnings[text] = None


def _key_of(step: Step, key: str) -> str:
    """Return the number as the table spells it."""
    return step.property_number if step.now is None else str(step.now[key])


def _replaced(step: Step) -> Replaced:
    if step.action is Action.REMOVE:
        return Replaced(step.property_number, step.now, None)
    old = step.now
    if old is not None:
        old = {name: old.get(name) for name in step.values}
    return Replaced(step.property_number, old, step.values)


def _refused(step: Step, error: RemoteError) -> Step:
    left = LeftAlone(
        step.property_number,
        None,
        phrase("the database refuses the way back: {error}", error=error),
    )
    return replace(step, action=Action.NONE, values={}, left_alone=(*step.left_alone, left))
