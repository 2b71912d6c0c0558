"""A loopback receiver of webhooks, heartbeats and Management API calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from tests.stack.loopback import Answer, LoopbackServer, Request

_OK = Answer(200, body=b"ok")


class Receiver(LoopbackServer):
    """Records every request and sends `reply` to it: an Answer, or a function that makes one.

    `hang()` keeps requests waiting until the end, as a dead service does.
    """

    def __init__(self, reply: Answer | Callable[[Request], Answer] = _OK) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.reply = reply
        self._hanging = False
        self._ended = threading.Event()

    def hang(self) -> None:
        """Answer no request from now on."""
        self._hanging = True

    def answer(self, request: Request) -> Answer:
        """Record a request, then reply to it."""
        self.requests.append(request)
        if self._hanging:
            self._ended.wait()
        return self.reply if isinstance(self.reply, Answer) else self.reply(request)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        super().__exit__(exc_type, exc, traceback)
