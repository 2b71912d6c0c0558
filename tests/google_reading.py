"""The real Google reader over a loopback Google, its connections closed at the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from listing_sync.cells.mapping import SheetMapping
from listing_sync.sheets.google import GoogleSheet
from listing_sync.sheets.google_api import Call, SheetsApi
from listing_sync.sheets.google_credentials import account_of
from listing_sync.sheets.google_http import GoogleHttp, connect
from tests.stack.google_sheets import DEFAULT_SPREADSHEET, LoopbackGoogle

T = TypeVar("T")


class GoogleReading:
    """A loopback Google, and readers of its spreadsheet; `calls` says what was sent."""

    def __init__(self) -> None:
        self.google = LoopbackGoogle()
        self.calls: list[str] = []
        self._https: list[GoogleHttp] = []

    def put(self, rows: Any, *, title: str = "Listings", **options: Any) -> None:
        self.google.put_tab(DEFAULT_SPREADSHEET, title, rows, **options)

    def sheet(
        self,
        mapping: SheetMapping,
        *,
        spreadsheet_id: str = DEFAULT_SPREADSHEET,
        endpoint: str | None = None,
        call: Call | None = None,
        timeout_s: float = 5,
        **options: Any,
    ) -> GoogleSheet:
        api = self.api(spreadsheet_id, endpoint=endpoint, call=call, timeout_s=timeout_s)
        return GoogleSheet(api, mapping, **options)

    def api(
        self,
        spreadsheet_id: str = DEFAULT_SPREADSHEET,
        *,
        endpoint: str | None = None,
        call: Call | None = None,
        timeout_s: float = 5,
    ) -> SheetsApi:
        account = account_of(self.google.key_json(), name="KEY")
        endpoint = endpoint or self.google.url
        http = connect(
            account,
            timeout_s=timeout_s,
            connect_timeout_s=5,
            on_bytes=lambda _: None,
        )
        self._https.append(http)
        return SheetsApi(
            spreadsheet_id,
            http,
            endpoint=endpoint,
            call=call or self._call,
            now=lambda: datetime.now(UTC),
            timeout_s=timeout_s,
        )

    def _call(self, send: Callable[[], T], what: str, /) -> T:
        self.calls.append(what)
        return send()

    def __enter__(self) -> Self:
        self.google.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for http in self._https:
            http.close()
        self.google.__exit__(kind, error, traceback)
