"""Take the answers of the Sheets API apart: spreadsheets, ranges of values, cells. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain, zip_longest
from typing import Any, TypeVar

from listing_sync.cells.listings import Unreadable
from listing_sync.errors import TransientError
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.google_failures import transient
from listing_sync.sheets.grid import Tab

T = TypeVar("T")

Rows = list[list[Any]]
"""Rows of cells as JSON gave them: ragged, trailing blank rows left out."""

Columns = list[list[Any]]
"""The same by column: each from the top to its last cell; "" is blank."""

Place = tuple[int, int]
"""Column index and sheet row of a cell."""

_SHOWN_LENGTH = 200
_KNOWN = frozenset({str, int, float, bool})


@dataclass(frozen=True, slots=True)
class OtherTab:
    """A tab without cells of its own: a chart ("OBJECT") or connected data ("DATA_SOURCE")."""

    title: str
    gid: int
    kind: str


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """A spreadsheet and its tabs that hold cells, in the order shown; `others` hold none."""

    title: str
    time_zone: str | None
    tabs: tuple[Tab, ...]
    others: tuple[OtherTab, ...] = ()


def spreadsheet_of(answer: Any) -> Spreadsheet:
    """Return the spreadsheet that an answer describes."""
    match answer:
        case {"sheets": list(sheets)}:
            properties = answer.get("properties") or {}
            tabs = [_tab(sheet) for sheet in sheets]
            return Spreadsheet(
                title=properties.get("title", ""),
                time_zone=properties.get("timeZone"),
                tabs=tuple(tab for tab in tabs if isinstance(tab, Tab)),
                others=tuple(tab for tab in tabs if isinstance(tab, OtherTab)),
            )
        case _:
            raise _strange()


def _tab(sheet: Any) -> Tab | OtherTab:
    match sheet:
        case {"properties": {"title": str(title)} as properties}:
            kind = properties.get("sheetType", "GRID")
            if kind != "GRID":
                return OtherTab(title, properties.get("sheetId", 0), str(kind))
            return Tab(
                title=title,
                hidden=bool(properties.get("hidden")),
                gid=properties.get("sheetId", 0),
                row_count=(properties.get("gridProperties") or {}).get("rowCount"),
            )
        case _:
            raise _strange()


def ranges_of(answer: Any, count: int, parse: Callable[[Any], T]) -> list[T]:
    """Return what `parse` makes of each range of an answer, which holds so many."""
    found = answer.get("valueRanges") if isinstance(answer, dict) else None
    if not isinstance(found, list) or len(found) != count:
        raise _strange()
    return [parse(each) for each in found]


def columns_of(value_range: Any) -> Columns:
    """Return the columns of a range."""
    table = _checked_table(value_range)
    return table if value_range.get("majorDimension") == "COLUMNS" else _turned(table)


def rows_of(value_range: Any) -> Rows:
    """Return the rows of a range."""
    table = _checked_table(value_range)
    return _turned(table) if value_range.get("majorDimension") == "COLUMNS" else table


def _turned(table: list[list[Any]]) -> list[list[Any]]:
    return list(map(list, zip_longest(*table, fillvalue="")))


def _checked_table(value_range: Any) -> list[list[Any]]:
    """Return the lists of a range: its rows or its columns, ROWS where it does not say which."""
    table = value_range.get("values", []) if isinstance(value_range, dict) else None
    if not isinstance(table, list) or not all(isinstance(each, list) for each in table):
        raise _strange()
    if not _KNOWN.issuperset(map(type, chain.from_iterable(table))):
        return [[cell if type(cell) in _KNOWN else _other(cell) for cell in each] for each in table]
    return table


def _other(cell: Any) -> str | Unreadable:
    """Return a cell that is no JSON text, number or boolean."""
    if cell is None:
        return ""
    text = json.dumps(cell, ensure_ascii=False)[:_SHOWN_LENGTH]
    return Unreadable(
        text,
        phrase(
            "of a kind that this program does not know; expected text or a number",
            code="unknown_kind",
        ),
    )


def cells_of(answer: Any) -> dict[Place, dict[str, Any]]:
    """Return the cells of an answer (CellData) that are not empty."""
    sheets = answer.get("sheets") if isinstance(answer, dict) else None
    if not isinstance(sheets, list):
        raise _strange()
    found = {}
    try:
        for data in chain.from_iterable(sheet.get("data", ()) for sheet in sheets):
            left, top = data.get("startColumn", 0), data.get("startRow", 0) + 1
            for row, content in enumerate(data.get("rowData", ()), top):
                for column, cell in enumerate(content.get("values", ()), left):
                    if cell:
                        found[column, row] = dict(cell)
    except (AttributeError, TypeError, ValueError) as error:
        raise _strange() from error
    return found


def _strange() -> TransientError:
    return transient(
        phrase("the answer is not one of the Sheets API (half an answer, or a proxy's page)")
    )
