"""Let one run at a time write a target, by a lock of the kernel that dies with its process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime

from listing_sync.errors import LockTimeoutError, SettingsError
from listing_sync.machine.process import is_there
from listing_sync.machine.state_dir import StateDir
from listing_sync.ports import Holder

_HOLDER = "lock.json"
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
        import filelock  # noqa: PLC0415 - 38 ms, wanted only by what writes

        lock = filelock.FileLock(self._state.path / "lock", mode=0o600, thread_local=False)
        clock = self._state.clock
        ends_at = clock.monotonic() + timeout_s
        step_s = _FIRST_STEP_S
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except filelock.Timeout:
                left_s = ends_at - clock.monotonic()
                if left_s <= 0:
                    raise LockTimeoutError(self._who(timeout_s)) from None
            except OSError as error:
                problem = (
                    f"SYNC_STATE_DIR: the lock {self._state.path / 'lock'} cannot be used"
                    f" ({error.strerror}); another user may have made it: each needs an own one"
                )
                raise SettingsError((problem,)) from error
            clock.sleep(min(step_s, left_s))
            step_s = min(2 * step_s, _LONGEST_STEP_S)
        try:
            with suppress(OSError):  # it only tells who; a full disk must not stop the run
                self._state.write_json(_HOLDER, {**asdict(me), "since": me.since.isoformat()})
            yield
        finally:
            with suppress(OSError):
                (self._state.path / _HOLDER).unlink()
            lock.release()

    def holder(self) -> Holder | None:
        """Return who holds the lock now; None when nobody does, or it is not known who."""
        try:
            holder = _read_holder(self._state.read_json(_HOLDER))
        except (KeyError, OSError, TypeError, ValueError):
            return None
        is_away = holder.host != socket.gethostname()
        return holder if is_away or is_there(holder.pid) else None

    def _who(self, timeout_s: float) -> str:
        holder = self.holder()
        waited = f"waited {timeout_s:.0f} s for it (SYNC_LOCK_TIMEOUT)"
        if holder is None:
            return f"another run holds the lock {self._state.path / 'lock'}; {waited}"
        since = holder.since.astimezone()
        return (
            f"another run holds the lock: {holder.user} on {holder.host}, process {holder.pid},"
            f" since {since:%Y-%m-%d %H:%M:%S}, run {holder.run_id}; {waited}"
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
