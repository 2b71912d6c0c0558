"""Answer programs: start a run, say how it stands, say how all is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listing_sync import __version__
from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import utc_text
from listing_sync.commands.health import Health
from listing_sync.history.runs import Run
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.serve.children import Children
from listing_sync.serve.gate import require
from listing_sync.serve.looking import Looking
from listing_sync.serve.openapi import description
from listing_sync.serve.orders import Order, body_of, order_of
from listing_sync.serve.people import Doorkeeper
from listing_sync.serve.problems import Problem
from listing_sync.serve.tokens import Role

BASE = "/api/sync/property-listings"
_TELLING_S = 10.0
_LOOKED_EVERY_S = 0.05

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of `--json`, which are those of the API; `version` begins each of them."""

    run: Callable[[Run, Iterable[Rejection] | None], Document]
    health: Callable[[Health], Document]
    version: Document


@dataclass(slots=True)
class Api:
    """What the API needs of the rest."""

    doorkeeper: Doorkeeper
    children: Children
    looking: Looking
    documents: Documents
    on_start: Callable[[], None]
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> list[Route]:
        """Return its addresses."""
        return [
            Route(f"{BASE}/manual", self.manual, methods=["POST"]),
            Route(f"{BASE}/status/{{sync_id}}", self.status, methods=["GET"]),
            Route(f"{BASE}/health", self.health, methods=["GET"]),
            Route("/openapi.json", self.openapi, methods=["GET"]),
        ]

    async def manual(self, request: Request) -> Response:
        """Start a run, unless one is under way."""
        token = await self.doorkeeper.token_of(request)
        require(Role.RUN, token)
        order = order_of(await body_of(request))
        run = await self.start(order, token.name)
        document = {
            "syncId": run.run_id,
            "status": run.status.value,
            "startedAt": utc_text(run.started_at),
        }
        where = {"Location": f"{BASE}/status/{run.run_id}"}
        return JSONResponse({**self.documents.version, **document}, 202, headers=where)

    async def start(self, order: Order, who: str) -> Run:
        """Start a run; of two that ask at once, one does.

        Raises:
            Problem: 409, with the id of the run that is under way.
        """
        async with self._starting:
            under_way = await self._in_the_way()
            if under_way is not None:
                raise Problem(
                    409,
                    "run-under-way",
                    f"run {under_way} is under way: wait for its end",
                    more={"syncId": under_way},
                    headers={"Location": f"{BASE}/status/{under_way}"},
                )
            run = await asyncio.to_thread(self.children.start, order, who)
            self.on_start()
            return run

    async def _in_the_way(self) -> str | None:
        """Return the id of the run that is under way.

        A run that is recorded as ended still tells people of it; that is waited for.
        """
        gives_up_at = time.monotonic() + _TELLING_S
        while (run_id := await asyncio.to_thread(self.looking.run_under_way)) is not None:
            if time.monotonic() >= gives_up_at or not await self.looking.has_ended(run_id):
                return run_id
            await asyncio.sleep(_LOOKED_EVERY_S)
        return None

    async def status(self, request: Request) -> Response:
        """Say how one run stands, or ended."""
        await self.doorkeeper.token_of(request)
        run_id = _run_id(request.path_params["sync_id"])
        found = await self.looking.run(run_id)
        if found.run is None and found.away:
            raise Problem(503, "unavailable", f"the records cannot be read: {found.away}")
        if found.run is None:
            raise Problem(404, "no-such-run", f"there is no run {run_id}")
        document = {
            **self.documents.version,
            **self.documents.run(found.run, found.rejections),
            "queueSize": found.run.stats.open,
        }
        return JSONResponse(document)

    async def health(self, request: Request) -> Response:
        """Say how all is, as of half a minute ago at most."""
        await self.doorkeeper.token_of(request)
        found = await self.looking.health.get()
        document = {
            **self.documents.version,
            **self.documents.health(found),
            "checkedAt": utc_text(found.checked_at),
        }
        return JSONResponse(document)

    async def openapi(self, request: Request) -> Response:
        """Describe all this for programs."""
        await self.doorkeeper.token_of(request)
        return JSONResponse(description(BASE, __version__))


def _run_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise Problem(
            404, "no-such-run", "a run is named by its syncId, a UUID: this is none"
        ) from None
