"""Run a command and say what it used: `python -m tests.bench.launch OUTPUT FOLDER COMMAND...`.

It is small on purpose: a process counts the peak memory of the one it was forked from as its own,
and the one that runs the benchmark is large.
"""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    """Write exit code, wall seconds, CPU seconds and peak KiB of the command to OUTPUT."""
    output, folder, *command = sys.argv[1:]
    os.chdir(folder)
    started = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - started
    cpu_s = usage.ru_utime + usage.ru_stime
    with open(output, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is not small
        file.write(f"{os.waitstatus_to_exitcode(status)} {wall_s} {cpu_s} {usage.ru_maxrss}")


if __name__ == "__main__":
    main()
