"""Say in a sentence or two whether one listing is on the site and, if not, why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from listing_sync.cells.listings import Listing, Rejection
from listing_sync.cells.wording import one_line
from listing_sync.changes.undone import Deed
from listing_sync.errors import Category
from listing_sync.history.runs import RunStatus
from listing_sync.history.signs_of_life import Life, in_words
from listing_sync.history.story import Double, SheetView, Story, TableView

_VALUE_LIMIT = 60
_SHORT_ID = 8
"""So many characters of a run's id tell it from every other, and `status` takes them."""

SayTime = Callable[[datetime], str]


def answer(story: Story, say_time: SayTime) -> str:
    """Return the sentences that say whether the listing is on the site and, if not, why.

    The text holds cells of the sheet as they are: it is for the person who asked, not for logs.
    """
    number = story.property_number
    if story.sheet is None and story.table is None:
        return f"Neither the sheet nor the table can be read now; nothing can be said of {number}."
    if story.table is None:
        return f"Whether {number} is on the site cannot be said; {_in_sheet(story)}."
    if story.sheet is None:
        return f"{number} {_where(story.table)}; what the sheet says of it cannot be read now."
    if not story.is_in_share:
        left_out = "SYNC_ROLLOUT_PERCENT leaves it out, so that no run writes it"
        return f"{number} {_where(story.table)}; {left_out}."
    if not story.sheet.sheet_rows:
        return _without_row(story, story.sheet, story.table, say_time)
    if story.sheet.listing is None:
        return _of_rejected(story, story.sheet, story.table, say_time)
    return _of_valid(story, story.sheet.listing, story.table, say_time)


def _is_shown(table: TableView) -> bool:
    return table.is_there and not table.is_marked


def _where(table: TableView) -> str:
    return "is on the site" if _is_shown(table) else "is not on the site"


def _in_sheet(story: Story) -> str:
    sheet = story.sheet
    if sheet is None or not sheet.sheet_rows:
        return "it is not in the sheet" + _near(sheet)
    if sheet.rejections:
        return f"it is rejected because of {_first_problem(sheet.rejections)}"
    return f"it is in row {sheet.sheet_rows[0]} of the sheet and valid"


def _near(sheet: SheetView | None) -> str:
    return f" (near it: {', '.join(sheet.near)})" if sheet and sheet.near else ""


# -- it has no row --------------------------------------------------------------------------------


def _without_row(story: Story, sheet: SheetView, table: TableView, say_time: SayTime) -> str:
    number = story.property_number
    doubles = "".join(f" {_of_double(double)}." for double in sheet.doubles)
    if not table.is_there:
        return f"{number} is neither in the sheet nor on the site{_near(sheet)}.{doubles}"
    if table.is_marked:
        return (
            f"{number} is not on the site because it is no longer in the sheet{_near(sheet)}; "
            f"it is marked as withdrawn.{doubles}"
        )
    undone = _undone(story, say_time)
    if not story.is_pruned:
        way_on = "only a run with --prune removes it"
    elif sheet.doubles:
        way_on = "no run removes anything while a number stands on two rows"
    else:
        way_on = _way_on(story, say_time, "removes it")
    return (
        f"{number} is on the site although it is not in the sheet{_near(sheet)}{undone};"
        f" {way_on}.{doubles}"
    )


def _of_double(double: Double) -> str:
    rows = [str(row) for row in double.sheet_rows]
    text = f"{double.property_number} stands on rows {', '.join(rows[:-1])} and {rows[-1]}"
    if not double.perhaps:
        return text
    return f"{text}; one of them may be {' or '.join(double.perhaps)}"


# -- its row is rejected --------------------------------------------------------------------------


def _of_rejected(story: Story, sheet: SheetView, table: TableView, say_time: SayTime) -> str:
    where = (
        "is on the site with older values, not with its row in the sheet,"
        if _is_shown(table)
        else "is not on the site"
    )
    own = [double for double in sheet.doubles if double.property_number == story.property_number]
    if own:
        text = f"{story.property_number} {where} because {_of_double(own[0])}."
    else:
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


# -- its row is valid -----------------------------------------------------------------------------


def _of_valid(story: Story, listing: Listing, table: TableView, say_time: SayTime) -> str:
    number, row = story.property_number, listing.sheet_row
    if story.is_up_to_date:
        return f"{number} is on the site and says what row {row} of the sheet says."
    undone = _undone(story, say_time)
    again = " again" if undone else ""
    way_on = _way_on(story, say_time, f"writes it{again}")
    if not table.is_there:
        yet = "" if undone else " yet"
        found = f"is not on the site{yet}, although row {row} is valid"
    elif table.is_marked:
        found = (
            "is not on the site: it is marked as withdrawn, although it is back in row"
            f" {row} of the sheet"
        )
    else:
        columns = ", ".join(one_line(difference.column) for difference in table.differences)
        found = f"is on the site but differs from row {row} in {columns}"
    return f"{number} {found}{undone}{';' if undone else ':'} {way_on}."


def _undone(story: Story, say_time: SayTime) -> str:
    """Return whose work of ours is gone, where that is certain; else nothing."""
    since = f"undone since (by {story.others})"
    undone = story.undone
    if undone is None:
        if story.seen_equal_at is None:
            return ""
        at = say_time(story.seen_equal_at)
        return f": as in the sheet when the run of {at} looked, changed since (by {story.others})"
    by = f"by run {undone.run_id[:_SHORT_ID]} at {say_time(undone.started_at)}"
    differing = {item.column for item in story.table.differences} if story.table else set()
    is_all = undone.deed is not Deed.WROTE or differing <= set(undone.columns)
    what = "" if is_all else f"{', '.join(map(one_line, undone.columns))} "
    return f": {what}{undone.deed} {by}, {since}"


def _way_on(story: Story, say_time: SayTime, does: str) -> str:
    """Return what will make the table say what the sheet says, or why nothing does."""
    if story.hold:
        return f"runs are paused by {story.hold}"
    if story.going and (story.going.life is not Life.SILENT):
        return in_words(story.going, say_time)
    for refusal in story.refusals:
        if refusal.rejection.category is not Category.VALIDATION:
            return f"the last run could not write it: {refusal.rejection.reason.rstrip('.')}"
    run, outlook = story.outlook.last, story.outlook
    if run is None:
        return "no run is known that could have done it"
    if run.status is RunStatus.FAILED:
        return _of_failures(story, say_time)
    if outlook.missing:
        return outlook.missing
    due = f", due about {say_time(outlook.due)}," if outlook.due else ""
    if run.status is RunStatus.INTERRUPTED:
        stopped = f"the last run, at {say_time(run.started_at)}, was interrupted"
        return f"{stopped}; the next one{due} goes on"
    return f"the next run{due} {does}" + (
        "" if due else f" (the last one was at {say_time(run.started_at)})"
    )


def _of_failures(story: Story, say_time: SayTime) -> str:
    run, outlook = story.outlook.last, story.outlook
    if run is None or outlook.failing_since is None:
        return "the last run failed"
    cause = f": {run.cause.message.rstrip('.')}" if run.cause else ""
    if outlook.missing:
        cause += f"; and {outlook.missing}"
    if outlook.failures == 1:
        return f"the last run, at {say_time(run.started_at)}, failed{cause}"
    since = say_time(outlook.failing_since)
    return f"the last {outlook.failures} runs failed, the first at {since}{cause}"
