"""Note what a tab is read from, and hold what was fetched ahead until the reader asks for it.

Given the same answers, a reader makes the same requests. What an earlier reading was made of can
therefore be fetched in its order, unread: while every answer has the digest of then, the reader
would come to what it came to then. At the first that differs it reads what is fetched so far, and
goes on by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from listing_sync.changes.quiet import Fetched, body_digest


class Tape:
    """One tab's answers, in order; used by one thread at a time."""

    def __init__(self) -> None:
        self._noted: list[Fetched] = []
        self._ahead: deque[tuple[str, bytes]] = deque()

    def begin(self) -> None:
        """Note from here on."""
        self._noted.clear()

    @property
    def noted(self) -> Sequence[Fetched]:
        """Return what was read since the beginning."""
        return tuple(self._noted)

    def note(self, what: str, request: str, headers: Mapping[str, str], body: bytes) -> None:
        """Note an answer that was understood."""
        self._noted.append(Fetched(what, request, headers, body_digest(body)))

    def clear(self) -> None:
        """Forget what was fetched ahead."""
        self._ahead.clear()

    def put(self, request: str, body: bytes) -> None:
        """Hold what was fetched ahead."""
        self._ahead.append((request, body))

    def take(self, request: str) -> bytes | None:
        """Return what was fetched ahead for just this request, once.

        A reader that asks for anything else goes another way: then nothing is given any more.
        """
        if self._ahead and self._ahead[0][0] == request:
            return self._ahead.popleft()[1]
        self._ahead.clear()
        return None
