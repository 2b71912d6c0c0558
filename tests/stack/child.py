"""Server processes that end with this one, however this one ends."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The pipe at its standard input ends with us, also when we are killed; then the whole group goes.
_WATCHED = 'exec 3<&0 </dev/null; (cat <&3 >/dev/null; kill -KILL 0) & exec "$@" 3<&-'


def start(command: Sequence[str | Path], *, log: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own; `options` are those of subprocess.Popen."""
    with log.open("wb") as output:
        return subprocess.Popen(
            ["sh", "-c", _WATCHED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )


def stop(process: subprocess.Popen[bytes], with_signal: signal.Signals) -> None:
    """Ask a server to end, make it after ten seconds, and wait until it has."""
    process.send_signal(with_signal)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    if process.stdin:
        process.stdin.close()
    process.wait()
