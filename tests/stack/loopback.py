"""An HTTP/1.1 server on 127.0.0.1: requests come in as values, answers go out as values."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPMessage, responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; `at` is time.monotonic() when its head was read."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def path(self) -> str:
        """The path, decoded, without the query."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the query, each with all its values in order."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; Content-Length is added."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def head(self) -> bytes:
        """Return the status line and the headers as they go over the wire."""
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.status != 204:  # RFC 9110, section 8.6
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Wire(BaseHTTPRequestHandler):
    """One client connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 1 << 16

    def handle(self) -> None:
        """Serve requests until either side closes."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def setup(self) -> None:
        """Let the server know the connection, so that its end closes it."""
        super().setup()
        cast("_Server", self.server).wires.add(self)

    def finish(self) -> None:
        """Forget the connection."""
        cast("_Server", self.server).wires.discard(self)
        with contextlib.suppress(OSError):
            super().finish()

    def _serve(self) -> None:
        at = time.monotonic()
        body = self._read_chunked() if self._is_chunked() else self._read_exactly()
        headers = cast("HTTPMessage", self.headers)
        request = Request(
            self.command, self.path, {k.lower(): v for k, v in headers.items()}, body, at
        )
        cast("_Server", self.server).owner.serve(request, self)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def send(self, answer: Answer) -> None:
        """Send a whole answer."""
        body = b"" if self.command == "HEAD" else answer.body
        self.connection.sendall(answer.head() + body)

    def close(self) -> None:
        """End the connection in an orderly way, both directions."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Print nothing: requests are recorded by who serves them."""

    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _read_exactly(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _read_chunked(self) -> bytes:
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, owner: LoopbackServer) -> None:
        super().__init__(("127.0.0.1", port), owner.wire)
        self.owner = owner
        self.wires: set[Wire] = set()

    def close_all(self) -> None:
        """Stop listening and end every connection."""
        self.shutdown()
        self.server_close()
        for wire in list(self.wires):
            wire.close()


class LoopbackServer:
    """Answers on a free (or the given) port of 127.0.0.1 between enter and exit.

    Every connection has its own thread, so `answer` may be called from several at once.
    """

    wire = Wire

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} is not running: use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> Answer:
        """Return what is sent back."""
        raise NotImplementedError

    def serve(self, request: Request, wire: Wire) -> None:
        """Answer one request over its connection."""
        wire.send(self.answer(request))

    def __enter__(self) -> Self:
        self._server = _Server(self._port, self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close_all()
            self._server = None
