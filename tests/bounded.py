"""Run Python in a child that the kernel ends when it computes or takes more than it may."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

CODE_MEBIBYTES = 200
"""Addresses that an interpreter with its libraries takes before it does anything."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended; `status` is negative for a signal, of which -24 is too much computing."""

    status: int
    stdout: str
    stderr: str


def run_bounded(*arguments: str, seconds: int, mebibytes: int = 300) -> Ended:
    """Run Python with these arguments, for so many seconds of computing and so much memory."""
    # The peak that the kernel measures of a child is at least that of its parent: not used here.
    # Whoever measures what is tested makes it cost many times as much: not here.
    environment = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}
    limited = 'ulimit -t "$0"; ulimit -v "$1"; shift; exec "$@"'
    kibibytes = (mebibytes + CODE_MEBIBYTES) * 1024
    ended = subprocess.run(
        ["sh", "-c", limited, str(seconds), str(kibibytes), sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
