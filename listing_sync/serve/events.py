"""Tell a listener of every change as it comes.

Source: HTML Living Standard, 9.2 (server-sent events).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from listing_sync.history.runs import Run
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.serve.api import BASE, Documents
from listing_sync.serve.people import Doorkeeper
from listing_sync.serve.watch import News, Watch

_RETRY_MS = 3000


@dataclass(frozen=True, slots=True)
class Events:
    """The stream of events; each is a document, its kind is its event's name."""

    doorkeeper: Doorkeeper
    watch: Watch
    documents: Documents

    def routes(self) -> list[Route]:
        """Return its address."""
        return [Route(f"{BASE}/events", self.events, methods=["GET"])]

    async def events(self, request: Request) -> Response:
        """Answer with all that changes from now on, for as long as somebody may listen."""
        token = await self.doorkeeper.token_of(request)
        by_session = "authorization" not in request.headers

        def may_listen() -> bool:
            if by_session and self.doorkeeper.session_of(request) is None:
                return False
            return self.doorkeeper.gate.is_valid(token)

        return StreamingResponse(
            self._stream(may_listen),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _stream(self, may_listen: Callable[[], bool]) -> AsyncIterator[str]:
        yield f"retry: {_RETRY_MS}\n\n"
        async for news in self.watch.listen():
            if not may_listen():
                return
            yield ": still here\n\n" if news is None else self._written(news)

    def _written(self, news: News) -> str:
        document = json.dumps(self._document(news), separators=(",", ":"))
        return f"event: {news.kind}\ndata: {document}\n\n"

    def _document(self, news: News) -> dict[str, object]:
        document = dict(self.documents.version)
        if news.run is not None:
            document.update(self.documents.run(news.run, None))
            document.update(progress_of(news.run))
        if news.why is not None:
            document["detail"] = news.why
        return document


def progress_of(run: Run) -> dict[str, object]:
    """Return how far a run is: what is open, and of how much what share is done."""
    stats = run.stats
    done = stats.total - stats.open
    return {
        "queueSize": stats.open,
        "progress": round(done / stats.total, 4) if stats.total else None,
    }
