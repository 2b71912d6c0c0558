"""What googleapiclient and google-auth ask of httplib2, done by httpx under a total deadline.

httplib2 knows no deadline, and refuses well-compressed answers above 10 MiB (DecodeRatioError).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from listing_sync.transport import GivesUp, build_client

if TYPE_CHECKING:
    import httplib2

RETRYABLE_STATUSES = frozenset({408, 409, 425, 429, 499}) | frozenset(range(500, 600))


class GoogleHttp:
    """Looks like httplib2.Http; follows no redirect.

    A status that another try may mend is raised as HttpError here already: google-auth would sleep
    and try again by itself.
    """

    def __init__(self, client: httpx.Client, timeout: httpx.Timeout | None = None) -> None:
        self._client = client
        self._timeout = timeout or client.timeout

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,  # noqa: ARG002 - httplib2's signature
        connection_type: object = None,  # noqa: ARG002 - httplib2's signature
    ) -> tuple[httplib2.Response, bytes]:
        """Send one request; return its answer's head and its body, decompressed."""
        import httplib2  # noqa: PLC0415 - heavy

        answer = self._client.request(
            method, uri, content=body, headers=headers, timeout=self._timeout
        )
        head = httplib2.Response({"status": str(answer.status_code), **answer.headers})
        head.reason = answer.reason_phrase
        if answer.status_code in RETRYABLE_STATUSES:
            from googleapiclient.errors import HttpError  # noqa: PLC0415 - heavy

            raise HttpError(head, answer.content)
        return head, answer.content

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


class AuthorizedGoogleHttp(GoogleHttp):
    """Adds the token; google-auth's own AuthorizedHttp would start a thread that asks an IAM host.

    That thread ("regional access boundary") starts in Credentials.before_request, and in it alone.
    """

    def __init__(self, client: httpx.Client, credentials: Any) -> None:
        super().__init__(client)
        self._credentials = credentials

    @property
    def has_token(self) -> bool:
        """Say whether the token is there and good for some minutes."""
        return bool(self._credentials.valid)

    def fetch_token(self) -> None:
        """Ask the token endpoint for a token."""
        from google.auth.exceptions import RefreshError  # noqa: PLC0415 - heavy
        from google_auth_httplib2 import Request  # noqa: PLC0415 - heavy

        try:
            # A token needs nothing computed: what is enough to connect is enough for it.
            quick = httpx.Timeout(self._timeout.connect)
            self._credentials.refresh(Request(GoogleHttp(self._client, quick)))
        except TypeError as error:  # what google-auth makes of a 200 that is no JSON object
            raise RefreshError(str(error)) from error  # type: ignore[no-untyped-call]  # google-auth is untyped

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,
        connection_type: object = None,
    ) -> tuple[httplib2.Response, bytes]:
        """Send one request with the token."""
        authorized = dict(headers or {})
        self._credentials.apply(authorized)
        return super().request(uri, method, body, authorized, redirections, connection_type)


def connect(
    credentials: Any,
    *,
    timeout_s: float,
    on_bytes: Callable[[int], None],
    connect_timeout_s: float | None = None,
    gives_up: GivesUp | None = None,
) -> AuthorizedGoogleHttp:
    """Return the HTTP object of one process; connections are made when needed."""
    client = build_client(
        timeout_s=timeout_s,
        connections=2,
        on_bytes=on_bytes,
        connect_timeout_s=connect_timeout_s,
        gives_up=gives_up,
    )
    return AuthorizedGoogleHttp(client, credentials)
