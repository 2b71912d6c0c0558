"""Give the program streams that hold no secret, fail by a name of their own, or not at all."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from listing_sync import logs

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputError(OSError):
    """What the program prints cannot be written: no other failure of a file is one of these.

    It bears no number, by which Typer would end the program in its own way.
    """

    @property
    def has_no_reader(self) -> bool:
        """Return whether whoever read it has gone, as `| head` does."""
        return isinstance(self.__cause__, BrokenPipeError)


class _Results(io.FileIO):
    def write(self, part: ReadableBuffer) -> int:
        try:
            return super().write(part)
        except OSError as error:
            raise OutputError(error.strerror or type(error).__name__) from error


class _Messages(io.FileIO):
    """Where nobody can read a warning, the run and its exit code are still what they are."""

    def write(self, part: ReadableBuffer) -> int:
        try:
            return super().write(part)
        except OSError:
            return len(memoryview(part))


class _Redacted(io.TextIOWrapper):
    def write(self, text: str) -> int:
        super().write(logs.redacted(text))
        return len(text)


def prepare_output() -> None:
    """Let nothing that is printed fail for a missing stream or a character it cannot hold."""
    for name, kind in (("stdout", _Results), ("stderr", _Messages)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
            continue
        stream.flush()
        try:
            # The one before it lives on in sys.__stdout__, without anything of ours in it.
            raw = kind(stream.fileno(), "w", closefd=False)
        except OSError:  # whoever called us put an object there that is no file
            stream.reconfigure(errors="backslashreplace")
            continue
        redacted = _Redacted(
            io.BufferedWriter(raw),
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
        )
        setattr(sys, name, redacted)
