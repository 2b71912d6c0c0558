"""Tell this process, and whether another one is there, by more than a number that is used again.

Source: proc(5) of Linux: /proc/sys/kernel/random/boot_id, /proc/PID/ns/pid, field 22 of
/proc/PID/stat. Elsewhere they are not known, and empty.
"""

from __future__ import annotations

import os
from pathlib import Path

from listing_sync.history.runs import Process

_PROC = Path("/proc")
_STARTED = 19
"""Index of the start time among the fields behind the name, which ends with the last bracket."""


def this_process(proc: Path = _PROC) -> Process:
    """Return what tells this process from every other."""
    try:
        boot_id = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str((proc / "self/ns/pid").readlink())
    except (OSError, UnicodeDecodeError):
        return Process()
    return Process(boot_id=boot_id, space=space, started=_started(os.getpid(), proc) or "")


def is_there(pid: int, started: str = "", *, proc: Path = _PROC) -> bool:
    """Return whether a process of this space has that number and, where known, began then."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return not started or _started(pid, proc) in {started, None}


def _started(pid: int, proc: Path) -> str | None:
    """Return when a process began, in ticks since the machine did; None where that is hidden.

    The folder may be that of another space, whose numbers mean other processes.
    """
    try:
        if str((proc / "self").readlink()) != str(os.getpid()):
            return None
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return fields[_STARTED]
