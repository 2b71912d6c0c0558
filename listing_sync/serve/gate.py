"""Decide who is let in: by a bearer token or a session, and not after too many failures."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import field

from listing_sync.lazy_dataclasses import dataclass
from listing_sync.serve.problems import Problem
from listing_sync.serve.tokens import Role, Token, TokensFile, matching

FAILURES_A_MINUTE = 5
_MINUTE_S = 60.0
_ADDRESSES_KEPT = 10_000
_VERIFIED_KEPT = 1_000
_LONGEST_TOKEN = 200


@dataclass(slots=True)
class Failures:
    """Counts the failures of each address within a minute; the oldest addresses go first."""

    monotonic: Callable[[], float]
    _times: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def wait_s(self, address: str) -> float:
        """Return how long the address has to wait before its next try, 0 for not at all."""
        recent = self._recent(address)
        if len(recent) < FAILURES_A_MINUTE:
            return 0
        return recent[-FAILURES_A_MINUTE] + _MINUTE_S - self.monotonic()

    def add(self, address: str) -> None:
        """Count one more."""
        self._times[address] = [*self._recent(address), self.monotonic()]
        self._times.move_to_end(address)
        while len(self._times) > _ADDRESSES_KEPT:
            self._times.popitem(last=False)

    def _recent(self, address: str) -> list[float]:
        since = self.monotonic() - _MINUTE_S
        return [at for at in self._times.get(address, ()) if at > since]


class Gate:
    """Knows tokens by their texts; a text that was right once is known again at once.

    Of that text a keyed digest is kept, and that only while its token stays in the file. Called
    from several threads.
    """

    def __init__(self, tokens: TokensFile, monotonic: Callable[[], float]) -> None:
        self._tokens = tokens
        self._failures = Failures(monotonic)
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, Token] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def known(self, text: str) -> Token | None:
        """Return the token of a text that was let in before; it costs nothing."""
        token = self._verified.get(self._digest(text))
        return token if token is not None and self.is_valid(token) else None

    def is_valid(self, token: Token) -> bool:
        """Return whether the token is still in the file, as it was."""
        return token in self._tokens.all()

    def enter(self, text: str, address: str) -> Token:
        """Return the token of a text, or turn its sender away.

        Raises:
            Problem: it is nobody's (401), or this address failed too often (429).
        """
        with self._one_at_a_time:  # each try takes memory and time
            if token := self.known(text):
                return token
            self._require_patience(address)
            found = matching(self._tokens.all(), text) if len(text) <= _LONGEST_TOKEN else None
            if found is None:
                self._failures.add(address)
                raise unknown("the token is not, or no longer, one of this program's")
            self._verified[self._digest(text)] = found
            while len(self._verified) > _VERIFIED_KEPT:
                self._verified.popitem(last=False)
            return found

    def _require_patience(self, address: str) -> None:
        wait_s = self._failures.wait_s(address)
        if wait_s > 0:
            raise Problem(
                429,
                "too-many-failures",
                f"{FAILURES_A_MINUTE} wrong tokens came from this address within a minute:"
                f" try again in {wait_s:.0f} s",
                headers={"Retry-After": f"{wait_s + 1:.0f}"},
            )

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(errors="replace"), hashlib.sha256)


def unknown(detail: str) -> Problem:
    """Return the answer to somebody who is not known."""
    return Problem(
        401, "unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="listing-sync"'}
    )


def require(role: Role, token: Token) -> None:
    """Turn away who may not do this.

    Raises:
        Problem: 403.
    """
    if role is Role.RUN and token.role is not Role.RUN:
        raise Problem(
            403,
            "forbidden",
            "this token may read only: a run wants one of the role run"
            " (`listing-sync serve token add NAME --role run`)",
        )
