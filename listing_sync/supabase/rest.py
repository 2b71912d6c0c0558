"""Queries of the Supabase client in, rows or our errors out; one request a call, under the guard.

Source: docs of supabase-py (`create_client`, `ClientOptions`) and of httpx (event hooks).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import httpx
from postgrest import APIError, APIResponse, SyncRequestBuilder
from supabase import ClientOptions, create_client

from listing_sync.errors import RemoteError
from listing_sync.reliability.guard import Patience
from listing_sync.supabase.failures import failure_of_exception, failure_of_response

T = TypeVar("T")

Row = dict[str, Any]


class Call(Protocol):
    """`Guard.call`: sends under rate limit, breaker and retries."""

    def __call__(self, send: Callable[[], T], what: str, patience: Patience = ...) -> T:
        """Return what `send` returns."""


class Query(Protocol):
    """A query of the Supabase client, complete but not sent; it may be sent again."""

    def execute(self) -> APIResponse:
        """Send it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one answer. `total` counts those that the filter has, if it was asked for."""

    rows: list[Row]
    total: int | None


class Rest:
    """The REST API of one project, shared by all threads.

    `http` must not follow redirects: a redirected POST becomes a GET that writes nothing.
    `what` in its methods completes "failed while ...".
    """

    def __init__(
        self, url: str, key: str, *, http: httpx.Client, call: Call, now: Callable[[], datetime]
    ) -> None:
        http.event_hooks["response"].append(self._saw)
        options = ClientOptions(
            httpx_client=http,
            postgrest_client_retry=False,
            auto_refresh_token=False,
            persist_session=False,
        )
        self._postgrest = create_client(url, key, options).postgrest
        self._http = http
        self._call = call
        self._now = now
        self._key = key
        self._last = threading.local()

    def table(self, name: str) -> SyncRequestBuilder:
        """Return a query builder for a table."""
        return self._postgrest.from_(name)

    def read(
        self, query: Query, what: str, patience: Patience = Patience.OUTLAST, *, exact: bool = False
    ) -> Rows:
        """Return the rows of a select; with `exact` no digit of a number is lost.

        A number that a float cannot hold then is a text, which PostgREST takes back as a number.
        """

        def send() -> Rows:
            answer, response = self._try(query)
            rows: Any = answer.data
            if not (response.content and _are_objects(rows)):
                raise self._failure(response)
            return Rows(_exact_rows(response.content) if exact else rows, answer.count)

        return self._call(send, what, patience)

    def write(self, query: Query, what: str, patience: Patience = Patience.OUTLAST) -> None:
        """Send a query whose answer is asked to be empty."""

        def send() -> None:
            _, response = self._try(query)
            if response.content:
                raise self._failure(response)

        self._call(send, what, patience)

    def description(self) -> Row:
        """Return the OpenAPI document of the API, which tells tables and columns."""

        def send() -> Row:
            response = self._guarded(lambda: self._http.get(url, headers=headers))
            document = _object(response.content) if response.is_success else None
            if document is None:
                raise self._failure(response)
            return document

        url = f"{self._postgrest.base_url}/"
        headers = self._postgrest.headers
        return self._call(send, "reading the description of the tables", Patience.OUTLAST)

    def _try(self, query: Query) -> tuple[APIResponse, httpx.Response]:
        answer = self._guarded(query.execute)
        response: httpx.Response = self._last.response
        self._last.response = None
        return answer, response

    def _guarded(self, send: Callable[[], T]) -> T:
        """Raise our errors outside the handler: a foreign one may hold the key, or a batch."""
        failure: RemoteError
        try:
            return send()
        except APIError:
            failure = self._failure(self._last.response)
        except (httpx.RequestError, httpx.InvalidURL, ValueError) as error:
            failure = failure_of_exception(error)
        raise failure

    def _failure(self, response: httpx.Response) -> RemoteError:
        return failure_of_response(response, self._now(), self._key)

    def _saw(self, response: httpx.Response) -> None:
        # The client's own error has neither status nor headers.
        self._last.response = response


def _are_objects(rows: Any) -> bool:
    return isinstance(rows, list) and all(type(row) is dict for row in rows)


def _object(content: bytes) -> Row | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _exact_rows(content: bytes) -> list[Row]:
    rows: list[Row] = json.loads(content, parse_float=_exact_number)
    return rows


def _exact_number(digits: str) -> float | str:
    number = float(digits)
    return number if Decimal(repr(number)) == Decimal(digits) else digits
