"""Keep one JSON document between runs, a file of its own in the folder of a target."""

from __future__ import annotations

from collections.abc import Mapping

from listing_sync.machine.state_dir import StateDir


class JsonMemoryFile:
    """What the file `name` remembers; damaged, not there, or unreadable means empty."""

    def __init__(self, state: StateDir, name: str) -> None:
        self._state = state
        self._name = name

    def load(self) -> Mapping[str, object]:
        """Return the document."""
        try:
            memory = self._state.read_json(self._name)
        except OSError:
            return {}
        return memory if isinstance(memory, dict) else {}

    def store(self, memory: Mapping[str, object]) -> None:
        """Replace the document; raises OSError when it cannot be kept."""
        self._state.write_json(self._name, dict(memory))
