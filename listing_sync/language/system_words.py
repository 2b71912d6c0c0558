"""Say in the language of the office what the operating system says in English."""

from __future__ import annotations

import errno
from typing import Final

from listing_sync.language.sentences import marked, spoken

_KNOWN: Final = {
    errno.EACCES: marked("Permission denied"),
    errno.EISDIR: marked("Is a directory"),
    errno.ENOENT: marked("No such file or directory"),
    errno.ENOSPC: marked("No space left on device"),
    errno.ENOTDIR: marked("Not a directory"),
    errno.EPERM: marked("Operation not permitted"),
    errno.EROFS: marked("Read-only file system"),
}


def system_words(error: OSError) -> str:
    """Return what went wrong, without the file's name; words that are not known stay English."""
    words = error.strerror or str(error)
    known = _KNOWN.get(error.errno or 0)
    return spoken(known) if known == words else words
