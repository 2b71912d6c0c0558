"""Find what became of each listing of a batch, in the rows that came back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from listing_sync.cells.listings import Value
from listing_sync.changes.batcher import Batch, Write, key_of, listing_of, number_of
from listing_sync.changes.given_back import Answer
from listing_sync.changes.likeness import paired
from listing_sync.changes.made_rows import Made, made_of
from listing_sync.changes.undo_log import written_types
from listing_sync.errors import (
    Category,
    RefusedError,
    RemoteError,
    RowError,
    Service,
    StoppedError,
)
from listing_sync.language.sentences import Marked, marked, spoken
from listing_sync.ports import Ports
from listing_sync.steps.writing import Failure, Outcome

_DROPPED = marked(
    "the database accepted it, but it is not in the table: a trigger, rule or policy of the table"
    " drops it"
)
_KEPT = marked(
    "the database accepted it, but the row is as it was: a trigger, rule or policy of the table"
    " keeps it"
)

_NOTHING: Final[Mapping[str, tuple[Value, Value]]] = {}


class Answers:
    """Hears what the table made of each batch, and tells `made`; called by the writers' threads."""

    def __init__(self, ports: Ports, made: Callable[[Made], None]) -> None:
        self._table = ports.target.table
        self._key = ports.mapping.key
        self._types = written_types(ports.mapping)
        self._made = made

    def heard(self, batch: Batch, rows: Sequence[Mapping[str, Value]]) -> Outcome:
        """Return which listings are there, and what their values read now.

        A row that does not come back is looked for: the table may have dropped it.
        """
        numbers = list(map(key_of, batch.writes))
        keys = [str(row[self._key]) for row in rows]
        if numbers == keys:  # as nearly always
            return self._told(batch, batch.rows(), rows, keys)
        found = dict(zip(keys, rows, strict=True))
        pairs = paired(numbers, list(found))
        absent = [write for write in batch.writes if key_of(write) not in pairs]
        failures = self._sought(absent, found, pairs) if absent else ()
        there = [place for place, number in enumerate(numbers) if number in pairs]
        sent = batch.rows()
        told = self._told(
            replace(batch, writes=tuple(batch.writes[place] for place in there)),
            [sent[place] for place in there],
            [found[pairs[numbers[place]]] for place in there],
            [pairs[numbers[place]] for place in there],
        )
        return replace(told, failures=failures)

    def _told(
        self,
        batch: Batch,
        sent: Sequence[Sequence[Value]],
        came: Sequence[Mapping[str, Value]],
        keys: Sequence[str],
    ) -> Outcome:
        """Return what became of listings whose rows came back, in their order."""
        numbers = list(map(key_of, batch.writes))
        made = made_of(numbers, batch.columns, sent, came, self._types, self._key)
        self._made(made)
        names = frozenset(batch.columns[: len(batch.indexes)]) - {self._key}
        differing = {
            number: {
                name: (sent[numbers.index(number)][batch.columns.index(name)], got)
                for name, got in others.items()
                if name in names
            }
            for number, others in made.others.items()
        }
        answers = [
            Answer(number_of(write), key, batch.columns, differing.get(number, _NOTHING))
            for write, number, key in zip(batch.writes, numbers, keys, strict=True)
        ]
        return Outcome(batch.writes, answers=tuple(answers))

    def _sought(
        self, writes: Sequence[Write], found: Mapping[str, object], pairs: dict[str, str]
    ) -> tuple[Failure, ...]:
        """Pair those whose row came back after all; return why the others are not written."""
        try:
            meant = self._table.meant_by([key_of(write) for write in writes])
        except (RemoteError, RefusedError, StoppedError):
            meant = {}
        failures = []
        for write in writes:
            key = meant.get(key_of(write))
            if key in found and key is not None:
                pairs[key_of(write)] = key
                continue
            failures.append(
                Failure(listing_of(write), dropped() if key is None else _refusal(_KEPT))
            )
        return tuple(failures)


def dropped() -> RowError:
    """Return why a listing that the database accepted is not in the table."""
    return _refusal(_DROPPED)


def kept() -> str:
    """Return why a row that the database accepted a change of is as it was."""
    return spoken(_KEPT)


def _refusal(words: Marked) -> RowError:
    return RowError(spoken(words), service=Service.SUPABASE, category=Category.DATABASE)
