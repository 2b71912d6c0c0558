"""Tell what our runs did to one listing, as the undo files hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Logged:
    """What one run did to one listing; `old` None: inserted it, `new` None: removed it.

    `made` is what the database made of it where that is not what was sent, for an insert in every
    column, for an update with what tells which row it was; None: not known. `is_certain` says that
    the run saw it done. `types` are those of the columns as they were then mapped. `undoes` are
    the runs that this one was to take back, if it was a rollback.
    """

    property_number: str
    old: Row | None
    new: Row | None
    run_id: str = ""
    started_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    made: Row | None = None
    is_certain: bool = False
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    undoes: frozenset[str] = frozenset()

    @property
    def run(self) -> str:
        """Return how people are told which run it was."""
        return phrase(
            "run {run_id} of {started_at:%Y-%m-%d %H:%M} UTC",
            run_id=self.run_id,
            started_at=self.started_at.astimezone(UTC),
        )

    def left(self, name: str) -> tuple[Value] | None:
        """Return the value that it left in a column, in a tuple; None when it left that alone."""
        for values in (self.made, self.new):
            if values is not None and name in values:
                return (values[name],)
        return None


def written_types(mapping: SheetMapping) -> dict[str, ColumnType]:
    """Return the types of the columns that runs write under a mapping."""
    types = {column.name: column.type for column in mapping.columns}
    if mapping.mark_column:
        types[mapping.mark_column] = ColumnType.DATETIME
    return types


def folded(changes: Sequence[Logged]) -> Logged | None:
    """Return what one run did to a listing as one change: its first old, its last new."""
    whole: Logged | None = None
    for change in changes:
        if whole is None:
            whole = change
            continue
        old, new = whole.old, change.new
        if old is not None:
            old = {**(change.old or {}), **old}
        if new is not None:
            new = {**(whole.new or {}), **new}
        made = {**(whole.made or {}), **(change.made or {})}
        whole = Logged(
            change.property_number,
            old,
            new,
            change.run_id,
            change.started_at,
            None if whole.made is change.made is None else made,
            change.is_certain,
            change.types,
            change.undoes,
        )
    return whole
