"""The file `hold` in SYNC_STATE_DIR: while it is there, `sync all` refuses."""

from __future__ import annotations

from pathlib import Path

from listing_sync.local.state_dir import write_atomically


class HoldFile:
    """The file that pauses cron, left by a rollback or by a person; its text is the reason."""

    def __init__(self, root: Path) -> None:
        self._path = root / "hold"

    @property
    def path(self) -> Path:
        """Return where it is, or would be."""
        return self._path

    def reason(self) -> str | None:
        """Return its text, perhaps empty; None when there is no such file.

        One that cannot be read holds as well: somebody put it there.
        """
        try:
            return self._path.read_bytes().decode("utf-8", "replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return f"it cannot be read: {error.strerror}"

    def place(self, reason: str) -> None:
        """Put it there."""
        write_atomically(self._path, f"{reason}\n".encode())
