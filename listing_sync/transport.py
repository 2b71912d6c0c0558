"""HTTP for both services: an httpx client whose requests end by a total deadline.

httpx's own time-outs hold for one socket operation each, so a server that drips a byte a second
would hold a run for ever. Here every socket operation gets what is left of the deadline.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from listing_sync.certificates import tls_context
from listing_sync.language.sentences import phrase
from listing_sync.proxies import Proxy, proxy_for
from listing_sync.reachability import proxy_failure
from listing_sync.unpacking import ASKED_PACKING, UnaskedPackingError, unpacked

KEEPALIVE_S = 3.0
"""Servers close a connection idle for 5 s or more; reusing it just then would lose a request."""

GivesUp = Callable[[float], bool]
"""Whether an answer waited for so many seconds is no longer wanted: the run is stopped."""

OnHead = Callable[[Mapping[str, str], datetime, datetime], None]

LARGEST_ANSWER_BYTES = 96 * 1024 * 1024
"""As it comes and unpacked; seven times what ten thousand long listings take."""

LARGEST_ERROR_BYTES = 1024 * 1024
"""An answer that is no success holds a sentence, or a gateway's page."""

LARGEST_TOKEN_BYTES = 1024 * 1024

LARGEST_BYTES = "largest_bytes"
"""The extension of a request whose answer is smaller than the others of its client."""

_OF_PACKING = frozenset({b"content-encoding", b"content-length"})
"""Headers that are not true of what was unpacked here."""

_LOOK_S = 0.2
"""How often it is asked whether to give up."""

_current = threading.local()


class UnfitAnswerError(httpx.DecodingError):
    """An answer had no end in sight, or is packed as nobody asked: not read on, nor asked again."""


@contextmanager
def deadline(timeout_s: float) -> Iterator[None]:
    """Let every request of this thread inside the block end within `timeout_s` seconds in all.

    A block inside another ends with the outer one at the latest.
    """
    before = getattr(_current, "ends_at", None)
    ends_at = time.monotonic() + timeout_s
    _current.ends_at = ends_at if before is None else min(before, ends_at)
    try:
        yield
    finally:
        _current.ends_at = before


def _remaining(timeout_s: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    ends_at: float | None = getattr(_current, "ends_at", None)
    if ends_at is None:
        return timeout_s
    left_s = ends_at - time.monotonic()
    if left_s <= 0:
        raise error("the deadline of the request as a whole has passed")
    return left_s if timeout_s is None else min(timeout_s, left_s)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, gives_up: GivesUp | None) -> None:
        self._stream = stream
        self._gives_up = gives_up

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left_s = _remaining(timeout, httpcore.ReadTimeout)
        if self._gives_up is None or left_s is None:
            return self._stream.read(max_bytes, left_s)
        waited_s = 0.0
        while True:
            step_s = min(left_s - waited_s, _LOOK_S)
            try:
                return self._stream.read(max_bytes, step_s)
            except httpcore.ReadTimeout:
                waited_s += step_s
                if waited_s >= left_s or self._gives_up(waited_s):
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left_s = _remaining(timeout, httpcore.ConnectTimeout)
        tls = self._stream.start_tls(ssl_context, server_hostname, left_s)
        return _Stream(tls, self._gives_up)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def __init__(self, gives_up: GivesUp | None) -> None:
        self._gives_up = gives_up

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left_s = _remaining(timeout, httpcore.ConnectTimeout)
        stream = super().connect_tcp(host, port, left_s, local_address, socket_options)
        return _Stream(stream, self._gives_up)


@contextmanager
def _as_httpx_errors(request: httpx.Request, proxy: Proxy | None) -> Iterator[None]:
    try:
        yield
    except httpcore.ProxyError as error:
        status = re.match(r"[0-9]{3}", str(error))
        raise proxy_failure(int(status[0]) if status else 0, request, proxy) from error
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
        # httpcore and httpx name their errors alike.
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error), request=request) from error


