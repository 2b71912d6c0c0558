"""Do by httpx, under a total deadline, what googleapiclient and google-auth ask of httplib2.

httplib2 knows no deadline, refuses well-compressed answers above 10 MiB (DecodeRatioError), and
takes as long to import as a small sync.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import httpx

from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.google_account import GoogleAccount, SignInKind
from listing_sync.sheets.google_sign_in_errors import no_metadata_server
from listing_sync.transport import (
    LARGEST_ANSWER_BYTES,
    LARGEST_BYTES,
    LARGEST_TOKEN_BYTES,
    GivesUp,
    OnHead,
    build_client,
    deadline,
)

if TYPE_CHECKING:
    from googleapiclient.errors import HttpError

RETRYABLE_STATUSES = frozenset({408, 409, 425, 429, 499}) | frozenset(range(500, 600))


_METADATA_S = 3.0
"""How long a machine of Google's may take to say that it is one."""


class Head(dict[str, str]):
    """The head of an answer: its headers, whose names are in small letters, and its status."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.headers)
        self.status = answer.status_code
        self.reason = answer.reason_phrase


class GoogleHttp:
    """Looks like httplib2.Http; follows no redirect.

    A status that another try may mend is raised as HttpError here already: google-auth would sleep
    and try again by itself.
    """

    def __init__(
        self,
        client: httpx.Client,
        timeout: httpx.Timeout | None = None,
        largest_bytes: int = LARGEST_ANSWER_BYTES,
    ) -> None:
        self._client = client
        self._extensions = {LARGEST_BYTES: largest_bytes}
        self._timeout = timeout or client.timeout

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,  # noqa: ARG002 - httplib2's signature
        connection_type: object = None,  # noqa: ARG002 - httplib2's signature
    ) -> tuple[Head, bytes]:
        """Send one request; return its answer's head and its body, decompressed."""
        answer = self._client.request(
            method,
            uri,
            content=body,
            headers=headers,
            timeout=self._timeout,
            extensions=self._extensions,
        )
        head = Head(answer)
        if answer.status_code in RETRYABLE_STATUSES:
            raise refusal(head, answer.content)
        return head, answer.content

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


def refusal(head: Head, content: bytes) -> HttpError:
    """Return the error of an answer that is no success; it reads its body at once, to any depth."""
    from googleapiclient.errors import HttpError  # noqa: PLC0415 - heavy

    try:
        return HttpError(head, content)
    except RecursionError:
        return HttpError(head, b"")


@dataclass(frozen=True, slots=True)
class _TokenAnswer:
    """What google-auth looks at; its headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class TokenRequest:
    """Sends what google-auth asks while it gets a token, each within `most_s` seconds in all."""

    def __init__(self, http: GoogleHttp, most_s: float) -> None:
        self._http = http
        self._most_s = most_s

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> _TokenAnswer:
        """Send one request; a status that another try may mend is raised."""
        with deadline(min(timeout or self._most_s, self._most_s)):
            head, content = self._http.request(
                url.replace(*_PLAIN_METADATA, 1), method, body, headers
            )
        return _TokenAnswer(head.status, head, content)


_PLAIN_METADATA = ("https://metadata.google.internal/", "http://metadata.google.internal/")
"""google-auth prefers TLS where the machine has a client's certificate; plain is there as well."""


class AuthorizedGoogleHttp(GoogleHttp):
    """Adds the token; google-auth's own AuthorizedHttp would start a thread that asks an IAM host.

    That thread ("regional access boundary") starts in Credentials.before_request, and in it alone.
    """

    def __init__(self, client: httpx.Client, account: GoogleAccount) -> None:
        super().__init__(client)
        self.account = account
        self._credentials = account.credentials

    @property
    def has_token(self) -> bool:
        """Say whether the token is there and good for some minutes."""
        return bool(self._credentials.valid)

    def fetch_token(self) -> None:
        """Get a token, by as many requests as the kind of sign-in needs."""
        from google.auth.exceptions import GoogleAuthError, RefreshError  # noqa: PLC0415 - heavy

        # A token needs nothing computed: what is enough to connect is enough for it.
        quick_s = self._timeout.connect or _METADATA_S
        http = GoogleHttp(self._client, httpx.Timeout(quick_s), LARGEST_TOKEN_BYTES)
        request = TokenRequest(http, quick_s)
        try:
            if self.account.kind is SignInKind.MACHINE:
                require_metadata_server(request)
            self._credentials.refresh(request)
        except GoogleAuthError:
            raise
        except OSError as error:  # the file of a subject token
            why = f"cannot read {error.filename}: {error.strerror}"
            raise RefreshError(why) from error  # type: ignore[no-untyped-call]  # google-auth is untyped
        except (
            AttributeError,
            TypeError,
            ValueError,
            KeyError,
            RecursionError,
        ) as error:  # of a 200 that is no JSON object
            raise RefreshError(str(error)) from error  # type: ignore[no-untyped-call]

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,
        connection_type: object = None,
    ) -> tuple[Head, bytes]:
        """Send one request with the token."""
        authorized = dict(headers or {})
        self._credentials.apply(authorized)
        return super().request(uri, method, body, authorized, redirections, connection_type)


def require_metadata_server(request: TokenRequest, within_s: float = _METADATA_S) -> None:
    """Raise unless one answers at its address, before any name is looked up."""
    from google.auth.compute_engine import _metadata  # noqa: PLC0415 - heavy

    try:
        is_there = _metadata.ping(request, timeout=within_s, retry_count=1)  # type: ignore[no-untyped-call]
    except httpx.TransportError:
        is_there = False
    if not is_there:
        raise no_metadata_server()


def connect(
    account: GoogleAccount,
    *,
    timeout_s: float,
    on_bytes: Callable[[int], None],
    on_received: Callable[[int], None] | None = None,
    connect_timeout_s: float | None = None,
    gives_up: GivesUp | None = None,
    on_head: OnHead | None = None,
) -> AuthorizedGoogleHttp:
    """Return the HTTP object of one process; connections are made when needed."""
    client = build_client(
        timeout_s=timeout_s,
        connections=2,
        on_bytes=on_bytes,
        on_received=on_received,
        connect_timeout_s=connect_timeout_s,
        gives_up=gives_up,
        on_head=on_head,
    )
    return AuthorizedGoogleHttp(client, account)
