"""Pass connections on to a server, and count the bytes that come back from it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from urllib.parse import urlsplit

_CHUNK = 65536


class Relay:
    """Counts as on the wire, heads of answers included; `url` leads through it."""

    def __init__(self, url: str, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._to = urlsplit(url).hostname or "", urlsplit(url).port or 80
        self._listener = listener
        self._lock = Lock()
        self._received = 0

    def taken(self) -> int:
        """Return what came since the last time."""
        with self._lock:
            received, self._received = self._received, 0
        return received

    def serve(self) -> None:
        """Pass on until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._to)
                for pump, ends in ((self._up, (client, server)), (self._down, (server, client))):
                    Thread(target=pump, args=ends, daemon=True).start()

    def _up(self, source: socket.socket, sink: socket.socket) -> None:
        with _closing(source, sink):
            while part := source.recv(_CHUNK):
                sink.sendall(part)

    def _down(self, source: socket.socket, sink: socket.socket) -> None:
        with _closing(source, sink):
            while part := source.recv(_CHUNK):
                with self._lock:
                    self._received += len(part)
                sink.sendall(part)


@contextmanager
def _closing(*ends: socket.socket) -> Iterator[None]:
    with suppress(OSError):
        yield
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(url: str) -> Iterator[Relay]:
    """Yield a relay to a server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Relay(url, listener)
        Thread(target=found.serve, daemon=True).start()
        yield found
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
