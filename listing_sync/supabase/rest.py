"""Send queries of the Supabase client, one request a call, under the guard.

The client is supabase-py's for tables, postgrest: the whole brings those of storage, sign-in and
realtime along, which take longer to import than a quiet run takes. It puts requests together; they
are sent here, so that a body is written, and an answer read, once and exactly.

Source: supabase-py, `Client._init_postgrest_client` and `_get_auth_headers`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import httpx
from postgrest import SyncPostgrestClient, SyncRequestBuilder
from postgrest.base_request_builder import RequestConfig

from listing_sync.cells.foreign_json import TooHeavyError, read_foreign_json, weigh
from listing_sync.cells.json_exact import decode, encode_rows
from listing_sync.changes.sql_text import RELOAD_SCHEMA
from listing_sync.errors import Category, PermanentError, RemoteError, Service, TransientError
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.reliability.pacing import Patience
from listing_sync.supabase.failures import failure_of_exception, failure_of_response
from listing_sync.transport import UnfitAnswerError

T = TypeVar("T")

Row = dict[str, Any]

STALE: Final = frozenset({"PGRST204", "PGRST205"})
"""PostgREST does not know a column or a table, which may be there all the same."""
_EMBEDDED: Final = re.compile(r"[^,]*\([^)]*\)")
_COUNT: Final = re.compile(r"[0-9]{1,15}")
_STALE_S: Final = 10.0
"""Between looks; seconds are usual after a notification."""


class Call(Protocol):
    """`Guard.call`: sends under rate limit, breaker and retries."""

    def __call__(self, send: Callable[[], T], what: str, patience: Patience = ...) -> T:
        """Return what `send` returns."""


class Query(Protocol):
    """A query of the Supabase client, complete but not sent; it may be sent again."""

    @property
    def request(self) -> RequestConfig[httpx.Client]:
        """Return what is to be sent."""


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
        self._postgrest = SyncPostgrestClient(
            f"{url.rstrip('/')}/rest/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            http_client=http,
        )
        self._http = http
        self._call = call
        self._now = now
        self._key = key

    def table(self, name: str) -> SyncRequestBuilder:
        """Return a query builder for a table."""
        return self._postgrest.from_(name)

    def function(self, name: str, arguments: Mapping[str, Any]) -> Query:
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
                response = self._answer(query)
            return Rows(self._rows(query, response, exact=exact), _total(response))

        return self._call(send, what, patience)

    def write(self, query: Query, what: str, patience: Patience = Patience.OUTLAST) -> None:
        """Send a query whose answer is asked to be empty."""

        def send() -> None:
            response = self._answer(query)
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
        before_try: Callable[[], object] = lambda: None,
    ) -> list[Row]:
        """Send a query whose answer is what the database made of it; return that, exact."""

        def send() -> list[Row]:
            before_try()
            with _seen_later(stale=stale):
                response = self._answer(query)
            return self._rows(query, response, exact=True) if response.content else []

        return self._call(send, what, patience)

    def description(self) -> Row:
        """Return the OpenAPI document of the API, which tells tables and columns."""

        def send() -> Row:
            response = self._guarded(lambda: self._http.get(url, headers=headers))
            document = self._guarded(lambda: _json(response)) if response.is_success else None
            if not isinstance(document, dict):
                raise self._failure(response)
            return document

        url = f"{self._postgrest.base_url}/"
        headers = self._postgrest.headers
        return self._call(send, "reading the description of the tables", Patience.OUTLAST)

    def _answer(self, query: Query) -> httpx.Response:
        """Return the answer to a query, which is a success."""
        response = self._guarded(lambda: _send(query.request))
        if not response.is_success:
            raise self._failure(response)
        return response

    def _rows(self, query: Query, response: httpx.Response, *, exact: bool) -> list[Row]:
        """Return the rows of an answer, which may be a gateway's page, or of another table."""
        rows = self._guarded(lambda: _json(response, exact=exact))
        if not (isinstance(rows, list) and all(type(row) is dict for row in rows)):
            raise self._failure(response)
        if not all(map(_asked_of(query), rows)):
            raise self._failure(response)
        return rows

    def _guarded(self, send: Callable[[], T]) -> T:
        """Raise our errors outside the handler: a foreign one may hold the key, or a batch."""
        failure: RemoteError
        try:
            return send()
        except (httpx.RequestError, httpx.InvalidURL, ValueError, RecursionError) as error:
            failure = failure_of_exception(error)
        raise failure

    def _failure(self, response: httpx.Response) -> RemoteError:
        return failure_of_response(response, self._now(), self._key)


@contextmanager
def _seen_later(*, stale: bool) -> Iterator[None]:
    try:
        yield
    except PermanentError as error:
        if not stale or error.code not in STALE:
            raise
        raise TransientError(
            phrase(
                "PostgREST does not see the table as it now is: run in Supabase's SQL"
                " editor: {command}",
                command=RELOAD_SCHEMA,
            ),
            service=error.service,
            category=error.category,
            http_status=error.http_status,
            code=error.code,
            retry_after_s=_STALE_S,
        ) from error


def _send(request: RequestConfig[httpx.Client]) -> httpx.Response:
    """Send what the client put together, the numbers of its body to the last digit."""
    body, headers = request.json, request.headers
    if body is not None:
        headers = httpx.Headers({"Content-Type": "application/json", **headers})
    return request.session.request(
        request.http_method,
        str(request.path),
        content=None if body is None else _encoded(body),
        params=request.params,
        headers=headers,
        auth=request.auth,
    )


def _encoded(body: Any) -> bytes:
    """Return a body as JSON: rows to the last digit, or what a function is called with."""
    if isinstance(body, list):
        return encode_rows(body, (row.values() for row in body))
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _asked_of(query: Query) -> Callable[[Row], bool]:
    """Return whether a row has every column that the query names, as far as that can be told."""
    select = str(query.request.params.get("select", ""))
    if not select or '"' in select:
        return bool
    names = {
        part.partition("::")[0]
        for part in _EMBEDDED.sub("", select).split(",")
        if part and part != "*"
    }
    return lambda row: row.keys() >= names


@contextmanager
def read_as_asked(what: str) -> Iterator[None]:
    """Take rows that hold other kinds of values than were asked for for nobody's answer."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PermanentError(
            phrase(
                "what came as {what} is not what is asked for: is SUPABASE_URL right,"
                " and did somebody change what listing-sync keeps there?",
                what=what,
            ),
            service=Service.SUPABASE,
            category=Category.UNKNOWN,
        ) from error


def _json(response: httpx.Response, *, exact: bool = False) -> Any:
    """Return what an answer says, None where it is no JSON."""
    try:
        if exact:
            weigh(response.content, keeps_text=True)
            return decode(response.content.decode(), frames=2)
        return read_foreign_json(response.content)
    except TooHeavyError as error:
        raise UnfitAnswerError(str(error), request=response.request) from error
    except ValueError:
        return None


def _total(response: httpx.Response) -> int | None:
    """Return how many rows there are in all, where that was asked for.

    Source: docs of PostgREST, Pagination (Content-Range: 0-24/3573458).
    """
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if _COUNT.fullmatch(total) else None
