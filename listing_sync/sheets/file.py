"""Read a local .csv or .xlsx file as Google would give its cells."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from listing_sync.cells.a1 import column_index
from listing_sync.cells.listings import BlankCell, Cell, SheetContents, SheetRow, Unreadable
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.validator import normalise_number
from listing_sync.changes.quiet import Fetched, body_digest
from listing_sync.errors import SourceError
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import SelectedRows, SheetDescription
from listing_sync.sheets.csv_file import CsvRows, csv_rows, without_habits
from listing_sync.sheets.file_limits import LARGEST_FILE
from listing_sync.sheets.grid import (
    Header,
    Tab,
    filled_down,
    read_header,
    whole_keys,
)
from listing_sync.sheets.header_check import check_header
from listing_sync.sheets.xlsx_file import read_xlsx

_TRIES = 3
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class _Grid:
    """One tab of the file: its header, and its rows below that are not blank."""

    tab: Tab
    tabs: tuple[Tab, ...]
    header: Header
    rows: Sequence[SheetRow]


class FileSheet:
    """The port Sheet over a file; a CSV file is one tab, called like the file."""

    def __init__(
        self,
        path: Path,
        mapping: SheetMapping,
        *,
        tab_title: str | None = None,
        header_row: int = 1,
    ) -> None:
        self._path = path
        self._mapping = mapping
        self._tab_title = tab_title
        self._header_row = header_row
        self._fetched: tuple[Fetched, ...] = ()
        self._ahead: bytes | None = None

    def under(self, mapping: SheetMapping) -> FileSheet:
        """Return the same tab under another mapping."""
        return FileSheet(
            self._path, mapping, tab_title=self._tab_title, header_row=self._header_row
        )

    def read(self, on_rows: Callable[[int], None], *, goes_on: bool = False) -> SheetContents:
        """Return every row that is not blank."""
        ahead, self._ahead = self._ahead, None
        content = ahead if goes_on and ahead is not None else self._content()
        grid = self._grid(content)
        check_header(grid.header, self._mapping, grid.tab.title)
        columns = grid.header.columns
        rows = whole_keys(columns, filled_down(columns, grid.rows), self._mapping.key)
        on_rows(len(rows))
        self._fetched = (self._as_fetched(content),)
        return SheetContents(
            tab=grid.tab.title,
            link_base=None,
            time_zone=None,
            columns=grid.header.columns,
            rows=rows,
            missing=grid.header.missing,
            unmapped=grid.header.unmapped,
        )

    @property
    def fetched(self) -> Sequence[Fetched]:
        """Return what the last `read` was made of: the file."""
        return self._fetched

    def is_still(self, fetched: Sequence[Fetched]) -> bool:
        """Fetch the file anew; say whether it is the one of then."""
        self._ahead = self._content()
        return (self._as_fetched(self._ahead),) == tuple(fetched)

    def _as_fetched(self, content: bytes) -> Fetched:
        return Fetched("reading the file", str(self._path), {}, body_digest(content))

    def read_listings(self, numbers: frozenset[str]) -> SelectedRows:
        """Return the rows whose normalised number is asked for."""
        contents = self.read(lambda _: None)
        at = [column.column.name for column in contents.columns].index(self._mapping.key)
        keys = [_key_text(cells[at]) for _, cells in contents.rows]
        keyed = zip(keys, contents.rows, strict=True)
        rows = [row for key, row in keyed if key and normalise_number(key) in numbers]
        numbered = [(key, row) for key, (row, _) in zip(keys, contents.rows, strict=True) if key]
        return SelectedRows(
            contents=replace(contents, rows=rows),
            all_numbers=tuple(key for key, _ in numbered),
            rows=tuple(row for _, row in numbered),
        )

    def look_behind(
        self,
        cells: Sequence[BlankCell],  # noqa: ARG002 - of the port
    ) -> Mapping[BlankCell, str]:
        """Return nothing: what a file holds was seen when it was read."""
        return {}

    def describe(self) -> SheetDescription:
        """Return what the file really is, whether or not it can be read."""
        grid = self._grid(self._content())
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

    def _grid(self, content: bytes) -> _Grid:
        name = str(self._path)
        mapping, row = self._mapping, self._header_row
        match self._path.suffix.lower():
            case _ if content.startswith(_OLE):
                raise SourceError(
                    phrase(
                        "{name}: protected by a password, or an old .xls file; save it as"
                        " .xlsx without a password",
                        name=name,
                    )
                )
            case ".csv":
                tab = Tab(self._path.stem)
                first = row + mapping.header_rows
                found = csv_rows(content, name, first, mapping.encoding)
                texts = [[*map(without_habits, each)] for each in found.rows[row - 1 : first - 1]]
                header = read_header(mapping, row, texts)
                return _Grid(tab, (tab,), header, _of_csv(found, header))
            case ".xlsx":
                tabs, tab, header, rows = read_xlsx(content, name, self._tab_title, mapping, row)
                return _Grid(tab, tabs, header, rows)
            case _:
                raise SourceError(
                    phrase("{name}: not a .csv or .xlsx file; save it as one of them", name=name)
                )

    def _content(self) -> bytes:
        """Return the whole file as it was at one moment."""
        try:
            for _ in range(_TRIES):
                before, content = _read(self._path)
                after = self._path.stat()
                if (before.st_mtime_ns, before.st_size, before.st_ino) == (
                    after.st_mtime_ns,
                    after.st_size,
                    after.st_ino,
                ):
                    return content
        except OSError as error:
            raise SourceError(
                phrase(
                    "{path}: {why} (SYNC_SHEET_FILE)",
                    path=self._path,
                    why=system_words(error),
                )
            ) from error
        raise SourceError(
            phrase(
                "{path}: written to while it was read, {tries} times; run again",
                path=self._path,
                tries=_TRIES,
            )
        )


def _of_csv(rows: CsvRows, header: Header) -> list[SheetRow]:
    """Return the mapped columns of the rows that are not blank."""
    places = [column_index(each.letter) for each in header.columns]
    blank = (None,) * len(places)
    found: list[SheetRow] = []
    first = header.first_row
    for sheet_row, row in enumerate(rows.rows[first - 1 :], first):
        width = len(row)
        cells: tuple[Cell, ...] = tuple(
            [(without_habits(row[at]) or None) if at < width else None for at in places]
        )
        if fault := rows.faults.get(sheet_row - 1):
            cells = tuple([Unreadable(str(cell or ""), fault, whole_row=True) for cell in cells])
        if cells != blank:
            found.append((sheet_row, cells))
    return found


def _key_text(cell: Cell) -> str:
    return cell.shown if isinstance(cell, Unreadable) else str(cell or "")


def _read(path: Path) -> tuple[os.stat_result, bytes]:
    """Return what a file is, and holds; OSError for a named pipe, a device or what is too large."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:  # noqa: PTH123 - of a handle: opened without waiting
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        content: bytes | None = file.read(LARGEST_FILE + 1)
    if content is None:  # a file of the kernel's, such as /proc/kmsg
        raise OSError(errno.EAGAIN, "it holds nothing yet")
    if len(content) > LARGEST_FILE:
        raise OSError(errno.EFBIG, f"larger than {LARGEST_FILE >> 20} MiB")
    return status, content
