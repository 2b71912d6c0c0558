"""Number what happens on this machine, so that its order is known whatever the clock says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

UNDO_FOLDER: Final = "undo"
SNAPSHOT_FOLDER: Final = "snapshots"

_DIGITS = 8
_UNDO_NAME = re.compile(r"(\d{8,})-\d{8}T")
_SNAPSHOT_NAME = re.compile(r"\d{8}T[\d.]+Z-(\d{8,})-")


def numbered(sequence: int) -> str:
    """Return a number as names bear it, so that they sort by it."""
    return f"{sequence:0{_DIGITS}d}"


def sequence_of(name: str) -> int | None:
    """Return the number in the name of an undo file or a snapshot, None where it has none.

    Files of version 1.0 have none: they are older than all that have one.
    """
    match = _UNDO_NAME.match(name) or _SNAPSHOT_NAME.match(name)
    return None if match is None else int(match[1])


def next_sequence(folder: Path) -> int:
    """Return a number above those of all undo files and snapshots of a target."""
    return 1 + max(
        (
            sequence_of(name) or 0
            for part in (UNDO_FOLDER, SNAPSHOT_FOLDER)
            for name in _names(folder / part)
        ),
        default=0,
    )


def _names(folder: Path) -> Iterator[str]:
    try:
        for path in folder.iterdir():
            yield path.name
    except (FileNotFoundError, NotADirectoryError):
        return
