"""Say what came between this machine and a host, and what a person looks at."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from socket import gaierror
from ssl import SSLCertVerificationError

import httpx

from listing_sync.language.sentences import marked, phrase, spoken
from listing_sync.proxies import WANTS_PASSWORD, Proxy, makes_no_connection, proxy_for

# Source: OpenSSL, X509_STORE_CTX_get_error(3).
_NOT_YET, _EXPIRED = 9, 10
_OUT_OF_TIME = {
    _NOT_YET: marked(
        "the certificate of {way} is not valid yet: compare `date -u` with the real time; where"
        " this machine's clock is right, whoever runs that host has to renew it"
    ),
    _EXPIRED: marked(
        "the certificate of {way} has expired: compare `date -u` with the real time; where this"
        " machine's clock is right, whoever runs that host has to renew it"
    ),
}


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
        host = error.request.url.host
    except RuntimeError:  # it was raised without one
        return phrase("the server")
    proxy = _proxy_of(error)
    if proxy is None:
        return host
    return phrase(
        "{host} through the proxy {address} ({variable})",
        host=host,
        address=proxy.address,
        variable=proxy.variable,
    )


def what_to_check(error: httpx.RequestError, setting: str) -> str:
    """Return what a person looks at when a host cannot be reached that `setting` names."""
    if proxy := _proxy_of(error):
        return phrase(
            "check {variable} and NO_PROXY, that the proxy runs, and {setting}",
            variable=proxy.variable,
            setting=setting,
        )
    return phrase(
        "check {setting}, and this machine's network and DNS (or its HTTPS_PROXY)", setting=setting
    )


def _proxy_of(error: httpx.RequestError) -> Proxy | None:
    try:
        url = error.request.url
        return proxy_for(url.scheme, url.host, url.port)
    except (RuntimeError, ValueError):
        return None


def unresolved(error: httpx.RequestError, words: str) -> str | None:
    """Return that the name of a host has no address, `words` being the resolver's own.

    None: it has one, or was not looked up.
    """
    if not any(isinstance(cause, gaierror) for cause in _causes(error)):
        return None
    values = {"way": way_to(error), "why": words}
    if _proxy_of(error):
        return phrase("cannot reach {way}: the proxy's name does not resolve ({why})", **values)
    return phrase("cannot reach {way}: the name does not resolve ({why})", **values)


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
    words = next((_OUT_OF_TIME[code] for code in codes if code in _OUT_OF_TIME), None)
    return None if words is None else spoken(words, way=way_to(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
