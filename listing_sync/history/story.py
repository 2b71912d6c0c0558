"""Answer for one listing in a sentence, from what sheet, table and past runs say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from listing_sync.cells.listings import Listing, Rejection, Value
from listing_sync.cells.wording import one_line
from listing_sync.errors import Category
from listing_sync.history.news import rejection_key
from listing_sync.history.runs import (
    ENDED,
    GOOD,
    Run,
    RunStatus,
    RunType,
    StoredRejection,
)

_VALUE_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """A column, by its header, in which sheet and table disagree."""

    column: str
    sheet: Value
    table: Value


@dataclass(frozen=True, slots=True)
class SheetView:
    """What the sheet says of one listing now; `near` are the numbers probably meant."""

    sheet_rows: tuple[int, ...]
    listing: Listing | None
    rejections: tuple[Rejection, ...]
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableView:
    """What the table says of it now; `differences` are from its valid row in the sheet."""

    is_there: bool
    is_marked: bool
    differences: tuple[Difference, ...]


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

    `refusals` are those of the last full run; `hold` is what pauses the runs; `problems` say what
    could not be read and why.
    """

    property_number: str
    sheet: SheetView | None
    table: TableView | None
    is_in_share: bool
    is_pruned: bool
    last_change: LastChange | None
    rejected_since: Since | None
    refusals: tuple[StoredRejection, ...]
    last_run: Run | None
    is_running: bool
    hold: str | None
    problems: tuple[str, ...]

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


def answer(story: Story, say_time: Callable[[datetime], str]) -> str:
    """Return the sentences that say whether the listing is on the site and, if not, why.

    The text holds cells of the sheet as they are: it is for the person who asked, not for logs.
    """
    number = story.property_number
    if story.sheet is None and story.table is None:
        return f"Neither the sheet nor the table can be read now; nothing can be said of {number}."
    if story.table is None:
        return f"Whether {number} is on the site cannot be said; {_in_sheet(story)}."
    if story.sheet is None:
        where = "is on the site" if _is_shown(story.table) else "is not on the site"
        return f"{number} {where}; what the sheet says of it cannot be read now."
    if not story.is_in_share:
        where = "is on the site" if _is_shown(story.table) else "is not on the site"
        return f"{number} {where}; SYNC_ROLLOUT_PERCENT leaves it out, so that no run writes it."
    if not story.sheet.sheet_rows:
        return _without_row(story, story.sheet, story.table)
    if story.sheet.listing is None:
        return _of_rejected(story, story.sheet, story.table, say_time)
    return _of_valid(story, story.sheet.listing, story.table, say_time)


def _is_shown(table: TableView) -> bool:
    return table.is_there and not table.is_marked


def _in_sheet(story: Story) -> str:
    sheet = story.sheet
    if sheet is None or not sheet.sheet_rows:
        return "it is not in the sheet" + _near(sheet)
    if sheet.rejections:
        return f"it is rejected because of {_first_problem(sheet.rejections)}"
    return f"it is in row {sheet.sheet_rows[0]} of the sheet and valid"


def _near(sheet: SheetView | None) -> str:
    return f" (near it are {', '.join(sheet.near)})" if sheet and sheet.near else ""


def _without_row(story: Story, sheet: SheetView, table: TableView) -> str:
    number = story.property_number
    if not table.is_there:
        return f"{number} is neither in the sheet nor on the site{_near(sheet)}."
    if table.is_marked:
        return (
            f"{number} is not on the site because it is no longer in the sheet{_near(sheet)}; "
            "it is marked as withdrawn."
        )
    way_on = (
        f"the next run removes it{_unless_held(story)}"
        if story.is_pruned
        else "only a run with --prune removes it"
    )
    return f"{number} is on the site although it is not in the sheet{_near(sheet)}; {way_on}."


def _unless_held(story: Story) -> str:
    return f", but runs are paused by {story.hold}" if story.hold else ""


def _of_rejected(
    story: Story, sheet: SheetView, table: TableView, say_time: Callable[[datetime], str]
) -> str:
    where = (
        "is on the site with older values, not with its row in the sheet,"
        if _is_shown(table)
        else "is not on the site"
    )
    text = f"{story.property_number} {where} because of {_first_problem(sheet.rejections)}."
    since = story.rejected_since
    if since:
        least = "" if since.is_exact else " or longer"
        text += f" It has been rejected since {say_time(since.moment)}{least}."
    return text


def _first_problem(rejections: Sequence[Rejection]) -> str:
    first = rejections[0]
    what = f"its {one_line(first.column)}" if first.column else "its row"
    cell = f" in {first.cell}" if first.cell else ""
    value = f' ("{_cut(first.value)}")' if first.value else ""
    more = len(rejections) - 1
    others = f" (and {more} more)" if more else ""
    return f"{what}{cell}{value}: {first.reason.rstrip('.')}{others}"


def _cut(value: str) -> str:
    return value if len(value) <= _VALUE_LIMIT else value[: _VALUE_LIMIT - 1] + "…"


def _of_valid(
    story: Story, listing: Listing, table: TableView, say_time: Callable[[datetime], str]
) -> str:
    number = story.property_number
    if story.is_up_to_date:
        return f"{number} is on the site and says what row {listing.sheet_row} of the sheet says."
    way_on = _way_on(story, say_time)
    if not table.is_there:
        return (
            f"{number} is not on the site yet, although row {listing.sheet_row} is valid: {way_on}."
        )
    if table.is_marked:
        return (
            f"{number} is not on the site: it is marked as withdrawn, although it is back in row "
            f"{listing.sheet_row} of the sheet: {way_on}."
        )
    columns = ", ".join(one_line(difference.column) for difference in table.differences)
    return (
        f"{number} is on the site but differs from row {listing.sheet_row} in {columns}: {way_on}."
    )


def _way_on(story: Story, say_time: Callable[[datetime], str]) -> str:
    """Return why the table does not yet say what a valid row says, and what will make it."""
    run = story.last_run
    if story.hold:
        return f"runs are paused by {story.hold}"
    if story.is_running:
        return "a run is in progress"
    for refusal in story.refusals:
        if refusal.rejection.category is not Category.VALIDATION:
            return f"the last run could not write it: {refusal.rejection.reason.rstrip('.')}"
    if run is None:
        return "no run is known that could have written it"
    if run.status is RunStatus.FAILED:
        cause = f": {run.cause.message.rstrip('.')}" if run.cause else ""
        return f"the last run, at {say_time(run.started_at)}, failed{cause}"
    if run.status is RunStatus.INTERRUPTED:
        return f"the last run, at {say_time(run.started_at)}, was interrupted; the next one goes on"
    return f"the next run writes it (the last one was at {say_time(run.started_at)})"
