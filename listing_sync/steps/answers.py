"""Find what became of each listing of a batch, in the rows that came back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from listing_sync.cells.listings import Value
from listing_sync.changes.batcher import Batch, Write, key_of, listing_of
from listing_sync.changes.given_back import Answer
from listing_sync.changes.likeness import paired
from listing_sync.changes.made_rows import made_of
from listing_sync.changes.undo_log import written_types
from listing_sync.errors import (
    Category,
    RefusedError,
    RemoteError,
    RowError,
    Service,
    StoppedError,
)
from listing_sync.ports import Ports
from listing_sync.steps.writing import Failure, Outcome

_DROPPED = (
    "the database accepted it, but it is not in the table: a trigger, rule or policy of the table"
    " drops it"
)
_KEPT = (
    "the database accepted it, but the row is as it was: a trigger, rule or policy of the table"
    " keeps it"
)

Made = Mapping[str, Mapping[str, Value]]


class Answers:
    """Hears what the table made of each batch; called by the writers' threads.

    `made` takes, by number, what it made of a row where that is not what was sent, and how it
    spells the numbers that it spells otherwise.
    """

    def __init__(self, ports: Ports, made: Callable[[Made, Mapping[str, str]], None]) -> None:
        self._table = ports.target.table
        self._key = ports.mapping.key
        self._types = written_types(ports.mapping)
        self._made = made

    def heard(self, batch: Batch, rows: Sequence[Mapping[str, Value]]) -> Outcome:
        """Return which listings are there, and what their values read now.

        A row that does not come back is looked for: the table may have dropped it.
        """
        found = {str(row[self._key]): row for row in rows}
        pairs = paired([key_of(write) for write in batch.writes], list(found))
        absent = [write for write in batch.writes if key_of(write) not in pairs]
        failures = self._sought(absent, found, pairs) if absent else ()
        sent = {
            key_of(write): (write, values)
            for write, values in zip(batch.writes, batch.rows(), strict=True)
            if key_of(write) in pairs
        }
        made, spelled = made_of(
            list(sent),
            batch.columns,
            [values for _, values in sent.values()],
            [found[pairs[number]] for number in sent],
            self._types,
            self._key,
        )
        self._made(made, spelled)
        names = frozenset(batch.columns[: len(batch.indexes)]) - {self._key}
        answers = []
        for number, (write, values) in sent.items():
            others = names.intersection(made[number])
            wanted = dict(zip(batch.columns, values, strict=True)) if others else {}
            answers.append(
                Answer(
                    listing_of(write).property_number,
                    pairs[number],
                    batch.columns,
                    {name: (wanted[name], made[number][name]) for name in others},
                )
            )
        written = tuple(write for write, _ in sent.values())
        return Outcome(written, failures, answers=tuple(answers))

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


def _refusal(words: str) -> RowError:
    return RowError(words, service=Service.SUPABASE, category=Category.DATABASE)
