"""Judge from owner and mode who else may write what we believe, and what a disk refuses."""

from __future__ import annotations

import errno
import stat

from listing_sync.language.sentences import marked, phrase, spoken

_DISKS = {
    errno.ENOSPC: marked(
        "{path} cannot be written: the disk is full: make room on it (df -h, df -i)"
    ),
    errno.EDQUOT: marked(
        "{path} cannot be written: the quota of this user is used up: make room, or have it raised"
    ),
    errno.EROFS: marked(
        "{path} cannot be written: the file system is read-only: name a folder on a volume that can"
        " be written, or remount this one (dmesg says why it is so)"
    ),
    errno.EIO: marked(
        "{path} cannot be written: the disk fails: see the system's log, and replace it"
    ),
}


def disk_problem(number: int | None, path: str | None = None) -> str | None:
    """Return what is wrong with the disk below a file, and what helps; None: it is not the disk."""
    words = _DISKS.get(number or 0)
    if words is None:
        return None
    return spoken(words, path=path or phrase("a file"))


def folder_problem(folder: str, owner: int, mode: int, mine: int) -> str | None:
    """Return who else than the user `mine` may plant files in a folder of state; None: nobody.

    A folder of root's that its group may write is one that an administrator shared on purpose,
    as Kubernetes does with an fsGroup.
    """
    if owner not in {mine, 0}:
        return phrase(
            "{folder} belongs to another user (number {owner}), who can write into it what a"
            " rollback believes: give it to the user who runs this (chown), or name another",
            folder=folder,
            owner=owner,
        )
    is_shared = bool(mode & stat.S_IWGRP) and (owner != 0 or mine == 0)
    if mode & stat.S_IWOTH or is_shared:
        return phrase(
            "others may write in {folder} (mode {mode:04o}), and so what a rollback believes: look"
            " whether all in it is yours, then chmod 700 {folder}",
            folder=folder,
            mode=stat.S_IMODE(mode),
        )
    return None
