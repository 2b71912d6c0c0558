"""Keep what the table makes of values, in one file a target."""

from __future__ import annotations

from collections.abc import Mapping

from listing_sync.machine.state_dir import StateDir

_NAME = "given_back.json"


class GivenBackFile:
    """One JSON document; damaged, or not there, means empty."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self) -> Mapping[str, object]:
        """Return the document, an empty one where it cannot be read."""
        try:
            memory = self._state.read_json(_NAME)
        except OSError:
            return {}
        return memory if isinstance(memory, dict) else {}

    def store(self, memory: Mapping[str, object]) -> None:
        """Replace the document; raises OSError."""
        self._state.write_json(_NAME, dict(memory))
