"""Find the accident that most likely stands behind a plan that is refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Listing, Value
from listing_sync.changes.compare import shown
from listing_sync.changes.plan import BLANKED_FROM, Plan
from listing_sync.language.sentences import phrase, phrase_number

SORTED_FROM = 3
"""Fewer values than this in other rows are a swap, not a sorted column."""

TAIL_FROM = 3
"""Fewer listings than this that are gone from the end were taken off one by one."""


def likely_cause(plan: Plan, listings: Sequence[Listing]) -> str | None:
    """Return the accident that explains most of the plan, None when none does.

    `listings` are all valid ones of the sheet, from the top.
    """
    return (
        _sorted_alone(plan) or _missing_tail(plan, listings) or _blank_from_some_row(plan, listings)
    )


def _sorted_alone(plan: Plan) -> str | None:
    """All changes are in one column, and its values before and after are the same ones."""
    updates = [
        update
        for update in plan.updates
        if update.changed and update.mark is None and not update.is_of_table
    ]
    if len(updates) < SORTED_FROM or len(updates) <= len(plan.removals) + plan.additions:
        return None
    index = updates[0].changed[0]
    if any(update.changed != (index,) for update in updates):
        return None
    column = plan.columns[index]
    is_text = column.column.type is ColumnType.TEXT
    before = Counter(_comparable(update.old[0], is_text=is_text) for update in updates)
    after = Counter(
        _comparable(update.listing.values[index], is_text=is_text) for update in updates
    )
    if before != after:
        return None
    return phrase(
        "column {header!r} looks sorted alone, without the rest of its rows: the {values:,} values"
        " that changed are the same ones, in other rows",
        header=column.header,
        values=len(updates),
    )


def _comparable(value: Value, *, is_text: bool) -> object:
    """Return a value of sheet or table so that equal ones are equal; 100 and "100.00" are."""
    text = shown(value)
    if is_text or isinstance(value, bool):
        return text
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        return text


def _missing_tail(plan: Plan, listings: Sequence[Listing]) -> str | None:
    """The sheet goes by number, and what is gone from it is all that came after its last row."""
    gone = len(plan.removals)
    if gone < TAIL_FROM or gone < plan.changes + plan.additions or len(listings) < TAIL_FROM:
        return None
    order = [_in_order(listing.property_number) for listing in listings]
    if any(left >= right for left, right in pairwise(order)):
        return None
    if min(map(_in_order, plan.removals)) < order[-1]:
        return None
    last = listings[-1]
    return phrase_number(
        "the sheet looks cut or half loaded: it ends at {last} in row {row}, and {count:,} listing"
        " that came after it are gone",
        "the sheet looks cut or half loaded: it ends at {last} in row {row}, and {count:,} listings"
        " that came after it are gone",
        gone,
        last=last.property_number,
        row=last.sheet_row,
    )


def _in_order(number: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts numbers as people do: AA9 before AA10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", number)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def _blank_from_some_row(plan: Plan, listings: Sequence[Listing]) -> str | None:
    """One column is blank in all rows from some row to the end, and was not before."""
    most = max(range(len(plan.columns)), key=plan.blanked.__getitem__)
    emptied = plan.blanked[most]
    if emptied < BLANKED_FROM or 2 * emptied < plan.writes + len(plan.removals):
        return None
    first = min(update.listing.sheet_row for update in plan.updates if most in update.blanked)
    below = [listing for listing in listings if listing.sheet_row >= first]
    is_filled_above = any(
        listing.values[most] is not None for listing in listings if listing.sheet_row < first
    )
    if not is_filled_above or any(listing.values[most] is not None for listing in below):
        return None
    return phrase(
        "column {header!r} looks cut or half loaded: it is blank from row {row} to the end",
        header=plan.columns[most].header,
        row=first,
    )
