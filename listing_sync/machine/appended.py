"""Put members at the end of a file, each whole or not at all."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from pathlib import Path

from listing_sync.machine.state_dir import sync_folder


class Appended:
    """A file that is made with its first member, and stays open for those that follow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def _open(self) -> None:
        self._handle = _opened(self.path)
        self._close = weakref.finalize(self, os.close, self._handle)

    def append(self, member: bytes, *, is_needed: bool) -> None:
        """Append a member; what is needed has reached the disk before it returns.

        Raises:
            OSError: nothing of it is there.
        """
        state = os.fstat(self._handle)
        if state.st_nlink == 0:  # somebody deleted it
            self._close()
            self._open()
            state = os.fstat(self._handle)
        rest = memoryview(member)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            if is_needed:
                os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, state.st_size)  # half a batch would hide those that follow
            raise


def _opened(path: Path) -> int:
    """Return a handle of the file, whose name has reached the disk."""
    flags = os.O_WRONLY | os.O_APPEND
    with suppress(FileNotFoundError):
        return os.open(path, flags)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, flags | os.O_CREAT, 0o600)
    sync_folder(path.parent)
    return handle
