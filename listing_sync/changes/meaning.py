"""Let a plan heed what the numbers of the sheet mean in the table's own eyes.

A plan first matches numbers by their exact text. Numbers that no row bears may still mean one: a
citext, padded, whole-number or uuid key has an equality of its own, which is asked, never imitated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from listing_sync.cells.listings import (
    REPEATED,
    Checked,
    Listing,
    Rejection,
    SheetColumn,
    SheetContents,
)
from listing_sync.cells.wording import listed
from listing_sync.changes.given_back import NOTHING_KNOWN, GivenBack
from listing_sync.changes.plan import Plan, TableRow, TakeRow, Update, removable, row_taker
from listing_sync.changes.seen import Remembered
from listing_sync.language.sentences import joined, phrase, phrase_number
from listing_sync.lazy_dataclasses import dataclass

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Settled:
    """A plan and what the sheet's rows are worth once the table has told what they mean.

    `rejections` are those of listings that were valid until then: the table takes two for one, or a
    cell that it would empty is not blank. `meant` are the keys of the rows that numbers without one
    of their own mean. `seen` is what the plan went by of a table that told its fingerprints.
    """

    plan: Plan
    checked: Checked
    rejections: tuple[Rejection, ...] = ()
    meant: Mapping[str, str] = field(default_factory=dict)
    seen: Remembered | None = None


def in_question(plan: Plan) -> tuple[str, ...]:
    """Return the numbers of the sheet of which the table has to tell whether a row is theirs.

    None where nothing would be inserted or missed: such a run asks nothing.
    """
    if not plan.has_rows:
        return ()
    numbers = {listing.property_number for listing in plan.inserts}
    if plan.unlisted:
        numbers |= plan.unseen
    return tuple(sorted(numbers))


def settle(
    plan: Plan,
    checked: Checked,
    rows: Mapping[str, TableRow],
    *,
    contents: SheetContents,
    key: SheetColumn,
    force: bool = False,
    prune: bool = False,
    known: GivenBack = NOTHING_KNOWN,
) -> Settled:
    """Return the plan in which a row that the sheet means is compared, whatever its spelling.

    `rows` gives for each number in question that means a row this row. Numbers that mean one row
    are rejected as a repeated number is.
    """
    meant = {number: row.property_number for number, row in rows.items()}
    together = [group for group in _spellings(checked, meant).values() if len(group) > 1]
    twins: tuple[Rejection, ...] = ()
    if together:
        checked, twins = _without_twins(checked, together, contents, key)
    plan = without(plan, {twin.property_number or "" for twin in twins})
    take = row_taker(plan.columns, known, force=force)
    plan = _respelled(plan, rows, take, at=plan.columns.index(key))
    stored = set(meant.values())
    unlisted = tuple(number for number in plan.unlisted if number not in stored)
    removals = removable(unlisted, checked) if prune else ()
    return Settled(replace(plan, unlisted=unlisted, removals=removals), checked, twins, meant)


def _spellings(checked: Checked, meant: Mapping[str, str]) -> dict[str, list[str]]:
    """Return by key of a row the numbers of the sheet that mean it."""
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for number, stored in meant.items():
        spellings[stored].append(number)
    for stored, numbers in spellings.items():
        if stored in checked.numbers and stored not in numbers:
            numbers.append(stored)
    return spellings


def _without_twins(
    checked: Checked, together: list[list[str]], contents: SheetContents, key: SheetColumn
) -> tuple[Checked, tuple[Rejection, ...]]:
    """Reject the listings whose numbers mean one row; return what is left, and the rejections."""
    rows = _rows_of(checked, {number for group in together for number in group})
    listings = {listing.property_number: listing for listing in checked.listings}
    twins = []
    for group in together:
        for number in group:
            if listing := listings.pop(number, None):
                others = [
                    on_row(other, row) if row else other
                    for other in group
                    if other != number
                    for row in rows[other] or [0]
                ]
                twins.append(_twin(listing, others, contents, key))
    twins.sort(key=lambda twin: twin.sheet_row or 0)
    repeated = tuple(
        ("/".join(group), tuple(sorted(row for number in group for row in rows[number])))
        for group in together
    )
    left = replace(
        checked,
        listings=tuple(listings.values()),
        rejections=(*checked.rejections, *twins),
        rejected_rows=checked.rejected_rows + len(twins),
        repeated=(*checked.repeated, *repeated),
    )
    return left, tuple(twins)


def same_listing(others: list[str]) -> str:
    """Return why a listing is rejected that the table takes for the same as these."""
    return phrase(
        "the table takes it for the same listing as {others}; expected once",
        code=REPEATED,
        others=listed(others, _NAMED),
    )


def on_row(number: str, sheet_row: int) -> str:
    """Return a property number with the row that it stands on."""
    return phrase("{number} on row {row}", number=number, row=sheet_row)


def _twin(
    listing: Listing, others: list[str], contents: SheetContents, key: SheetColumn
) -> Rejection:
    cell, link = contents.place(key, listing.sheet_row)
    return Rejection(
        property_number=listing.property_number,
        sheet_row=listing.sheet_row,
        column=None,
        cell=cell,
        value=None,
        reason=same_listing(others),
        link=link,
        code=REPEATED,
    )


def _rows_of(checked: Checked, numbers: set[str]) -> dict[str, list[int]]:
    rows: dict[str, set[int]] = {number: set() for number in numbers}
    for listing in checked.listings:
        if listing.property_number in rows:
            rows[listing.property_number].add(listing.sheet_row)
    for item in checked.rejections:
        if item.property_number in rows and item.sheet_row is not None:
            rows[item.property_number].add(item.sheet_row)
    return {number: sorted(found) for number, found in rows.items()}


def without(plan: Plan, numbers: set[str]) -> Plan:
    """Return the plan without these valid listings: it leaves their rows as they are."""
    if not numbers:
        return plan
    inserts = tuple(item for item in plan.inserts if item.property_number not in numbers)
    updates = tuple(item for item in plan.updates if item.listing.property_number not in numbers)
    dropped = [item for item in plan.updates if item.listing.property_number in numbers]
    written = len(plan.inserts) - len(inserts) + len(dropped)
    blanked = list(plan.blanked)
    for update in dropped:
        for index in update.blanked:
            blanked[index] -= 1
    same = len(numbers) - written
    return replace(
        plan,
        inserts=inserts,
        updates=updates,
        unchanged=plan.unchanged - same,
        blanked=tuple(blanked),
    )


def _respelled(plan: Plan, rows: Mapping[str, TableRow], take: TakeRow, *, at: int) -> Plan:
    """Return the plan that updates the rows which its inserts mean; their keys stay as they are."""
    inserts: list[Listing] = []
    updates: list[Update] = list(plan.updates)
    unchanged, blanked = plan.unchanged, list(plan.blanked)
    for listing in plan.inserts:
        row = rows.get(listing.property_number)
        if row is None:
            inserts.append(listing)
            continue
        values = (*listing.values[:at], row.values[at], *listing.values[at + 1 :])
        update = take(replace(listing, values=values), row)
        if update is None:
            unchanged += 1
            continue
        updates.append(update)
        for index in update.blanked:
            blanked[index] += 1
    return replace(
        plan,
        inserts=tuple(inserts),
        updates=tuple(updates),
        unchanged=unchanged,
        blanked=tuple(blanked),
    )


def why_none_is_removed(checked: Checked, unlisted: Sequence[str]) -> str | None:
    """Return why listings that seem to be gone stay in the table, None when that is no question."""
    if not unlisted or not (checked.unknown_numbers or checked.repeated):
        return None
    many = len(unlisted)
    reasons = [
        phrase_number(
            "{number} stands on rows {rows} and {last}, and one of them may be it",
            "{number} stands on rows {rows} and {last}, and one of them may be any of them",
            many,
            number=number,
            rows=listed([str(row) for row in rows[:-1]], _NAMED),
            last=rows[-1],
        )
        for number, rows in checked.repeated[:_NAMED]
        if rows
    ]
    if checked.unknown_numbers:
        unread = phrase_number(
            "the property number of a row cannot be read, so it may be it",
            "the property number of a row cannot be read, so it may be any of them",
            many,
        )
        reasons.append(unread)
    return phrase(
        "nothing is removed in this run: {numbers} would have been removed, but {reasons}",
        numbers=listed(unlisted, _NAMED),
        reasons=joined("; ", reasons),
    )
