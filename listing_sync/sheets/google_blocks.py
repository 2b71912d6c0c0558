"""Read rows of a Google tab in both forms, as long as its columns and rows stay where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, zip_longest
from typing import Any

from listing_sync.cells.listings import SheetRow
from listing_sync.sheets.google_api import Place, Rendering, SheetsApi, ranges_in_a_request
from listing_sync.sheets.google_behind import Behind
from listing_sync.sheets.google_cells import Joins, without_blanks
from listing_sync.sheets.google_layout import (
    Keys,
    Layout,
    MovedError,
    Span,
    cells_of,
    keys_of,
)
from listing_sync.sheets.grid import spans
from listing_sync.sheets.links import is_address, linked_cell

Columns = dict[int, list[Any]]
"""Columns by index, each from the top of a run of rows; "" is blank."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows read together; `is_sure` when both forms have the same keys in the same rows."""

    rows: list[SheetRow]
    keys: Keys
    is_sure: bool


class BlockReader:
    """Reads the columns of one layout; what has moved meanwhile raises MovedError."""

    def __init__(self, api: SheetsApi, layout: Layout) -> None:
        self._api = api
        self._layout = layout
        self._columns = layout.columns
        self._order = layout.order
        self._joins = Joins()

    def keys(self) -> Keys:
        """Return every number of the key column, as shown."""
        layout = self._layout
        first = layout.header.first_row
        if layout.tab.row_count is not None and layout.tab.row_count < first:
            return {}
        (columns,) = self._fetch(Rendering.SHOWN, (layout.key,), [(first, None)])
        return keys_of(first, columns[layout.key])

    def block(self, rows: Sequence[Span], span: tuple[int, int] | None = None) -> Block:
        """Read the rows; with a span, whatever lies between the mapped columns is sent along."""
        layout = self._layout
        shown = self._fetch(Rendering.SHOWN, self._order, rows, span)
        stored = shown
        if layout.stored:
            columns = (layout.key, *layout.stored)
            stored = self._fetch(Rendering.STORED, columns, rows, span)
        links = self._with_links(rows, shown, is_certain=span is None)
        blank = (None,) * len(self._order)
        block = Block([], {}, is_sure=True)
        for (first, _), as_shown, as_stored, linked in zip(rows, shown, stored, links, strict=True):
            keys = keys_of(first, as_shown[layout.key])
            is_sure = keys == keys_of(first, as_stored[layout.key])
            found = {index: without_blanks(as_shown[index]) for index in self._order} | linked
            for index in layout.stored:
                found[index] = self._joins.column(
                    self._columns[index], as_shown[index], as_stored[index]
                )
            cells = zip_longest(*(found[index] for index in self._order))
            read = [row for row in zip(count(first), cells, strict=False) if row[1] != blank]
            block = Block(block.rows + read, block.keys | keys, block.is_sure and is_sure)
        return block

    # -- addresses

    def _with_links(
        self, rows: Sequence[Span], shown: Sequence[Columns], *, is_certain: bool
    ) -> list[Columns]:
        """Return the columns of addresses, with what lies behind cells that show none.

        `is_certain`: a cell given as "" is not empty, though it shows no text.
        """
        asked: list[Place] = []
        keys: Keys = {}
        for (first, _), columns in zip(rows, shown, strict=True):
            numbers = columns[self._layout.key]
            if self._layout.linked:
                keys |= keys_of(first, numbers)
            for index in self._layout.linked:
                cells = columns[index]
                cells += [None] * (len(numbers) - len(cells))
                asked += [
                    (index, first + at)
                    for at, (number, cell) in enumerate(zip(numbers, cells, strict=False))
                    if number != "" and not is_address(cell)
                ]
        details = Behind(self._api, self._layout, keys).details(asked) if asked else {}
        found: list[Columns] = []
        for (first, _), columns in zip(rows, shown, strict=True):
            linked = {}
            for index in self._layout.linked:
                cells = list(columns[index])
                for at, cell in enumerate(cells):
                    detail = details.get((index, first + at))
                    if detail is not None:
                        cells[at] = linked_cell(cell, detail, is_filled=is_certain and cell == "")
                linked[index] = without_blanks(cells)
            found.append(linked)
        return found

    # -- cells

    def _fetch(
        self,
        rendering: Rendering,
        columns: tuple[int, ...],
        rows: Sequence[Span],
        span: tuple[int, int] | None = None,
    ) -> list[Columns]:
        """Return, for each run of rows, the cells of each column from the top."""
        spans = (span,) if span is not None else self._spans(rendering, columns, rows)
        ranges = [self._layout.a1(each, run) for run in rows for each in spans]
        header_rows, *tables = self._api.values(
            [self._layout.header_range, *ranges],
            rendering,
            f"reading {len(columns)} columns from row {rows[0][0]} on",
        )
        self._check_header(header_rows, rendering)
        is_shown = rendering is Rendering.SHOWN
        linked = self._layout.linked if is_shown else ()
        texts = frozenset(columns) - {*self._layout.stored} if is_shown else frozenset()
        found = []
        for _ in rows:
            by_column: Columns = {}
            for left, right in spans:
                table = tables.pop(0)
                for index in columns:
                    if left <= index <= right:
                        by_column[index] = cells_of(
                            table,
                            index - left,
                            is_text=index in texts,
                            is_linked=index in linked,
                        )
            found.append(by_column)
        return found

    def _spans(
        self, rendering: Rendering, columns: tuple[int, ...], rows: Sequence[Span]
    ) -> tuple[tuple[int, int], ...]:
        """Return the runs of columns that one request can ask for.

        A column of addresses has a range of its own: only at the end of a row is "" not what
        stands for an empty cell.
        """
        layout = self._layout
        at_most = ranges_in_a_request(layout.a1((max(columns),) * 2, rows[-1]) + "0" * 5) - 1
        alone = layout.linked if rendering is Rendering.SHOWN else ()
        others = [index for index in columns if index not in alone]
        own = tuple((index, index) for index in columns if index in alone)
        if not others or len(own) >= at_most:
            return spans(columns, at_most)
        return (*spans(others, at_most - len(own)), *own)

    def _check_header(self, header_rows: list[list[Any]], rendering: Rendering) -> None:
        """Raise MovedError unless every mapped header is where it was, as it is shown.

        Stored headers differ from shown ones by their number formats: then they are looked at once
        more as shown, after the columns were read.
        """
        layout = self._layout
        if layout.has_header(header_rows):
            return
        if rendering is not Rendering.SHOWN:
            (header_rows,) = self._api.values(
                [layout.header_range], Rendering.SHOWN, "reading the header row again"
            )
            if layout.has_header(header_rows):
                return
        raise MovedError(layout.changed_headers(header_rows))
