"""Count what a run has done so far, what it could not do and why, and its warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from listing_sync import logs
from listing_sync.cells.listings import REPEATED, Listing, Rejection, SheetColumn
from listing_sync.changes.batcher import Write
from listing_sync.changes.given_back import Answer
from listing_sync.errors import (
    BatchTooLargeError,
    BreakerOpenError,
    Category,
    ListingSyncError,
    NullRefusedError,
    RemoteError,
    RowError,
    TwinError,
)
from listing_sync.history.runs import Run, RunStats
from listing_sync.language.sentences import code_of, phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.steps.reading import Reading

_CODES = (
    (TwinError, REPEATED),
    (NullRefusedError, "null_refused"),
    (RowError, "refused_by_table"),
    (BatchTooLargeError, "row_too_large"),
    (BreakerOpenError, "service_failing"),
    (RemoteError, "service_failed"),
)
"""What stands for the reason of a listing that the table does not hold, in every language."""


def _code(error: ListingSyncError) -> str:
    if type(error) is RowError and error.code:
        return f"refused_by_table_{error.code}"
    return next((code for kind, code in _CODES if isinstance(error, kind)), "not_reached")


@dataclass(slots=True)
class Tally:
    """The books of one run; only the command's own thread keeps them.

    `service_failures` are listings neither written nor removed for another reason than their row,
    `row_failures` those for a reason of their row; `unremoved` are those of both that should have
    gone. `has_twins` says that the table took two listings for one. `answers` are what it made of
    those written; `keys` hold by key of a row the listing written and the count it is in;
    `given_back` are the columns that give back something else than is written, with their types.
    """

    run: Run
    reading: Reading | None = None
    rejections: list[Rejection] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    service_failures: int = 0
    first_service_failure: ListingSyncError | None = None
    row_failures: int = 0
    unremoved: int = 0
    has_twins: bool = False
    answers: list[Answer] = field(default_factory=list)
    keys: dict[str, tuple[Write, str]] = field(default_factory=dict)
    given_back: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[SheetColumn, ...]:
        """Return the mapped columns that the sheet has."""
        return self.reading.contents.columns if self.reading else ()

    @property
    def written(self) -> list[Write]:
        """Return the listings written."""
        return [write for write, name in self.keys.values() if name]

    def take(self, reading: Reading) -> None:
        """Count what the validator found."""
        self.reading = reading
        self.rejections += reading.checked.rejections
        self.warnings += reading.warnings
        self.run = replace(self.run, stats=RunStats(total=reading.total, failed=reading.failed))

    def reject(self, rejections: Sequence[Rejection]) -> None:
        """Count the listings of rejections that were valid until the table was read."""
        self.rejections += rejections
        self.count(failed=len({each.property_number for each in rejections}))

    def count(self, **counts: int) -> None:
        """Add to the totals of the run."""
        self.run = self.run.counting(**counts)

    def warn(self, text: str | None) -> None:
        """Note a warning once."""
        if text and text not in self.warnings:
            self.warnings.append(text)

    def not_written(self, listing: Listing, error: ListingSyncError) -> None:
        """Note a listing that the table does not hold as the sheet says."""
        self.count(failed=1)
        reason = phrase("not written: {why}", code=_code(error), why=error)
        self._fail(listing.property_number, listing.sheet_row, error, reason)

    def removed(self, numbers: Sequence[str]) -> None:
        """Note rows that are gone, or marked."""
        self.run = replace(self.run, removed=(*self.run.removed, *numbers))
        self.count(removed=len(numbers))

    def not_removed(self, number: str, error: ListingSyncError) -> None:
        """Note a row that should have gone; no total of the sheet counts it."""
        self.unremoved += 1
        reason = phrase("not removed: {why}", code=_code(error), why=error)
        self._fail(number, None, error, reason)

    def _fail(
        self, number: str, sheet_row: int | None, error: ListingSyncError, reason: str
    ) -> None:
        if isinstance(error, RowError | BatchTooLargeError):
            self.row_failures += 1
        else:
            self.service_failures += 1
            self.first_service_failure = self.first_service_failure or error
        if self.reading is None:
            raise AssertionError("nothing is written before it is read")
        contents, name = self.reading.contents, getattr(error, "column", None)
        column = next((item for item in contents.columns if item.column.name == name), None)
        cell, link = (
            (None, None)
            if sheet_row is None
            else contents.place(column or self.reading.key, sheet_row)
        )
        self.rejections.append(
            Rejection(
                property_number=number,
                sheet_row=sheet_row,
                column=column.header if column else None,
                cell=cell,
                value=None,
                reason=logs.redacted(reason),
                category=error.category if isinstance(error, RemoteError) else Category.NETWORK,
                link=link,
                code=code_of(reason),
            )
        )
