"""Write batches, several requests in flight, and find guilty listings by halving."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from listing_sync.cells.listings import KEPT, Listing, Value
from listing_sync.changes.batcher import Batch, Write, halves, listing_of, number_of
from listing_sync.changes.given_back import Answer
from listing_sync.changes.likeness import alike, close_likeness, likeness
from listing_sync.changes.meaning import on_row, same_listing
from listing_sync.changes.plan import Plan, Update
from listing_sync.errors import (
    BatchTooLargeError,
    Category,
    GeneratedColumnError,
    ListingSyncError,
    NullRefusedError,
    RefusedError,
    RemoteError,
    RowError,
    Service,
    StoppedError,
    TransientError,
    TwinError,
    WrittenTwiceError,
)
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Back, KeyedRows, Replaced, Table

Made = Sequence[Mapping[str, Value]]
"""Rows as the database made them."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A listing that was not written, and why."""

    listing: Listing
    error: RemoteError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch; `fatal` is what ends the run, and leaves the rest unwritten.

    `answers` tell, in the order of `written`, what the table made of each.
    """

    written: tuple[Write, ...] = ()
    failures: tuple[Failure, ...] = ()
    fatal: ListingSyncError | None = None
    answers: tuple[Answer, ...] = ()

    def joined(self, other: Outcome) -> Outcome:
        """Return both together."""
        return Outcome(
            self.written + other.written,
            self.failures + other.failures,
            self.fatal or other.fatal,
            self.answers + other.answers,
        )


class BatchWriter:
    """Writes batches; called by several threads at once.

    `remember` comes before the first request of a batch, `heard` after each that wrote: it takes
    the rows as the database made them, and says what became of the batch.
    """

    def __init__(
        self,
        table: Table,
        plan: Plan,
        remember: Callable[[Batch], None],
        heard: Callable[[Batch, Made], Outcome],
    ) -> None:
        self._table = table
        self._plan = plan
        self._remember = remember
        self._heard = heard
        self._lock = threading.Lock()
        self._largest: int | None = None
        self.left_out: dict[str, None] = {}

    def write(self, batch: Batch) -> Outcome:
        """Write one batch, in parts where that is what it takes."""
        for name in tuple(self.left_out):
            if name in batch.columns:
                at = batch.columns.index(name)
                batch = _without(batch, at)
        self._remember(batch)
        return self._write_in_parts(batch)

    def _write_in_parts(self, batch: Batch) -> Outcome:
        """Write a batch in parts no larger than what is known to pass, as it becomes known."""
        outcome = Outcome()
        rest = batch.writes
        while rest and outcome.fatal is None:
            with self._lock:
                size = self._largest or len(rest)
            part, rest = rest[:size], rest[size:]
            outcome = outcome.joined(self._write(replace(batch, writes=part)))
        return outcome

    def _write(self, batch: Batch) -> Outcome:
        tried = self._try(batch)
        return tried if isinstance(tried, Outcome) else self._without_guilty(batch, tried)

    def _without_guilty(self, batch: Batch, error: ListingSyncError) -> Outcome:
        """Write what can be written of a batch that failed with `error`.

        When the first half passes, the second holds the guilty one: sending it whole would only
        say so again.
        """
        if isinstance(error, RowError) and (filled := self._with_kept_values(batch, error)):
            return self._write(filled)
        if isinstance(error, GeneratedColumnError) and (
            without := self._without_column(batch, error)
        ):
            return self._write(without)
        if isinstance(error, TransientError):
            return Outcome(failures=_all_failed(batch, error))
        if isinstance(error, WrittenTwiceError):
            return self._without_twins(batch)
        if not isinstance(error, RowError | BatchTooLargeError):
            return Outcome(fatal=error)
        if len(batch.writes) == 1:
            return Outcome(failures=_all_failed(batch, error))
        if isinstance(error, BatchTooLargeError):
            middle = len(batch.writes) // 2
            with self._lock:
                self._largest = min(self._largest or middle, middle)
            return self._write_in_parts(batch)
        first, second = (replace(batch, writes=part) for part in halves(batch.writes))
        tried = self._try(first)
        if isinstance(tried, Outcome):
            outcome = tried
            # A lone listing is tried itself: nothing is rejected by inference.
            rest = self._write(second) if len(second.writes) == 1 else None
            return outcome.joined(rest or self._without_guilty(second, error))
        outcome = self._without_guilty(first, tried)
        return outcome if outcome.fatal else outcome.joined(self._write(second))

    def _without_twins(self, batch: Batch) -> Outcome:
        """Write what can be written of a batch of which the table takes two listings for one.

        Which of them it cannot say: those alike are sent by themselves. Both of a pair fail.
        """
        if len(batch.writes) <= 2:  # noqa: PLR2004 - a pair
            return Outcome(failures=twins(batch.writes))
        for form in (likeness, close_likeness):
            groups = alike(batch.writes, number_of, form)
            grouped = {id(write) for group in groups for write in group}
            rest = [write for write in batch.writes if id(write) not in grouped]
            parts = [part for part in (rest, *groups) if part]
            if len(parts) > 1:
                return self._all_of(batch, parts)
        if form is close_likeness and groups:
            return Outcome(failures=twins(batch.writes))
        middle = len(batch.writes) // 2
        return self._all_of(batch, [batch.writes[:middle], batch.writes[middle:]])

    def _all_of(self, batch: Batch, parts: Sequence[Sequence[Write]]) -> Outcome:
        outcome = Outcome()
        for part in parts:
            if outcome.fatal is None:
                outcome = outcome.joined(self._write(replace(batch, writes=tuple(part))))
        return outcome

    def _try(self, batch: Batch) -> Outcome | ListingSyncError:
        back = Back.UNKNOWN if isinstance(batch.writes[0], Listing) else Back.DOUBTFUL
        try:
            made = self._table.upsert(batch.columns, batch.rows(), back=back)
        except (RemoteError, RefusedError, StoppedError) as error:
            return error
        return self._heard(batch, made)

    def _without_column(self, batch: Batch, error: GeneratedColumnError) -> Batch | None:
        """Return the batch without a column that nobody can write; it is the same in all others."""
        names = [self._plan.columns[index].column.name for index in batch.indexes]
        if error.column not in names:
            return None
        self.left_out[error.column or ""] = None
        at = names.index(error.column)
        return _without(batch, at)

    def _with_kept_values(self, batch: Batch, error: RowError) -> Batch | None:
        """Return the batch with the kept values as just read, where leaving them out is refused.

        PostgreSQL tests NOT NULL before it looks for a conflicting row.
        """
        if not isinstance(error, NullRefusedError):
            return None
        updates = [write for write in batch.writes if isinstance(write, Update)]
        kept = {index for update in updates for index, _ in update.kept}
        missing = kept - set(batch.indexes)
        if not missing or len(updates) != len(batch.writes):
            return None
        indexes = tuple(sorted({*batch.indexes, *missing}))
        mark = batch.columns[len(batch.indexes) :]
        columns = tuple(self._plan.columns[index].column.name for index in indexes) + mark
        return replace(batch, columns=columns, indexes=indexes, writes=tuple(map(_filled, updates)))


def _without(batch: Batch, at: int) -> Batch:
    return replace(
        batch,
        columns=batch.columns[:at] + batch.columns[at + 1 :],
        indexes=batch.indexes[:at] + batch.indexes[at + 1 :],
    )


def _filled(update: Update) -> Update:
    values = list(update.listing.values)
    for index, value in update.kept:
        if values[index] is KEPT:
            values[index] = value
    return replace(update, listing=replace(update.listing, values=tuple(values)))


def _all_failed(batch: Batch, error: RemoteError) -> tuple[Failure, ...]:
    return tuple(Failure(listing_of(write), error) for write in batch.writes)


def twins(writes: Sequence[Write]) -> tuple[Failure, ...]:
    """Return why listings that the table takes for one are not written."""
    listings = [listing_of(write) for write in writes]
    return tuple(
        Failure(
            listing,
            TwinError(
                same_listing(
                    [
                        on_row(other.property_number, other.sheet_row)
                        for other in listings
                        if other is not listing
                    ]
                ),
                service=Service.SUPABASE,
                category=Category.VALIDATION,
            ),
        )
        for listing in listings
    )


def replaced_by(
    batch: Batch, plan: Plan, mark_column: str | None
) -> Iterator[Replaced | KeyedRows]:
    """Yield what writing the batch replaces, or inserts; equal rows yield nothing."""
    if isinstance(batch.writes[0], Listing):  # then all of them are
        numbers = map(number_of, batch.writes)
        yield KeyedRows(batch.columns, dict(zip(numbers, batch.rows(), strict=True)))
        return
    names = [column.column.name for column in plan.columns]
    for write in batch.writes:
        if not isinstance(write, Update):
            continue
        values = write.listing.values
        old = {names[index]: value for index, value in zip(write.changed, write.old, strict=True)}
        new = {names[index]: values[index] for index in write.changed}
        if write.mark is not None and mark_column:
            old[mark_column] = write.mark
            new[mark_column] = None
        if new:
            yield Replaced(write.key, old, new)


def write_all(
    writer: BatchWriter, batches: Iterator[Batch], *, concurrency: int, tick_s: float
) -> Iterator[Outcome]:
    """Yield the outcome of every batch as it comes, and an empty one at least each `tick_s`.

    After a fatal outcome nothing new is started; requests in flight are finished and yielded.
    """
    with ThreadPoolExecutor(concurrency, thread_name_prefix="writer") as pool:
        running: set[Future[Outcome]] = set()
        is_over = False
        while True:
            while not is_over and len(running) < concurrency:
                batch = next(batches, None)
                if batch is None:
                    is_over = True
                    break
                running.add(pool.submit(writer.write, batch))
            if not running:
                return
            done, running = wait(running, timeout=tick_s, return_when=FIRST_COMPLETED)
            if not done:
                yield Outcome()
            for future in done:
                outcome = future.result()
                is_over = is_over or outcome.fatal is not None
                yield outcome
