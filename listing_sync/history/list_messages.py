"""Word the messages that list listings: those newly rejected, and those that left the site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from listing_sync.cells.discretion import discreet
from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.common_faults import (
    Told,
    cells_of,
    is_failed_formula,
    numbers_apart,
    on_rows,
    repeated_numbers,
    repeats,
    told_once,
    whole_column,
    without,
)
from listing_sync.history.mentions import foreign, spoken
from listing_sync.history.messages import Message
from listing_sync.history.runs import Run
from listing_sync.language.sentences import phrase, phrase_number

_OF_SERVICE = frozenset({Category.NETWORK, Category.RATE_LIMIT})


def rejections_message(run: Run, new: Sequence[Rejection], at: datetime) -> Message | None:
    """Return one message for all new rejections; a failing service is no matter of single cells."""
    news = [
        item for item in new if item.category not in _OF_SERVICE and not repeats(item, run.cause)
    ]
    if not news:
        return None
    listings = len({item.property_number or item.sheet_row for item in news})
    groups = repeated_numbers(news)
    return replace(
        message_about(
            run,
            at,
            _title(run, news, listings),
            phrase(
                "To do: mend these cells; until then the table keeps what it has of these listings."
            ),
        ),
        items=(
            *(f"• {_on_rows(group)}" for group in groups),
            *(f"• {_told(item, run.stats.total)}" for item in told_once(without(news, groups))),
        ),
        more="listing-sync status --rejected",
        is_alert=False,
    )


def _title(run: Run, news: Sequence[Rejection], listings: int) -> str:
    if column := whole_column(news, run.stats.total):
        return spoken(column)
    numbers, others = numbers_apart(news)
    if len(numbers) == 1 and not others:
        return spoken(numbers[0])
    return phrase_number(
        "{count:,} listing newly rejected", "{count:,} listings newly rejected", listings
    )


def _on_rows(group: Sequence[Rejection]) -> str:
    """Return one line for a number that stands on several rows, with a link to each."""
    number = foreign(group[0].property_number or "", 40)
    return on_rows(number, ", ".join(map(_place, group)), len(group))


def with_rate(rejections: Message, rate: Message) -> Message:
    """Return the message on rejections as the alert on their share of all listings too."""
    what, *lines = rejections.lines
    return replace(
        rejections, lines=(what, f"{spoken(rate.title).capitalize()}.", *lines), is_alert=True
    )


def removal_message(run: Run, at: datetime) -> Message | None:
    """Return a message that names each listing that left the site."""
    numbers = run.removed
    if not numbers:
        return None
    return replace(
        message_about(
            run,
            at,
            phrase_number("{count:,} listing removed", "{count:,} listings removed", len(numbers)),
            phrase(
                "Wrong? `listing-sync migrate rollback --run {run}` brings them back.",
                run=run.run_id,
            ),
            phrase("No longer in the sheet:"),
        ),
        items=tuple(foreign(number, 40) for number in numbers),
        more=f"listing-sync status {run.run_id}",
        is_alert=False,
        separator=", ",
    )


def _told(told: Told, total: int) -> str:
    """Return one line; of a column of failed formulas: Price: 180 of 180 cells #REF!, ..."""
    item = told.rejection
    if not told.others or not is_failed_formula(item):
        return f"{_rejection(item)}{_others(told)}"
    cells = cells_of(told, total)
    header, value = foreign(item.column or "", 60), foreign(item.value or "", 40)
    return phrase(
        "{header}: {cells} {sign}, the first {cell}",
        header=header,
        cells=cells,
        sign=value,
        cell=_place(item),
    )


def _rejection(item: Rejection) -> str:
    number = foreign(item.property_number or phrase("no number"), 40)
    header = f" {foreign(item.column, 60)}" if item.column else ""
    reason = foreign(discreet(item.reason, item.value), 300)
    return f"{number} {_place(item)}{header}: {reason}"


def _place(item: Rejection) -> str:
    place = foreign(item.cell or phrase("row {row}", row=item.sheet_row), 60)
    return f"<{spoken(item.link, 500)}|{place}>" if item.link else place


def _others(told: Told) -> str:
    if not told.others:
        return ""
    return phrase_number(
        " (and {count:,} listing more)", " (and {count:,} listings more)", told.others
    )


def message_about(run: Run, at: datetime, title: str, *lines: str) -> Message:
    """Return a message that says which source and target it is about."""
    what = f"{foreign(run.source, 120)} → {foreign(run.target, 120)}"
    return Message(at, title, (what, *lines))
