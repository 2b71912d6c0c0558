"""A listing as it was, as it is and what our runs wrote in; the step that leads back out.

Only what our runs wrote is touched: a value is ours while it equals one that they logged. They log
before they write, so the log may hold more than was written; that is why any logged value counts,
not only the last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from listing_sync.core.compare import is_equal
from listing_sync.core.listings import Value
from listing_sync.core.mapping import ColumnType

Row = Mapping[str, Value]


class Change(Protocol):
    """What one of our runs did to a listing; `old` None: inserted it, `new` None: removed it."""

    @property
    def old(self) -> Row | None: ...  # noqa: D102 - the class says it
    @property
    def new(self) -> Row | None: ...  # noqa: D102


class Action(StrEnum):
    """What is done with a listing's row: nothing, some of its values, all of it."""

    NONE = "none"
    RESTORE = "restore"
    BRING_BACK = "bring back"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """What somebody else changed; `column` None: the row as a whole."""

    property_number: str
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """What leads one listing back.

    `values` are those to restore, or the whole row to bring back; `now` is the row as read, None
    when there is none.
    """

    property_number: str
    action: Action
    values: Row
    now: Row | None
    left_alone: tuple[LeftAlone, ...] = ()


def way_back(
    number: str,
    was: Row | None,
    now: Row | None,
    written: Sequence[Change],
    types: Mapping[str, ColumnType],
    columns: Collection[str],
) -> Step:
    """Return the step from `now` to `was` (None: no row).

    `written` is what our runs did to the listing since; `types` are those of the columns that our
    runs write, `columns` those to look at where the listing was there and is there.
    """
    if was is None:
        return _away(number, now, written, types)
    if now is None:
        if any(change.new is None for change in written):
            return Step(number, Action.BRING_BACK, was, None)
        return _untouched(number, now, "removed by somebody else")
    differing = [name for name in columns if name in now and now[name] != was[name]]
    restored = [name for name in differing if _is_ours(name, now[name], written, types)]
    left_alone = tuple(
        LeftAlone(number, name, "changed by somebody else")
        for name in differing
        if name not in restored
    )
    made_anew = any(change.old is None for change in written)
    if made_anew and not left_alone and any(now.get(name) != was[name] for name in was):
        return Step(number, Action.BRING_BACK, was, now)
    action = Action.RESTORE if restored else Action.NONE
    return Step(number, action, {name: was[name] for name in restored}, now, left_alone)


def _away(
    number: str, now: Row | None, written: Sequence[Change], types: Mapping[str, ColumnType]
) -> Step:
    if now is None:
        return Step(number, Action.NONE, {}, None)
    if not any(change.old is None for change in written):
        return _untouched(number, now, "added by somebody else")
    ours = {name for change in written for name in change.new or () if name in now}
    left_alone = tuple(
        LeftAlone(number, name, "added by us, changed by somebody else")
        for name in sorted(ours)
        if not _is_ours(name, now[name], written, types)
    )
    action = Action.NONE if left_alone else Action.REMOVE
    return Step(number, action, {}, now, left_alone)


def _untouched(number: str, now: Row | None, reason: str) -> Step:
    return Step(number, Action.NONE, {}, now, (LeftAlone(number, None, reason),))


def _is_ours(
    name: str, found: Value, written: Sequence[Change], types: Mapping[str, ColumnType]
) -> bool:
    column_type = types.get(name, ColumnType.TEXT)
    return any(
        is_equal(change.new[name], found, column_type)
        for change in written
        if change.new is not None and name in change.new
    )
