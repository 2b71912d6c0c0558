"""A loopback proxy before any HTTP service that makes chosen requests go wrong."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

from tests.stack.loopback import Answer, LoopbackServer, Request, Wire

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_UPSTREAM_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Respond:
    """Send this answer instead; with `after_forwarding` the service has done its work."""

    answer: Answer
    after_forwarding: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait before forwarding, then do `then`, or forward as usual."""

    seconds: float
    then: Fault | None = None


@dataclass(frozen=True, slots=True)
class Drip:
    """Send the service's answer, or only its body, `size_bytes` at a time with pauses."""

    size_bytes: int
    pause_s: float
    head_too: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without an answer; with `after_forwarding` the work was done."""

    after_forwarding: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """As Drop, but with a TCP reset."""

    after_forwarding: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """Send the service's head and only the first `keep_bytes` of its body, then close."""

    keep_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """Say by `came` that the request is here, and close without an answer on `release`.

    With `after_forwarding` the service has done its work by then.
    """

    came: threading.Event
    release: threading.Event
    after_forwarding: bool = False


Fault = Respond | Delay | Drip | Drop | Reset | Truncate | Hold
Schedule = Callable[[int, str, str], Fault | None]
"""Called with the number of the request (from 0), its method and its target (path and query)."""


def status(code: int, body: str = "", **headers: str) -> Respond:
    """Return the fault of being answered `code`; headers as retry_after="3"."""
    named = tuple((name.replace("_", "-").title(), value) for name, value in headers.items())
    return Respond(Answer(code, named, body.encode()))


def html(code: int = 200) -> Respond:
    """Return the fault of a page where JSON was asked for, as gateways and hotspots send it."""
    page = b"<!DOCTYPE html><html><head><title>Bad</title></head><body>Bad</body></html>"
    return Respond(Answer(code, (("Content-Type", "text/html"),), page))


def redirect(code: int, location: str) -> Respond:
    """Return the fault of being sent elsewhere."""
    return Respond(Answer(code, (("Location", location),)))


@dataclass(frozen=True, slots=True)
class Proxied:
    """One request: what was done to it, what status the service gave (None: it was not asked)."""

    request: Request
    fault: Fault | None
    upstream_status: int | None


class ChaosProxy(LoopbackServer):
    """Forwards to `upstream`, a base URL, with the faults of `schedule`.

    Attributes:
        schedule: may be changed at any time; None: no faults.
        log: every request that is over, in the order of their ends.
    """

    def __init__(self, upstream: str, schedule: Schedule | None = None) -> None:
        super().__init__()
        self.schedule = schedule
        self.log: list[Proxied] = []
        self._address = (urlsplit(upstream).hostname or "", urlsplit(upstream).port or 80)
        self._count = itertools.count()
        self._ended = threading.Event()

    @property
    def requests(self) -> list[Request]:
        """Every request that is over, by time of arrival."""
        return sorted((each.request for each in self.log), key=lambda request: request.at)

    def serve(self, request: Request, wire: Wire) -> None:
        """Forward one request, or do to it what the schedule says."""
        index = next(self._count)
        fault = self.schedule(index, request.method, request.target) if self.schedule else None
        status_code = None
        try:
            status_code = self._do(fault, request, wire)
        finally:
            self.log.append(Proxied(request, fault, status_code))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        super().__exit__(exc_type, exc, traceback)

    def _do(self, fault: Fault | None, request: Request, wire: Wire) -> int | None:
        """Return the status of the service, None when it was not asked."""
        if isinstance(fault, Delay):
            if self._ended.wait(fault.seconds):
                wire.close()
                return None
            return self._do(fault.then, request, wire)
        if isinstance(fault, Drop | Reset | Respond | Hold) and not fault.after_forwarding:
            _end(fault, wire)
            return None
        upstream = self._forward(request)
        match fault:
            case Truncate(keep_bytes):
                wire.connection.sendall(upstream.head() + upstream.body[:keep_bytes])
                wire.close()
            case Drip():
                self._drip(fault, upstream, wire)
            case None:
                wire.send(upstream)
            case _:
                _end(fault, wire)
        return upstream.status

    def _forward(self, request: Request) -> Answer:
        # a connection each: one that the service closed meanwhile would look like a fault
        connection = http.client.HTTPConnection(*self._address, timeout=_UPSTREAM_TIMEOUT_S)
        headers = {k: v for k, v in request.headers.items() if k not in _HOP_BY_HOP}
        try:
            connection.request(request.method, request.target, request.body or None, headers)
            answer = connection.getresponse()
            kept = tuple((k, v) for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP)
            return Answer(answer.status, kept, answer.read())
        except (OSError, http.client.HTTPException):
            return Answer(502, (("Content-Type", "text/plain"),), b"upstream is gone")
        finally:
            connection.close()

    def _drip(self, fault: Drip, answer: Answer, wire: Wire) -> None:
        sent_at_once, dripped = b"", answer.head() + answer.body
        if not fault.head_too:
            sent_at_once, dripped = answer.head(), answer.body
        wire.connection.sendall(sent_at_once)
        for start in range(0, len(dripped), fault.size_bytes):
            if self._ended.wait(fault.pause_s):
                break
            wire.connection.sendall(dripped[start : start + fault.size_bytes])


def _end(fault: Drop | Reset | Respond | Hold, wire: Wire) -> None:
    """Leave the client without the service's answer."""
    match fault:
        case Respond(answer):
            wire.send(answer)
        case Drop():
            wire.close()
        case Hold(came, release):
            came.set()
            release.wait(_UPSTREAM_TIMEOUT_S)
            wire.close()
        case Reset():
            _reset(wire)


def _reset(wire: Wire) -> None:
    """Close with RST: a linger time of zero throws away what is not sent."""
    wire.close_connection = True
    with contextlib.suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        wire.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        wire.connection.close()
