"""Keep the file `hold` in SYNC_STATE_DIR: while it is there, `sync all` refuses."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from listing_sync.machine.state_dir import encode_json, read_regular, write_atomically

_SHARED = "hold.json"


class HoldFile:
    """The file that pauses cron, left by a rollback or by a person; its text is the reason.

    `folder`, that of one target, remembers which hold of ours the other machines see.
    """

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self._path = root / "hold"
        self._shared = (folder or root) / _SHARED

    @property
    def path(self) -> Path:
        """Return where it is, or would be."""
        return self._path

    def reason(self) -> str | None:
        """Return its text, perhaps empty; None when there is no such file.

        One that cannot be read holds as well: somebody put it there.
        """
        try:
            return read_regular(self._path).decode("utf-8", "replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return f"it cannot be read: {error.strerror}"

    def place(self, reason: str) -> None:
        """Put it there."""
        write_atomically(self._path, f"{reason}\n".encode())

    def remove(self) -> None:
        """Delete it, if it is there; raises OSError when it stays."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self._path.unlink()

    def shared_ids(self) -> tuple[str, ...]:
        """Return the ids of the holds that the other machines see because of this file."""
        try:
            ids = json.loads(read_regular(self._shared))
        except (OSError, ValueError):
            return ()
        return tuple(map(str, ids)) if isinstance(ids, list) else ()

    def share(self, *hold_ids: str) -> None:
        """Remember which holds the other machines see; none: they see none of ours."""
        if hold_ids:
            write_atomically(self._shared, encode_json(hold_ids))
        else:
            with suppress(FileNotFoundError):
                self._shared.unlink()
