"""Run Python in a child that the kernel ends when it computes too long, and measure its memory."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from subprocess import Popen


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended; `status` is negative for a signal, of which -24 is too much computing."""

    status: int
    stdout: str
    stderr: str
    peak_mebibytes: float


def run_bounded(
    *arguments: str, seconds: int, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run Python with these arguments, for so many seconds of computing at most."""

    limited = 'ulimit -t "$0"; ulimit -v 2097152; exec "$@"'  # 2 GiB: never the whole machine
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        command = ["sh", "-c", limited, str(seconds), sys.executable, *arguments]
        env = None if environment is None else dict(environment)
        with Popen(command, stdout=out, stderr=err, env=env) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
        return Ended(child.returncode, *texts, usage.ru_maxrss / 1024)
