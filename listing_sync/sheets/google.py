"""Read one tab of a Google spreadsheet: the same rows in every mapped column.

Texts are read as shown; of numbers, dates and check boxes what is shown and what is stored is
compared, so that a tab takes two requests, and a large one several for chunks of rows. Rows may
move between them. The key column therefore comes with each request: as shown it is what the rows
are known by; as stored it must say the same, row by row. Where that cannot be said (a formatted
number), and after several requests, the key column is read once more and must still be the same;
from the first chunk that differs on, all is read again. The header row comes with each request too:
when a mapped header moves, all is read again. Other headers may hold =NOW().
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from itertools import pairwise
from typing import Protocol, TypeVar

from listing_sync.cells.keys import PropertyNumber, whole_float_reader
from listing_sync.cells.listings import BlankCell, SheetContents, SheetRow
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.spelling import normalise
from listing_sync.cells.validator import normalise_number
from listing_sync.changes.quiet import Fetched
from listing_sync.errors import Category, Service, SourceError, TransientError
from listing_sync.language.sentences import phrase
from listing_sync.ports import SelectedRows, SheetDescription
from listing_sync.sheets.google_api import Rendering, SheetsApi, ranges_in_a_request
from listing_sync.sheets.google_behind import Behind, hidden_cells
from listing_sync.sheets.google_blocks import BlockReader
from listing_sync.sheets.google_errors import EDITED, TabGoneError
from listing_sync.sheets.google_layout import (
    Keys,
    Layout,
    MovedError,
    first_difference,
    header_range,
    header_rows,
    key_text,
    tab_of,
)
from listing_sync.sheets.google_tables import Rows
from listing_sync.sheets.grid import (
    filled_down,
    read_header,
    spans,
    whole_keys,
    with_numbers,
)
from listing_sync.sheets.header_check import check_header

T = TypeVar("T")


class HeaderMemory(Protocol):
    """Keeps one JSON document between runs; neither method raises."""

    def load(self) -> Mapping[str, object]:
        """Return the document, empty where there is none."""

    def store(self, memory: Mapping[str, object]) -> None:
        """Replace the document."""


BUDGET_CELLS = 250_000
"""Cells of one request and rendering pair; a larger tab is read in chunks of rows."""

_TRIES = 3


class GoogleSheet:
    """The port Sheet over one tab: the one of that title, of that gid, or the only visible one."""

    def __init__(
        self,
        api: SheetsApi,
        mapping: SheetMapping,
        *,
        tab_title: str | None = None,
        gid: int | None = None,
        header_row: int = 1,
        budget_cells: int = BUDGET_CELLS,
        memory: HeaderMemory | None = None,
    ) -> None:
        self._api = api
        self._mapping = mapping
        self._tab_title = tab_title
        self._gid = gid
        self._header_row = header_row
        self._budget_cells = budget_cells
        self._memory = memory
        self._seen_gid: int | None = None
        self._read_last: tuple[Layout, Keys] | None = None
        self._fetched: Sequence[Fetched] = ()

    def under(self, mapping: SheetMapping) -> GoogleSheet:
        """Return the same tab under another mapping."""
        other = copy(self)
        other._mapping = mapping  # noqa: SLF001 - of this class
        return other

    def read(self, on_rows: Callable[[int], None], *, goes_on: bool = False) -> SheetContents:
        """Return every row that is not blank; `on_rows` is told how many more were read."""
        self._fetched = ()
        if not goes_on:
            self._api.tape.clear()

        def whole(layout: Layout) -> SheetContents:
            contents = self._whole(layout, on_rows)
            # The next reading will remember the header row, and make other requests.
            is_usual = layout.is_remembered or self._memory is None
            self._fetched = self._api.tape.noted if is_usual else ()
            return contents

        return self._while_still(whole)

    @property
    def fetched(self) -> Sequence[Fetched]:
        """Return what the last `read` was made of."""
        return self._fetched

    def is_still(self, fetched: Sequence[Fetched]) -> bool:
        """Fetch the same anew; say whether every answer is the one of then."""
        with suppress(TabGoneError):
            return self._api.is_still(fetched)
        return False

    def read_listings(self, numbers: frozenset[str]) -> SelectedRows:
        """Return the rows whose normalised number is asked for: the key column, then those rows."""

        def select(layout: Layout) -> SelectedRows:
            keys = BlockReader(self._api, layout).keys()
            texts = tuple(map(key_text, keys.values()))
            number_of = whole_float_reader(texts)
            rows = self._read_selected(layout, keys, numbers, number_of)
            columns = layout.header.columns
            rows = with_numbers(columns, rows, self._mapping.key, number_of)
            if number_of is not normalise:  # 1001.0 is 1001 here
                texts = tuple(map(number_of, texts))
            return SelectedRows(self._contents(layout, rows), texts, tuple(keys))

        return self._while_still(select)

    def look_behind(self, cells: Sequence[BlankCell]) -> Mapping[BlankCell, str]:
        """Return which of the cells that read as blank are not empty to a person, and why.

        Asked where they were read; when something has moved since, where their rows are now.
        """
        if self._read_last is None:
            return {}
        layout, before = self._read_last
        with suppress(MovedError, TabGoneError):
            return hidden_cells(Behind(self._api, layout, before), cells, before)

        def look(layout: Layout) -> dict[BlankCell, str]:
            keys = BlockReader(self._api, layout).keys()
            return hidden_cells(Behind(self._api, layout, keys), cells, before)

        return self._while_still(look)

    def describe(self) -> SheetDescription:
        """Return what the sheet really is, whether or not it can be read."""
        layout = self._layout(uses_memory=False)
        return SheetDescription(
            title=layout.spreadsheet.title,
            tab=layout.tab.title,
            tabs=tuple(tab.title for tab in layout.spreadsheet.tabs),
            columns=layout.header.columns,
            missing=layout.header.missing,
            unmapped=layout.header.unmapped,
            duplicates=tuple(each.found[0].header for each in layout.header.duplicates),
            link_base=self._link_base(layout),
            reader=self._api.account.in_words,
        )

    # -- where things stand

    def _layout(self, *, uses_memory: bool) -> Layout:
        spreadsheet = self._api.spreadsheet()
        tab = tab_of(spreadsheet, self._tab_title, self._gid, seen_gid=self._seen_gid)
        self._seen_gid = tab.gid
        mapping, row = self._mapping, self._header_row
        if tab.row_count is not None and tab.row_count < row:
            raise SourceError(
                phrase(
                    'the tab "{title}" has {count} rows; SYNC_HEADER_ROW is {row}',
                    title=tab.title,
                    count=tab.row_count,
                    row=row,
                )
            )
        headers = header_range(tab.title, row, mapping.header_rows)
        place: dict[str, object] = {
            "spreadsheet": self._api.spreadsheet_id,
            "gid": tab.gid,
            "range": headers,
        }
        if uses_memory and (known := self._remembered(place)) is not None:
            header = read_header(mapping, row, known)
            with suppress(SourceError):  # of another mapping, perhaps
                check_header(header, mapping, tab.title)
                return Layout(spreadsheet, tab, mapping, header, known, is_remembered=True)
        (columns,) = self._api.values([headers], Rendering.SHOWN, "reading the header row")
        rows = header_rows(columns)
        if self._memory is not None and self._remembered(place) != rows:
            self._memory.store({**place, "headers": rows})
        return Layout(spreadsheet, tab, mapping, read_header(mapping, row, rows), rows)

    def _remembered(self, place: dict[str, object]) -> Rows | None:
        match dict(self._memory.load()) if self._memory is not None else {}:
            case {"headers": [[*_], *_] as rows, **known} if known == place:
                return [[str(cell) for cell in row] for row in rows if isinstance(row, list)]
            case _:
                return None

    def _while_still(self, read: Callable[[Layout], T]) -> T:
        changed = ""
        was_gone = False
        uses_memory, tries = True, 0
        while tries < _TRIES:
            layout = None
            self._api.tape.begin()
            try:
                layout = self._layout(uses_memory=uses_memory)
                check_header(layout.header, self._mapping, layout.tab.title)
                return read(layout)
            except MovedError as moved:
                changed = moved.header or changed
            except TabGoneError:
                if was_gone:
                    raise
                was_gone = True
            tries += layout is None or not layout.is_remembered
            uses_memory = False
        raise TransientError(
            phrase("{edited}, {count} times in a row", edited=EDITED, count=_TRIES)
            + (f": the header in {changed} keeps changing, write it as text" if changed else "")
            + "; the next run reads it again",
            service=Service.GOOGLE,
            category=Category.UNKNOWN,
        )

    def _link_base(self, layout: Layout) -> str:
        return (
            f"https://docs.google.com/spreadsheets/d/{self._api.spreadsheet_id}"
            f"/edit#gid={layout.tab.gid}"
        )

    def _whole(self, layout: Layout, on_rows: Callable[[int], None]) -> SheetContents:
        columns = layout.header.columns
        rows = filled_down(columns, self._read_all(layout, on_rows))
        return self._contents(layout, whole_keys(columns, rows, self._mapping.key))

    def _contents(self, layout: Layout, rows: Sequence[SheetRow]) -> SheetContents:
        return SheetContents(
            tab=layout.tab.title,
            link_base=self._link_base(layout),
            time_zone=layout.spreadsheet.time_zone,
            columns=layout.header.columns,
            rows=rows,
            missing=layout.header.missing,
            unmapped=layout.header.unmapped,
        )

    # -- which rows

    def _read_all(self, layout: Layout, on_rows: Callable[[int], None]) -> list[SheetRow]:
        reader = BlockReader(self._api, layout)
        starts = self._chunk_starts(layout)
        rows: list[SheetRow] = []
        keys: Keys = {}
        again = 0
        for _ in range(_TRIES):
            is_sure = len(starts) <= 1
            for start, following in pairwise([*starts[again:], None]):
                end = None if following is None else following - 1
                block = reader.block([(start, end)])  # type: ignore[list-item]  # None is last only
                rows += block.rows
                keys |= block.keys
                is_sure = is_sure and block.is_sure
                on_rows(len(block.rows))
            changed = None if is_sure else first_difference(keys, reader.keys())
            if changed is None:
                self._read_last = (layout, keys)
                return rows
            again = bisect_right(starts, changed) - 1
            del rows[bisect_left(rows, starts[again], key=lambda row: row[0]) :]
            keys = {row: key for row, key in keys.items() if row < starts[again]}
        raise MovedError

    def _chunk_starts(self, layout: Layout, keys: Keys | None = None) -> Sequence[int]:
        """Return the first row of each chunk; the last one has no end."""
        first = layout.header.first_row
        last = layout.tab.row_count
        if last is not None and last < first:
            return ()
        height = max(1, self._budget_cells // len(layout.header.columns))
        if last is None or last - first >= height:
            # A grid is often far longer than what is filled in.
            found = BlockReader(self._api, layout).keys() if keys is None else keys
            last = max(found, default=first)
        return range(first, last + 1, height)

    def _read_selected(
        self, layout: Layout, keys: Keys, numbers: frozenset[str], number_of: PropertyNumber
    ) -> Sequence[SheetRow]:
        expected = {row: key for row, key in keys.items() if number_of(key_text(key)) in numbers}
        if not expected:
            return []
        wanted = spans(expected)
        span = (min(layout.order), max(layout.order))
        size = max(1, ranges_in_a_request(layout.a1(span, wanted[-1])) - 1)
        requests = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        is_filled_down = any(each.column.fill_down for each in layout.header.columns)
        if is_filled_down or len(requests) > len(self._chunk_starts(layout, keys)):
            rows = self._whole(layout, lambda _: None).rows
            at = [column.column.name for column in layout.header.columns].index(self._mapping.key)
            return [row for row in rows if normalise_number(key_text(row[1][at])) in numbers]
        reader = BlockReader(self._api, layout)
        blocks = [reader.block(request, span) for request in requests]
        found: Keys = {}
        for block in blocks:
            found |= block.keys
        is_sure = len(blocks) == 1 and blocks[0].is_sure
        if found != expected or not (is_sure or reader.keys() == keys):
            raise MovedError
        self._read_last = (layout, expected)
        return [row for block in blocks for row in block.rows]
