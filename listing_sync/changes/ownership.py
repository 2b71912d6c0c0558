"""Decide whose a value in the table is, from what our runs did to its listing in order.

A run notes a change before it asks for it and what came of it afterwards: a refused one is struck
out, one that is certain ends the search, and one of which nothing is known (its run was killed) is
judged by the value that is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.changes.table_now import TableNow, means
from listing_sync.changes.undo_log import Logged, Row
from listing_sync.language.sentences import marked

SOMEBODY: Final = marked("somebody else")


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
        """Return the change that left this value in the column, None when it is somebody else's.

        What a rollback gave back is whose it was before what that took back.
        """
        updates, at = 0, 0
        while at < len(self._latest_first):
            change = self._latest_first[at]
            at += 1
            if change.new is not None:
                left = self._left(change, name)
                if left is not None and (
                    self.table.is_same(name, left[0], value, change.types.get(name))
                    or _is_counted(left[0], value, updates)
                ):
                    before = self._before(at - 1, name)
                    if before is None:
                        return change
                    at = before
                    continue
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
        for change in self.standing():
            if change.new is None and change.is_certain:
                return None
            if change.old is None:
                return change
        return None

    def is_made_anew(self) -> bool:
        """Return whether we removed the row, for certain, and did not bring it back."""
        return any(change.new is None and change.is_certain for change in self.standing())

    def standing(self, *, is_there: bool = True) -> Sequence[Logged]:
        """Return the changes, latest first, but for rows taken back and the taking back of them.

        That the row is there, or is not, tells which of those that are not certain were not done.
        """
        found = []
        at = 0
        while at < len(self._latest_first):
            change = self._latest_first[at]
            makes, removes = change.old is None, change.new is None
            may_be_done = change.is_certain or (makes if is_there else removes)
            before = self._before(at) if (makes or removes) and may_be_done else None
            if before is None:
                found.append(change)
            at = at + 1 if before is None else before
        return found

    def _before(self, at: int, name: str | None = None) -> int | None:
        """Return where changes go on before what one takes back, a row or its value in a column.

        None where it takes nothing back: it wrote into a row that was made anew, or another value
        than had been replaced.
        """
        change = self._latest_first[at]
        if not change.undoes:
            return None
        found = [
            (place, each)
            for place, each in enumerate(self._latest_first)
            if place > at and each.run_id in change.undoes
        ]
        if change.old is None:
            found = [(place, each) for place, each in found if each.new is None]
        elif change.new is None:
            found = [(place, each) for place, each in found if each.old is None]
        elif any(each.old is None or each.new is None for _, each in found):
            return None
        if name is not None:
            left = self._left(change, name)
            found = [(place, each) for place, each in found if each.old and name in each.old]
            replaced = (found[-1][1].old or {})[name] if found else None
            if left is None or not self.table.is_same(name, replaced, left[0]):
                return None
        return found[-1][0] + 1 if found else None

    def is_another(self, now: Row, was: Row | None = None) -> bool:
        """Return whether the row is not the one that we wrote, but one with the same number.

        Where we made none it is not the one that there was either, whose row was `was`.
        """
        ids = {name: now[name] for name in self.table.row_ids & now.keys()}
        at = 0
        while at < len(self._latest_first):
            change = self._latest_first[at]
            at += 1
            if change.new is None:
                if change.is_certain:
                    break
                continue
            is_insert = change.old is None
            if is_insert or change.is_certain:
                left = {name: change.left(name) for name in ids}
                if self._differ(ids, {name: of[0] for name, of in left.items() if of is not None}):
                    return True
            before = self._before(at - 1) if is_insert else None
            if is_insert and before is None:
                return False
            # One that was brought back goes on as the row that went.
            at = at if before is None else before
            old = change.old if before is None else self._latest_first[before - 1].old
            ids |= {name: value for name, value in (old or {}).items() if name in ids}
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
        for change in self.standing(is_there=False):
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


def _is_counted(left: Value, value: Value, updates: int) -> bool:
    """Return whether a number went up with our own updates, as triggers count versions."""
    if not (type(left) is type(value) is int):
        return False
    return 0 < value - left <= updates
