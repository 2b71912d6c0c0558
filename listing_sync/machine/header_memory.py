"""Keep the header rows of the tab read last: the next run need not ask for them first."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from listing_sync.machine.state_dir import StateDir

_NAME = "headers.json"


class HeaderMemoryFile:
    """One JSON document; damaged, not there or not to be read means empty.

    It spares a request and is checked with the next: where it cannot be kept, nothing is lost.
    `keeps` False: what looks at a sheet only, and changes no file.
    """

    def __init__(self, state: StateDir, *, keeps: bool) -> None:
        self._state = state
        self._keeps = keeps

    def load(self) -> Mapping[str, object]:
        """Return the document."""
        with suppress(OSError):
            memory = self._state.read_json(_NAME)
            return memory if isinstance(memory, dict) else {}
        return {}

    def store(self, memory: Mapping[str, object]) -> None:
        """Replace the document."""
        if self._keeps and self._state.path.is_dir():
            with suppress(OSError):
                self._state.write_json(_NAME, dict(memory))
