"""Decide whose a value in the table is, from what our runs did to its listing in order.

A run notes a change before it asks for it and what came of it afterwards: a refused one is struck
out, one that is certain ends the search, and one of which nothing is known (its run was killed) is
judged by the value that is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Final

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.table_now import TableNow, means
from listing_sync.language.sentences import marked, phrase
from listing_sync.lazy_dataclasses import dataclass

Row = Mapping[str, Value]

SOMEBODY: Final = marked("somebody else")


@dataclass(frozen=True, slots=True)
class Logged:
    """What one run did to one listing; `old` None: inserted it, `new` None: removed it.

    `made` is what the database made of it where that is not what was sent, for an insert in every
    column, for an update with what tells which row it was; None: not known. `is_certain` says that
    the run saw it done. `types` are those of the columns as they were then mapped.
    """

    property_number: str
    old: Row | None
    new: Row | None
    run_id: str = ""
    started_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    made: Row | None = None
    is_certain: bool = False
    types: Mapping[str, ColumnType] = field(default_factory=dict)

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


class Ours:
    """Tells whose the values and the row of one listing are.

    `changes` are what our runs did, oldest first; whatever they did not do was done by `others`.
    """

    def __init__(self, changes: Sequence[Logged], table: TableNow, others: str = SOMEBODY) -> None:
        self.changes = changes
        self.table = table
        self.others = others
        self._latest_first = changes[::-1]

    def wrote(self, name: str, value: Value) -> Logged | None:
        """Return the change that left this value in the column, None when it is somebody else's."""
        updates = 0
        for change in self._latest_first:
            if change.new is not None:
                left = self._left(change, name)
                if left is not None and (
                    self.table.is_same(name, left[0], value, change.types.get(name))
                    or _is_counted(left[0], value, updates)
                ):
                    return change
                is_silent = left is None and change.old is None
                moments = (run.started_at for run in self._latest_first)
                if is_silent and self.table.may_be_given(name, value, moments):
                    return change
                if left is None and not is_silent:
                    updates += 1
                    continue
            if change.is_certain:
                return None
        return None

    def made(self) -> Logged | None:
        """Return the change that made the row, None when somebody else did."""
        for change in self._latest_first:
            if change.new is None and change.is_certain:
                return None
            if change.old is None:
                return change
        return None

    def is_another(self, now: Row, was: Row | None = None) -> bool:
        """Return whether the row is not the one that we wrote, but one with the same number.

        Where we made none it is not the one that there was either, whose row was `was`.
        """
        ids = {name: now[name] for name in self.table.row_ids & now.keys()}
        for change in self._latest_first:
            if change.new is None:
                if change.is_certain:
                    break
                continue
            is_insert = change.old is None
            if is_insert or change.is_certain:
                left = {name: change.left(name) for name in ids}
                if self._differ(ids, {name: of[0] for name, of in left.items() if of is not None}):
                    return True
                old = change.old or {}
                ids |= {name: old[name] for name in ids.keys() & old.keys()}
            if is_insert:
                return False
        return was is not None and self._differ(ids, was)

    def _differ(self, ids: Row, known: Row) -> bool:
        shared = ids.keys() & known.keys()
        return any(not self.table.is_same(name, known[name], ids[name]) for name in shared)

    def _left(self, change: Logged, name: str) -> tuple[Value] | None:
        """Return what a change left in a column: which row it was is nothing that an update left.

        So nobody's removal of the row has to wait for the undoing of an update.
        """
        is_told = name in self.table.row_ids and name not in (change.new or ())
        return None if is_told and change.old is not None else change.left(name)

    def is_moved_by_itself(self, name: str, value: Value) -> bool:
        """Return whether a trigger or default may have set this time, other than what we left.

        Where an insert of ours left none, somebody typed it.
        """
        made = self.made()
        left = made.left(name) if made else None
        if made is not None and left is None:
            return False
        return self.table.is_clock(name, value) and (left is None or left[0] is not None)

    def may_be_derived(self, name: str) -> bool:
        """Return whether a trigger may have changed what no mapping writes, with an update of ours.

        The insert tells: the database itself put something there, other than a mere default. The
        answer to an update does not: what it shows may have been typed before.
        """
        made = self.made()
        left = made.left(name) if made else None
        return (
            left is not None
            and left[0] is not None
            and made is not self._latest_first[0]
            and not any(name in (change.new or ()) for change in self._latest_first)
            and not self.table.is_default(name, left[0])
        )

    def removed(self) -> Logged | None:
        """Return the change that removed the row, None when somebody else did."""
        for change in self._latest_first:
            if change.new is None:
                return change
            if change.is_certain:
                return None
        return None

    def is_back(self, name: str, wanted: Value, value: Value) -> bool:
        """Return whether the column holds what is wanted, in any form in which we knew it.

        So it does where one of us wrote what is wanted and the database made a value of its own of
        it, as a trigger does that sets the time of the last change.
        """
        if self.table.is_same(name, wanted, value):
            return True
        if wanted is None or value is None:
            earlier: set[ColumnType] = set()
        else:
            earlier = {change.types[name] for change in self._latest_first if name in change.types}
        if any(means(wanted, value, kind) for kind in earlier - {self.table.types.get(name)}):
            return True
        return any(
            change.new is not None
            and change.made is not None
            and name in change.new
            and name in change.made
            and self.table.is_same(name, change.new[name], wanted, change.types.get(name))
            and self.table.is_same(name, change.made[name], value, change.types.get(name))
            for change in self._latest_first
        )


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
        )
    return whole


def _is_counted(left: Value, value: Value, updates: int) -> bool:
    """Return whether a number went up with our own updates, as triggers count versions."""
    if not (type(left) is type(value) is int):
        return False
    return 0 < value - left <= updates
