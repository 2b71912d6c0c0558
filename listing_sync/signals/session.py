"""Make the session in which one message is posted: no cookies, no netrc, the proxies of all."""

from __future__ import annotations

import re
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit

from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter

from listing_sync.certificates import tls_context
from listing_sync.proxies import WANTS_PASSWORD, Proxy, makes_no_connection, proxy_for

_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")


def session_for(url: str, proxy: Proxy | None) -> Session:
    """Return a session that asks as every service is asked, whatever requests would do itself.

    Raises:
        ValueError: a variable of the environment names no certificates.
    """
    session = Session()
    prepare(session, url, proxy)
    return session


def prepare(session: Session, url: str, proxy: Proxy | None, *, verifies: bool = True) -> None:
    """Let a session ask an address as every service is asked; not `verifies`: whoever answers.

    Raises:
        ValueError: a variable of the environment names no certificates.
    """
    session.trust_env = False
    session.auth = _as_it_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = verifies
    scheme = urlsplit(url).scheme
    if proxy:
        session.proxies = {scheme: _address(proxy)}
    if scheme == "https" and verifies:
        session.mount("https://", _Adapter())


def refusal_of_proxy(proxy: Proxy | None, answered: int | None, refused: str) -> str | None:
    """Return what a proxy means that lets a message not pass; None: it is not the proxy's doing.

    `answered` is the HTTP status of an answer, `refused` what urllib3 says of a tunnel, whose
    status stands in its words alone.
    """
    found = _TUNNEL.search(refused)
    http_status = int(found[1]) if found else answered
    is_its_own = http_status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    if proxy and http_status and (is_its_own or (found and http_status in WANTS_PASSWORD)):
        return proxy.way_past(http_status)
    if proxy and found and http_status == HTTPStatus.FORBIDDEN:
        return makes_no_connection(proxy.address, http_status)
    return None


class _Adapter(HTTPAdapter):
    """Trusts what every other connection trusts, and nothing besides."""

    def __init__(self) -> None:
        self._context = tls_context()
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)

    def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:  # noqa: ARG002
        conn.cert_reqs = "CERT_REQUIRED"


def proxy_of(url: str) -> Proxy | None:
    """Return the proxy through which an address is asked.

    Raises:
        ValueError: a variable of the environment names none, or the address is none.
    """
    parts = urlsplit(url)
    return proxy_for(parts.scheme, parts.hostname or "", parts.port)


def _address(proxy: Proxy) -> str:
    if proxy.credentials is None:
        return proxy.address
    user, password = (quote(part, safe="") for part in proxy.credentials)
    return proxy.address.replace("://", f"://{user}:{password}@", 1)


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """Add no credentials; without an `auth`, requests takes those of ~/.netrc."""
    return request
