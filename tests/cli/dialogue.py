"""A person at a terminal, who waits for each question and answers it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

_PATIENCE_S = 60.0


class Dialogue:
    """One run of the program whose three streams are a terminal of 100 columns."""

    def __init__(self, *arguments: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.screen = ""
        self._read_to = 0
        self._ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        bare = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb"}
        coverage = {n: v for n, v in os.environ.items() if n.startswith("COVERAGE_")}
        source = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "listing_sync", *arguments],
            cwd=folder,
            env={**bare, **coverage, "PYTHONPATH": source, **settings},
            stdin=its,
            stdout=its,
            stderr=its,
        )
        os.close(its)

    def answer(self, question: str, text: str) -> None:
        """Wait until the question is asked, and type the answer."""
        self.sees(question)
        os.write(self._ours, f"{text}\n".encode())

    def sees(self, words: str) -> None:
        """Wait until the words stand behind all that was waited for before."""
        ends_at = time.monotonic() + _PATIENCE_S
        while (found := self.screen.find(words, self._read_to)) < 0:
            assert time.monotonic() < ends_at, f"{words!r} did not come:\n{self.screen}"
            assert self._reads(), f"ended before {words!r}:\n{self.screen}"
        self._read_to = found + len(words)

    def end(self) -> int:
        """Read all that is still printed; return the exit code."""
        while self._reads():
            pass
        os.close(self._ours)
        return self._process.wait(timeout=_PATIENCE_S)

    def _reads(self) -> bool:
        if not select.select([self._ours], [], [], 1.0)[0]:
            return True
        try:
            part = os.read(self._ours, 65536)
        except OSError:  # EIO: the program has closed it
            return False
        self.screen += part.decode(errors="replace").replace("\r\n", "\n")
        return bool(part)
