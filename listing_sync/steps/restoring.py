"""Do the steps of a rollback, a request at a time, and say what was refused or came in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from listing_sync.cells.listings import Value
from listing_sync.changes.rollback import Action, LeftAlone, Step
from listing_sync.changes.table_now import TableNow
from listing_sync.errors import BatchTooLargeError, RemoteError, RowError
from listing_sync.history.runs import Run
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.ports import Ports, Replaced
from listing_sync.steps.answers import kept
from listing_sync.steps.step_writer import StepWriter

_ORDER: Final = (Action.REMOVE, Action.RESTORE, Action.BRING_BACK)
"""What is removed may hold a unique value that another row needs back."""


Write = Callable[[Sequence[Step]], list[Step]]
"""Writes steps in a request, all or none, and returns those that are done."""


class Restorer:
    """Does the steps of one rollback; what they replace is on disk before.

    `before_first_write` is called once, when there is something to write. `look_again` returns the
    steps of listings as their rows are now; `undoes` is what undo files tell of it.
    """

    def __init__(
        self,
        ports: Ports,
        run: Run,
        table: TableNow,
        before_first_write: Callable[[], None],
        look_again: Callable[[Sequence[str]], Sequence[Step]],
        undoes: Mapping[str, Value] | None = None,
    ) -> None:
        self._ports = ports
        self._run = run
        self._table = table
        self._before_first_write: Callable[[], None] | None = before_first_write
        self._look_again = look_again
        self._undoes = undoes
        self._writer = StepWriter(ports.target.table, table, self._warn)
        self._warnings: dict[str, None] = {}
        self._is_remembered = True

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a person has to know."""
        return tuple(self._warnings)

    def do(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Do the steps; yield them as they are done, those that the database refused as left alone.

        Raises:
            RemoteError: for another reason than a row.
        """
        yield [step for step in steps if step.action is Action.NONE]
        for action in _ORDER:
            for part in self._parts([step for step in steps if step.action is action]):
                yield from self._do_part(part)

    def _parts(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Yield steps of one kind in parts for one request each."""
        if not steps:
            return
        groups = [[*steps]] if self._writer.is_conditional else _by_columns(steps)
        size = self._ports.settings.sync_batch_size
        for group in groups:
            for start in range(0, len(group), size):
                yield group[start : start + size]

    def _do_part(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        if self._before_first_write is not None:
            self._before_first_write()
            self._before_first_write = None
        if not self._writer.is_conditional:
            yield from self._written(self._write_in_any_case, steps)
            return
        late: list[Step] = []
        may_be_done: set[str] = set()

        def write(some: Sequence[Step]) -> list[Step]:
            try:
                missed, is_certain = self._writer.write_as_read(some)
            except RowError:
                if len(some) > 1:
                    raise
                missed, is_certain = [*some], True
            late.extend(missed)
            if not is_certain:
                may_be_done.update(step.property_number for step in missed)
            return [step for step in some if step not in missed] if missed else [*some]

        yield from self._written(write, steps)
        if late:
            self._strike_out([step for step in late if step.property_number not in may_be_done])
            yield from self._do_late(late, may_be_done)

    def _do_late(self, steps: Sequence[Step], may_be_done: Collection[str]) -> Iterator[list[Step]]:
        """Do what is still to be done where rows were not as they had been read, or were refused.

        One that reads as before all the same holds what our function cannot take or find equal: how
        tables are written otherwise decides.
        """
        numbers = [step.property_number for step in steps]
        found = {step.property_number: step for step in self._look_again(numbers)}
        same: list[Step] = []
        for step in steps:
            now = found[step.property_number]
            if now.action is Action.NONE:
                is_back = set(now.left_alone) <= set(step.left_alone)
                if is_back and step.property_number in may_be_done:
                    self._note_done(step, now)
                    yield [step]
                else:
                    yield [now]
            elif now == step:
                same.append(step)
            else:
                yield from self._written(self._write_once_more, [now])
        for group in _by_columns(same):
            yield from self._written(self._write_in_any_case, group)

    def _write_in_any_case(self, steps: Sequence[Step]) -> list[Step]:
        undone = {step.property_number for step in self._writer.write(steps)}
        if not undone:
            return [*steps]
        found = {step.property_number: step for step in self._look_again(sorted(undone))}
        done = []
        for step in steps:
            now = found.get(step.property_number)
            if now is not None and now.action is Action.NONE:
                self._note_done(step, now)
            done.append(
                step if now is None or now.action is Action.NONE else _left_alone(step, kept())
            )
        return done

    def _write_once_more(self, steps: Sequence[Step]) -> list[Step]:
        late, _ = self._writer.write_as_read(steps)
        return [_in_motion(step) if step in late else step for step in steps]

    def _written(self, write: Write, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Yield the steps as they are done, once what came of them is noted."""
        self._remember(steps)
        for done in self._in_halves(write, steps):
            self._conclude(done)
            yield done

    def _in_halves(self, write: Write, steps: Sequence[Step]) -> Iterator[list[Step]]:
        try:
            done = write(steps)
        except (RowError, BatchTooLargeError) as error:
            if len(steps) > 1:
                middle = len(steps) // 2
                yield from self._in_halves(write, steps[:middle])
                yield from self._in_halves(write, steps[middle:])
                return
            without = self._without_identity(steps[0])
            if without is not None:
                yield from self._in_halves(write, [without])
                return
            done = [_refused(steps[0], error)]
        yield done

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

    def _remember(self, steps: Sequence[Step]) -> None:
        if not self._is_remembered:
            return
        try:
            self._ports.machine.undo.record(
                self._run.run_id,
                self._run.started_at,
                map(_replaced, steps),
                undoes=self._undoes,
            )
        except OSError as error:
            self._is_remembered = False
            why = system_words(error)
            self._warn(phrase("this rollback cannot be undone: {why}", why=why))

    def _conclude(self, done: Sequence[Step]) -> None:
        """Note what was refused, and what the database made of the rest."""
        made, removed = self._writer.taken()
        # A row that the database did not give back may not be there, or be there still.
        self._note(
            done=[*sorted(removed), *made],
            refused=[step.property_number for step in done if step.action is Action.NONE],
            made=made,
        )

    def _note_done(self, step: Step, now: Step) -> None:
        """Note that a step was done, though the answer was lost; `now` is the one looked at since.

        The row as it is now tells what the database made of it.
        """
        row = now.now or {}
        told = row.keys() - step.values.keys() if step.now is None else self._table.row_ids
        made = {name: row[name] for name in told if name in row}
        number = step.property_number
        self._note(done=[number], made={number: made} if made else None)

    def _strike_out(self, steps: Sequence[Step]) -> None:
        """Note that steps were not done."""
        if steps:
            self._note(refused=[step.property_number for step in steps])

    def _note(self, **outcome: Any) -> None:
        if not self._is_remembered:
            return
        try:
            self._ports.machine.undo.conclude(self._run.run_id, **outcome)
        except OSError as error:
            why = system_words(error)
            self._warn(phrase("what came of this rollback cannot be kept: {why}", why=why))

    def _warn(self, text: str) -> None:
        self._warnings[text] = None


def _by_columns(steps: Sequence[Step]) -> list[list[Step]]:
    """Return the steps in groups that change the same columns."""
    groups: defaultdict[tuple[str, ...], list[Step]] = defaultdict(list)
    for step in steps:
        groups[tuple(step.values)].append(step)
    return list(groups.values())


def _replaced(step: Step) -> Replaced:
    if step.action is Action.REMOVE:
        return Replaced(step.property_number, step.now, None)
    old = step.now
    if old is not None:
        old = {name: old.get(name) for name in step.values}
    return Replaced(step.property_number, old, step.values)


def _left_alone(step: Step, reason: str) -> Step:
    left = LeftAlone(step.property_number, None, reason)
    return replace(step, action=Action.NONE, values={}, left_alone=(*step.left_alone, left))


def _refused(step: Step, error: RemoteError) -> Step:
    return _left_alone(step, phrase("the database refuses the way back: {error}", error=error))


def _in_motion(step: Step) -> Step:
    return _left_alone(
        step, phrase("somebody is changing it just now: give the same command again")
    )
