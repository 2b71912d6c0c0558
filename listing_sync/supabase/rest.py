"""Send queries of Supabase's client for PostgREST, one request a call, under the guard.

The client is made as `supabase.create_client` makes it, without its parts for sign-in, storage and
live updates: importing those took a third of a quiet run.

Source: supabase-py, `Client._init_postgrest_client` and `_get_auth_headers`; httpx, event hooks.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import httpx
from postgrest import APIError, APIResponse, SyncPostgrestClient, SyncRequestBuilder
from postgrest.base_request_builder import RequestConfig

from listing_sync.cells.json_exact import decode, encode, is_exact
from listing_sync.changes.sql_text import RELOAD_SCHEMA
from listing_sync.errors import PermanentError, RemoteError, TransientError
from listing_sync.reliability.guard import Patience
from listing_sync.supabase.failures import failure_of_exception, failure_of_response

T = TypeVar("T")

Row = dict[str, Any]

STALE: Final = frozenset({"PGRST204", "PGRST205"})
"""PostgREST does not know a column or a table, which may be there all the same."""
_STALE_S: Final = 10.0
"""Between looks; seconds are usual after a notification."""


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
        self._postgrest = SyncPostgrestClient(
            f"{url}/rest/v1",
            headers={"apiKey": key, "Authorization": f"Bearer {key}"},
            http_client=http,
            retry_enabled=False,
        )
        self._http = http
        self._call = call
        self._now = now
        self._key = key
        self._last = threading.local()

    def table(self, name: str) -> SyncRequestBuilder:
        """Return a query builder for a table."""
        return self._postgrest.from_(name)

    def function(self, name: str, arguments: Mapping[str, str]) -> Query:
        """Return the call of a function that returns rows."""
        return self._postgrest.rpc(name, dict(arguments))

    def read(
        self,
        query: Query,
        what: str,
        patience: Patience = Patience.OUTLAST,
        *,
        exact: bool = False,
        stale: bool = False,
    ) -> Rows:
        """Return the rows of a select; with `exact` every digit as json_exact keeps it.

        `stale`: what is said to be missing is there, so that PostgREST will see it in a moment.
        """

        def send() -> Rows:
            with _seen_later(stale=stale):
                answer, response = self._try(query)
            rows: Any = answer.data
            if not (response.content and _are_objects(rows)):
                raise self._failure(response)
            return Rows(
                decode(response.content.decode(), frames=2) if exact else rows, answer.count
            )

        return self._call(send, what, patience)

    def write(self, query: Query, what: str, patience: Patience = Patience.OUTLAST) -> None:
        """Send a query whose answer is asked to be empty."""
        sent = _sent_exactly(query)

        def send() -> None:
            _, response = self._try(sent)
            if response.content:
                raise self._failure(response)

        self._call(send, what, patience)

    def write_back(
        self,
        query: Query,
        what: str,
        patience: Patience = Patience.OUTLAST,
        *,
        stale: bool = False,
    ) -> list[Row]:
        """Send a query whose answer is what the database made of it; return that, exact."""
        sent = _sent_exactly(query)

        def send() -> list[Row]:
            with _seen_later(stale=stale):
                answer, response = self._try(sent)
            if not response.content:
                return []
            if not _are_objects(answer.data):
                raise self._failure(response)
            return decode(response.content.decode(), frames=2)  # type: ignore[no-any-return]

        return self._call(send, what, patience)

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
        except (httpx.RequestError, httpx.InvalidURL, ValueError, RecursionError) as error:
            failure = failure_of_exception(error)
        raise failure

    def _failure(self, response: httpx.Response) -> RemoteError:
        return failure_of_response(response, self._now(), self._key)

    def _saw(self, response: httpx.Response) -> None:
        # The client's own error has neither status nor headers.
        self._last.response = response


@contextmanager
def _seen_later(*, stale: bool) -> Iterator[None]:
    try:
        yield
    except PermanentError as error:
        if not stale or error.code not in STALE:
            raise
        raise TransientError(
            "PostgREST does not see the table as it now is: run in Supabase's SQL editor:"
            f" {RELOAD_SCHEMA}",
            service=error.service,
            category=error.category,
            http_status=error.http_status,
            code=error.code,
            retry_after_s=_STALE_S,
        ) from error


def _are_objects(rows: Any) -> bool:
    return isinstance(rows, list) and all(type(row) is dict for row in rows)


def _object(content: bytes) -> Row | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _sent_exactly(query: Query) -> Query:
    """Return the query, its body written by `json_exact` where the client's encoder cannot."""
    request: RequestConfig[httpx.Client] | None = getattr(query, "request", None)
    rows = request and request.json
    if request is None or not isinstance(rows, list):
        return query
    if any(is_exact(value) for row in rows for value in row.values()):
        return _ExactWrite(request, rows)
    return query


@dataclass(frozen=True, slots=True)
class _ExactWrite:
    """A write as the client would send it, but for its body."""

    request: RequestConfig[httpx.Client]
    rows: list[Row]

    def execute(self) -> APIResponse:
        request = self.request
        response = request.session.request(
            request.http_method,
            str(request.path),
            content=encode(self.rows).encode(),
            params=request.params,
            headers={**request.headers, "Content-Type": "application/json"},
            auth=request.auth,
        )
        if not response.is_success:
            raise APIError({})
        return APIResponse.from_http_request_response(response)
