"""Read rows of a Google tab in both forms, as long as its columns and rows stay where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, repeat, zip_longest
from typing import Any

from listing_sync.cells.listings import Cell, SheetRow
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.google_api import Rendering, SheetsApi, ranges_in_a_request
from listing_sync.sheets.google_behind import Behind
from listing_sync.sheets.google_cells import Joins, without_blanks
from listing_sync.sheets.google_layout import (
    Keys,
    Layout,
    MovedError,
    Span,
    header_rows,
    keys_of,
    shared,
)
from listing_sync.sheets.google_tables import Place, Rows
from listing_sync.sheets.grid import spans
from listing_sync.sheets.links import is_address, linked_cell

ByColumn = dict[int, list[Any]]
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
        links = self._with_links(rows, shown) if layout.linked else [{}] * len(shown)
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

    def _with_links(self, rows: Sequence[Span], shown: Sequence[ByColumn]) -> list[ByColumn]:
        """Return the columns of addresses, with what lies behind cells that show none."""
        asked: dict[Place, Any] = {}
        keys: Keys = {}
        for (first, _), columns in zip(rows, shown, strict=True):
            numbers = columns[self._layout.key]
            keys |= keys_of(first, numbers)
            for index in self._layout.linked:
                pairs = zip_longest(numbers, columns[index][: len(numbers)], fillvalue="")
                asked |= {
                    (index, first + at): cell
                    for at, (number, cell) in enumerate(pairs)
                    if number != "" and not is_address(cell)
                }
        found = self._addresses(asked, keys) if asked else {}
        linked = []
        for (first, _), columns in zip(rows, shown, strict=True):
            height = len(columns[self._layout.key])
            by_column: ByColumn = {}
            for index in self._layout.linked:
                whole = columns[index] + [""] * (height - len(columns[index]))
                places = zip(repeat(index), count(first))
                addresses = [found.get(at, cell) for at, cell in zip(places, whole, strict=False)]
                by_column[index] = without_blanks(addresses)
            linked.append(by_column)
        return linked

    def _addresses(self, asked: Mapping[Place, Any], keys: Keys) -> dict[Place, Cell]:
        """Return what cells that show no address come to."""
        behind = Behind(self._api, self._layout, keys)
        blank = [place for place, cell in asked.items() if cell == ""]
        named = [place for place, cell in asked.items() if cell != ""]
        details = (behind.blanks(blank) if blank else {}) | (behind.details(named) if named else {})
        return {place: linked_cell(cell, details[place]) for place, cell in asked.items()}

    # -- cells

    def _fetch(
        self,
        rendering: Rendering,
        columns: tuple[int, ...],
        rows: Sequence[Span],
        span: tuple[int, int] | None = None,
    ) -> list[ByColumn]:
        """Return, for each run of rows, the cells of each column from the top."""
        pieces = (span,) if span is not None else self._spans(columns, rows)
        ranges = [self._layout.a1(each, run) for run in rows for each in pieces]
        header, *tables = self._api.values(
            [self._layout.header_range, *ranges],
            rendering,
            f"reading {len(columns)} columns from row {rows[0][0]} on",
        )
        self._check_header(header_rows(header), rendering)
        is_shown = rendering is Rendering.SHOWN
        texts = frozenset(columns) - {*self._layout.stored} if is_shown else frozenset()
        found = []
        each_table = iter(tables)
        for _ in rows:
            by_column: ByColumn = {}
            for left, right in pieces:
                table = next(each_table)
                for index in columns:
                    if left <= index <= right:
                        cells = table[index - left] if index - left < len(table) else []
                        by_column[index] = shared(cells) if index in texts else cells
            found.append(by_column)
        return found

    def _spans(self, columns: tuple[int, ...], rows: Sequence[Span]) -> tuple[tuple[int, int], ...]:
        """Return the runs of columns that one request can ask for."""
        longest = self._layout.a1((max(columns),) * 2, rows[-1]) + "0" * 5
        return spans(columns, ranges_in_a_request(longest) - 1)

    def _check_header(self, rows: Rows, rendering: Rendering) -> None:
        """Raise MovedError unless every mapped header is where it was, as it is shown.

        Stored headers differ from shown ones by their number formats: then they are looked at once
        more as shown, after the columns were read.
        """
        layout = self._layout
        if layout.has_header(rows):
            return
        if rendering is not Rendering.SHOWN:
            (columns,) = self._api.values(
                [layout.header_range], Rendering.SHOWN, "reading the header row again"
            )
            rows = header_rows(columns)
            if layout.has_header(rows):
                return
        raise MovedError(layout.changed_headers(rows))
