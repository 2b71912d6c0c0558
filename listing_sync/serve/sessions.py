"""Remember who logged in to the page, for a working day and no longer than the token is valid."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import field

from listing_sync.lazy_dataclasses import dataclass
from listing_sync.serve.tokens import Token

LASTS_S = 12 * 3600.0
_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who logged in; `csrf` is what each post of the page must bring."""

    token: Token
    csrf: str
    ends_at_s: float


@dataclass(slots=True)
class Sessions:
    """The sessions of this process, by a digest of what the cookie says."""

    monotonic: Callable[[], float]
    is_valid: Callable[[Token], bool]
    _sessions: OrderedDict[bytes, Session] = field(default_factory=OrderedDict)

    def begin(self, token: Token) -> str:
        """Return what the cookie of a new session says."""
        cookie = secrets.token_urlsafe(32)
        session = Session(token, secrets.token_urlsafe(32), self.monotonic() + LASTS_S)
        self._sessions[_digest(cookie)] = session
        while len(self._sessions) > _KEPT:
            self._sessions.popitem(last=False)
        return cookie

    def find(self, cookie: str) -> Session | None:
        """Return the session of a cookie, unless it is over."""
        session = self._sessions.get(_digest(cookie))
        if session is None:
            return None
        if self.monotonic() < session.ends_at_s and self.is_valid(session.token):
            return session
        self.end(cookie)
        return None

    def end(self, cookie: str) -> None:
        """Forget a session."""
        self._sessions.pop(_digest(cookie), None)


class LoginForms:
    """Tells the posts of our own form from those of other sites, before anybody is known."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def new(self) -> tuple[str, str]:
        """Return what the cookie says, and what the form must bring with it."""
        nonce = secrets.token_urlsafe(16)
        return nonce, self._seal(nonce)

    def is_ours(self, nonce: str, brought: str) -> bool:
        """Return whether form and cookie belong together."""
        return bool(nonce) and hmac.compare_digest(self._seal(nonce).encode(), brought.encode())

    def _seal(self, nonce: str) -> str:
        return hmac.new(self._key, nonce.encode(), hashlib.sha256).hexdigest()


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
