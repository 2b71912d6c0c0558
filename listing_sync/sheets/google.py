"""One tab of a Google spreadsheet in, its mapped columns out: the same rows in every column.

Each column is read in one rendering only, so a tab takes two requests, and a large one several
for chunks of rows. Rows may move between them. The key column therefore comes with each request:
as shown it is what the rows are known by; as stored it must say the same, row by row. Where that
cannot be said (a formatted number), and after several requests, the key column is read once more
and must still be what was assembled; from the first chunk that differs on, all is read again. The
header row comes with each request too: when it changes, everything is read again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, pairwise, zip_longest
from typing import TypeVar

from listing_sync.core.a1 import column_index
from listing_sync.core.listings import Cell, SheetContents, SheetRow
from listing_sync.core.mapping import Mapping
from listing_sync.core.validator import normalise_number
from listing_sync.errors import Category, Service, SourceError, TransientError
from listing_sync.ports import SelectedRows, SheetDescription
from listing_sync.sheets.google_api import Rendering, SheetsApi, ranges_in_a_request
from listing_sync.sheets.google_errors import EDITED
from listing_sync.sheets.google_layout import (
    Keys,
    Layout,
    Run,
    cells_of,
    first_difference,
    header_range,
    is_same_header,
    keys_of,
)
from listing_sync.sheets.grid import check_header, choose_tab, match_header, runs

T = TypeVar("T")

BUDGET_CELLS = 250_000
"""Cells of one request and rendering pair; a larger tab is read in chunks of rows."""

_TRIES = 3


class _MovedError(Exception):
    """Rows or columns moved while they were read."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Rows read together; `is_sure` when both renderings have the same keys in the same rows."""

    rows: list[SheetRow]
    keys: Keys
    is_sure: bool


