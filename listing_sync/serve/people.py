"""Tell who asks: by the token of the request, or by the session of the page."""

from __future__ import annotations

import asyncio
import hmac

from starlette.requests import Request
from starlette.responses import Response

from listing_sync.lazy_dataclasses import dataclass
from listing_sync.serve.gate import Gate, unknown
from listing_sync.serve.problems import Problem
from listing_sync.serve.sessions import LASTS_S, Session, Sessions
from listing_sync.serve.tokens import Token

CSRF_HEADER = "x-csrf-token"
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Knows whose request it is; `is_behind_tls`: a proxy stands before, and names the address."""

    gate: Gate
    sessions: Sessions
    is_behind_tls: bool

    @property
    def cookie(self) -> str:
        """Return the name of the cookie; behind TLS the browser keeps it from other hosts."""
        return f"{'__Host-' if self.is_behind_tls else ''}listing-sync"

    def address_of(self, request: Request) -> str:
        """Return the address that failures are counted for: the one that the proxy saw."""
        forwarded = request.headers.get("x-forwarded-for", "") if self.is_behind_tls else ""
        seen = forwarded.rpartition(",")[2].strip()
        return seen or (request.client.host if request.client else "unknown")

    def session_of(self, request: Request) -> Session | None:
        """Return the session that the request's cookie names."""
        return self.sessions.find(request.cookies.get(self.cookie, ""))

    async def enter(self, text: str, request: Request) -> Token:
        """Return the token of a text.

        Raises:
            Problem: 401 or 429.
        """
        known = self.gate.known(text)
        if known is not None:
            return known
        return await asyncio.to_thread(self.gate.enter, text, self.address_of(request))

    async def token_of(self, request: Request) -> Token:
        """Return the token of whoever asks, by header or by session.

        Raises:
            Problem: 401 or 429; 403 for a post of another site through a session.
        """
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and text.strip():
            return await self.enter(text.strip(), request)
        session = self.session_of(request)
        if session is None:
            raise unknown("expected the header `Authorization: Bearer TOKEN`, or a login")
        if request.method not in _READING:
            self.require_own_page(session, request.headers.get(CSRF_HEADER, ""))
        return session.token

    @staticmethod
    def require_own_page(session: Session, brought: str) -> None:
        """Turn away a post that does not come from the page of this session.

        Raises:
            Problem: 403.
        """
        if not hmac.compare_digest(session.csrf.encode(), brought.encode()):
            raise Problem(403, "not-from-the-page", "the request did not come from the page itself")

    def begin(self, token: Token, response: Response) -> None:
        """Begin a session with this answer."""
        response.set_cookie(
            self.cookie,
            self.sessions.begin(token),
            max_age=int(LASTS_S),
            path="/",
            secure=self.is_behind_tls,
            httponly=True,
            samesite="strict",
        )

    def end(self, request: Request, response: Response) -> None:
        """End the session of a request with this answer."""
        self.sessions.end(request.cookies.get(self.cookie, ""))
        response.delete_cookie(
            self.cookie, path="/", secure=self.is_behind_tls, httponly=True, samesite="strict"
        )
