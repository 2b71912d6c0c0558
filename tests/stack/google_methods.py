"""The answers of spreadsheets.get, values.get and values.batchGet, field masks honoured."""

from __future__ import annotations

import re
from typing import Any

from tests.stack import spreadsheet as sheets
from tests.stack.spreadsheet import RangeError, Spreadsheet, Tab

_RENDERINGS = {"FORMATTED_VALUE": True, "UNFORMATTED_VALUE": False}
_DATE_RENDERINGS = {"SERIAL_NUMBER": False, "FORMATTED_STRING": True}
_DIMENSIONS = {"ROWS": False, "COLUMNS": True}


def content_of(
    spreadsheet_id: str, spreadsheet: Spreadsheet, rest: list[str], query: dict[str, list[str]]
) -> dict[str, Any] | None:
    """Return the JSON of one of the three methods, None for any other path."""
    match rest:
        case []:
            content = _metadata(spreadsheet_id, spreadsheet)
        case ["values:batchGet"]:
            ranges = [_values(spreadsheet, text, query) for text in query.get("ranges", [])]
            content = {"spreadsheetId": spreadsheet_id, "valueRanges": ranges}
        case ["values", text]:
            content = _values(spreadsheet, text, query)
        case _:
            return None
    mask = query.get("fields", ["*"])[-1]
    return content if mask == "*" else _masked(content, _mask_tree(mask))


def _values(spreadsheet: Spreadsheet, text: str, query: dict[str, list[str]]) -> dict[str, Any]:
    dimension = query.get("majorDimension", ["ROWS"])[-1]
    columns_first = _choice(query, "majorDimension", _DIMENSIONS, "ROWS")
    area = sheets.resolve(spreadsheet, text)
    values = sheets.read(
        area,
        formatted=_choice(query, "valueRenderOption", _RENDERINGS, "FORMATTED_VALUE"),
        dates_as_text=_choice(query, "dateTimeRenderOption", _DATE_RENDERINGS, "SERIAL_NUMBER"),
        columns_first=columns_first,
    )
    content: dict[str, Any] = {"range": area.a1(), "majorDimension": dimension}
    return content | ({"values": values} if values else {})


def _choice(query: dict[str, list[str]], name: str, choices: dict[str, bool], default: str) -> bool:
    given = query.get(name, [default])[-1]
    if given not in choices:
        raise RangeError(f"Invalid value at '{name}', \"{given}\"")
    return choices[given]


def _metadata(spreadsheet_id: str, spreadsheet: Spreadsheet) -> dict[str, Any]:
    return {
        "spreadsheetId": spreadsheet_id,
        "properties": {
            "title": spreadsheet.title,
            "locale": spreadsheet.locale,
            "autoRecalc": "ON_CHANGE",
            "timeZone": spreadsheet.time_zone,
        },
        "sheets": [
            {"properties": _properties(index, tab)} for index, tab in enumerate(spreadsheet.tabs)
        ],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{spreadsheet_id}/edit",
    }


def _properties(index: int, tab: Tab) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "sheetId": tab.sheet_id,
        "title": tab.title,
        "index": index,
        "sheetType": "GRID",
        "gridProperties": {"rowCount": tab.row_count, "columnCount": tab.column_count},
    }
    return properties | ({"hidden": True} if tab.hidden else {})


_Mask = dict[str, "_Mask"]


def _mask_tree(mask: str) -> _Mask:
    """Return a field mask as a tree, {} meaning all below: a(b,c/d) -> {a: {b: {}, c: {d: {}}}}."""
    tree: _Mask = {}
    stack = [tree]
    node = tree
    for name, mark in re.findall(r"([\w*]*)([(),./]|$)", mask):
        if name and name != "*":
            node = node.setdefault(name, {})
        if mark == "(":
            stack.append(node)
        elif mark == ")":
            node = stack.pop()
        elif mark == ",":
            node = stack[-1]
    return tree


def _masked(content: Any, mask: _Mask) -> Any:
    if not mask:
        return content
    if isinstance(content, list):
        return [_masked(item, mask) for item in content]
    return {name: _masked(content[name], below) for name, below in mask.items() if name in content}
