"""Read one tab of an .xlsx file: its header and rows, as Google gives the same cells.

Texts are what a person sees: the number format is rendered. Of numbers, dates and check boxes the
stored value is compared with what is seen, by the same rules as Google's two forms of a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812 - it is an exception

from listing_sync.cells.a1 import column_index
from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Cell, SheetRow, Unreadable
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.number_format import NumberFormat, general_text, number_format
from listing_sync.cells.shown import joiner, residue, says_the_number
from listing_sync.errors import SourceError
from listing_sync.language.sentences import marked, phrase
from listing_sync.sheets.file_limits import TooLargeError
from listing_sync.sheets.grid import Header, Tab, choose_tab, read_header
from listing_sync.sheets.xlsx_cells import CellReader, Columns, Read, TopRows
from listing_sync.sheets.xlsx_package import Book, DamageError, Package
from listing_sync.sheets.xlsx_values import Raw, StoredCell

_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - serials have no zone
_DAYS_TO_1904 = 1_462
_NO_29_FEBRUARY = 60  # serial of the day that 1900 did not have, and Excel has
_DAY_S = 86_400
_SIGNS = frozenset("-−‐–+▲△()")

_HIDDEN = Unreadable(
    "", marked("holds a value that its number format does not show", code="shows_nothing")
)
_REMEMBERED = 1_024


def read_xlsx(
    content: bytes, name: str, tab_title: str | None, mapping: SheetMapping, header_row: int
) -> tuple[tuple[Tab, ...], Tab, Header, list[SheetRow]]:
    """Return the tabs, the chosen one, its header and its rows that are not blank.

    Raises:
        SourceError: damaged, no Excel file, or no such tab.
    """
    with _damage_named(name):
        package = Package(content)
        book = package.book()
    tab = choose_tab(book.tabs, title=tab_title, gid=None)
    show = _shown_reader(book)

    headers: list[Header] = []

    def header_of(top: TopRows) -> Header:
        wanted = range(header_row, header_row + mapping.header_rows)
        texts = [[_header_text(show, cell) for cell in top.get(row, ())] for row in wanted]
        return read_header(mapping, header_row, texts)

    def choose(top: TopRows) -> Columns:
        headers.append(header_of(top))
        return [
            (column_index(each.letter), _reader(each.column, mapping, book))
            for each in headers[-1].columns
        ]

    with _damage_named(name):
        last = header_row + mapping.header_rows - 1
        path = book.parts[tab.title]
        reader = CellReader(package, book, path)
        rows = reader.read(last, choose)
        linked = {
            column_index(each.letter): at
            for at, each in enumerate(headers[-1].columns)
            if each.column.type is ColumnType.URL
        }
        if linked and reader.links.are_there:
            rows = reader.links.linked(rows, linked, package.links(path))
        return book.tabs, tab, headers[-1], rows


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    from xml.parsers.expat import ExpatError  # noqa: PLC0415 - of .xlsx files alone

    try:
        yield
    except TooLargeError as error:
        raise SourceError(
            phrase(
                "{name}: too large to be read: {error}; copy the tab into a new workbook",
                name=name,
                error=error,
            )
        ) from error
    except DamageError as error:
        raise SourceError(
            phrase("{name}: damaged: {error}; open it in Excel and save it", name=name, error=error)
        ) from error
    except (ExpatError, BadZipFile, ZlibError, EOFError) as error:
        raise SourceError(
            phrase(
                "{name}: damaged, or not an Excel file; open it in Excel and save it as .xlsx",
                name=name,
            )
        ) from error
    except (RuntimeError, NotImplementedError) as error:  # of zipfile
        raise SourceError(
            phrase(
                "{name}: packed in a way that is not read ({error}); open it in Excel and save it",
                name=name,
                error=error,
            )
        ) from error


def _header_text(show: Read, cell: StoredCell | None) -> str | None:
    text = None if cell is None else show(cell)
    return text.shown if isinstance(text, Unreadable) else text  # type: ignore[return-value]


def _reader(column: Column, mapping: SheetMapping, book: Book) -> Read:
    if not mapping.is_shown(column):
        return _stored_reader(column, book)
    show = _shown_reader(book)
    if column.type is not ColumnType.URL:
        return show

    def read(cell: StoredCell) -> Cell:
        found = show(cell)
        return _HIDDEN if found is None and cell != "" else found

    return read


def _shown_reader(book: Book) -> Read:
    """Return what reads the cells of a text column, as a person sees them."""
    seen: dict[StoredCell, Cell] = {}

    def read(cell: StoredCell) -> Cell:
        kind = type(cell)
        if kind is str:
            return cell or None  # type: ignore[return-value]  # just checked
        if kind is bool:
            return str(cell).upper()
        if kind is int or kind is float:
            return _general(cell)  # type: ignore[arg-type]
        if not isinstance(cell, tuple):
            return _iso(cell) if isinstance(cell, datetime) else cell
        if cell in seen:
            return seen[cell]
        text, _ = _rendered(cell, book)
        if len(seen) > _REMEMBERED:
            seen.clear()
        seen[cell] = found = text or None
        return found

    return read


def _stored_reader(column: Column, book: Book) -> Read:
    """Return what reads the cells of a column of numbers, dates or check boxes."""
    join = joiner(column)
    seen: dict[StoredCell, Cell] = {}
    neutral: dict[int, bool] = {}

    def read(cell: StoredCell) -> Cell:
        if not isinstance(cell, tuple):
            return cell
        raw, style = cell
        if isinstance(raw, int | float) and raw > 0:
            if style not in neutral:
                neutral[style] = _is_neutral(column, book, style)
            if neutral[style]:
                return raw
        if cell in seen:
            return seen[cell]
        text, stored = _rendered(cell, book)
        found = text if isinstance(text, Unreadable) else join(text, stored)
        if len(seen) > _REMEMBERED:
            seen.clear()
        seen[cell] = found
        return found

    return read


def _is_neutral(column: Column, book: Book, style: int) -> bool:
    """Return whether a style shows numbers of this column as they are, but for rounding."""
    code = book.formats[style] if style < len(book.formats) else None
    found = None if code is None else number_format(code)
    form = None if found is None else found.plain
    if form is None or not column.type.is_number:
        return False
    around = "".join(form.around)
    return _SIGNS.isdisjoint(around) and says_the_number(residue(around), column)


def _rendered(cell: tuple[Raw, int], book: Book) -> tuple[str | Unreadable, Raw]:
    """Return what a person sees of a cell with a format, and its value as Google stores it."""
    raw, style = cell
    code = book.formats[style] if style < len(book.formats) else None
    found = None if code is None else number_format(code)
    if found is None:
        return _unknown(raw, code), raw
    if isinstance(raw, str):
        shown = found.text_of_text(raw)
        return _unknown(raw, code) if shown is None else shown, raw
    value = _google_serial(raw, book, found)
    text = found.text(value) if isinstance(value, int | float) else _iso(value)
    return _unknown(raw, code) if text is None else text, value


def _google_serial(raw: Raw, book: Book, found: NumberFormat) -> int | float | datetime:
    """Return the number of a cell; of a moment the days since 1899-12-30, as Google counts."""
    if isinstance(raw, datetime):
        if not found.is_date:
            return raw
        seconds = (raw - _DAY_ZERO) / timedelta(seconds=1)
        return seconds / _DAY_S
    number: int | float = raw  # type: ignore[assignment]  # texts and others have left
    if not found.is_date:
        return number
    if book.base_1904:
        return number + _DAYS_TO_1904 if found.shows_day else number
    if 1 <= number < _NO_29_FEBRUARY and found.shows_day:
        return number + 1
    return -1 if int(number) == _NO_29_FEBRUARY and found.shows_day else number


def _unknown(raw: Raw, code: str | None) -> Unreadable:
    shown = str(raw) if isinstance(raw, str | datetime) else _general(raw)  # type: ignore[arg-type]
    text = shown.shown if isinstance(shown, Unreadable) else shown
    said = phrase("of its style, which the file does not say") if code is None else repr(code[:60])
    reason = phrase(
        "what a person sees here is not certain: the number format {format} does not show this "
        "value in a way that can be read; format the cell as text or number",
        code="format_uncertain",
        format=said,
    )
    return Unreadable(text, reason)


def _general(number: float) -> str | Unreadable:
    text = general_text(number)
    if text is not None:
        return text
    return Unreadable(str(number), phrase("a number that has no plain form", code="no_plain_form"))


def _iso(moment: datetime) -> str:
    is_day = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return moment.date().isoformat() if is_day else moment.isoformat(" ", "seconds")
