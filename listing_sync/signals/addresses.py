"""Name addresses that are secret by digests, which outlive a run."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


class SecretAddresses:
    """The addresses of one setting, each known by its digest."""

    def __init__(self, urls: Sequence[str], *, timeout_s: float) -> None:
        self._urls = {digest(url): url for url in urls}
        self._timeout_s = timeout_s

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the names of the addresses, in the order of the setting."""
        return tuple(self._urls)


def digest(url: str) -> str:
    """Return a name of an address that does not give it away."""
    return sha256(url.encode()).hexdigest()[:12]
