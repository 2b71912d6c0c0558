"""Print a command's result in the one form that was asked for: words, or a JSON document."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from listing_sync.cli.face import Face
from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """A result in both forms, of which only one is made, and the exit code that goes with it."""

    document: Callable[[], Mapping[str, object]]
    words: Callable[[], None]
    code: int = 0


def emit(face: Face, shown: Shown) -> int:
    """Print a result on stdout; return its exit code."""
    if face.json_output:
        face.print_json(shown.document())
    else:
        shown.words()
    return shown.code


def meanwhile(face: Face, words: Callable[[], None]) -> None:
    """Print what is said before the result; where JSON was asked for, stdout is one document."""
    if not face.json_output:
        words()
