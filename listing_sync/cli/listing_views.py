"""Print the story of one listing, which `status --listing` tells, or give its document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from listing_sync.cells.listings import Rejection, Value
from listing_sync.cells.wording import one_line, plain, utc_text
from listing_sync.changes.compare import shown
from listing_sync.changes.undone import Undone
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face
from listing_sync.cli.json_output import Document, rejection_document
from listing_sync.cli.shown import Shown, emit
from listing_sync.cli.status_views import print_rejections
from listing_sync.cli.text import (
    exact_local_time,
    fact_table,
    local_time,
    quoted,
    time_seen_from,
    wrong,
)
from listing_sync.history.outcomes import outcome
from listing_sync.history.story import ChangeKind, LastChange, SheetView, Story, TableView
from listing_sync.history.story_answer import answer
from listing_sync.language.sentences import marked, phrase

_KINDS = {
    ChangeKind.INSERTED: marked("inserted"),
    ChangeKind.UPDATED: marked("updated"),
    ChangeKind.REMOVED: marked("removed"),
}


def show_listing(face: Face, story: Story, now: datetime) -> int:
    """Print the story of one listing; return the exit code."""

    def words() -> None:
        said = answer(story, time_seen_from(now))
        face.out.print(plain(said))
        face.out.print()
        face.out.print(fact_table(_facts(story, said)))
        _print_places(face, story.sheet.rejections if story.sheet else ())

    code = ExitCode.DONE if story.is_known else ExitCode.PARTLY
    if story.sheet is None or story.table is None:
        code = ExitCode.FAILED
    return emit(face, Shown(lambda: listing_document(story), words, code))


def _print_places(face: Face, rejections: Sequence[Rejection]) -> None:
    """Print where the first of them is, which the answer told, and the others whole."""
    if rejections and rejections[0].link:
        face.out.print(
            f"\n{plain(rejections[0].cell or '-')}  {plain(rejections[0].link)}", soft_wrap=True
        )
    print_rejections(face, rejections[1:], are_more=True)


def _facts(story: Story, said: str) -> Iterator[tuple[str, str]]:
    """Yield what is known beside what the answer said, as (name, fact)."""
    yield from _sheet_and_table_facts(story)
    if story.last_change:
        yield from _change_facts(story.last_change, is_undone=story.undone is not None)
    for refusal in story.refusals if story.sheet is None else ():
        yield phrase("In the last run"), wrong(refusal.rejection)
    if story.outlook.last:
        run = story.outlook.last
        ended = phrase(
            "{time}, {outcome} ({run})",
            time=local_time(run.started_at),
            outcome=outcome(run.status),
            run=run.run_id,
        )
        yield phrase("Last run"), ended
    if story.hold and story.hold not in said:
        yield phrase("Paused"), phrase("by {hold}", hold=plain(story.hold))
    for problem in story.problems:
        yield phrase("Not known"), plain(problem)


def _sheet_and_table_facts(story: Story) -> Iterator[tuple[str, str]]:
    if story.sheet:
        yield phrase("In the sheet"), _place_in_sheet(story.sheet)
    if story.table:
        yield phrase("In the table"), _place_in_table(story.table)
        for item in story.table.differences:
            said = phrase(
                "{header}: sheet {sheet}, table {table}",
                header=plain(one_line(item.column)),
                sheet=_value(item.sheet),
                table=_value(item.table),
            )
            yield phrase("Difference"), said


def _place_in_sheet(sheet: SheetView) -> str:
    rows = ", ".join(map(str, sheet.sheet_rows))
    if not rows:
        return phrase("no")
    if sheet.listing:
        return phrase("row {rows}, valid", rows=rows)
    return phrase("row {rows}, rejected", rows=rows)


def _place_in_table(table: TableView) -> str:
    if not table.is_there:
        return phrase("no")
    return phrase("yes, marked as withdrawn") if table.is_marked else phrase("yes")


def _change_facts(change: LastChange, *, is_undone: bool) -> Iterator[tuple[str, str]]:
    filled = {
        "time": exact_local_time(change.changed_at),
        "kind": _KINDS[change.kind],
        "run": change.run_id,
    }
    said = (
        phrase("{time}: {kind} by run {run}, undone since", **filled)
        if is_undone
        else phrase("{time}: {kind} by run {run}", **filled)
    )
    yield phrase("Last changed"), said
    for item in change.columns:
        yield "", f"{plain(one_line(item.column))}: {_value(item.old)} -> {_value(item.new)}"


def _value(value: Value) -> str:
    return quoted(shown(value)) if value is not None else phrase("blank")


def listing_document(story: Story) -> Document:
    """Return the story of one listing; what could not be read is null, `problems` say why."""
    sheet, table = story.sheet, story.table
    return {
        "propertyNumber": story.property_number,
        "row": sheet.sheet_rows[0] if sheet and sheet.sheet_rows else None,
        "inTable": table.is_there if table else None,
        "upToDate": story.is_up_to_date,
        "differences": [
            {"column": item.column, "sheet": item.sheet, "table": item.table}
            for item in (table.differences if table and sheet else ())
        ],
        "givenBack": [
            {"column": item.column, "sheet": item.sheet, "table": item.table}
            for item in (table.given_back if table and sheet else ())
        ],
        "lastChanged": utc_text(story.last_change.changed_at) if story.last_change else None,
        "lastChange": _change_document(story.last_change) if story.last_change else None,
        "undone": _undone_document(story.undone) if story.undone else None,
        "nextRun": utc_text(story.outlook.due) if story.outlook.due else None,
        "rejections": [rejection_document(item) for item in story.rejections],
        "answer": answer(story, utc_text),
        "problems": list(story.problems),
    }


def _undone_document(undone: Undone) -> Document:
    return {
        "syncId": undone.run_id,
        "at": utc_text(undone.started_at),
        "change": undone.deed.value,
        "columns": list(undone.columns),
    }


def _change_document(change: LastChange) -> Document:
    return {
        "syncId": change.run_id,
        "change": change.kind.value,
        "columns": [
            {"column": item.column, "old": item.old, "new": item.new} for item in change.columns
        ],
    }
