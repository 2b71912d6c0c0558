"""Run the program: `python -m listing_sync`, and the console script."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_LEFT_OUT = ("httpx._main", "httpcore._sync.http2", "httpcore._async.http2")
"""What libraries do without where another is not installed, and nothing here uses: a command line,
which brings click, rich and pygments along, and HTTP/2; together an eighth of a second."""


def main() -> None:
    """Run the command line; a signal ends it with the code of a shell, also while it starts."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    # What is imported stays: looking for garbage in it takes a tenth of a quiet run (open_world).
    gc.disable()
    # Nothing here plugs into pydantic: to find that out it reads what every package declares.
    os.environ.setdefault(  # noqa: TID251 - tells a library, reads no setting
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )
    for name in _LEFT_OUT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None: cannot be imported
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
