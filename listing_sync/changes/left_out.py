"""Take out of a plan the columns that nobody can write."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from listing_sync.cells.listings import KEPT, Listing, SheetColumn
from listing_sync.changes.plan import Plan, Update


def leave_out(plan: Plan, names: Collection[str]) -> Plan:
    """Return the plan in which these columns stay as the table has them.

    A listing that differs in nothing else is unchanged.
    """
    indexes = {index for index, column in enumerate(plan.columns) if column.column.name in names}
    if not indexes:
        return plan
    updates = [_update(update, indexes) for update in plan.updates]
    kept = tuple(update for update in updates if update is not None)
    return replace(
        plan,
        columns=tuple(_kept(c) if i in indexes else c for i, c in enumerate(plan.columns)),
        inserts=tuple(_listing(listing, indexes) for listing in plan.inserts),
        updates=kept,
        unchanged=plan.unchanged + len(updates) - len(kept),
        blanked=tuple(0 if i in indexes else many for i, many in enumerate(plan.blanked)),
    )


def _update(update: Update, indexes: Collection[int]) -> Update | None:
    left = [
        (index, old)
        for index, old in zip(update.changed, update.old, strict=True)
        if index not in indexes
    ]
    if update.changed and not left and update.mark is None:
        return None
    return replace(
        update,
        listing=_listing(update.listing, indexes),
        changed=tuple(index for index, _ in left),
        old=tuple(old for _, old in left),
    )


def _kept(column: SheetColumn) -> SheetColumn:
    return replace(column, column=replace(column.column, keep_on_blank=True))


def _listing(listing: Listing, indexes: Collection[int]) -> Listing:
    values = (KEPT if i in indexes else value for i, value in enumerate(listing.values))
    return replace(listing, values=tuple(values))
