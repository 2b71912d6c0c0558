"""Run the program: `python -m listing_sync`, and the console script."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn


def main() -> None:
    """Run the command line; a signal ends it with the code of a shell, also while it starts."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    # What is imported stays: looking for garbage in it takes a tenth of a quiet run (open_world).
    gc.disable()
    # The command line of httpx, which it does without where click or rich is not installed, brings
    # these and pygments along: a tenth of a second, for a library that another one installed.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: cannot be imported
    from listing_sync.cli.app import run  # noqa: PLC0415 - keeps importing this module free

    try:
        run()
    except SystemExit as exit_:
        _end(exit_.code if isinstance(exit_.code, int) else 1)


def _end(code: int) -> NoReturn:
    """End the process as it is: taking apart what was imported takes a twentieth of a quiet run."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
