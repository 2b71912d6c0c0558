"""Under which names the sheet of each spelling was read, in one file of the target."""

from __future__ import annotations

from dataclasses import replace

from listing_sync.history.sources import Source
from listing_sync.machine.state_dir import StateDir

_NAME = "sources.json"


class SourceFile:
    """What is not there, or damaged, was not read yet."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self, source: Source) -> Source:
        """Return the source as it was read last under this spelling."""
        try:
            stored = self._stored()[source.spelled]
            name, also = str(stored["name"]), tuple(map(str, stored["also"]))
        except (KeyError, OSError, TypeError):
            return source
        return replace(source, name=name, also=also, is_known=True)

    def store(self, source: Source) -> None:
        """Remember what was read; raises OSError when that fails."""
        entry = {"name": source.name, "also": list(source.also)}
        self._state.write_json(_NAME, {**self._stored(), source.spelled: entry})

    def _stored(self) -> dict[str, dict[str, list[str]]]:
        stored = self._state.read_json(_NAME)
        return stored if isinstance(stored, dict) else {}
