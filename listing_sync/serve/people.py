"""Tell who asks: by the token of the request, or by the session of the page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request

from listing_sync.serve.gate import Gate, unknown
from listing_sync.serve.tokens import Token


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Knows whose request it is; `is_behind_tls`: a proxy stands before, and names the address."""

    gate: Gate
    is_behind_tls: bool

    def address_of(self, request: Request) -> str:
        """Return the address that failures are counted for: the one that the proxy saw."""
        forwarded = request.headers.get("x-forwarded-for", "") if self.is_behind_tls else ""
        seen = forwarded.rpartition(",")[2].strip()
        return seen or (request.client.host if request.client else "unknown")

    async def token_of(self, request: Request) -> Token:
        """Return the token of whoever asks.

        Raises:
            Problem: 401 or 429.
        """
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise unknown("expected the header `Authorization: Bearer TOKEN`")
        known = self.gate.known(text.strip())
        if known is not None:
            return known
        return await asyncio.to_thread(self.gate.enter, text.strip(), self.address_of(request))
