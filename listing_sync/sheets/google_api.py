"""Make our requests to the Sheets API: each guarded, checked and with our errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx

from listing_sync.changes.quiet import Fetched, body_digest
from listing_sync.errors import PermanentError, TransientError
from listing_sync.sheets.google_account import GoogleAccount
from listing_sync.sheets.google_client import GoogleRequest, SheetsClient
from listing_sync.sheets.google_errors import google_failure
from listing_sync.sheets.google_http import AuthorizedGoogleHttp
from listing_sync.sheets.google_tables import (
    Columns,
    Place,
    Rows,
    Spreadsheet,
    cells_of,
    columns_of,
    ranges_of,
    rows_of,
    spreadsheet_of,
)
from listing_sync.sheets.google_tape import Tape

T = TypeVar("T")

URL_LENGTH = 6000
"""Characters of ranges that one request may hold."""

UNAUTHENTICATED = 401
SPREADSHEET_FIELDS = "properties(title,timeZone),sheets.properties"
VALUES_FIELDS = "valueRanges(range,majorDimension,values)"
GRID_FIELDS = "sheets(data(startRow,startColumn,rowData(values({cells}))))"


class Call(Protocol):
    """Guard.call: sends under breaker and retries; `what` says what is being done."""

    def __call__(self, send: Callable[[], T], what: str, /) -> T:
        """Return what `send` returns."""


class Rendering(StrEnum):
    """How the API gives cells: as a person sees them, as they are stored, or with formulas."""

    SHOWN = "FORMATTED_VALUE"
    STORED = "UNFORMATTED_VALUE"
    ENTERED = "FORMULA"


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
        self._client = SheetsClient(http, endpoint)
        self.tape = Tape()

    @property
    def account(self) -> GoogleAccount:
        """Return who reads."""
        return self._http.account

    def spreadsheet(self) -> Spreadsheet:
        """Return what the spreadsheet is called and which tabs it has."""
        request = self._client.spreadsheet(
            self.spreadsheet_id,
            fields=SPREADSHEET_FIELDS,
            prettyPrint=False,
        )
        return self._send(request, spreadsheet_of, "looking up the spreadsheet")

    def values(self, ranges: Sequence[str], rendering: Rendering, what: str) -> list[Columns]:
        """Return the columns of each range, in their order; the answer is one snapshot.

        By column, for that is how they are read on, and a list for each row costs twice as much.
        """
        return self._values(ranges, rendering, "COLUMNS", columns_of, what)

    def rows(self, ranges: Sequence[str], rendering: Rendering, what: str) -> list[Rows]:
        """Return the rows of each range: what is empty at their ends is left out."""
        return self._values(ranges, rendering, "ROWS", rows_of, what)

    def _values(
        self,
        ranges: Sequence[str],
        rendering: Rendering,
        dimension: str,
        parse: Callable[[Any], T],
        what: str,
    ) -> list[T]:
        request = self._client.values(
            self.spreadsheet_id,
            ranges=ranges,
            valueRenderOption=rendering.value,
            dateTimeRenderOption="SERIAL_NUMBER",
            majorDimension=dimension,
            fields=VALUES_FIELDS,
            prettyPrint=False,
        )
        return self._send(request, lambda answer: ranges_of(answer, len(ranges), parse), what)

    def cells(
        self, ranges: Sequence[str], cell_fields: str, what: str
    ) -> dict[Place, dict[str, Any]]:
        """Return those fields of the cells of the ranges that are not empty (CellData)."""
        request = self._client.spreadsheet(
            self.spreadsheet_id,
            ranges=ranges,
            fields=GRID_FIELDS.format(cells=cell_fields),
            prettyPrint=False,
        )
        return self._send(request, cells_of, what)

    def is_still(self, fetched: Sequence[Fetched]) -> bool:
        """Fetch what an earlier reading was made of; say whether it is all the same.

        What was fetched is on the tape for the reading that comes next.
        """
        self.tape.clear()
        for each in fetched:
            request = self._client.again(each)
            if request is None:
                return False
            body = self._asked(partial(self._fetch, request), each.what)
            self.tape.put(each.request, body)
            if body_digest(body) != each.digest:
                return False
        return True

    def _send(self, request: GoogleRequest, parse: Callable[[Any], T], what: str) -> T:
        def understood(body: bytes) -> T:
            return self._understood(request, body, parse, what)

        if (ahead := self.tape.take(request.uri)) is not None:
            with suppress(TransientError):  # half an answer is asked for once more
                return understood(ahead)
        return self._asked(lambda: understood(self._fetch(request)), what)

    def _understood(
        self, request: GoogleRequest, body: bytes, parse: Callable[[Any], T], what: str
    ) -> T:
        found = parse(self._mapped(lambda: request.understood(body), self._timeout_s))
        self.tape.note(what, request.uri, request.headers, body)
        return found

    def _fetch(self, request: GoogleRequest) -> bytes:
        return self._mapped(request.fetch, self._timeout_s)

    def _asked(self, ask: Callable[[], T], what: str) -> T:
        if not self._http.has_token:
            self._sign_in()
        try:
            return self._call(ask, what)
        except PermanentError as error:
            if error.http_status != UNAUTHENTICATED:
                raise
        # A token can be withdrawn before its time.
        self._sign_in()
        return self._call(ask, what)

    def _sign_in(self) -> None:
        self._call(lambda: self._mapped(self._http.fetch_token, None), "signing in to Google")

    def _mapped(self, send: Callable[[], T], timeout_s: float | None) -> T:
        try:
            return send()
        except _failures() as error:
            raise google_failure(
                error, account=self._http.account, now=self._now(), timeout_s=timeout_s
            ) from error


def _failures() -> tuple[type[Exception], ...]:
    """Return what a request may raise; looked up only where something was raised."""
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - heavy
    from googleapiclient.errors import Error  # noqa: PLC0415 - heavy

    return (Error, GoogleAuthError, httpx.HTTPError, httpx.InvalidURL)


def ranges_in_a_request(example: str) -> int:
    """Return how many ranges as long as the example fit into one request."""
    return max(1, URL_LENGTH // len(f"&ranges={quote(example, safe='')}"))
