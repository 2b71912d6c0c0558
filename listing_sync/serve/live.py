"""Show the page to whoever is logged in, and what of it changes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from listing_sync.lazy_dataclasses import dataclass
from listing_sync.page.controls import controls
from listing_sync.page.status_page import body, page_shell, sections
from listing_sync.serve.login import LOGIN, header_policy
from listing_sync.serve.looking import Looking
from listing_sync.serve.people import Doorkeeper
from listing_sync.serve.tokens import Role


@dataclass(frozen=True, slots=True)
class LivePage:
    """The page of this moment."""

    doorkeeper: Doorkeeper
    looking: Looking

    def routes(self) -> list[Route]:
        """Return its addresses."""
        return [
            Route("/", self.page, methods=["GET"]),
            Route("/page", self.part, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """Show the page, or the way in."""
        session = self.doorkeeper.session_of(request)
        if session is None:
            return RedirectResponse(LOGIN, 303)
        facts = await self.looking.page.get()
        shell = page_shell(facts, is_live=True)
        token = session.token
        above = controls(session.csrf, token.name, may_run=token.role is Role.RUN)
        response = HTMLResponse(shell.around(body(facts, controls=above)))
        response.headers["Content-Security-Policy"] = header_policy(shell)
        return response

    async def part(self, request: Request) -> Response:
        """Answer with what changes from run to run, for the page that is open."""
        await self.doorkeeper.token_of(request)
        return HTMLResponse(sections(await self.looking.page.get()))
