"""Show a cell as a text, as rejections, records and rules about rows look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from listing_sync.cells.listings import Cell, SheetColumn, Shown, Unreadable
from listing_sync.cells.spelling import UNSTORABLE, normalise
from listing_sync.cells.texts import plain_text

_LONGEST_VALUE: Final = 200


def shown_cells(columns: Sequence[SheetColumn], cells: Sequence[Cell]) -> dict[str, str]:
    """Return the cells of a row that are not blank as texts, by header: what sync_errors keeps."""
    shown = {column.header: shown_text(cell) for column, cell in zip(columns, cells, strict=True)}
    return {header: text for header, text in shown.items() if text}


def shown_text(cell: Cell) -> str | None:
    """Return a cell as a rejection shows it: cut, and without what JSON or a table cannot hold."""
    if cell is None:
        return None
    if isinstance(cell, Unreadable):
        cell = cell.shown
    elif isinstance(cell, Shown):
        cell = cell.text
    text = cell if isinstance(cell, str) else plain_text(cell)
    if text is None:
        text = repr(cell) if isinstance(cell, float) else "a number of very many digits"
    return UNSTORABLE.sub("\ufffd", text[:_LONGEST_VALUE])


def compared_text(cell: Cell) -> str:
    """Return a cell as a rule about rows looks at it: normalised, and cut."""
    return normalise(shown_text(cell) or "")[:_LONGEST_VALUE]  # NFKC makes some signs 18 long
