"""Put results into words and tables for a terminal of 80 columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from listing_sync.cells.wording import is_hidden, one_line, plain
from listing_sync.language.sentences import phrase

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    from listing_sync.cells.listings import Rejection, Value
    from listing_sync.history.common_faults import Told

WIDTH = 80


def json_text(document: object) -> str:
    """Return the document as JSON for people, what `plain` escapes escaped in JSON's own way."""
    lines = json.dumps(document, ensure_ascii=False, indent=2, default=str).split("\n")
    return "\n".join(line if line.isprintable() else _escaped_json(line) for line in lines)


def _escaped_json(line: str) -> str:
    return "".join(json.dumps(char)[1:-1] if is_hidden(char) else char for char in line)


def cell_width(text: str) -> int:
    """Return how many columns of a terminal the text takes; full-width characters take two."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int) -> str:
    """Return the text in at most `width` columns, with … where something was left out."""
    if cell_width(text) <= width:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, width - 1).rstrip() + "…"


def padded(text: str, width: int) -> str:
    """Return the text with blanks up to a width in columns of a terminal; negative: before it."""
    blanks = " " * (abs(width) - cell_width(text))
    return blanks + text if width < 0 else text + blanks


def indented(text: str) -> Iterator[str]:
    """Yield the text, plain already, as indented lines that a terminal of 80 columns holds."""
    from rich.console import Console
    from rich.text import Text

    for line in Text(text).wrap(Console(), WIDTH - 2, overflow="fold"):
        yield f"  {line.plain.rstrip()}"


def quoted(value: str, width: int = 40) -> str:
    """Return a foreign value in quotes, made plain and cut."""
    return f'"{cut(plain(value), width)}"'


def value_text(value: Value) -> str:
    """Return a value of a listing, made plain and cut; (blank) where there is none."""
    from listing_sync.changes.compare import shown

    text = plain(shown(value))
    return cut(text, WIDTH // 3) if text else phrase("(blank)")


def numbers_text(numbers: Sequence[str], limit: int = 30) -> str:
    """Return the first property numbers in a row, and how many more there are."""
    named = ", ".join(cut(plain(number), 16) for number in numbers[:limit])
    if len(numbers) <= limit:
        return named
    return phrase("{names} and {more:,} more", names=named, more=len(numbers) - limit)


def size(size_bytes: int) -> str:
    """Return a number of bytes for people: 512 B, 34 kB, 1.2 MB."""
    if size_bytes < 1000:  # noqa: PLR2004 - a kilobyte
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:  # noqa: PLR2004 - a megabyte
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:,.1f} MB"


def local_time(moment: datetime) -> str:
    """Return a moment in the machine's own time zone: 2026-01-31 18:30."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def time_seen_from(now: datetime) -> Callable[[datetime], str]:
    """Return how a moment is told to who asks now: 18:30 today, with its date on another day."""
    today = now.astimezone().date()

    def say(moment: datetime) -> str:
        local = moment.astimezone()
        return f"{local:%H:%M}" if local.date() == today else local_time(moment)

    return say


def exact_local_time(moment: datetime) -> str:
    """Return a moment with its seconds and the name of the zone: 2026-01-31 18:30:05 JST."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}"


class _Cell:
    """A text that is no markup, and that its console writes as every other one."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, _options: ConsoleOptions) -> Iterator[Text]:
        yield self._for(console)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return self._for(console).__rich_measure__(console, options)

    def _for(self, console: Console) -> Text:
        return console.render_str(self._text, markup=False, emoji=False, highlight=False)


def table(headers: Sequence[str], rows: Iterable[Sequence[str | Text]], right: str = "") -> Table:
    """Return a table without lines that fits its console; only its last column wraps.

    `right` names the headers, separated by spaces, whose columns are numbers. Cells are plain
    already; they are never read as markup.
    """
    from rich.table import Table
    from rich.text import Text

    numbers = right.split()
    result = Table(box=None, pad_edge=False, header_style="bold")
    for index, header in enumerate(headers):
        is_last = index == len(headers) - 1
        result.add_column(
            Text(header),
            justify="right" if header in numbers else "left",
            no_wrap=not is_last,
            overflow="fold" if is_last else "ellipsis",
        )
    for row in rows:
        result.add_row(*(_Cell(cell) if isinstance(cell, str) else cell for cell in row))
    return result


def fact_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Return named facts, one a line, that fit their console; the facts are plain already."""
    from rich.table import Table

    result = Table.grid(padding=(0, 2))
    result.add_column(style="bold", no_wrap=True)
    result.add_column(overflow="fold")
    for name, fact in facts:
        result.add_row(_Cell(name), _Cell(fact))
    return result


def rejection_table(rejections: Sequence[Rejection], limit: int = 20) -> Table:
    """Return the first rejections as a table; its caption counts those left out.

    A fault of the table, which many listings share, is one line.
    """
    from listing_sync.history.common_faults import told_once

    told = told_once(rejections)
    result = table(
        (phrase("Listing"), phrase("Cell"), phrase("What is wrong")),
        (
            (
                _listings_of(item),
                "-" if item.others else cut(plain(item.rejection.cell or "-"), 24),
                wrong(item.rejection),
            )
            for item in islice(told, limit)
        ),
    )
    if len(told) > limit:
        result.caption = phrase("and {more:,} more", more=len(told) - limit)
        result.caption_justify = "left"
    return result


def _listings_of(told: Told) -> str:
    first = cut(plain(told.rejection.property_number or "-"), 20)
    if not told.others:
        return first
    return phrase("{names} and {more:,} more", names=first, more=told.others)


def wrong(rejection: Rejection) -> str:
    """Return header, value and reason of a rejection: Price "ask": not a number."""
    reason, header = plain(rejection.reason), plain(one_line(rejection.column or ""))
    if not rejection.value:
        return phrase("{header}: {reason}", header=header, reason=reason) if header else reason
    value = cut(plain(rejection.value), 40)
    if not header:
        return phrase('"{value}": {reason}', value=value, reason=reason)
    return phrase('{header} "{value}": {reason}', header=header, value=value, reason=reason)
