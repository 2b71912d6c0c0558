"""Keep what the page remembers between runs."""

from __future__ import annotations

from collections.abc import Mapping

from listing_sync.machine.state_dir import StateDir

_NAME = "page.json"


class PageMemoryFile:
    """One JSON document; damaged, or not there, means empty."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self) -> Mapping[str, object]:
        """Return the document."""
        memory = self._state.read_json(_NAME)
        return memory if isinstance(memory, dict) else {}

    def store(self, memory: Mapping[str, object]) -> None:
        """Replace the document; raises OSError when it cannot be kept."""
        self._state.write_json(_NAME, dict(memory))
