"""Let one run at a time write a target, by a lock of the kernel that dies with its process."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from listing_sync.errors import LockTimeoutError, SettingsError
from listing_sync.history.exposure import disk_problem
from listing_sync.language.sentences import joined, phrase
from listing_sync.language.system_words import system_words
from listing_sync.machine.process import is_there
from listing_sync.machine.state_dir import StateDir, make_folder
from listing_sync.ports import Holder

_HOLDER = "lock.json"
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
_FIRST_STEP_S = 0.05
_LONGEST_STEP_S = 0.5


class FileLock:
    """The lock of a target; who holds it stands in a file beside it, for whoever waits."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    @property
    def name(self) -> str:
        """Return device and number of the lock file: no other file bears them while it is open."""
        try:
            status = (self._state.path / "lock").stat()
        except OSError:
            return ""
        return f"{status.st_dev}:{status.st_ino}"

    @contextmanager
    def held(self, me: Holder, timeout_s: float) -> Iterator[None]:
        """Hold the lock; raises LockTimeoutError when it is not free within `timeout_s`."""
        clock = self._state.clock
        ends_at = clock.monotonic() + timeout_s
        step_s = _FIRST_STEP_S
        while True:
            try:
                make_folder(self._state.path)
                lock = _locked(self._state.path / "lock")
            except OSError as error:
                raise SettingsError((_unusable(self._state.path / "lock", error),)) from error
            if lock is not None:
                break
            left_s = ends_at - clock.monotonic()
            if left_s <= 0:
                raise LockTimeoutError(self._who(timeout_s))
            clock.sleep(min(step_s, left_s))
            step_s = min(2 * step_s, _LONGEST_STEP_S)
        try:
            with suppress(OSError):  # it only tells who; a full disk must not stop the run
                holder = {**asdict(me), "since": me.since.isoformat()}
                self._state.write_json(_HOLDER, holder, outlasts_power=False)
            yield
        finally:
            with suppress(OSError):
                (self._state.path / _HOLDER).unlink()
            os.close(lock)

    def holder(self) -> Holder | None:
        """Return who holds the lock now; None when nobody does, or it is not known who."""
        try:
            holder = _read_holder(self._state.read_json(_HOLDER))
        except (KeyError, OSError, TypeError, ValueError):
            return None
        is_away = holder.host != socket.gethostname()
        return holder if is_away or is_there(holder.pid) else None

    def problem(self) -> str | None:
        """Return why no run can take the lock, found without writing; None: none is known.

        Where it can be taken it is shared for a moment: a run that begins just then tries again.
        """
        path = self._state.path / "lock"
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # no run has been here yet, or what reads says so
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:  # a run has it
            return None
        except OSError as error:
            return _unusable(path, error)
        finally:
            os.close(file)
        return None

    def _who(self, timeout_s: float) -> str:
        holder = self.holder()
        if holder is None:
            return phrase(
                "another run holds the lock {path}; waited {waited_s:.0f} s for it"
                " (SYNC_LOCK_TIMEOUT)",
                path=self._state.path / "lock",
                waited_s=timeout_s,
            )
        return phrase(
            "another run holds the lock: {user} on {host}, process {pid}, since"
            " {since:%Y-%m-%d %H:%M:%S}, run {run_id}; waited {waited_s:.0f} s for it"
            " (SYNC_LOCK_TIMEOUT)",
            user=holder.user,
            host=holder.host,
            pid=holder.pid,
            since=holder.since.astimezone(),
            run_id=holder.run_id,
            waited_s=timeout_s,
        )


def _locked(path: Path) -> int | None:
    """Return the file, open and locked until it is closed; None while another has it locked."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A file that was removed meanwhile keeps nobody out.
        is_there = os.fstat(file).st_nlink > 0
    except BlockingIOError:
        is_there = False
    except BaseException:
        os.close(file)
        raise
    if not is_there:
        os.close(file)
        return None
    return file


def _unusable(lock: Path, error: OSError) -> str:
    """Return why a lock file is none."""
    if error.errno in _NO_LOCKS:
        return phrase(
            "SYNC_STATE_DIR: the file system of {folder} has no locks (flock), without which two"
            " runs could meet: name a directory on a disk of this machine",
            folder=lock.parent,
        )
    if problem := disk_problem(error.errno, str(lock)):
        return joined(": ", ("SYNC_STATE_DIR", problem))
    return phrase(
        "SYNC_STATE_DIR: the lock {lock} cannot be used ({why}); another user may have made it:"
        " each needs an own one",
        lock=lock,
        why=system_words(error),
    )


def _read_holder(stored: object) -> Holder:
    if not isinstance(stored, dict):
        raise TypeError("not a holder")
    return Holder(
        host=str(stored["host"]),
        pid=int(stored["pid"]),
        user=str(stored["user"]),
        run_id=str(stored["run_id"]),
        since=datetime.fromisoformat(stored["since"]),
    )
