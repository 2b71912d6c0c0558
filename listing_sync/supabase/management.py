"""Run SQL over Supabase's Management API, one statement a call.

Source: Supabase "Management API", POST /v1/projects/{ref}/database/query. It answers 201; several
statements in one call are refused by some of its versions (42601).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.cells.listings import Value
from listing_sync.errors import (
    Category,
    PermanentError,
    RemoteError,
    Service,
    SettingsError,
    TransientError,
)
from listing_sync.language.sentences import marked, phrase, spoken
from listing_sync.reachability import (
    ProxyRefusedError,
    is_certificate_failure,
    way_to,
    what_to_check,
)
from listing_sync.redaction import REDACTED
from listing_sync.transport import UnfitAnswerError, build_client, deadline, retry_after_s

if TYPE_CHECKING:
    from listing_sync.supabase.rest import Call

_OK = frozenset({200, 201})
_TOO_MANY = 429
_CONNECT_TIMEOUT_S = 10.0
_LARGEST_BYTES = 16 * 1024 * 1024
"""What is asked for is about tables and columns, never their rows."""
_BLOCKED_S = 60.0
"""How long a caller over the limit is blocked, when the answer does not say."""
_LONGEST_SECONDS = 600
_EPOCH_SECONDS = 1_000_000_000
_REF = re.compile(r"[a-z0-9-]{6,40}")
_SQLSTATE = re.compile(r"ERROR:\s+([0-9A-Z]{5}):\s*(.*)", re.DOTALL)
_ADVICE = {
    401: marked(
        "SUPABASE_ACCESS_TOKEN is not accepted: make a new one at"
        " https://supabase.com/dashboard/account/tokens"
    ),
    403: marked(
        "the account of SUPABASE_ACCESS_TOKEN may not run SQL in this project: use a token of a"
        " member with the role Developer or above, with the permission database_write"
    ),
    404: marked("there is no such project for SUPABASE_ACCESS_TOKEN: check SUPABASE_PROJECT_REF"),
    540: marked("the project is paused: restore it at https://supabase.com/dashboard"),
}


def project_ref(supabase_url: str, given: str | None) -> str:
    """Return the project's reference: as given, else the first label of its URL.

    Raises:
        SettingsError: neither has one.
    """
    host = urlsplit(supabase_url).hostname or ""
    in_url = host.split(".")[0] if host.endswith((".supabase.co", ".supabase.in")) else ""
    ref = given or in_url
    if not _REF.fullmatch(ref):
        problem = (
            "SUPABASE_PROJECT_REF: required: SUPABASE_URL does not contain the"
            " project's reference (Settings > General > Project ID)"
        )
        raise SettingsError((problem,))
    return ref


class ManagementApi:
    """ports.Database over the Management API; `call` is a guard of its own.

    Args:
        base_url: without /v1.
        ref: the project's reference.
        token: a personal access token (sbp_...).
        timeout_s: for connecting and for each wait for the answer.
        call: Guard.call.
        now: for a Retry-After that is a date.
        http: as `build_client` makes it, which is the default.

    Raises:
        SettingsError: the token cannot be one.
    """

    way = marked("the Management API (SUPABASE_ACCESS_TOKEN)")

    def __init__(
        self,
        base_url: str,
        ref: str,
        token: str,
        *,
        timeout_s: float,
        call: Call,
        now: Callable[[], datetime],
        http: httpx.Client | None = None,
    ) -> None:
        self._url = f"{base_url}/v1/projects/{ref}/database/query"
        if not token.isascii() or not token.isprintable() or " " in token:
            raise SettingsError(
                ("SUPABASE_ACCESS_TOKEN: holds a character that no token has; copy it again",)
            )
        self._token = token
        self._timeout_s = timeout_s
        self._http = http or build_client(
            timeout_s=timeout_s,
            connections=1,
            on_bytes=lambda _: None,
            connect_timeout_s=min(timeout_s, _CONNECT_TIMEOUT_S),
            largest_bytes=_LARGEST_BYTES,
        )
        self._call = call
        self._now = now

    def query(self, statement: str) -> Sequence[Mapping[str, Value]]:
        """Return the rows of one statement."""
        return self._call(lambda: self._send(statement), "running SQL")

    def apply(self, statements: Sequence[str]) -> None:
        """Run statements in order, each by itself; what was run before a failure stays."""
        for statement in statements:
            self.query(statement)

    def _send(self, statement: str) -> Sequence[Mapping[str, Value]]:
        try:
            with deadline(self._timeout_s):
                response = self._http.post(
                    self._url,
                    json={"query": statement},
                    # Statements are few and far between: none waits for an open connection.
                    headers={"Authorization": f"Bearer {self._token}", "Connection": "close"},
                )
        except httpx.RequestError as error:
            raise _failure_on_the_way(error) from None
        if response.status_code not in _OK:
            raise self._refused(response)
        try:
            rows = read_foreign_json(response.content)
        except ValueError:
            rows = None
        if not isinstance(rows, list):
            raise _failure(
                "it answered with something else than rows: check SUPABASE_MANAGEMENT_URL",
                Category.UNKNOWN,
                response.status_code,
            )
        return rows

    def _refused(self, response: httpx.Response) -> RemoteError:
        status = response.status_code
        if status == _TOO_MANY:
            return TransientError(
                phrase("the Management API takes no more requests for the moment"),
                service=Service.SUPABASE,
                category=Category.RATE_LIMIT,
                http_status=status,
                retry_after_s=wait_asked_for(response.headers, self._now()),
            )
        if status in _ADVICE:
            return _failure(spoken(_ADVICE[status]), Category.UNKNOWN, status)
        if status >= 500 or status == 408:  # noqa: PLR2004 - server errors, time-out
            return TransientError(
                phrase("the Management API failed (HTTP {status})", status=status),
                service=Service.SUPABASE,
                category=Category.NETWORK,
                http_status=status,
            )
        message = _message(response).replace(self._token, REDACTED)
        found = _SQLSTATE.search(message)
        if found:
            return _failure(
                phrase("PostgreSQL refused the SQL: {message}", message=found[2].strip()),
                Category.DATABASE,
                status,
                found[1],
            )
        return _failure(message or phrase("no reason given"), Category.UNKNOWN, status)


def wait_asked_for(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds to wait after a 429: Retry-After, else x-ratelimit-reset, else a minute.

    The unit of x-ratelimit-reset is not documented: a small number is read as seconds, a larger
    one as milliseconds, a very large one as a moment since 1970.
    """
    asked_s = retry_after_s(headers.get("Retry-After"), now)
    if asked_s is not None:
        return asked_s
    reset = headers.get("x-ratelimit-reset", "").strip()
    if not reset.isdecimal():
        return _BLOCKED_S
    value = float(reset)
    if value <= _LONGEST_SECONDS:
        return value
    if value < _EPOCH_SECONDS:
        return value / 1000
    moment_s = value if value < _EPOCH_SECONDS * 1000 else value / 1000
    return max(0.0, moment_s - now.timestamp())


def _failure_on_the_way(error: httpx.RequestError) -> RemoteError:
    if isinstance(error, ProxyRefusedError | UnfitAnswerError):
        return _failure(str(error), Category.NETWORK)
    if is_certificate_failure(error):
        return _failure(
            phrase("the certificate of {way} is not trusted", way=way_to(error)), Category.NETWORK
        )
    check = what_to_check(error, "SUPABASE_MANAGEMENT_URL")
    return TransientError(
        phrase(
            "the Management API does not answer ({way}, {error}): {check}",
            way=way_to(error),
            error=type(error).__name__,
            check=check,
        ),
        service=Service.SUPABASE,
        category=Category.NETWORK,
    )


def _message(response: httpx.Response) -> str:
    try:
        body = read_foreign_json(response.content)
    except ValueError:
        return ""
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else ""


def _failure(
    reason: str, category: Category, http_status: int | None = None, code: str | None = None
) -> PermanentError:
    status = f" (HTTP {http_status})" if http_status else ""
    return PermanentError(
        phrase("the Management API{status}: {reason}", status=status, reason=reason),
        service=Service.SUPABASE,
        category=category,
        http_status=http_status,
        code=code,
    )
