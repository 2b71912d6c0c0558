"""Write the listings of a plan and make its removals; the tally says what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from listing_sync import logs
from listing_sync.cells.listings import Listing
from listing_sync.cells.wording import left_out, listed
from listing_sync.changes.batcher import Batch, Write, batches, listing_of
from listing_sync.changes.made_rows import Made
from listing_sync.changes.plan import Plan
from listing_sync.errors import (
    BatchTooLargeError,
    ListingSyncError,
    RefusedError,
    RemoteError,
    RowError,
    StoppedError,
    TwinError,
)
from listing_sync.history.runs import Run
from listing_sync.language.sentences import english_of, phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import KeyedRows, Ports, Progress, Replaced
from listing_sync.steps.answers import Answers, dropped
from listing_sync.steps.recording import REFRESH_S
from listing_sync.steps.removing import Removed, remove
from listing_sync.steps.tally import Tally
from listing_sync.steps.writing import (
    BatchWriter,
    Outcome,
    replaced_by,
    twins,
    write_all,
)

_NAMED = 10


class _Undo:
    """Remembers what the run replaces, and what came of it. Failing is a warning.

    `remember` and `made` are called by the writers' threads.
    """

    def __init__(self, ports: Ports, run: Run) -> None:
        self._ports = ports
        self._run = run
        self.problem: str | None = None

    def remember(self, changes: Sequence[Replaced | KeyedRows]) -> None:
        if self.problem is not None or not changes:
            return
        try:
            self._ports.machine.undo.record(self._run.run_id, self._run.started_at, changes)
        except OSError as error:
            why = system_words(error)
            self.problem = phrase("this run cannot be undone: {why}", why=why)

    def made(self, made: Made) -> None:
        """Note what was written, what the database made of it, and how it spells the numbers."""
        if self.problem is not None or not made.rows:
            return
        if made.columns:
            beside = KeyedRows(made.columns, made.rows)
            self._conclude(made=made.others, spelled=made.spelled, beside=beside)
        else:
            self._conclude(done=list(made.rows), made=made.others, spelled=made.spelled)

    def removed(self, removed: Removed) -> None:
        """Note that rows are gone, or marked, and which they were."""
        if removed.later:  # what was remembered of them is struck out, and told anew
            self.refused([change.property_number for change in removed.later])
            self.remember(removed.later)
        if self.problem is None and removed.gone:
            ids = {number: row for number, row in removed.ids.items() if row}
            self._conclude(done=removed.gone, made=ids)

    def refused(self, numbers: Sequence[str]) -> None:
        """Note what the database refused for certain."""
        if self.problem is None and numbers:
            self._conclude(refused=numbers)

    def _conclude(self, **outcome: Any) -> None:
        # Where it cannot be kept, changes are judged by their values.
        with suppress(OSError):
            self._ports.machine.undo.conclude(self._run.run_id, **outcome)


@dataclass(frozen=True, slots=True)
class Applying:
    """Applies one plan. `tick` keeps the record of the run alive."""

    ports: Ports
    plan: Plan
    tally: Tally
    batch_size: int
    progress: Progress
    tick: Callable[[], None]

    def write(self) -> None:
        """Write what differs.

        Raises:
            ListingSyncError: what ended the writing; what is unwritten is tallied.
        """
        if not self.plan.writes:
            return
        self.progress.phase("Writing", self.plan.writes)
        unwritten = {item.property_number: item for item in self.plan.inserts}
        unwritten |= {item.listing.property_number: item.listing for item in self.plan.updates}
        mark_column = self.ports.mapping.mark_column
        keys = {item.listing.property_number: item.key for item in self.plan.updates if item.stored}
        unlisted = frozenset(self.plan.unlisted)
        undo = _Undo(self.ports, self.tally.run)

        def remember(batch: Batch) -> None:
            undo.remember(tuple(replaced_by(batch, self.plan, mark_column)))

        fatal: ListingSyncError | None = None
        answers = Answers(self.ports, undo.made)
        writer = BatchWriter(self.ports.target.table, self.plan, remember, answers.heard)
        for outcome in write_all(
            writer,
            batches(self.plan, self.batch_size, mark_column),
            concurrency=self.ports.settings.sync_concurrency,
            tick_s=REFRESH_S / 2,
        ):
            undo.refused(
                [
                    keys.get(failure.listing.property_number, failure.listing.property_number)
                    for failure in outcome.failures
                    if isinstance(failure.error, RowError | BatchTooLargeError)
                ]
            )
            self._count(outcome, unwritten, unlisted)
            fatal = fatal or outcome.fatal
            self.tick()
        self.tally.warn(undo.problem)
        for name in writer.left_out:
            self.tally.warn(left_out(name))
        if fatal is None:
            self._look_again()
            return
        if not isinstance(fatal, StoppedError):
            for listing in unwritten.values():
                self.tally.not_written(listing, fatal)
        raise fatal

    def _count(
        self, outcome: Outcome, unwritten: dict[str, Listing], unlisted: frozenset[str]
    ) -> None:
        counted: Counter[str] = Counter()
        for write, answer in zip(outcome.written, outcome.answers, strict=True):
            del unwritten[answer.number]
            if answer.key in self.tally.keys:
                self._count_twin(answer.key, write)
                continue
            # A trigger may have led a new number to a row that was there.
            is_new = isinstance(write, Listing) and answer.key not in unlisted
            name = "inserted" if is_new else "updated"
            counted[name] += 1
            self.tally.keys[answer.key] = (write, name)
            self.tally.answers.append(answer)
        self.tally.count(**counted)
        for failure in outcome.failures:
            del unwritten[failure.listing.property_number]
            self.tally.not_written(failure.listing, failure.error)
            self.tally.has_twins |= isinstance(failure.error, TwinError)
        self.progress.advance(len(outcome.written) + len(outcome.failures))

    def _look_again(self) -> None:
        """Look for the listings inserted: what a trigger deletes afterwards had still come back.

        Where they cannot be looked for, they count as what the answers said; where nothing of the
        database's meets an insert they are there.
        """
        if self.ports.target.table.keeps_inserts():
            return
        keys = self.tally.keys
        inserted = {key: write for key, (write, name) in keys.items() if name == "inserted"}
        try:
            found = self._keys_there(list(inserted)) if inserted else ()
        except (RemoteError, RefusedError) as error:
            logs.event(
                "info",
                "not_looked_for",
                f"inserted listings were not looked for: {english_of(error)}",
            )
            return
        for key, write in inserted.items():
            if key not in found:
                self.tally.count(inserted=-1)
                keys[key] = (write, "")
                self.tally.not_written(listing_of(write), dropped())

    def _keys_there(self, keys: Sequence[str]) -> Collection[str]:
        """Return which of the keys the table has, among all its keys where they are the most."""
        table = self.ports.target.table
        if 2 * len(keys) > self.plan.table_size + len(keys):
            return {row.property_number for page in table.pages(()) for row in page}
        return table.meant_by(keys)

    def _count_twin(self, key: str, write: Write) -> None:
        """Note that the table led a second listing to a row that this run has written."""
        first, name = self.tally.keys[key]
        failures = twins((first, write))
        if name:
            self.tally.count(**{name: -1})
            self.tally.keys[key] = (first, "")
        for failure in failures if name else failures[1:]:
            self.tally.not_written(failure.listing, failure.error)
        self.tally.has_twins = True

    def prune(self) -> None:
        """Remove what the sheet no longer has.

        Raises:
            ListingSyncError: what ended the removing.
        """
        # What this run has written under another number is no longer one that is gone.
        removals = [number for number in self.plan.removals if number not in self.tally.keys]
        if not removals:
            return
        if self.tally.has_twins:
            warning = phrase(
                "nothing is removed in this run: {numbers} would have been removed, but the table"
                " takes two numbers of the sheet for one, and one of them may be meant to be"
                " another",
                numbers=listed(removals, _NAMED),
            )
            self.tally.warn(warning)
            return
        self.progress.phase("Removing", len(removals))
        undo = _Undo(self.ports, self.tally.run)
        left = dict.fromkeys(removals)
        try:
            for removed in remove(
                self.ports,
                removals,
                size=self.batch_size,
                marked_at=self.tally.run.started_at,
                remember=undo.remember,
            ):
                self._count_removed(removed, undo)
                for number in (*removed.gone, *removed.kept):
                    left.pop(number, None)
                self.tick()
        except ListingSyncError as error:
            for number in left:
                self.tally.not_removed(number, error)
            raise
        finally:
            self.tally.warn(undo.problem)

    def _count_removed(self, removed: Removed, undo: _Undo) -> None:
        self.tally.removed(removed.gone)
        undo.removed(removed)
        if isinstance(removed.error, RowError | BatchTooLargeError):
            undo.refused(removed.kept)
        if removed.error:
            for number in removed.kept:
                self.tally.not_removed(number, removed.error)
        self.progress.advance(len(removed.gone))
