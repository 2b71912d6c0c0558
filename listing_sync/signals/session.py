"""Make the session in which one message is posted: no cookies, no netrc, the proxies of all."""

from __future__ import annotations

from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit

from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter

from listing_sync.certificates import tls_context
from listing_sync.proxies import Proxy, proxy_for


def session_for(url: str) -> Session:
    """Return a session that asks as every service is asked, whatever requests would do itself.

    Raises:
        ValueError: a variable of the environment names no proxy, or no certificates.
    """
    session = Session()
    session.trust_env = False
    session.auth = _as_it_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    parts = urlsplit(url)
    if proxy := _proxy_of(url):
        session.proxies = {parts.scheme: _address(proxy)}
    if parts.scheme == "https":
        session.mount("https://", _Adapter())
    return session


def refusal_of_proxy(url: str, http_status: int) -> str | None:
    """Return what to do about a proxy that wants a password; None: it is not the proxy's answer."""
    proxy = _proxy_of(url)
    if proxy is None or http_status != HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return None
    if proxy.credentials:
        return f"the proxy {proxy.address} does not take the user and password in {proxy.variable}"
    return (
        f"the proxy {proxy.address} wants user and password (HTTP 407): write"
        f" http://user:password@host:port in {proxy.variable}"
    )


class _Adapter(HTTPAdapter):
    """Trusts what every other connection trusts, and nothing besides."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=tls_context(), **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=tls_context(), **options)

    def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:  # noqa: ARG002
        conn.cert_reqs = "CERT_REQUIRED"


def _proxy_of(url: str) -> Proxy | None:
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
