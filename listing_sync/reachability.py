"""Say what came between this machine and a host, and what a person looks at."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from socket import gaierror
from ssl import SSLCertVerificationError

import httpx

from listing_sync.proxies import WANTS_PASSWORD, Proxy, makes_no_connection, proxy_for

# Source: OpenSSL, X509_STORE_CTX_get_error(3).
_OUT_OF_TIME = {9: "is not valid yet", 10: "has expired"}


class ProxyRefusedError(httpx.ProxyError):
    """The proxy lets the request not pass, and will not the next time; its text says what to do."""


def proxy_failure(
    http_status: int, request: httpx.Request, proxy: Proxy | None
) -> httpx.ProxyError:
    """Return what a proxy means that made no way to the host."""
    if proxy and http_status in WANTS_PASSWORD:
        return ProxyRefusedError(proxy.way_past(http_status), request=request)
    text = makes_no_connection(proxy.address if proxy else "on the way", http_status)
    is_final = http_status == HTTPStatus.FORBIDDEN
    return (ProxyRefusedError if is_final else httpx.ProxyError)(text, request=request)


def way_to(error: httpx.RequestError) -> str:
    """Return which host was asked, and through which proxy: what every message names."""
    try:
        url = error.request.url
        proxy = proxy_for(url.scheme, url.host, url.port)
    except (RuntimeError, ValueError):  # it was raised without one
        return "the server"
    return url.host + (f" through the proxy {proxy.address} ({proxy.variable})" if proxy else "")


def what_to_check(error: httpx.RequestError, setting: str) -> str:
    """Return what a person looks at when a host cannot be reached that `setting` names."""
    try:
        url = error.request.url
        proxy = proxy_for(url.scheme, url.host, url.port)
    except (RuntimeError, ValueError):
        proxy = None
    if proxy:
        return f"check {proxy.variable} and NO_PROXY, that the proxy runs, and {setting}"
    return f"check {setting}, and this machine's network and DNS (or its HTTPS_PROXY)"


def unresolved(error: httpx.RequestError, words: str) -> str | None:
    """Return that the name of a host has no address, `words` being the resolver's own.

    None: it has one, or was not looked up.
    """
    if not any(isinstance(cause, gaierror) for cause in _causes(error)):
        return None
    way = way_to(error)
    whose = "the proxy's name" if " through the proxy " in way else "the name"
    return f"cannot reach {way}: {whose} does not resolve ({words})"


def is_certificate_failure(error: BaseException) -> bool:
    """Say whether a connection failed because the server's certificate is not trusted."""
    return any(isinstance(cause, SSLCertVerificationError) for cause in _causes(error))


def out_of_time(error: httpx.RequestError) -> str | None:
    """Return that a host's certificate is not of today, and what helps; None: that is not it."""
    codes = (
        getattr(cause, "verify_code", None)  # OpenSSL sets it, no constructor does
        for cause in _causes(error)
        if isinstance(cause, SSLCertVerificationError)
    )
    what = next((_OUT_OF_TIME[code] for code in codes if code in _OUT_OF_TIME), None)
    if what is None:
        return None
    return (
        f"the certificate of {way_to(error)} {what}: compare `date -u` with the real time; where"
        " this machine's clock is right, whoever runs that host has to renew it"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
