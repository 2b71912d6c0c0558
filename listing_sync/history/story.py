"""Hold what sheet, table and past runs say of one listing, and since when it is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from listing_sync.cells.listings import Listing, Rejection, Value
from listing_sync.changes.undone import Undone
from listing_sync.history.news import rejection_key
from listing_sync.history.outlook import Outlook
from listing_sync.history.runs import (
    ENDED,
    GOOD,
    Run,
    RunType,
    StoredRejection,
)
from listing_sync.history.signs_of_life import Going
from listing_sync.language.sentences import marked
from listing_sync.lazy_dataclasses import dataclass

OTHERS: Final = marked("the database or another program")


@dataclass(frozen=True, slots=True)
class Difference:
    """A column, by its header, in which sheet and table disagree."""

    column: str
    sheet: Value
    table: Value


@dataclass(frozen=True, slots=True)
class Double:
    """A number that stands on several rows; one of them may be that of one of `perhaps`."""

    property_number: str
    sheet_rows: tuple[int, ...]
    perhaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetView:
    """What the sheet says of one listing now.

    `near` are the numbers probably meant, `doubles` those that stand on several rows where that may
    tell where this listing, or another one, has gone.
    """

    sheet_rows: tuple[int, ...]
    listing: Listing | None
    rejections: tuple[Rejection, ...]
    near: tuple[str, ...]
    doubles: tuple[Double, ...] = ()


@dataclass(frozen=True, slots=True)
class TableView:
    """What the table says of it now; `differences` are from its valid row in the sheet.

    `given_back` are those that the table itself makes of what is written, so that no run changes
    them.
    """

    is_there: bool
    is_marked: bool
    differences: tuple[Difference, ...]
    given_back: tuple[Difference, ...] = ()


class ChangeKind(StrEnum):
    """What a run did to a listing."""

    INSERTED = "inserted"
    UPDATED = "updated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """What a run replaced in one column, by its header."""

    column: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class LastChange:
    """When and in which run this machine last changed the listing; `columns` of an update only."""

    run_id: str
    changed_at: datetime
    kind: ChangeKind
    columns: tuple[ColumnChange, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """The start of the first run known to reject the listing, without a pause until the last.

    `is_exact` is False when the runs looked at do not reach back to one that took it.
    """

    moment: datetime
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one listing. `sheet` or `table` is None when it could not be read.

    `refusals` are those of the last full run; `hold` is what pauses the runs; `going` is a run in
    progress; `undone` is what others made of what our runs wrote, its columns by header, `others`
    who that may be. `seen_equal_at` began the last run that saw the table as the sheet is now,
    where it no longer is. `problems` say what could not be read and why.
    """

    property_number: str
    sheet: SheetView | None
    table: TableView | None
    is_in_share: bool
    is_pruned: bool
    last_change: LastChange | None
    rejected_since: Since | None
    refusals: tuple[StoredRejection, ...]
    outlook: Outlook
    hold: str | None
    problems: tuple[str, ...]
    going: Going | None = None
    undone: Undone | None = None
    others: str = OTHERS
    seen_equal_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Return whether the sheet or the table has it."""
        in_sheet = self.sheet is not None and bool(self.sheet.sheet_rows)
        return in_sheet or (self.table is not None and self.table.is_there)

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """Return what keeps the listing out now, then what else the last full run refused."""
        now = self.sheet.rejections if self.sheet else ()
        known = {rejection_key(item) for item in now}
        then = (item.rejection for item in self.refusals)
        return (*now, *(item for item in then if rejection_key(item) not in known))

    @property
    def is_up_to_date(self) -> bool | None:
        """Return whether the table says what the sheet says; None when that cannot be known."""
        if self.sheet is None or self.table is None:
            return None
        if not self.sheet.sheet_rows:
            return not self.table.is_there or self.table.is_marked
        if self.sheet.listing is None or self.table.is_marked:
            return False
        return self.table.is_there and not self.table.differences


def rejected_since(
    runs: Sequence[Run], rejecting_run_ids: frozenset[str], *, are_all: bool
) -> Since | None:
    """Return since when a listing has been rejected; None when the last good run took it.

    `runs` are newest first, `are_all` says that there are no older ones; `rejecting_run_ids` are
    those under which a rejection of it is stored.
    A run without rejections that is not good says nothing: it may have failed before them.
    """
    since = None
    for run in runs:
        if run.run_type is not RunType.FULL or run.status not in ENDED:
            continue
        if run.rejections_run_id in rejecting_run_ids:
            since = run.started_at
        elif run.rejections_run_id or run.status in GOOD:
            return Since(since, is_exact=True) if since else None
    return Since(since, is_exact=are_all) if since else None
