"""Say in a sentence or two whether one listing is on the site and, if not, why."""

from __future__ import annotations

from collections.abc import Sequence

from listing_sync.cells.listings import Listing, Rejection
from listing_sync.cells.wording import one_line
from listing_sync.changes.compare import shown
from listing_sync.history.signs_of_life import SayTime
from listing_sync.history.story import Difference, Double, SheetView, Story, TableView
from listing_sync.history.way_on import bare, removes, undone_words, way_on, writes, writes_again
from listing_sync.language.sentences import phrase

_VALUE_LIMIT = 60


def answer(story: Story, say_time: SayTime) -> str:
    """Return the sentences that say whether the listing is on the site and, if not, why.

    The text holds cells of the sheet as they are: it is for the person who asked, not for logs.
    """
    number = story.property_number
    if story.sheet is None and story.table is None:
        return phrase(
            "Neither the sheet nor the table can be read now; nothing can be said of {number}.",
            number=number,
        )
    if story.table is None:
        return phrase(
            "Whether {number} is on the site cannot be said; {found}.",
            number=number,
            found=_in_sheet(story),
        )
    where = _where(number, story.table)
    if story.sheet is None:
        return phrase("{where}; what the sheet says of it cannot be read now.", where=where)
    if not story.is_in_share:
        return phrase(
            "{where}; SYNC_ROLLOUT_PERCENT leaves it out, so that no run writes it.", where=where
        )
    if not story.sheet.sheet_rows:
        return _without_row(story, story.sheet, story.table, say_time)
    if story.sheet.listing is None:
        return _of_rejected(story, story.sheet, story.table, say_time)
    return _of_valid(story, story.sheet.listing, story.table, say_time)


def _is_shown(table: TableView) -> bool:
    return table.is_there and not table.is_marked


def _where(number: str, table: TableView) -> str:
    if _is_shown(table):
        return phrase("{number} is on the site", number=number)
    return phrase("{number} is not on the site", number=number)


def _in_sheet(story: Story) -> str:
    sheet = story.sheet
    if sheet is None or not sheet.sheet_rows:
        return _with_near(phrase("it is not in the sheet"), sheet)
    if sheet.rejections:
        problem = _first_problem(sheet.rejections)
        return phrase("it is rejected because of {problem}", problem=problem)
    return phrase("it is in row {row} of the sheet and valid", row=sheet.sheet_rows[0])


def _with_near(found: str, sheet: SheetView | None) -> str:
    if sheet is None or not sheet.near:
        return found
    return phrase("{found} (near it: {near})", found=found, near=", ".join(sheet.near))


# -- it has no row --------------------------------------------------------------------------------


def _without_row(story: Story, sheet: SheetView, table: TableView, say_time: SayTime) -> str:
    said = _gone(story, sheet, table, say_time)
    for double in sheet.doubles:
        said = phrase("{said} {double}.", said=said, double=_of_double(double))
    return said


def _gone(story: Story, sheet: SheetView, table: TableView, say_time: SayTime) -> str:
    number = story.property_number
    if not table.is_there:
        found = phrase("{number} is neither in the sheet nor on the site", number=number)
        return phrase("{found}.", found=_with_near(found, sheet))
    if table.is_marked:
        found = phrase(
            "{number} is not on the site because it is no longer in the sheet", number=number
        )
        return phrase("{found}; it is marked as withdrawn.", found=_with_near(found, sheet))
    if not story.is_pruned:
        does: str = phrase("only a run with --prune removes it")
    elif sheet.doubles:
        does = phrase("no run removes anything while a number stands on two rows")
    else:
        does = way_on(story, say_time, removes)
    found = phrase("{number} is on the site although it is not in the sheet", number=number)
    return _found_and_way_on(_with_near(found, sheet), undone_words(story, say_time), does)


def _found_and_way_on(found: str, undone: str | None, does: str) -> str:
    if undone is None:
        return phrase("{found}; {way_on}.", found=found, way_on=does)
    return phrase("{found}: {undone}; {way_on}.", found=found, undone=undone, way_on=does)


def _of_double(double: Double) -> str:
    rows = [str(row) for row in double.sheet_rows]
    said = phrase(
        "{number} stands on rows {rows} and {last}",
        number=double.property_number,
        rows=", ".join(rows[:-1]),
        last=rows[-1],
    )
    if not double.perhaps:
        return said
    others = phrase(" or ").join(double.perhaps)
    return phrase("{said}; one of them may be {others}", said=said, others=others)


