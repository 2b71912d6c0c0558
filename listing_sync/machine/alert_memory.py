"""Keep in one file what alerting remembers between runs."""

from __future__ import annotations

from collections.abc import Mapping

from listing_sync.machine.state_dir import StateDir


class AlertMemoryFile:
    """One JSON document; damaged, or not there, means empty."""

    name = "alerts.json"

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self) -> Mapping[str, object]:
        """Return the document."""
        memory = self._state.read_json(self.name)
        return memory if isinstance(memory, dict) else {}

    def store(self, memory: Mapping[str, object]) -> None:
        """Replace the document."""
        self._state.write_json(self.name, dict(memory))


class MailMemoryFile(AlertMemoryFile):
    """Which troubles were told on stderr, where nobody watched."""

    name = "mails.json"
