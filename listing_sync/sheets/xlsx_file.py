"""The bytes of an .xlsx file in, its tabs and the cells of one out."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - it is an exception

from listing_sync.core.listings import Cell, Unreadable
from listing_sync.errors import SourceError
from listing_sync.sheets.grid import Tab, choose_tab

if TYPE_CHECKING:
    from openpyxl import Workbook

StoredCell = Cell | timedelta
"""What openpyxl gives; a duration is a timedelta."""

_DAMAGES = (
    *(BadZipFile, ZlibError, EOFError, ParseError),
    *(ValueError, TypeError, LookupError, AttributeError),  # openpyxl, of parts it does not find
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_PIECE = 1 << 20
_NO_VALUE = "the formula has no stored value; open and save the file in Excel"


def xlsx_rows(
    content: bytes, name: str, tab_title: str | None
) -> tuple[tuple[Tab, ...], Tab, list[Sequence[StoredCell]]]:
    """Return the tabs, the chosen one and its rows from the first on, ragged.

    Raises:
        SourceError: damaged, no Excel file, or no such tab.
    """
    with _damage_named(name):
        with_values = _workbook(content, data_only=True)
        tabs = tuple(
            Tab(each.title, hidden=each.sheet_state != "visible") for each in with_values.worksheets
        )
    tab = choose_tab(tabs, title=tab_title, gid=None)
    with _damage_named(name):
        if not _has_formulas(content):
            rows = _iterate(with_values, tab, values_only=True)
            return tabs, tab, [[_text(cell) for cell in row] for row in rows]
        formulas = _iterate(_workbook(content, data_only=False), tab, values_only=True)
        cells = _iterate(with_values, tab, values_only=False)
        return (
            tabs,
            tab,
            [
                [_value(*pair) for pair in zip(row, formula_row, strict=True)]
                for row, formula_row in zip(cells, formulas, strict=True)
            ],
        )


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that openpyxl leaves out
            yield
    except _DAMAGES as error:
        raise SourceError(
            f"{name}: damaged, or not an Excel file; open it in Excel and save it as .xlsx"
        ) from error


def _workbook(content: bytes, *, data_only: bool) -> Workbook:
    from openpyxl import load_workbook  # noqa: PLC0415 - heavy

    workbook: Workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    return workbook


def _iterate(workbook: Workbook, tab: Tab, *, values_only: bool) -> Iterator[Sequence[Any]]:
    sheet = workbook[tab.title]
    sheet.reset_dimensions()  # files say wrong ones
    rows: Iterator[Sequence[Any]] = sheet.iter_rows(values_only=values_only)
    return rows


def _has_formulas(content: bytes) -> bool:
    """Say whether any sheet has a formula: to find those without a value takes a second pass."""
    with ZipFile(io.BytesIO(content)) as archive:
        for part in archive.namelist():
            if not part.startswith("xl/worksheets/"):
                continue
            with archive.open(part) as xml:
                before = b""
                while piece := xml.read(_PIECE):
                    if _FORMULA.search(before + piece):
                        return True
                    before = piece[-64:]
    return False


def _value(cell: Any, formula: Any) -> StoredCell:
    """Return a cell's value; type "str" is a formula whose stored value is the empty text."""
    if cell.value is None and formula is not None and cell.data_type != "str":
        return Unreadable(str(getattr(formula, "text", formula)), _NO_VALUE)
    return _text(cell.value)


def _text(value: StoredCell) -> StoredCell:
    """Return a value, what XML cannot hold (_x000D_) put back.

    Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
    """
    if not isinstance(value, str) or "_x" not in value:
        return value
    from openpyxl.utils.escape import unescape  # noqa: PLC0415 - heavy

    return str(unescape(value))
