"""The requests to the Sheets API that we make: each guarded, checked and with our errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain, zip_longest
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx

from listing_sync.cells.listings import Unreadable
from listing_sync.errors import PermanentError, TransientError
from listing_sync.sheets.google_account import GoogleAccount
from listing_sync.sheets.google_errors import google_failure
from listing_sync.sheets.google_failures import transient
from listing_sync.sheets.google_http import AuthorizedGoogleHttp
from listing_sync.sheets.grid import Tab

T = TypeVar("T")

Rows = list[list[Any]]
"""Rows of cells as JSON gave them: ragged, trailing blank rows left out."""

Columns = list[list[Any]]
"""The same by column: each from the top to its last cell; "" is blank."""

Place = tuple[int, int]
"""Column index and sheet row of a cell."""

URL_LENGTH = 6000
"""Characters of ranges that one request may hold."""

UNAUTHENTICATED = 401
_SHOWN_LENGTH = 200
_KNOWN = frozenset({str, int, float, bool})
SPREADSHEET_FIELDS = "properties(title,timeZone),sheets.properties"
VALUES_FIELDS = "valueRanges(range,majorDimension,values)"
GRID_FIELDS = "sheets(data(startRow,startColumn,rowData(values({cells}))))"


class Call(Protocol):
    """Guard.call: sends under breaker and retries; `what` says what is being done."""

    def __call__(self, send: Callable[[], T], what: str, /) -> T:
        """Return what `send` returns."""


class Rendering(StrEnum):
    """How the API gives cells: as a person sees them, or as they are stored."""

    SHOWN = "FORMATTED_VALUE"
    STORED = "UNFORMATTED_VALUE"


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


class SheetsApi:
    """One spreadsheet behind the Sheets API; `call` guards every HTTP exchange."""

    def __init__(
        self,
        spreadsheet_id: str,
        http: AuthorizedGoogleHttp,
        *,
        endpoint: str,
        call: Call,
        now: Callable[[], datetime],
        timeout_s: float,
    ) -> None:
        self.spreadsheet_id = spreadsheet_id
        self._http = http
        self._call = call
        self._now = now
        self._timeout_s = timeout_s
        self._spreadsheets = _spreadsheets(http, endpoint)

    @property
    def account(self) -> GoogleAccount:
        """Return who reads."""
        return self._http.account

    def spreadsheet(self) -> Spreadsheet:
        """Return what the spreadsheet is called and which tabs it has."""
        request = self._spreadsheets.get(
            spreadsheetId=self.spreadsheet_id,
            fields=SPREADSHEET_FIELDS,
            prettyPrint=False,
        )
        return self._send(request, _spreadsheet, "looking up the spreadsheet")

    def values(self, ranges: Sequence[str], rendering: Rendering, what: str) -> list[Columns]:
        """Return the columns of each range, in their order; the answer is one snapshot.

        By column, for that is how they are read on, and a list for each row costs twice as much.
        """
        return self._values(ranges, rendering, "COLUMNS", _columns, what)

    def rows(self, ranges: Sequence[str], what: str) -> list[Rows]:
        """Return the rows of each range as shown: what is empty at their ends is left out."""
        return self._values(ranges, Rendering.SHOWN, "ROWS", _rows, what)

    def _values(
        self,
        ranges: Sequence[str],
        rendering: Rendering,
        dimension: str,
        parse: Callable[[Any], T],
        what: str,
    ) -> list[T]:
        request = self._spreadsheets.values().batchGet(
            spreadsheetId=self.spreadsheet_id,
            ranges=list(ranges),
            valueRenderOption=rendering.value,
            dateTimeRenderOption="SERIAL_NUMBER",
            majorDimension=dimension,
            fields=VALUES_FIELDS,
            prettyPrint=False,
        )
        return self._send(request, lambda answer: _ranges(answer, len(ranges), parse), what)

    def cells(
        self, ranges: Sequence[str], cell_fields: str, what: str
    ) -> dict[Place, dict[str, Any]]:
        """Return those fields of the cells of the ranges that are not empty (CellData)."""
        request = self._spreadsheets.get(
            spreadsheetId=self.spreadsheet_id,
            ranges=list(ranges),
            fields=GRID_FIELDS.format(cells=cell_fields),
            prettyPrint=False,
        )
        return self._send(request, _cells, what)

    def _send(self, request: Any, parse: Callable[[Any], T], what: str) -> T:
        if not self._http.has_token:
            self._sign_in()
        try:
            return self._call(lambda: parse(self._answer(request)), what)
        except PermanentError as error:
            if error.http_status != UNAUTHENTICATED:
                raise
        # A token can be withdrawn before its time.
        self._sign_in()
        return self._call(lambda: parse(self._answer(request)), what)

    def _answer(self, request: Any) -> Any:
        return self._mapped(lambda: _execute(request), self._timeout_s)

    def _sign_in(self) -> None:
        self._call(lambda: self._mapped(self._http.fetch_token, None), "signing in to Google")

    def _mapped(self, send: Callable[[], T], timeout_s: float | None) -> T:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - heavy
        from googleapiclient.errors import Error  # noqa: PLC0415 - heavy

        try:
            return send()
        except (Error, GoogleAuthError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise google_failure(
                error, account=self._http.account, now=self._now(), timeout_s=timeout_s
            ) from error


def ranges_in_a_request(example: str) -> int:
    """Return how many ranges as long as the example fit into one request."""
    return max(1, URL_LENGTH // len(f"&ranges={quote(example, safe='')}"))


def _spreadsheets(http: AuthorizedGoogleHttp, endpoint: str) -> Any:
    """Return the client of the two methods that we use.

    build() takes 0.1 s and 20 MB to write documentation of all methods and of what they answer.
    """
    from googleapiclient.discovery import build_from_document  # noqa: PLC0415 - heavy
    from googleapiclient.discovery_cache import get_static_doc  # noqa: PLC0415 - heavy

    document = json.loads(get_static_doc("sheets", "v4"))
    spreadsheets = document["resources"]["spreadsheets"]
    values = spreadsheets["resources"]["values"]["methods"]
    spreadsheets["methods"] = {"get": spreadsheets["methods"]["get"]}
    spreadsheets["resources"] = {"values": {"methods": {"batchGet": values["batchGet"]}}}
    document["schemas"] = {name: {"type": "object", "id": name} for name in document["schemas"]}
    return build_from_document(
        document, http=http, client_options={"api_endpoint": endpoint}
    ).spreadsheets()


def _execute(request: Any) -> Any:
    # request.execute() would turn a GET with a long URL into a POST.
    head, content = request.http.request(request.uri, headers=request.headers)
    return request.postproc(head, content)


def _spreadsheet(answer: Any) -> Spreadsheet:
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


def _ranges(answer: Any, count: int, parse: Callable[[Any], T]) -> list[T]:
    found = answer.get("valueRanges") if isinstance(answer, dict) else None
    if not isinstance(found, list) or len(found) != count:
        raise _strange()
    return [parse(each) for each in found]


def _columns(value_range: Any) -> Columns:
    table = _checked_table(value_range)
    return table if value_range.get("majorDimension") == "COLUMNS" else _turned(table)


def _rows(value_range: Any) -> Rows:
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
    return Unreadable(text, "of a kind that this program does not know; expected text or a number")


def _cells(answer: Any) -> dict[Place, dict[str, Any]]:
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
    return transient("the answer is not one of the Sheets API (half an answer, or a proxy's page)")
