"""Where a Google tab's columns stand, and what its answers say row by row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from listing_sync.core.a1 import column_letter, quoted_tab
from listing_sync.core.listings import Cell
from listing_sync.sheets.google_api import Rendering, Rows, Spreadsheet
from listing_sync.sheets.grid import Header, Tab

Run = tuple[int, int | None]
"""First and last row; None is the end of the tab, however long it has become."""

LAST_COLUMN = "ZZZ"
"""The last column that a sheet can have (Google Sheets limits: 18,278 columns)."""

Keys = dict[int, str]
"""The key cells that are not blank, as shown, by sheet row."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the mapped columns stand; `key`, `shown` and `stored` are column indexes."""

    spreadsheet: Spreadsheet
    tab: Tab
    header: Header
    header_cells: list[Any]
    key: int
    shown: tuple[int, ...]
    stored: tuple[int, ...]

    def a1(self, columns: tuple[int, int], rows: Run) -> str:
        """Return a range: ((0, 2), (2, None)) -> 'Listings'!A2:C."""
        (left, right), (top, bottom) = columns, rows
        end = "" if bottom is None else bottom
        return f"{self._tab}!{column_letter(left)}{top}:{column_letter(right)}{end}"

    @property
    def header_range(self) -> str:
        """Return the whole header row as a range."""
        return header_range(self.tab.title, self.header.row)

    @property
    def _tab(self) -> str:
        return quoted_tab(self.tab.title)


def header_range(tab: str, row: int) -> str:
    """Return a whole row as a range; Google cuts it at the last column that the tab has."""
    return f"{quoted_tab(tab)}!A{row}:{LAST_COLUMN}{row}"


def cells_of(table: Rows, offset: int, rendering: Rendering) -> list[Cell]:
    """Return one column of a range, from the top; None is blank."""
    if rendering is Rendering.STORED:
        return [row[offset] if len(row) > offset and row[offset] != "" else None for row in table]
    # Equal texts are kept once; shown cells are all texts, so that nothing else can be equal.
    shared: dict[str, str | None] = {"": None}
    share = shared.setdefault
    return [share(row[offset], row[offset]) if len(row) > offset else None for row in table]


def keys_of(first: int, cells: Sequence[Cell]) -> dict[int, Any]:
    """Return the key cells that are not blank by sheet row."""
    return {row: cell for row, cell in enumerate(cells, first) if cell is not None}


def first_difference(left: Keys, right: Keys) -> int | None:
    """Return the first row at which the keys differ."""
    return min((row for row, _ in left.items() ^ right.items()), default=None)


def is_same_header(known: list[Any], rows: Rows) -> bool:
    """Say whether the header row is still what it was; stored numbers are not compared."""
    cells = rows[0] if rows else []
    return len(cells) == len(known) and all(
        cell == shown for cell, shown in zip(cells, known, strict=True) if isinstance(cell, str)
    )
