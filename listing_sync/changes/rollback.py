"""Decide the step that leads one listing back to what it was.

Only what still is as our runs left it is touched, column by column; the rest is left and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from listing_sync.cells.listings import Value
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Logged, Ours, Row, folded
from listing_sync.language.sentences import marked, phrase, spoken
from listing_sync.lazy_dataclasses import dataclass

OTHERS = marked("changed by somebody else")
TRIGGER_OR_OTHERS = marked("changed by a trigger of the table or by somebody else")


class Action(StrEnum):
    """What is done with a listing's row: nothing, some of its values, all of it."""

    NONE = "none"
    RESTORE = "restore"
    BRING_BACK = "bring back"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """What is not as it was and is left so; `column` None: the row as a whole."""

    property_number: str
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """What leads one listing back.

    `values` are those to restore, or the whole row to bring back; `now` is the row as read, None
    when there is none. `gone` are columns that the table no longer has, `given` those of a row to
    bring back that only the database fills.
    """

    property_number: str
    action: Action
    values: Row
    now: Row | None
    left_alone: tuple[LeftAlone, ...] = ()
    gone: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()


def way_back(
    number: str, was: Row | None, now: Row | None, changes: Sequence[Logged], table: TableNow
) -> Step:
    """Return the step from `now` to `was` (None: no row); `changes` are ours since, in order."""
    ours = Ours(changes, table)
    if was is None:
        if now is None:
            return Step(number, Action.NONE, {}, None)
        if ours.made() is None:
            return _untouched(number, now, phrase("added by somebody else"))
        return _away(number, now, changes, table, run_id=None)
    if now is None:
        if ours.removed() is not None:
            return _brought_back(number, was, table)
        return _untouched(number, now, phrase("removed by somebody else"))
    written = {name for change in changes for name in (*(change.new or ()), *(change.made or ()))}
    # A row that we removed and that is there again is another one, whoever made it.
    is_another = any(change.new is None and change.is_certain for change in changes)
    is_kept = ours.made() is None and not is_another
    names = table.types.keys() | written if is_kept else was.keys()
    return _restored(number, was, now, [name for name in was if name in names], changes, table)


def way_back_of_run(
    number: str, run_id: str, now: Row | None, changes: Sequence[Logged], table: TableNow
) -> Step | None:
    """Return the step from `now` to before that run; `changes` are of it and of later runs.

    What a later run of ours wrote again is that run's. None: the run did nothing to the listing.
    """
    mine = folded([change for change in changes if change.run_id == run_id])
    if mine is None:
        return None
    ours = Ours(changes, table)
    if now is None:
        return _gone(number, mine, ours.removed(), table)
    made = ours.made()
    if mine.old is None:
        if made is None:
            return _untouched(number, now, phrase("added anew by somebody else"))
        if made.run_id != run_id:
            return _untouched(number, now, phrase("made anew by {run}", run=made.run))
        return _away(number, now, changes, table, run_id=run_id)
    return _restored(number, mine.old, now, list(mine.old), changes, table, mine=mine)


def _gone(number: str, mine: Logged, removed: Logged | None, table: TableNow) -> Step:
    if mine.old is None:
        return Step(number, Action.NONE, {}, None)
    if removed is None:
        return _untouched(number, None, phrase("removed by somebody else"))
    if removed.run_id == mine.run_id:
        return _brought_back(number, mine.old, table)
    return _untouched(number, None, phrase("removed by {run}", run=removed.run))


def _away(
    number: str, now: Row, changes: Sequence[Logged], table: TableNow, *, run_id: str | None
) -> Step:
    """Return the step that removes a row which we made, if it is as we left it."""
    ours = Ours(changes, table)
    made = ours.made()
    is_known = made is not None and made.made is not None
    sent = {name for change in changes for name in change.new or ()}
    left_alone = []
    for name, value in now.items():
        if name == table.key or name in table.fixed:
            continue
        change = ours.wrote(name, value)
        if change is None and not ours.is_moved_by_itself(name, value):
            why = phrase("added by us, filled in by somebody else")
            if name in sent:
                why = phrase("added by us, changed by somebody else")
            elif ours.may_be_derived(name):
                why = phrase("added by us, changed by a trigger of the table or by somebody else")
            elif not is_known:
                why = phrase("added by us; whether somebody else filled it in is not known")
            left_alone.append(LeftAlone(number, name, why))
        elif change is not None and run_id not in {None, change.run_id}:
            left_alone.append(
                LeftAlone(number, name, phrase("added by us, changed by {run}", run=change.run))
            )
    action = Action.NONE if left_alone else Action.REMOVE
    return Step(number, action, {}, now, tuple(left_alone))


def _restored(
    number: str,
    was: Row,
    now: Row,
    names: Sequence[str],
    changes: Sequence[Logged],
    table: TableNow,
    *,
    mine: Logged | None = None,
) -> Step:
    """Return the step that restores what in these columns is ours, or `mine`.

    What an insert of ours did not name, it gave back empty: that is mine where I removed the row.
    """
    ours = Ours(changes, table)
    values: dict[str, Value] = {}
    left_alone = []
    for name in names:
        if name not in now or name == table.key or name in table.fixed:
            continue
        if was[name] is now[name] or ours.is_back(name, was[name], now[name]):
            continue
        change = ours.wrote(name, now[name])
        if change is None:
            if not ours.is_moved_by_itself(name, now[name]):
                why = spoken(TRIGGER_OR_OTHERS if ours.may_be_derived(name) else OTHERS)
                left_alone.append(LeftAlone(number, name, why))
        elif (
            mine is None
            or change.run_id == mine.run_id
            or (mine.new is None and name not in (change.new or ()))
        ):
            values[name] = was[name]
        else:
            left_alone.append(LeftAlone(number, name, phrase("changed by {run}", run=change.run)))
    action = Action.RESTORE if values else Action.NONE
    gone = frozenset(names) - now.keys()
    return Step(number, action, values, now, tuple(left_alone), gone)


def _brought_back(number: str, was: Row, table: TableNow) -> Step:
    there = was.keys() if table.columns is None else table.columns
    values = {
        name: value for name, value in was.items() if name in there and name not in table.fixed
    }
    gone, given = frozenset(was.keys() - there), table.fixed & was.keys() & there
    return Step(number, Action.BRING_BACK, values, None, gone=gone, given=given)


def _untouched(number: str, now: Row | None, reason: str) -> Step:
    return Step(number, Action.NONE, {}, now, (LeftAlone(number, None, reason),))
