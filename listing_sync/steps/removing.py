"""Delete or mark the rows whose numbers the sheet no longer has, a request at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Value
from listing_sync.errors import (
    BatchTooLargeError,
    Category,
    ListingSyncError,
    RemoteError,
    RowError,
    Service,
    TransientError,
)
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports, Replaced


@dataclass(frozen=True, slots=True)
class Removed:
    """What came of one request: the numbers that are gone, and those still there with the cause.

    A row that was gone before is in neither. `ids` tell which rows were marked, `later` what rows
    held that somebody changed after they were remembered.
    """

    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    error: RemoteError | None = None
    ids: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    later: tuple[Replaced, ...] = ()


def remove(
    ports: Ports,
    numbers: Sequence[str],
    *,
    size: int,
    marked_at: datetime,
    remember: Callable[[Sequence[Replaced]], None],
) -> Iterator[Removed]:
    """Delete the rows, or mark them when the mapping says so; refused rows are found by halving.

    What a row held, in every column, is remembered before it goes, once. A row that nobody asked
    for is never touched.

    Raises:
        RemoteError: other than of a row or of the moment; what ends a run.
    """
    removal = _Removal(ports, marked_at, remember)
    for start in range(0, len(numbers), size):
        for part in ports.target.table.parts(numbers[start : start + size]):
            yield from removal.remove(part)


class _Removal:
    def __init__(
        self,
        ports: Ports,
        marked_at: datetime,
        remember: Callable[[Sequence[Replaced]], None],
    ) -> None:
        self._table = ports.target.table
        self._mark_column = ports.mapping.mark_column
        self._key: Column = next(
            column for column in ports.mapping.columns if column.name == ports.mapping.key
        )
        self._marked_at = marked_at
        self._remember = remember
        self._remembered: dict[str, Replaced] = {}

    def remove(self, numbers: Sequence[str]) -> Iterator[Removed]:
        there: list[str] = []
        try:
            there = self._noted(numbers)
            strays = set(there).difference(numbers)
            if not strays:
                yield self._sent(there)
                return
            error: RemoteError = _not_alone(strays)
        except (RowError, BatchTooLargeError) as caught:
            error = caught
        except TransientError as caught:
            yield self._as_seen(there or numbers, caught)
            return
        if len(numbers) == 1:
            yield Removed(kept=tuple(numbers), error=error)
            return
        middle = len(numbers) // 2
        yield from self.remove(numbers[:middle])
        yield from self.remove(numbers[middle:])

    def _noted(self, numbers: Sequence[str]) -> list[str]:
        """Return the keys of the rows that a request for these numbers would hit.

        Where they are just those asked for, what will be lost of them is remembered.
        """
        if self._mark_column is None:
            rows = self._table.whole_rows(numbers)
            changes = [Replaced(str(row[self._key.name]), row, None) for row in rows]
        else:
            old, new = {self._mark_column: None}, {self._mark_column: self._marked_at.isoformat()}
            found = self._table.rows([self._key], numbers)
            changes = [Replaced(row.property_number, old, new) for page in found for row in page]
        there = [change.property_number for change in changes]
        if set(numbers).issuperset(there):
            untold = [each for each in changes if each.property_number not in self._remembered]
            self._remember(untold)
            self._remembered |= {each.property_number: each for each in untold}
        return there

    def _sent(self, numbers: Sequence[str]) -> Removed:
        if not numbers:
            return Removed()
        if self._mark_column is None:
            gone = self._table.delete(numbers)
            told = Removed(later=tuple(self._changed(gone)))
        else:
            gone = self._table.mark(numbers, self._marked_at)
            told = Removed(ids=gone)
        if gone.keys() >= set(numbers):
            return replace(told, gone=tuple(numbers))
        # The answer to a first try may have been lost: then the second found nothing.
        split = self._split(numbers, self._still(numbers), _kept_by_the_table())
        return replace(told, gone=split.gone, kept=split.kept, error=split.error)

    def _changed(self, gone: Mapping[str, Mapping[str, Value]]) -> Iterator[Replaced]:
        """Yield what went of rows that were no longer as they had been read."""
        for number, row in gone.items():
            now = Replaced(number, row, None)
            if self._remembered.pop(number, now) != now:
                yield now

    def _as_seen(self, numbers: Sequence[str], error: RemoteError) -> Removed:
        """Return what is true after requests without an answer, where the table can tell."""
        try:
            return self._split(numbers, self._still(numbers), error)
        except ListingSyncError:
            return Removed(kept=tuple(numbers), error=error)

    def _split(self, numbers: Sequence[str], still: set[str], error: RemoteError) -> Removed:
        gone = tuple(number for number in numbers if number not in still)
        kept = tuple(number for number in numbers if number in still)
        return Removed(gone, kept, error if kept else None)

    def _still(self, numbers: Sequence[str]) -> set[str]:
        """Return those whose rows are there, and not marked."""
        pages = self._table.rows([self._key], numbers)
        return {row.property_number for page in pages for row in page if row.mark is None}


def _not_alone(strays: set[str]) -> RowError:
    return _of_row(
        phrase(
            "the table also takes it for {numbers}, which must stay",
            numbers=", ".join(sorted(strays)),
        )
    )


def _kept_by_the_table() -> RowError:
    return _of_row(
        phrase(
            "the database took the request and kept the row: a trigger, rule or"
            " policy of the table decides so"
        )
    )


def _of_row(text: str) -> RowError:
    return RowError(text, service=Service.SUPABASE, category=Category.DATABASE)
