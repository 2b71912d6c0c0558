"""Turn a result or an error into the exit code of docs/contract.md section 2."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from listing_sync.errors import (
    ListingSyncError,
    LockTimeoutError,
    SettingsError,
    StoppedError,
)

if TYPE_CHECKING:
    from listing_sync.history.runs import Run


class ExitCode(IntEnum):
    """The codes that scripts and monitors rely on; 128 + signal number after a stop."""

    DONE = 0
    PARTLY = 1
    USAGE = 2
    FAILED = 3
    BUG = 70
    BUSY = 75
    SETTINGS = 78


_SIGNALLED = 128


def code_of_error(error: ListingSyncError) -> int:
    """Return the code for what ended a command early."""
    if isinstance(error, SettingsError):
        return ExitCode.SETTINGS
    if isinstance(error, LockTimeoutError):
        return ExitCode.BUSY
    if isinstance(error, StoppedError) and error.signal is not None:
        return _SIGNALLED + error.signal
    return ExitCode.FAILED


def code_of_run(run: Run, error: ListingSyncError | None, *, not_found: int = 0) -> int:
    """Return the code for a run, or a dry run, that came to its end."""
    from listing_sync.history.runs import RunStatus

    if error is not None:
        return code_of_error(error)
    if run.status is RunStatus.FAILED:
        return ExitCode.FAILED
    return ExitCode.PARTLY if run.status is RunStatus.PARTIAL or not_found else ExitCode.DONE
