"""Judge from owner and mode of a folder who else may write what we believe."""

from __future__ import annotations

import stat


def folder_problem(folder: str, owner: int, mode: int, mine: int) -> str | None:
    """Return who else than the user `mine` may plant files in a folder of state; None: nobody.

    A folder of root's that its group may write is one that an administrator shared on purpose,
    as Kubernetes does with an fsGroup.
    """
    if owner not in {mine, 0}:
        return (
            f"{folder} belongs to another user (number {owner}), who can write into it what a"
            " rollback believes: give it to the user who runs this (chown), or name another"
        )
    is_shared = bool(mode & stat.S_IWGRP) and (owner != 0 or mine == 0)
    if mode & stat.S_IWOTH or is_shared:
        return (
            f"others may write in {folder} (mode {stat.S_IMODE(mode):04o}), and so what a rollback"
            f" believes: look whether all in it is yours, then chmod 700 {folder}"
        )
    return None
