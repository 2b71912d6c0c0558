"""A local .csv or .xlsx file in, the same SheetContents out as Google gives for its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from listing_sync.core.a1 import column_index
from listing_sync.core.listings import Cell, SheetContents, SheetRow
from listing_sync.core.mapping import Mapping
from listing_sync.core.validator import normalise_number
from listing_sync.errors import SourceError
from listing_sync.ports import SelectedRows, SheetDescription
from listing_sync.sheets.csv_file import csv_rows
from listing_sync.sheets.grid import Header, Tab, check_header, match_header
from listing_sync.sheets.xlsx_file import StoredCell, xlsx_rows

_TRIES = 3
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class _Grid:
    """One tab of the file: its header, and its rows from the first on, ragged."""

    tab: Tab
    tabs: tuple[Tab, ...]
    header: Header
    rows: Sequence[Sequence[StoredCell]]


class FileSheet:
    """The port Sheet over a file; a CSV file is one tab, called like the file."""

    def __init__(
        self, path: Path, mapping: Mapping, *, tab_title: str | None = None, header_row: int = 1
    ) -> None:
        self._path = path
        self._mapping = mapping
        self._tab_title = tab_title
        self._header_row = header_row

    def read(self, on_rows: Callable[[int], None]) -> SheetContents:
        """Return every row that is not blank."""
        grid = self._grid()
        check_header(grid.header, self._mapping, grid.tab.title)
        rows = list(_mapped(grid, self._mapping))
        on_rows(len(rows))
        return SheetContents(
            tab=grid.tab.title,
            link_base=None,
            time_zone=None,
            columns=grid.header.columns,
            rows=rows,
            missing=grid.header.missing,
        )

    def read_listings(self, numbers: frozenset[str]) -> SelectedRows:
        """Return the rows whose normalised number is asked for."""
        contents = self.read(lambda _: None)
        at = [column.column.name for column in contents.columns].index(self._mapping.key)
        keyed = [(row[1][at], row) for row in contents.rows]
        rows = [
            row for key, row in keyed if isinstance(key, str) and normalise_number(key) in numbers
        ]
        return SelectedRows(
            contents=replace(contents, rows=rows),
            all_numbers=tuple(key for key, _ in keyed if isinstance(key, str)),
        )

    def describe(self) -> SheetDescription:
        """Return what the file really is, whether or not it can be read."""
        grid = self._grid()
        return SheetDescription(
            title=self._path.name,
            tab=grid.tab.title,
            tabs=tuple(tab.title for tab in grid.tabs),
            columns=grid.header.columns,
            missing=grid.header.missing,
            unmapped=grid.header.unmapped,
            duplicates=tuple(each.found[0].header for each in grid.header.duplicates),
            link_base=None,
        )

    def _grid(self) -> _Grid:
        content = self._content()
        name = str(self._path)
        tab = Tab(self._path.stem)
        tabs: tuple[Tab, ...] = (tab,)
        rows: Sequence[Sequence[StoredCell]]
        match self._path.suffix.lower():
            case _ if content.startswith(_OLE):
                raise SourceError(
                    f"{name}: protected by a password, or an old .xls file; save it as .xlsx "
                    "without a password"
                )
            case ".csv":
                rows = csv_rows(content, name, self._header_row)
            case ".xlsx":
                tabs, tab, rows = xlsx_rows(content, name, self._tab_title)
            case _:
                raise SourceError(f"{name}: not a .csv or .xlsx file; save it as one of them")
        headers = rows[self._header_row - 1] if len(rows) >= self._header_row else ()
        shown = [_shown(cell) for cell in headers]
        return _Grid(tab, tabs, match_header(self._mapping, self._header_row, shown), rows)

    def _content(self) -> bytes:
        """Return the whole file as it was at one moment."""
        try:
            for _ in range(_TRIES):
                before = self._path.stat()
                content = self._path.read_bytes()
                after = self._path.stat()
                if (before.st_mtime_ns, before.st_size, before.st_ino) == (
                    after.st_mtime_ns,
                    after.st_size,
                    after.st_ino,
                ):
                    return content
        except OSError as error:
            raise SourceError(
                f"{self._path}: {error.strerror or error} (SYNC_SHEET_FILE)"
            ) from error
        raise SourceError(f"{self._path}: written to while it was read, {_TRIES} times; run again")


def _mapped(grid: _Grid, mapping: Mapping) -> Iterator[SheetRow]:
    places = [
        (column_index(each.letter), _shown if mapping.is_shown(each.column) else _stored)
        for each in grid.header.columns
    ]
    blank = (None,) * len(places)
    first = grid.header.row + 1
    for sheet_row, row in enumerate(grid.rows[grid.header.row :], first):
        width = len(row)
        cells = tuple([convert(row[index]) if index < width else None for index, convert in places])
        if cells != blank:
            yield sheet_row, cells


def _stored(cell: StoredCell) -> Cell:
    """Return a cell of a number, date or boolean column; durations count in days, as in Google."""
    if isinstance(cell, timedelta):
        return cell / timedelta(days=1)
    return None if cell == "" else cell


def _shown(cell: StoredCell) -> Cell:
    """Return a cell of a text column as its plain value."""
    match cell:
        case str():
            return cell or None
        case bool():
            return str(cell).upper()
        case int():
            return str(cell)
        case float():
            return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date():
            return cell.isoformat()
        case time():
            return cell.isoformat(timespec="seconds")
        case timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        case _:
            return cell