class _Body(httpx.SyncByteStream):
    """What an answer says, unpacked; not read beyond `largest_bytes` as it comes or unpacked."""

    def __init__(
        self,
        request: httpx.Request,
        proxy: Proxy | None,
        response: httpcore.Response,
        received: Callable[[int], None],
        largest_bytes: int,
    ) -> None:
        self._request = request
        self._proxy = proxy
        self._response = response
        self._received = received
        self._largest_bytes = largest_bytes

    def __iter__(self) -> Iterator[bytes]:
        encoding = httpx.Headers(self._response.headers).get("content-encoding", "")
        try:
            # Packed bytes without an end may unpack to nothing: both sides are bounded.
            yield from self._bounded(unpacked(encoding, self._as_it_comes()))
        except UnaskedPackingError as error:
            raise UnfitAnswerError(
                phrase("{answer}: {why}", answer=self._named(), why=error), request=self._request
            ) from error
        except ValueError as error:
            raise httpx.DecodingError(
                phrase("{answer}: {why}", answer=self._named(), why=error), request=self._request
            ) from error

    def _as_it_comes(self) -> Iterator[bytes]:
        with _as_httpx_errors(self._request, self._proxy):
            for part in self._bounded(self._response.iter_stream()):
                self._received(len(part))
                yield part

    def _bounded(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        size = 0
        for part in parts:
            size += len(part)
            if size > self._largest_bytes:
                raise UnfitAnswerError(
                    phrase(
                        "{answer} is larger than {most} MiB",
                        answer=self._named(),
                        most=self._largest_bytes // (1024 * 1024),
                    ),
                    request=self._request,
                )
            yield part

    def _named(self) -> str:
        return phrase("the answer (HTTP {status})", status=self._response.status)

    def close(self) -> None:
        self._response.close()


class DeadlineTransport(httpx.BaseTransport):
    """HTTP/1.1 over pools of connections, under the deadline of the calling thread.

    `on_bytes` is told the size of what is sent and received (bodies, as on the wire), `on_received`
    of what is received, `on_head` the head of each answer and when, by this machine's clock, the
    request began and the head came. No answer is read beyond `largest_bytes`.
    The proxy of each host asked is taken from the environment, as httpx does without an own
    transport; what speaks of this machine itself (link-local metadata servers) has none.
    """

    def __init__(
        self,
        *,
        connections: int,
        on_bytes: Callable[[int], None],
        on_received: Callable[[int], None] | None = None,
        gives_up: GivesUp | None = None,
        largest_bytes: int = LARGEST_ANSWER_BYTES,
        on_head: OnHead | None = None,
    ) -> None:
        self._on_bytes = on_bytes
        self._on_head = on_head
        self._largest_bytes = largest_bytes
        self._on_received = on_received
        self._connections = connections
        self._gives_up = gives_up
        self._pools: dict[tuple[Proxy | None, bool], httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def _pool(self, proxy: Proxy | None, *, is_tls: bool) -> httpcore.ConnectionPool:
        with self._lock:
            pool = self._pools.get((proxy, is_tls))
            if pool is None:
                pool = self._pools[proxy, is_tls] = self._new_pool(proxy, is_tls=is_tls)
            return pool

    def _new_pool(self, proxy: Proxy | None, *, is_tls: bool) -> httpcore.ConnectionPool:
        # A local server never needs the context, which takes 30 ms to build.
        context = tls_context() if is_tls else None
        common: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": self._connections,
            "keepalive_expiry": KEEPALIVE_S,
            "network_backend": _Backend(self._gives_up),
        }
        if proxy is None:
            return httpcore.ConnectionPool(**common)
        return httpcore.HTTPProxy(
            proxy.address,
            proxy_auth=proxy.credentials_as_bytes,
            proxy_ssl_context=tls_context() if proxy.scheme == "https" else None,
            **common,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; errors are httpx's."""
        body = request.read()
        self._on_bytes(len(body))
        headers = request.headers.copy()
        headers["Accept-Encoding"] = ASKED_PACKING
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=headers.raw,
            content=body,
            extensions=request.extensions,
        )
        url = request.url
        proxy = proxy_for(url.scheme, url.host, url.port)
        sent_at = _now()
        with _as_httpx_errors(request, proxy):
            response = self._pool(proxy, is_tls=url.scheme == "https").handle_request(sent)
        self._tell_head(response, sent_at)
        if proxy and response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            response.close()
            raise proxy_failure(response.status, request, proxy)
        largest_bytes = request.extensions.get(LARGEST_BYTES, self._largest_bytes)
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            largest_bytes = min(largest_bytes, LARGEST_ERROR_BYTES)
        return httpx.Response(
            status_code=response.status,
            headers=[head for head in response.headers if head[0].lower() not in _OF_PACKING],
            stream=_Body(request, proxy, response, self._received, largest_bytes),
            extensions=response.extensions,
        )

    def _tell_head(self, response: httpcore.Response, sent: datetime) -> None:
        if self._on_head is not None:
            self._on_head(httpx.Headers(response.headers), sent, _now())

    def _received(self, count: int) -> None:
        self._on_bytes(count)
        if self._on_received is not None:
            self._on_received(count)

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()


class _Client(httpx.Client):
    """Lets an answer go, and the request with it, once nobody holds it.

    httpx ties each to its own stream. A run makes so few objects that can form cycles that Python
    would look for them but rarely, and hold a hundred answers meanwhile.
    """

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        response = super().send(request, **options)
        if response.is_closed:
            response.stream = httpx.ByteStream(b"")
        return response


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def build_client(
    *,
    timeout_s: float,
    connections: int,
    on_bytes: Callable[[int], None],
    on_received: Callable[[int], None] | None = None,
    connect_timeout_s: float | None = None,
    gives_up: GivesUp | None = None,
    largest_bytes: int = LARGEST_ANSWER_BYTES,
    on_head: OnHead | None = None,
) -> httpx.Client:
    """Return a client that follows no redirect and keeps no cookie.

    `timeout_s` bounds each socket operation, `largest_bytes` each answer.
    """
    return _Client(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        transport=DeadlineTransport(
            connections=connections,
            on_bytes=on_bytes,
            on_received=on_received,
            gives_up=gives_up,
            largest_bytes=largest_bytes,
            on_head=on_head,
        ),
        timeout=httpx.Timeout(timeout_s, connect=connect_timeout_s or timeout_s),
        follow_redirects=False,
    )


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the wait that a Retry-After header asks for, as seconds or as a date; else None.

    Source: RFC 9110 section 10.2.3.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
