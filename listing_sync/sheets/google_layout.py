"""Where a Google tab's columns stand, and what its answers say row by row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from listing_sync.cells.a1 import column_index, column_letter, quote_tab, quoted_tab
from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import SheetColumn, Unreadable
from listing_sync.cells.mapping import SheetMapping
from listing_sync.errors import SourceError
from listing_sync.language.sentences import marked, spoken
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.google_tables import Columns, Rows, Spreadsheet
from listing_sync.sheets.grid import Header, Tab, choose_tab, read_header
from listing_sync.sheets.headers import joined_headers

Span = tuple[int, int | None]
"""First and last row; None is the end of the tab, however long it has become."""

LAST_COLUMN = "ZZZ"
"""The last column that a sheet can have (Google Sheets limits: 18,278 columns)."""

Keys = dict[int, str]
"""The key cells that are not blank, as shown, by sheet row."""

_OTHER_TABS = {
    "OBJECT": marked('the tab "{title}" holds a chart and no cells'),
    "DATA_SOURCE": marked(
        'the tab "{title}" shows connected data (BigQuery, Looker), whose rows cannot be read from'
        " here: extract them into a tab of its own (Extract, in that tab) and name that"
    ),
}
_ODD_TAB = marked('the tab "{title}" is of the kind {kind}, without cells')


class MovedError(Exception):
    """Rows or columns moved while they were read; `header` says which header cells changed."""

    def __init__(self, header: str = "") -> None:
        super().__init__(header)
        self.header = header


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the mapped columns stand, by the header rows as they are shown.

    `is_remembered`: those of an earlier run, which this one has not seen yet.
    """

    spreadsheet: Spreadsheet
    tab: Tab
    mapping: SheetMapping
    header: Header
    header_rows: Rows
    is_remembered: bool = False

    @property
    def order(self) -> tuple[int, ...]:
        """Return the index of each column, in the order of the mapping."""
        return tuple(column_index(column.letter) for column in self.header.columns)

    @property
    def columns(self) -> dict[int, Column]:
        """Return the mapped columns by index."""
        return {column_index(each.letter): each.column for each in self.header.columns}

    @property
    def key(self) -> int:
        """Return the index of the key column, -1 when there is none."""
        found = (i for i, column in self.columns.items() if column.name == self.mapping.key)
        return next(found, -1)

    @property
    def stored(self) -> tuple[int, ...]:
        """Return the columns that are read as stored, besides as shown."""
        is_shown = self.mapping.is_shown
        return tuple(index for index, column in self.columns.items() if not is_shown(column))

    @property
    def linked(self) -> tuple[int, ...]:
        """Return the columns of addresses, whose cells may show a picture or a link's name."""
        return tuple(i for i, each in self.columns.items() if each.type is ColumnType.URL)

    def a1(self, columns: tuple[int, int], rows: Span) -> str:
        """Return a range: ((0, 2), (2, None)) -> 'Listings'!A2:C."""
        (left, right), (top, bottom) = columns, rows
        end = "" if bottom is None else bottom
        return f"{self._tab}!{column_letter(left)}{top}:{column_letter(right)}{end}"

    @property
    def header_range(self) -> str:
        """Return the whole header rows as a range."""
        return header_range(self.tab.title, self.header.row, self.header.rows)

    @property
    def _tab(self) -> str:
        return quoted_tab(self.tab.title)

    def has_header(self, rows: Rows) -> bool:
        """Say whether header rows have every mapped column in its place; others do not matter."""
        return rows == self.header_rows or (
            _places(read_header(self.mapping, self.header.row, rows)) == _places(self.header)
        )

    def changed_headers(self, rows: Rows) -> str:
        """Return which cells of mapped headers say something else in `rows`, and what."""
        now = read_header(self.mapping, self.header.row, rows)
        before, after = joined_headers(self.header_rows), joined_headers(rows)
        letters = {each.letter for each in set(_all(self.header)) ^ set(_all(now))}
        changed = []
        for letter in sorted(letters, key=column_index):
            index = column_index(letter)
            old, new = (each[index] if index < len(each) else "" for each in (before, after))
            if old != new:
                cell = f"{quote_tab(self.tab.title)}!{letter}{self.header.row}"
                changed.append(f'{cell} ("{old}", then "{new}")')
        return ", ".join(changed)


def _all(header: Header) -> tuple[SheetColumn, ...]:
    return (*header.columns, *(found for each in header.duplicates for found in each.found))


def _places(header: Header) -> frozenset[tuple[str, str, str | None]]:
    """Return name, letter and unit of every mapped column, also of those that are there twice."""
    return frozenset((each.column.name, each.letter, each.column.unit) for each in _all(header))


def tab_of(
    spreadsheet: Spreadsheet, title: str | None, gid: int | None, *, seen_gid: int | None
) -> Tab:
    """Return the tab meant; the one seen before in this run also when it was renamed since.

    Raises:
        SourceError: there is none, or it has no cells.
    """
    for other in spreadsheet.others:
        if title in {other.title, other.title.strip()} or (title is None and gid == other.gid):
            what = _OTHER_TABS.get(other.kind, _ODD_TAB)
            raise SourceError(spoken(what, title=other.title, kind=other.kind))
    try:
        return choose_tab(spreadsheet.tabs, title=title, gid=gid)
    except SourceError:
        renamed = [tab for tab in spreadsheet.tabs if tab.gid == seen_gid]
        if seen_gid is None or not renamed:
            raise
        return renamed[0]  # in this run it still had its title


def header_range(tab: str, row: int, rows: int) -> str:
    """Return whole rows as a range; Google cuts it at the last column that the tab has."""
    return f"{quoted_tab(tab)}!A{row}:{LAST_COLUMN}{row + rows - 1}"


def header_rows(columns: Columns) -> Rows:
    """Return the columns of a header row, or of several, as rows without blank ends."""
    rows = [list(row) for row in zip_longest(*columns, fillvalue="")]
    for row in rows:
        while row and row[-1] == "":
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


def shared(cells: list[Any]) -> list[Any]:
    """Return texts with equal ones kept once."""
    known: dict[Any, Any] = {}
    return list(map(known.setdefault, cells, cells))


def keys_of(first: int, cells: Sequence[Any]) -> dict[int, Any]:
    """Return the key cells that are not blank by sheet row."""
    return {row: cell for row, cell in enumerate(cells, first) if cell != ""}


def first_difference(left: Keys, right: Keys) -> int | None:
    """Return the first row at which the keys differ."""
    return min((row for row, _ in left.items() ^ right.items()), default=None)


def key_text(cell: object) -> str:
    """Return a key cell as text."""
    return cell.shown if isinstance(cell, Unreadable) else str(cell or "")
