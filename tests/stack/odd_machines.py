"""Machines as containers and full disks make them: what stands before a command to run it there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

NUMBER = 54321
_NOBODY = ("unshare", "--user", f"--map-user={NUMBER}", f"--map-group={NUMBER}")
# The user is one of a namespace: a number without a name and without rights, to whom all that the
# user of the tests owns belongs.
_AS_NOBODY = " ".join(_NOBODY)
_MOUNTS = ("unshare", "--mount", "sh", "-ec")
_READ_ONLY = (
    'mount --make-rprivate /; mount --bind "$0" "$0"; mount -o remount,ro,bind /;'
    f' exec {_AS_NOBODY} "$@"'
)
_FULL = (
    'mount --make-rprivate /; mount -t tmpfs -o size=256k,mode=0700 tmpfs "$0";'
    ' mkdir -m 0700 "$0/state"; head -c 1000000 /dev/zero >"$0/fill" 2>/dev/null || :;'
    ' exec "$@"'
)
_SMALL = 'mount --make-rprivate /; mount -t tmpfs -o size=16k,mode=0700 tmpfs "$0"; exec "$@"'


def as_nobody() -> Sequence[str]:
    """Return what runs a command as a number without a name, as OpenShift does."""
    return _NOBODY


def read_only_but(volume: Path) -> Sequence[str]:
    """Return what runs a command so too, where only this folder can be written."""
    return (*_MOUNTS, _READ_ONLY, str(volume))


def full(folder: Path) -> Sequence[str]:
    """Return what runs a command where this folder is a full disk, with a folder `state` on it."""
    return (*_MOUNTS, _FULL, str(folder))


def small(folder: Path) -> Sequence[str]:
    """Return what runs a command where this folder is a disk of a few files."""
    return (*_MOUNTS, _SMALL, str(folder))


def lacks(within: Sequence[str]) -> str | None:
    """Return why this machine cannot be such a one for us; None: it can."""
    try:
        tried = subprocess.run([*within, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return f"no {error.filename} here"
    return tried.stderr.strip() if tried.returncode else None
