"""Keep the file `hold` in SYNC_STATE_DIR: while it is there, `sync all` refuses."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.machine.state_dir import encode_json, write_atomically
from listing_sync.regular_file import read_regular

_SHARED = "hold.json"


class HoldFile:
    """The file that pauses cron, left by a rollback or by a person; its text is the reason.

    In `folder` it is of one target, beside what its runs left; one in `root`, which only a person
    puts there, is of every target of this machine. `folder` remembers as well which hold of ours
    the other machines see.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self._of_all = root / "hold"
        self._own = folder / "hold"
        self._shared = folder / _SHARED

    @property
    def path(self) -> Path:
        """Return the file that holds; where there is none, where it would be."""
        return self._of_all if self.is_of_all else self._own

    @property
    def is_of_all(self) -> bool:
        """Return whether it is of every target of this machine."""
        return _reason(self._own) is None and _reason(self._of_all) is not None

    def reason(self) -> str | None:
        """Return its text, perhaps empty; None when there is no such file.

        One that cannot be read holds as well: somebody put it there.
        """
        own = _reason(self._own)
        return _reason(self._of_all) if own is None else own

    def place(self, reason: str) -> None:
        """Put syncing of this target on hold."""
        write_atomically(self._own, f"{reason}\n".encode())

    def remove(self, *, of_all: bool = False) -> None:
        """Delete the file of this target, or that of all, if it is there; OSError: it stays."""
        with suppress(FileNotFoundError, NotADirectoryError):
            (self._of_all if of_all else self._own).unlink()

    def shared_ids(self) -> tuple[str, ...]:
        """Return the ids of the holds that the other machines see because of this file."""
        try:
            ids = read_foreign_json(read_regular(self._shared))
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


def _reason(path: Path) -> str | None:
    try:
        return read_regular(path).decode("utf-8", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return phrase("it cannot be read: {why}", why=system_words(error))
