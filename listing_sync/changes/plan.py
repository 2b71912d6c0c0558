"""Decide what to insert, update and remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from listing_sync.cells.listings import KEPT, Checked, Listing, SheetColumn, Value
from listing_sync.changes.given_back import NOTHING_KNOWN, GivenBack, row_comparer
from listing_sync.changes.rollout import is_in_share
from listing_sync.lazy_dataclasses import dataclass

BLANKED_FROM = 3
"""Fewer values than this that become blank in a column are an edit, not an accident."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of the table: values in the order of the columns asked for, as JSON gave them.

    `mark` is the value of the mark column, None when there is none.
    """

    property_number: str
    values: tuple[Value, ...]
    mark: Value = None


@dataclass(frozen=True, slots=True)
class Update:
    """A listing whose row differs. `changed` are indexes into the columns, `old` their values.

    `changed` is empty for a row that is written although equal (--force); `mark` is the mark of a
    listing that comes back, which is cleared; `kept` are (index, value just read) of its KEPT
    columns; `stored` is the number as the row spells it, where that is not as the sheet does.
    `is_of_table` says that only columns differ that give back something else than they are given.
    """

    listing: Listing
    changed: tuple[int, ...]
    old: tuple[Value, ...]
    mark: Value = None
    kept: tuple[tuple[int, Value], ...] = ()
    stored: str | None = None
    is_of_table: bool = False

    @property
    def key(self) -> str:
        """Return the number as the row bears it."""
        return self.stored or self.listing.property_number

    @property
    def blanked(self) -> tuple[int, ...]:
        """Return the columns of a row seen on the site that would become blank."""
        if self.mark is not None:
            return ()
        changed = zip(self.changed, self.old, strict=True)
        return tuple(i for i, old in changed if self.listing.values[i] is None and old != "")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, as a value. `columns` give the order of every `values`.

    `unlisted` are the numbers in the table that are on no row of the sheet; `removals` those of
    them that this run removes. `table_size` counts the rows of the table inside the rollout share
    that are not marked; `filled` and `blanked` count, per column, its values that are not blank in
    those rows and those of them that this plan would make blank. `unseen` are numbers on rows of
    the sheet, not to be written, that no row of the table bears; `has_rows` says whether the table
    showed any row.
    """

    columns: tuple[SheetColumn, ...]
    inserts: tuple[Listing, ...]
    updates: tuple[Update, ...]
    unchanged: int
    unlisted: tuple[str, ...]
    removals: tuple[str, ...]
    table_size: int
    filled: tuple[int, ...]
    blanked: tuple[int, ...]
    unseen: frozenset[str] = frozenset()
    has_rows: bool = True

    @property
    def writes(self) -> int:
        """Return how many listings would be written."""
        return len(self.inserts) + len(self.updates)

    @property
    def changes(self) -> int:
        """Return how many rows would change: neither rewritten as equal nor unmarked."""
        updates = (update for update in self.updates if update.changed and update.mark is None)
        return sum(1 for update in updates if not update.is_of_table)

    @property
    def additions(self) -> int:
        """Return how many listings would appear: inserted, or unmarked."""
        return len(self.inserts) + sum(1 for update in self.updates if update.mark is not None)


def make_plan(
    checked: Checked,
    pages: Iterable[Sequence[TableRow]],
    *,
    percent: float = 100,
    force: bool = False,
    prune: bool = False,
    known: GivenBack = NOTHING_KNOWN,
) -> Plan:
    """Compare the listings (within the share) with the table, page by page.

    With `prune`, what no row of the sheet names is removed, unless the number of a row is unknown:
    then it might be any of them. `force` writes equal rows too. Numbers are matched as texts.
    `known` is what the table makes of values.
    """
    columns = checked.columns
    take = row_taker(columns, known, force=force)
    wanted = {listing.property_number: listing for listing in checked.listings}
    updates: list[Update] = []
    unlisted: list[str] = []
    unseen = checked.numbers - wanted.keys()
    has_rows = False
    unchanged = table_size = 0
    filled = [0] * len(columns)
    blanked = [0] * len(columns)
    for page in pages:
        has_rows = has_rows or bool(page)
        if unseen:
            unseen = unseen.difference(row.property_number for row in page)
        rows = [row for row in page if is_in_share(row.property_number, percent)]
        live = [row.values for row in rows if row.mark is None]
        table_size += len(live)
        for index, values in enumerate(zip(*live, strict=True)):
            filled[index] += len(values) - values.count(None) - values.count("")
        for row in rows:
            listing = wanted.pop(row.property_number, None)
            if listing is None:
                if row.mark is None and row.property_number not in checked.numbers:
                    unlisted.append(row.property_number)
                continue
            update = take(listing, row)
            if update is None:
                unchanged += 1
                continue
            updates.append(update)
            for index in update.blanked:
                blanked[index] += 1
    return Plan(
        columns=columns,
        inserts=tuple(wanted.values()),
        updates=tuple(updates),
        unchanged=unchanged,
        unlisted=tuple(unlisted),
        removals=removable(unlisted, checked) if prune else (),
        table_size=table_size,
        filled=tuple(filled),
        blanked=tuple(blanked),
        unseen=unseen,
        has_rows=has_rows,
    )


def removable(unlisted: Sequence[str], checked: Checked) -> tuple[str, ...]:
    """Return what may be removed: nothing when one of these may be the number of some row.

    Of two rows with one number, one should have another one.
    """
    return () if checked.unknown_numbers or checked.repeated else tuple(unlisted)


TakeRow = Callable[[Listing, TableRow], Update | None]
"""A listing and its row -> what writing it does, None when there is nothing to write."""


def row_taker(columns: Sequence[SheetColumn], known: GivenBack, *, force: bool) -> TakeRow:
    """Return what compares a listing with its row."""
    plain = [column.column for column in columns]
    differing = row_comparer(plain, known)

    def take(listing: Listing, row: TableRow) -> Update | None:
        changed = differing(listing, row.property_number, row.values)
        if not (changed or row.mark is not None or force):
            return None
        is_of_table = bool(changed and known.loose) and all(
            known.may_be_its_own(plain[index].name, row.property_number, listing.values[index])
            for index in changed
        )
        return Update(
            listing=listing,
            changed=changed,
            old=tuple(row.values[index] for index in changed),
            mark=row.mark,
            kept=_kept(listing, row) if KEPT in listing.values else (),
            stored=None if row.property_number == listing.property_number else row.property_number,
            is_of_table=is_of_table,
        )

    return take


def _kept(listing: Listing, row: TableRow) -> tuple[tuple[int, Value], ...]:
    pairs = zip(listing.values, row.values, strict=True)
    return tuple((index, found) for index, (value, found) in enumerate(pairs) if value is KEPT)
