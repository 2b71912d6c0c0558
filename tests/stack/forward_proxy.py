"""A loopback HTTP proxy: it forwards requests, and tunnels CONNECT, for who has the password."""

from __future__ import annotations

import base64
import contextlib
import http.client
import select
import socket
from urllib.parse import urlsplit

from tests.stack.loopback import Answer, LoopbackServer, Request, Wire

_ASKS = (("Proxy-Authenticate", 'Basic realm="office"'),)
_OF_ONE_HOP = frozenset({"proxy-authorization", "proxy-connection", "connection", "host"})


class ProxyWire(Wire):
    """One connection of a client to the proxy."""

    def do_CONNECT(self) -> None:  # noqa: N802 - http.server's name
        """Carry bytes both ways once the proxy agrees."""
        self._serve()


class ForwardProxy(LoopbackServer):
    """Records what it is asked; `password` is `user:password`, None: nobody is asked for it.

    `tunnels_to` is where every CONNECT leads, whatever host it names; `refuses_with` is how others
    are answered.
    """

    wire = ProxyWire

    def __init__(
        self,
        password: str | None = None,
        *,
        tunnels_to: tuple[str, int] | None = None,
        refuses_with: int = 407,
    ) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self._password = password
        self._tunnels_to = tunnels_to
        self._refusal = Answer(refuses_with, _ASKS, b"<h1>Log in first</h1>")

    def serve(self, request: Request, wire: Wire) -> None:
        """Forward a request, or open a tunnel."""
        self.requests.append(request)
        if not self._lets_in(request):
            wire.send(self._refusal)
        elif request.method == "CONNECT":
            self._tunnel(request, wire)
        else:
            wire.send(_forwarded(request))

    def _lets_in(self, request: Request) -> bool:
        if self._password is None:
            return True
        wanted = base64.b64encode(self._password.encode()).decode()
        return request.headers.get("proxy-authorization") == f"Basic {wanted}"

    def _tunnel(self, request: Request, wire: Wire) -> None:
        host, _, port = request.target.rpartition(":")
        try:
            far = socket.create_connection(self._tunnels_to or (host, int(port)), timeout=5)
        except OSError:
            wire.send(Answer(502))
            return
        with far, contextlib.suppress(OSError):
            wire.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _carry(wire.connection, far)
        wire.close()


def _carry(near: socket.socket, far: socket.socket) -> None:
    other = {near: far, far: near}
    while True:
        for ready in select.select([near, far], [], [], 10)[0]:
            if not (part := ready.recv(65536)):
                return
            other[ready].sendall(part)


def _forwarded(request: Request) -> Answer:
    parts = urlsplit(request.target)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    headers = {k: v for k, v in request.headers.items() if k not in _OF_ONE_HOP}
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(request.method, path, request.body, headers)
        answer = connection.getresponse()
        body = answer.read()
    except OSError:
        return Answer(502)
    finally:
        connection.close()
    left_out = {"content-length", "transfer-encoding", "connection"}
    kept = tuple((k, v) for k, v in answer.getheaders() if k.lower() not in left_out)
    return Answer(answer.status, kept, body)
