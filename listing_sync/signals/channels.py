"""Be every address that people are told at, whatever its kind."""

from __future__ import annotations

from collections.abc import Sequence

from listing_sync.history.messages import Message
from listing_sync.ports import Channels, NotTaken


class AllChannels:
    """Several kinds of channels as one, in the order given."""

    def __init__(self, kinds: Sequence[Channels]) -> None:
        self._kinds = kinds

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the names of all addresses."""
        return tuple(name for kind in self._kinds for name in kind.addresses)

    def place(self, address: str) -> str:
        """Return which one it is among the settings."""
        return self._of(address).place(address)

    def post(self, address: str, message: Message) -> NotTaken | None:
        """Send one message to one address."""
        return self._of(address).post(address, message)

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with addresses."""
        return tuple(problem for kind in self._kinds for problem in kind.problems())

    def _of(self, address: str) -> Channels:
        return next(kind for kind in self._kinds if address in kind.addresses)
