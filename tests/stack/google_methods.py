"""The answers of spreadsheets.get, values.get and values.batchGet, field masks honoured."""

from __future__ import annotations

from typing import Any, TypeVar

from tests.stack import spreadsheet as sheets
from tests.stack.field_masks import Mask, check_mask, mask_tree, masked
from tests.stack.spreadsheet import Area, RangeError, Spreadsheet, Tab

T = TypeVar("T")

_RENDERINGS = {name: name for name in (sheets.FORMATTED, sheets.UNFORMATTED, sheets.FORMULA)}
_DATE_RENDERINGS = {"SERIAL_NUMBER": False, "FORMATTED_STRING": True}
_DIMENSIONS = {"ROWS": False, "COLUMNS": True}


def content_of(
    spreadsheet_id: str, spreadsheet: Spreadsheet, rest: list[str], query: dict[str, list[str]]
) -> dict[str, Any] | None:
    """Return the JSON of one of the three methods, None for any other path.

    Raises BadMaskError for a field mask of what is not there.
    """
    mask = mask_tree(query.get("fields", ["*"])[-1])
    match rest:
        case []:
            check_mask(mask, "Spreadsheet")
            content = _metadata(spreadsheet_id, spreadsheet, query, mask)
        case ["values:batchGet"]:
            check_mask(mask, "BatchGetValuesResponse")
            ranges = [_values(spreadsheet, text, query) for text in query.get("ranges", [])]
            content = {"spreadsheetId": spreadsheet_id, "valueRanges": ranges}
        case ["values", text]:
            check_mask(mask, "ValueRange")
            content = _values(spreadsheet, text, query)
        case _:
            return None
    found: dict[str, Any] = masked(content, mask)
    return found


def _values(spreadsheet: Spreadsheet, text: str, query: dict[str, list[str]]) -> dict[str, Any]:
    dimension = query.get("majorDimension", ["ROWS"])[-1]
    columns_first = _choice(query, "majorDimension", _DIMENSIONS, "ROWS")
    area = sheets.resolve(spreadsheet, text)
    values = sheets.read(
        area,
        rendering=_choice(query, "valueRenderOption", _RENDERINGS, sheets.FORMATTED),
        dates_as_text=_choice(query, "dateTimeRenderOption", _DATE_RENDERINGS, "SERIAL_NUMBER"),
        columns_first=columns_first,
        keeps_blank_ends=spreadsheet.keeps_blank_ends,
    )
    content: dict[str, Any] = {"range": area.a1(), "majorDimension": dimension}
    return content | ({"values": values} if values else {})


def _choice(query: dict[str, list[str]], name: str, choices: dict[str, T], default: str) -> T:
    given = query.get(name, [default])[-1]
    if given not in choices:
        raise RangeError(f"Invalid value at '{name}', \"{given}\"")
    return choices[given]


def _metadata(
    spreadsheet_id: str, spreadsheet: Spreadsheet, query: dict[str, list[str]], mask: Mask
) -> dict[str, Any]:
    areas = [sheets.resolve(spreadsheet, text) for text in query.get("ranges", [])]
    wants_cells = "data" in mask.get("sheets", {}) or (
        not mask and query.get("includeGridData", ["false"])[-1] == "true"
    )
    return {
        "spreadsheetId": spreadsheet_id,
        "properties": {
            "title": spreadsheet.title,
            "locale": spreadsheet.locale,
            "autoRecalc": "ON_CHANGE",
            "timeZone": spreadsheet.time_zone,
        },
        "sheets": [
            {"properties": _properties(index, tab)}
            | ({"data": _grids(tab, areas)} if wants_cells else {})
            for index, tab in enumerate(spreadsheet.tabs)
            if not areas or any(area.tab is tab for area in areas)
        ],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{spreadsheet_id}/edit",
    }


def _grids(tab: Tab, areas: list[Area]) -> list[dict[str, Any]]:
    whole = Area(tab, 0, tab.row_count, 0, tab.column_count)
    return [_grid(area) for area in areas or [whole] if area.tab is tab]


def _grid(area: Area) -> dict[str, Any]:
    """Return GridData; zeros and what is empty at the end are left out, as everywhere."""
    rows: list[dict[str, Any]] = []
    for cells in sheets.cells_in(area):
        values = [sheets.cell_data(cell) for cell in cells]
        while values and not values[-1]:
            values.pop()
        rows.append({"values": values} if values else {})
    start = {"startRow": area.top, "startColumn": area.left}
    return {name: at for name, at in start.items() if at} | ({"rowData": rows} if rows else {})


def _properties(index: int, tab: Tab) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "sheetId": tab.sheet_id,
        "title": tab.title,
        "index": index,
        "sheetType": tab.sheet_type,
    }
    if tab.sheet_type != "OBJECT":
        size = {"rowCount": tab.row_count, "columnCount": tab.column_count}
        properties["gridProperties"] = size
    return properties | ({"hidden": True} if tab.hidden else {})