# -- its row is rejected --------------------------------------------------------------------------


def _of_rejected(story: Story, sheet: SheetView, table: TableView, say_time: SayTime) -> str:
    number = story.property_number
    own = [double for double in sheet.doubles if double.property_number == number]
    if own and _is_shown(table):
        said = phrase(
            "{number} is on the site with older values, not with its row in the sheet, because"
            " {double}.",
            number=number,
            double=_of_double(own[0]),
        )
    elif own:
        said = phrase(
            "{number} is not on the site because {double}.",
            number=number,
            double=_of_double(own[0]),
        )
    elif _is_shown(table):
        said = phrase(
            "{number} is on the site with older values, not with its row in the sheet, because of"
            " {problem}.",
            number=number,
            problem=_first_problem(sheet.rejections),
        )
    else:
        said = phrase(
            "{number} is not on the site because of {problem}.",
            number=number,
            problem=_first_problem(sheet.rejections),
        )
    since = story.rejected_since
    if since is None:
        return said
    time = say_time(since.moment)
    if since.is_exact:
        return phrase("{said} It has been rejected since {time}.", said=said, time=time)
    return phrase("{said} It has been rejected since {time} or longer.", said=said, time=time)


def _first_problem(rejections: Sequence[Rejection]) -> str:
    first = rejections[0]
    place = _place_of(first)
    if first.value:
        place = phrase('{place} ("{value}")', place=place, value=_cut(first.value))
    problem = phrase("{place}: {reason}", place=place, reason=bare(first.reason))
    more = len(rejections) - 1
    return phrase("{problem} (and {more} more)", problem=problem, more=more) if more else problem


def _place_of(rejection: Rejection) -> str:
    if rejection.column is None:
        if rejection.cell is None:
            return phrase("its row")
        return phrase("its row in {cell}", cell=rejection.cell)
    header = one_line(rejection.column)
    if rejection.cell is None:
        return phrase("its {header}", header=header)
    return phrase("its {header} in {cell}", header=header, cell=rejection.cell)


def _cut(value: str) -> str:
    return value if len(value) <= _VALUE_LIMIT else value[: _VALUE_LIMIT - 1] + "…"


# -- its row is valid -----------------------------------------------------------------------------


def _of_valid(story: Story, listing: Listing, table: TableView, say_time: SayTime) -> str:
    number, row = story.property_number, listing.sheet_row
    if story.is_up_to_date and table.given_back:
        return phrase(
            "{number} is on the site and says what row {row} of the sheet says, but for {made}"
            " (a trigger, or the type of the column).",
            number=number,
            row=row,
            made=_made_of(table.given_back),
        )
    if story.is_up_to_date:
        return phrase(
            "{number} is on the site and says what row {row} of the sheet says.",
            number=number,
            row=row,
        )
    undone = undone_words(story, say_time)
    does = way_on(story, say_time, writes if undone is None else writes_again)
    found = _difference(story, table, row, is_undone=undone is not None)
    if undone is None:
        return phrase("{found}: {way_on}.", found=found, way_on=does)
    return _found_and_way_on(found, undone, does)


def _made_of(given_back: Sequence[Difference]) -> str:
    """Return what the table makes of values by itself: no run changes that."""
    return ", ".join(
        phrase(
            '{column}: of "{sheet}" the table makes "{table}"',
            column=one_line(item.column),
            sheet=_cut(shown(item.sheet)),
            table=_cut(shown(item.table)),
        )
        for item in given_back
    )


def _difference(story: Story, table: TableView, row: int, *, is_undone: bool) -> str:
    number = story.property_number
    if not table.is_there and is_undone:
        return phrase(
            "{number} is not on the site, although row {row} is valid", number=number, row=row
        )
    if not table.is_there:
        return phrase(
            "{number} is not on the site yet, although row {row} is valid", number=number, row=row
        )
    if table.is_marked:
        return phrase(
            "{number} is not on the site: it is marked as withdrawn, although it is back in row"
            " {row} of the sheet",
            number=number,
            row=row,
        )
    columns = ", ".join(one_line(difference.column) for difference in table.differences)
    return phrase(
        "{number} is on the site but differs from row {row} in {columns}",
        number=number,
        row=row,
        columns=columns,
    )