class GoogleSheet:
    """The port Sheet over one tab: the one of that title, of that gid, or the only visible one."""

    def __init__(
        self,
        api: SheetsApi,
        mapping: Mapping,
        *,
        tab_title: str | None = None,
        gid: int | None = None,
        header_row: int = 1,
        budget_cells: int = BUDGET_CELLS,
    ) -> None:
        self._api = api
        self._mapping = mapping
        self._tab_title = tab_title
        self._gid = gid
        self._header_row = header_row
        self._budget_cells = budget_cells

    def read(self, on_rows: Callable[[int], None]) -> SheetContents:
        """Return every row that is not blank; `on_rows` is told how many more were read."""
        return self._while_still(
            lambda layout: self._contents(layout, self._read_all(layout, on_rows))
        )

    def read_listings(self, numbers: frozenset[str]) -> SelectedRows:
        """Return the rows whose normalised number is asked for: the key column, then those rows."""

        def select(layout: Layout) -> SelectedRows:
            keys = self._keys(layout)
            rows = self._read_selected(layout, keys, numbers)
            return SelectedRows(self._contents(layout, rows), tuple(keys.values()))

        return self._while_still(select)

    def describe(self) -> SheetDescription:
        """Return what the sheet really is, whether or not it can be read."""
        layout = self._layout()
        return SheetDescription(
            title=layout.spreadsheet.title,
            tab=layout.tab.title,
            tabs=tuple(tab.title for tab in layout.spreadsheet.tabs),
            columns=layout.header.columns,
            missing=layout.header.missing,
            unmapped=layout.header.unmapped,
            duplicates=tuple(each.found[0].header for each in layout.header.duplicates),
            link_base=self._link_base(layout),
        )

    # -- where things stand

    def _layout(self) -> Layout:
        spreadsheet = self._api.spreadsheet()
        tab = choose_tab(spreadsheet.tabs, title=self._tab_title, gid=self._gid)
        if tab.row_count is not None and tab.row_count < self._header_row:
            raise SourceError(
                f'the tab "{tab.title}" has {tab.row_count} rows; SYNC_HEADER_ROW is '
                f"{self._header_row}"
            )
        row = header_range(tab.title, self._header_row)
        (rows,) = self._api.values([row], Rendering.SHOWN, "reading the header row")
        cells = rows[0] if rows else []
        header = match_header(self._mapping, self._header_row, cells)
        places = [(column.column, column_index(column.letter)) for column in header.columns]
        return Layout(
            spreadsheet=spreadsheet,
            tab=tab,
            header=header,
            header_cells=cells,
            key=next((index for column, index in places if column.name == self._mapping.key), -1),
            shown=tuple(index for column, index in places if self._mapping.is_shown(column)),
            stored=tuple(index for column, index in places if not self._mapping.is_shown(column)),
        )

    def _while_still(self, read: Callable[[Layout], T]) -> T:
        for _ in range(_TRIES):
            layout = self._layout()
            check_header(layout.header, self._mapping, layout.tab.title)
            try:
                return read(layout)
            except _MovedError:
                continue
        raise TransientError(
            f"{EDITED}, {_TRIES} times in a row; the next run reads it again",
            service=Service.GOOGLE,
            category=Category.UNKNOWN,
        )

    def _link_base(self, layout: Layout) -> str:
        return (
            f"https://docs.google.com/spreadsheets/d/{self._api.spreadsheet_id}"
            f"/edit#gid={layout.tab.gid}"
        )

    def _contents(self, layout: Layout, rows: Sequence[SheetRow]) -> SheetContents:
        return SheetContents(
            tab=layout.tab.title,
            link_base=self._link_base(layout),
            time_zone=layout.spreadsheet.time_zone,
            columns=layout.header.columns,
            rows=rows,
            missing=layout.header.missing,
        )

    # -- which rows

    def _read_all(self, layout: Layout, on_rows: Callable[[int], None]) -> list[SheetRow]:
        starts = self._chunk_starts(layout)
        rows: list[SheetRow] = []
        keys: Keys = {}
        again = 0
        for _ in range(_TRIES):
            is_sure = len(starts) <= 1
            for start, following in pairwise([*starts[again:], None]):
                end = None if following is None else following - 1
                block = self._block(layout, [(start, end)])  # type: ignore[list-item]  # None is last only
                rows += block.rows
                keys |= block.keys
                is_sure = is_sure and block.is_sure
                on_rows(len(block.rows))
            changed = None if is_sure else first_difference(keys, self._keys(layout))
            if changed is None:
                return rows
            again = bisect_right(starts, changed) - 1
            del rows[bisect_left(rows, starts[again], key=lambda row: row[0]) :]
            keys = {row: key for row, key in keys.items() if row < starts[again]}
        raise _MovedError

    def _chunk_starts(self, layout: Layout, keys: Keys | None = None) -> Sequence[int]:
        """Return the first row of each chunk; the last one has no end."""
        first = self._header_row + 1
        last = layout.tab.row_count
        if last is not None and last < first:
            return ()
        height = max(1, self._budget_cells // len(layout.header.columns))
        if last is None or last - first >= height:
            # A grid is often far longer than what is filled in.
            last = max(self._keys(layout) if keys is None else keys, default=first)
        return range(first, last + 1, height)

    def _read_selected(self, layout: Layout, keys: Keys, numbers: frozenset[str]) -> list[SheetRow]:
        expected = {row: key for row, key in keys.items() if normalise_number(key) in numbers}
        if not expected:
            return []
        wanted = runs(expected)
        span = (min(layout.shown + layout.stored), max(layout.shown + layout.stored))
        size = max(1, ranges_in_a_request(layout.a1(span, wanted[-1])) - 1)
        requests = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        if len(requests) > len(self._chunk_starts(layout, keys)):
            at = [column.column.name for column in layout.header.columns].index(self._mapping.key)
            rows = self._read_all(layout, lambda _: None)
            return [row for row in rows if normalise_number(str(row[1][at] or "")) in numbers]
        blocks = [self._block(layout, request, span) for request in requests]
        found: Keys = {}
        for block in blocks:
            found |= block.keys
        is_sure = len(blocks) == 1 and blocks[0].is_sure
        if found != expected or not (is_sure or self._keys(layout) == keys):
            raise _MovedError
        return [row for block in blocks for row in block.rows]

    # -- cells

    def _keys(self, layout: Layout) -> Keys:
        first = self._header_row + 1
        if layout.tab.row_count is not None and layout.tab.row_count < first:
            return {}
        (columns,) = self._fetch(layout, Rendering.SHOWN, (layout.key,), [(first, None)])
        return keys_of(first, columns[layout.key])

    def _block(
        self, layout: Layout, rows: Sequence[Run], span: tuple[int, int] | None = None
    ) -> _Block:
        """Read the rows; with a span, whatever lies between the mapped columns is sent along."""
        shown = self._fetch(layout, Rendering.SHOWN, layout.shown, rows, span)
        stored = shown
        if layout.stored:
            columns = (layout.key, *layout.stored)
            stored = self._fetch(layout, Rendering.STORED, columns, rows, span)
        order = [column_index(column.letter) for column in layout.header.columns]
        blank = (None,) * len(order)
        block = _Block([], {}, is_sure=True)
        for (first, _), as_shown, as_stored in zip(rows, shown, stored, strict=True):
            keys = keys_of(first, as_shown[layout.key])
            is_sure = keys == keys_of(first, as_stored[layout.key])
            by_column = as_stored | as_shown
            cells = zip_longest(*(by_column[index] for index in order))
            read = [row for row in zip(count(first), cells, strict=False) if row[1] != blank]
            block = _Block(block.rows + read, block.keys | keys, block.is_sure and is_sure)
        return block

    def _fetch(
        self,
        layout: Layout,
        rendering: Rendering,
        columns: tuple[int, ...],
        rows: Sequence[Run],
        span: tuple[int, int] | None = None,
    ) -> list[dict[int, list[Cell]]]:
        """Return, for each run of rows, the cells of each column from the top."""
        if span is None:
            example = layout.a1((max(columns), max(columns)), rows[-1]) + "0" * 5
            spans = runs(columns, ranges_in_a_request(example) - 1)
        else:
            spans = (span,)
        ranges = [layout.a1(each, run) for run in rows for each in spans]
        header_rows, *tables = self._api.values(
            [layout.header_range, *ranges],
            rendering,
            f"reading {len(columns)} columns from row {rows[0][0]} on",
        )
        if not is_same_header(layout.header_cells, header_rows):
            raise _MovedError
        found = []
        for _ in rows:
            by_column: dict[int, list[Cell]] = {}
            for left, right in spans:
                table = tables.pop(0)
                by_column |= {
                    index: cells_of(table, index - left, rendering)
                    for index in columns
                    if left <= index <= right
                }
            found.append(by_column)
        return found
