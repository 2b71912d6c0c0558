"""Listen at an address until a signal comes; runs that were started go on."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from listing_sync.errors import SettingsError

_LONGEST_GOODBYE_S = 5
_MOST_AT_ONCE = 500


def is_of_this_machine(host: str) -> bool:
    """Return whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a port that is taken is told before anything begins.

    Raises:
        SettingsError: it cannot be had.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        family, *_, address = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError((f"--host {host}: {error.strerror}",)) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        taken = "another program listens there" if error.errno == errno.EADDRINUSE else None
        raise SettingsError((f"--port {port}: {taken or error.strerror}",)) from None
    return listener


class _Server(uvicorn.Server):
    """uvicorn raises a signal that it was ended by once more; this one ends by it, and well."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, number)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _end(self, number: int) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
        self.on_end(number)

    on_end: Callable[[int], None]


def serve(app: Starlette, listener: socket.socket, on_end: Callable[[int], None]) -> None:
    """Answer until SIGINT or SIGTERM; `on_end` hears of it first, to end what waits."""
    # Its errors quote what was asked; a bug is told by problems.py, by its name.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_graceful_shutdown=_LONGEST_GOODBYE_S,
    )
    server = _Server(config)
    server.on_end = on_end
    server.run(sockets=[listener])
