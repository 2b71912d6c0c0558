"""Show the page to whoever is logged in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from listing_sync.lazy_dataclasses import dataclass
from listing_sync.page.status_page import page_shell, render
from listing_sync.serve.login import LOGIN, header_policy
from listing_sync.serve.looking import Looking
from listing_sync.serve.people import Doorkeeper


@dataclass(frozen=True, slots=True)
class LivePage:
    """The page of this moment."""

    doorkeeper: Doorkeeper
    looking: Looking

    def routes(self) -> list[Route]:
        """Return its address."""
        return [Route("/", self.page, methods=["GET"])]

    async def page(self, request: Request) -> Response:
        """Show the page, or the way in."""
        if self.doorkeeper.session_of(request) is None:
            return RedirectResponse(LOGIN, 303)
        facts = await self.looking.page.get()
        response = HTMLResponse(render(facts))
        response.headers["Content-Security-Policy"] = header_policy(page_shell(facts))
        return response
