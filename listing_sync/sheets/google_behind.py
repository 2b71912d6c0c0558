"""Look behind cells of a Google tab that show no text: at formulas, links, chips and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from listing_sync.cells.listings import BlankCell
from listing_sync.cells.parsing import parser_for
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.google_api import Rendering, SheetsApi, ranges_in_a_request
from listing_sync.sheets.google_details import CELL_FIELDS, detail_of
from listing_sync.sheets.google_layout import Keys, Layout, MovedError
from listing_sync.sheets.google_tables import Place
from listing_sync.sheets.grid import spans
from listing_sync.sheets.links import Detail, hidden_reason, is_picture

_UNSEEN = (
    "reads as empty, but its row or column was moved while it was looked at; the next run looks"
    " again"
)


@dataclass(frozen=True, slots=True)
class Behind:
    """Looks at cells of one layout, in rows that still bear these keys, else MovedError."""

    api: SheetsApi
    layout: Layout
    keys: Keys

    def details(self, asked: Sequence[Place]) -> dict[Place, Detail]:
        """Return what lies behind cells."""
        key = self.layout.key
        cells = self.api.cells(
            [self.layout.header_range, *self._ranges([*asked, *((key, row) for _, row in asked)])],
            CELL_FIELDS,
            f"looking behind {len(asked)} cells",
        )
        if not cells:  # a server that does not know how
            return {place: Detail() for place in asked}
        self._check_header(self._header_of(cells))
        for row in {row for _, row in asked}:
            text = cells.get((key, row), {}).get("formattedValue")
            if row in self.keys and self.keys[row] != text:
                raise MovedError
        return {place: detail_of(cells.get(place)) for place in asked}

    def hidden(self, asked: Sequence[Place]) -> dict[Place, str]:
        """Return which cells that read as blank are not empty to a person, and why."""
        reasons = {
            place: hidden_reason(detail)
            for place, detail in self.blanks(asked).items()
            if not self._says_blank(place, detail)
        }
        return {place: reason for place, reason in reasons.items() if reason is not None}

    def blanks(self, asked: Sequence[Place]) -> dict[Place, Detail]:
        """Return what lies behind cells that read as blank; one request where they are empty.

        Of a cell with something in it the formula tells that it is a picture, else more is asked.
        """
        entered = self._entered(asked, Rendering.ENTERED)
        if entered is None:  # keys that are formulas or numbers tell no row
            details = self.details(asked)
            bare = [place for place, detail in details.items() if detail.is_bare]
            filled = self._entered(bare, Rendering.SHOWN) if bare else {}
            if filled is None:
                raise MovedError
        else:
            details = {place: Detail() for place in asked}
            details |= {place: Detail(formula=cell) for place, cell in entered.items()}
            unsure = [place for place, cell in entered.items() if not is_picture(cell)]
            details |= self.details(unsure) if unsure else {}
            filled = entered
        return {
            place: replace(detail, is_filled=place in filled) for place, detail in details.items()
        }

    def _says_blank(self, place: Place, detail: Detail) -> bool:
        """Return whether the cell shows a text that is read as blank, such as "-"."""
        column = self.layout.columns.get(place[0])
        if column is None or not detail.shown:
            return False
        return parser_for(column, None)(detail.shown) is None

    def _entered(self, asked: Sequence[Place], rendering: Rendering) -> dict[Place, Any] | None:
        """Return those of the cells that are not empty, be they given as "".

        A range of one column each: only at the end of a row do "" and nothing at all differ. None
        when headers and keys are not those that were read, as they are shown.
        """
        key = self.layout.key
        ranges = self._spans([*asked, *((key, row) for _, row in asked)])
        header, *tables = self.api.rows(
            [self.layout.header_range, *(self.layout.a1((i, i), run) for i, run in ranges)],
            rendering,
            f"looking at {len(asked)} empty cells once more",
        )
        cells = {
            (index, row): found[0]
            for (index, (first, _)), table in zip(ranges, tables, strict=True)
            for row, found in enumerate(table, first)
            if found
        }
        rows = {row for _, row in asked if row in self.keys}
        if not self.layout.has_header(header) or any(
            cells.get((key, row)) != self.keys[row] for row in rows
        ):
            return None
        return {place: cells[place] for place in asked if place in cells}

    def _ranges(self, places: Sequence[Place]) -> list[str]:
        return [self.layout.a1((index, index), run) for index, run in self._spans(places)]

    def _spans(self, places: Sequence[Place]) -> list[tuple[int, tuple[int, int]]]:
        """Return as many runs of rows, by column, as one request can name."""
        by_column: dict[int, list[int]] = {}
        for index, row in places:
            by_column.setdefault(index, []).append(row)
        lowest = max(row for _, row in places)
        room = ranges_in_a_request(self.layout.a1((max(by_column),) * 2, (lowest, lowest))) - 1
        each = max(1, room // len(by_column))
        return [(index, run) for index, rows in by_column.items() for run in spans(rows, each)]

    def _check_header(self, rows: list[list[Any]]) -> None:
        if not self.layout.has_header(rows):
            raise MovedError(self.layout.changed_headers(rows))

    def _header_of(self, cells: Mapping[Place, Mapping[str, Any]]) -> list[list[Any]]:
        rows = range(self.layout.header.row, self.layout.header.first_row)
        width = 1 + max((index for index, row in cells if row in rows), default=-1)
        return [
            [cells.get((index, row), {}).get("formattedValue", "") for index in range(width)]
            for row in rows
        ]


def hidden_cells(behind: Behind, cells: Sequence[BlankCell], before: Keys) -> dict[BlankCell, str]:
    """Return which of the cells are not empty to a person, and why.

    `before` are the keys of the rows as they were read; a row is where its key is now.
    """
    rows: dict[str, list[int]] = {}
    for row, key in behind.keys.items():
        rows.setdefault(key, []).append(row)
    letters = {column.name: index for index, column in behind.layout.columns.items()}
    places: dict[BlankCell, Place] = {}
    for cell in cells:
        index = letters.get(cell.column.column.name)
        found = rows.get(before.get(cell.sheet_row, ""), [])
        if index is not None and len(found) == 1:
            places[cell] = (index, found[0])
    reasons = behind.hidden(list(places.values())) if places else {}
    found_reasons = {cell: reasons[at] for cell, at in places.items() if at in reasons}
    return found_reasons | {cell: _UNSEEN for cell in cells if cell not in places}
