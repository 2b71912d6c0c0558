"""Steps of a rollback in, each one written in batches; those that were refused out, as left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from listing_sync.commands.writing import NOT_NULL_VIOLATION
from listing_sync.core.rollback import Action, LeftAlone, Step
from listing_sync.core.runs import Run
from listing_sync.errors import BatchTooLargeError, PermanentError, RemoteError, RowError
from listing_sync.ports import Ports, Replaced

_GENERATED_ALWAYS: Final = "428C9"


class Restorer:
    """Writes the steps of one rollback; what they replace is on disk before."""

    def __init__(self, ports: Ports, run: Run) -> None:
        self._ports = ports
        self._run = run
        self._needed = {ports.mapping.key, *ports.table.describe().required}
        self._generated: set[str] = set()
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a person has to know."""
        return tuple(self._warnings)

    def do(self, steps: Sequence[Step]) -> list[Step]:
        """Do the steps; return them, those that the database refused as left alone.

        Raises:
            RemoteError: for another reason than a row.
        """
        size = self._ports.settings.sync_batch_size
        done = [step for step in steps if step.action is Action.NONE]
        for action, write in (
            (Action.RESTORE, self._restore),
            (Action.BRING_BACK, self._bring_back),
            (Action.REMOVE, self._remove),
        ):
            same = [step for step in steps if step.action is action]
            for start in range(0, len(same), size):
                part = same[start : start + size]
                self._remember(part)
                done += _in_halves(part, write)
        return done

    def _restore(self, steps: Sequence[Step]) -> None:
        """Write the values to restore; others go along only where the database wants them.

        PostgreSQL tests NOT NULL before it looks for a conflicting row.
        """
        columns = sorted(self._needed.union(*(step.values for step in steps)))
        rows = [{**(step.now or {}), **step.values} for step in steps]
        try:
            self._ports.table.upsert(columns, [[row[name] for name in columns] for row in rows])
        except RowError as error:
            if error.code != NOT_NULL_VIOLATION or error.column is None or error.column in columns:
                raise
            self._needed.add(error.column)
            self._restore(steps)

    def _bring_back(self, steps: Sequence[Step]) -> None:
        """Write whole rows, without the columns that only the database itself may fill."""
        columns = [name for name in steps[0].values if name not in self._generated]
        try:
            self._ports.table.upsert(
                columns, [[step.values[name] for name in columns] for step in steps]
            )
        except PermanentError as error:
            if error.code != _GENERATED_ALWAYS or error.column not in columns:
                raise
            self._generated.add(error.column)
            self._warnings[f"rows that are brought back get a new {error.column}"] = None
            self._bring_back(steps)

    def _remove(self, steps: Sequence[Step]) -> None:
        self._ports.table.delete([step.property_number for step in steps])

    def _remember(self, steps: Sequence[Step]) -> None:
        try:
            self._ports.undo.record(self._run.run_id, self._run.started_at, map(_replaced, steps))
        except OSError as error:
            self._warnings[f"this rollback cannot be undone: {error.strerror or error}"] = None


def _replaced(step: Step) -> Replaced:
    if step.action is Action.REMOVE:
        return Replaced(step.property_number, step.now, None)
    old = step.now
    if old is not None:
        old = {name: old.get(name) for name in step.values}
    return Replaced(step.property_number, old, step.values)


def _in_halves(steps: Sequence[Step], write: Callable[[Sequence[Step]], None]) -> list[Step]:
    try:
        write(steps)
    except (RowError, BatchTooLargeError) as error:
        if len(steps) == 1:
            return [_refused(steps[0], error)]
        middle = len(steps) // 2
        return _in_halves(steps[:middle], write) + _in_halves(steps[middle:], write)
    return list(steps)


def _refused(step: Step, error: RemoteError) -> Step:
    left = LeftAlone(step.property_number, None, f"the database refuses the way back: {error}")
    return replace(step, action=Action.NONE, values={}, left_alone=(*step.left_alone, left))
