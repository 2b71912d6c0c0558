"""Keep what alerting and cron's mail remember between runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from listing_sync.machine.state_dir import StateDir, exposure, make_folder


class AlertMemoryFile:
    """One JSON document; damaged, or not there, means empty.

    Where SYNC_STATE_DIR cannot be written, which is itself to be told but once, a folder of this
    user among the temporary files remembers it.
    """

    name = "alerts.json"

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self) -> Mapping[str, object]:
        """Return the document, of whichever place took it last."""
        if elsewhere := self._kept_elsewhere():
            return elsewhere
        memory = self._state.read_json(self.name)
        return memory if isinstance(memory, dict) else {}

    def store(self, memory: Mapping[str, object]) -> None:
        """Replace the document."""
        try:
            self._state.write_json(self.name, dict(memory))
        except OSError:
            elsewhere = self._elsewhere()
            make_folder(elsewhere.root)
            if exposure(elsewhere.root):
                raise
            elsewhere.write_json(self.name, dict(memory))
        else:
            with suppress(OSError):
                (self._elsewhere().path / self.name).unlink()

    def _elsewhere(self) -> StateDir:
        folder = Path(tempfile.gettempdir()) / f"listing-sync-{os.geteuid()}"
        return replace(self._state, root=folder, path=folder / self._state.path.name)

    def _kept_elsewhere(self) -> Mapping[str, object]:
        try:
            elsewhere = self._elsewhere()
            if not elsewhere.root.is_dir() or exposure(elsewhere.root):
                return {}
            found = elsewhere.read_json(self.name)
        except OSError:
            return {}
        return found if isinstance(found, dict) else {}


class MailMemoryFile(AlertMemoryFile):
    """Which troubles were told on stderr, where nobody watched."""

    name = "mails.json"
