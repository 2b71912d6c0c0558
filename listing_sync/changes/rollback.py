"""Decide the step that leads one listing back to what it was.

Only what still is as our runs left it is touched, column by column; the rest is left and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from listing_sync.cells.listings import Value
from listing_sync.changes.ownership import Ours
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Logged, Row, folded
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass


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


def way_back(number: str, was: Row | None, now: Row | None, ours: Ours) -> Step:
    """Return the step from `now` to `was` (None: no row); `ours` are the changes since."""
    if was is None:
        if now is None:
            return Step(number, Action.NONE, {}, None)
        if ours.made() is None or ours.is_another(now):
            return _untouched(number, now, phrase("added by {others}", others=ours.others))
        return _away(number, now, ours, run_id=None)
    if now is None:
        if ours.removed() is not None:
            return _brought_back(number, was, ours.table)
        return _untouched(number, now, phrase("removed by {others}", others=ours.others))
    if ours.is_another(now, was):
        return _of_another(number, was, now, ours)
    written = {
        name for change in ours.standing() for name in (*(change.new or ()), *(change.made or ()))
    }
    # A row that we removed and that is there again is another one, whoever made it.
    is_kept = ours.made() is None and not ours.is_made_anew()
    names = ours.table.types.keys() | written if is_kept else was.keys()
    return _restored(number, was, now, [name for name in was if name in names], ours)


def _of_another(number: str, was: Row, now: Row, ours: Ours) -> Step:
    """Return the step that leaves a row alone which others made, and names it if it differs."""
    apart = {ours.table.key} | ours.table.fixed | ours.table.row_ids
    is_as_it_was = all(
        ours.is_back(name, was[name], now[name]) or ours.is_moved_by_itself(name, now[name])
        for name in was.keys() & now.keys() - apart
    )
    if is_as_it_was:
        return Step(number, Action.NONE, {}, now)
    return _untouched(number, now, phrase("added anew by {others}", others=ours.others))


def way_back_of_run(number: str, run_id: str, now: Row | None, ours: Ours) -> Step | None:
    """Return the step from `now` to before that run; `ours` are its changes and later ones.

    What a later run of ours wrote again is that run's. None: the run did nothing to the listing.
    """
    mine = folded([change for change in ours.changes if change.run_id == run_id])
    if mine is None:
        return None
    if now is None:
        return _gone(number, mine, ours)
    made = ours.made()
    if mine.old is None:
        if made is None or ours.is_another(now):
            return _untouched(number, now, phrase("added anew by {others}", others=ours.others))
        if made.run_id != run_id:
            return _untouched(number, now, phrase("made anew by {run}", run=made.run))
        return _away(number, now, ours, run_id=run_id)
    if ours.is_another(now, mine.old):
        return _of_another(number, mine.old, now, ours)
    return _restored(number, mine.old, now, list(mine.old), ours, mine=mine)


def _gone(number: str, mine: Logged, ours: Ours) -> Step:
    if mine.old is None:
        return Step(number, Action.NONE, {}, None)
    removed = ours.removed()
    if removed is None:
        return _untouched(number, None, phrase("removed by {others}", others=ours.others))
    if removed.run_id == mine.run_id:
        return _brought_back(number, mine.old, ours.table)
    return _untouched(number, None, phrase("removed by {run}", run=removed.run))


def _away(number: str, now: Row, ours: Ours, *, run_id: str | None) -> Step:
    """Return the step that removes a row which we made, if it is as we left it."""
    left_alone = []
    apart = {ours.table.key} | ours.table.fixed | ours.table.row_ids
    for name, value in now.items():
        if name in apart:
            continue
        change = ours.wrote(name, value)
        if change is None and not ours.is_moved_by_itself(name, value):
            left_alone.append(LeftAlone(number, name, _who_filled_in(name, ours)))
        elif change is not None and run_id not in {None, change.run_id}:
            left_alone.append(
                LeftAlone(number, name, phrase("added by us, changed by {run}", run=change.run))
            )
    action = Action.NONE if left_alone else Action.REMOVE
    return Step(number, action, {}, now, tuple(left_alone))


def _who_filled_in(name: str, ours: Ours) -> str:
    others, made = ours.others, ours.made()
    if any(name in (change.new or ()) for change in ours.changes):
        return phrase("added by us, changed by {others}", others=others)
    if ours.may_be_derived(name):
        return phrase(
            "added by us, changed by a trigger of the table or by {others}", others=others
        )
    if made is None or made.made is None:
        return phrase(
            "added by us; whether it was filled in by {others} is not known", others=others
        )
    return phrase("added by us, filled in by {others}", others=others)


def _restored(
    number: str,
    was: Row,
    now: Row,
    names: Sequence[str],
    ours: Ours,
    *,
    mine: Logged | None = None,
) -> Step:
    """Return the step that restores what in these columns is ours, or `mine`.

    What an insert of ours did not name, it gave back empty: that is mine where I removed the row.
    """
    values: dict[str, Value] = {}
    left_alone = []
    for name in names:
        if name not in now or name == ours.table.key or name in ours.table.fixed:
            continue
        if was[name] is now[name] or ours.is_back(name, was[name], now[name]):
            continue
        change = ours.wrote(name, now[name])
        if change is None:
            if not ours.is_moved_by_itself(name, now[name]):
                left_alone.append(LeftAlone(number, name, _who_changed(name, ours)))
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


def _who_changed(name: str, ours: Ours) -> str:
    if ours.may_be_derived(name):
        return phrase("changed by a trigger of the table or by {others}", others=ours.others)
    return phrase("changed by {others}", others=ours.others)


def _brought_back(number: str, was: Row, table: TableNow) -> Step:
    there = was.keys() if table.columns is None else table.columns
    values = {
        name: value for name, value in was.items() if name in there and name not in table.fixed
    }
    gone, given = frozenset(was.keys() - there), table.fixed & was.keys() & there
    return Step(number, Action.BRING_BACK, values, None, gone=gone, given=given)


def _untouched(number: str, now: Row | None, reason: str) -> Step:
    return Step(number, Action.NONE, {}, now, (LeftAlone(number, None, reason),))
