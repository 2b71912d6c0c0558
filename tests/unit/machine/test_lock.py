from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from listing_sync.errors import LockTimeoutError, SettingsError, StoppedError
from listing_sync.machine.lock import FileLock
from listing_sync.ports import Holder

SINCE = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def holder(pid: int | None = None, host: str | None = None) -> Holder:
    return Holder(host or socket.gethostname(), pid or os.getpid(), "ana", "run-1", SINCE)


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_is_held_inside_and_free_outside(machine):
    machine.state.require_writable()
    lock = FileLock(machine.state)
    assert lock.holder() is None
    for _ in range(2):
        with lock.held(holder(), 0):
            assert lock.holder() == holder()
        assert lock.holder() is None


def test_another_run_waits_as_long_as_it_may_and_says_for_whom(machine):
    machine.state.require_writable()
    with FileLock(machine.state).held(holder(), 0):
        message = rf"ana on {re.escape(socket.gethostname())}, process {os.getpid()}, since .*run-1"
        with (
            pytest.raises(LockTimeoutError, match=message),
            FileLock(machine.state).held(holder(), 300),
        ):
            pass
    assert machine.clock.monotonic() == pytest.approx(300)


def test_a_run_that_waits_goes_on_when_the_lock_is_free(machine):
    machine.state.require_writable()
    first = FileLock(machine.state).held(holder(), 0)
    first.__enter__()
    machine.clock.at(10, lambda: first.__exit__(None, None, None))
    with FileLock(machine.state).held(holder(), 300):
        assert 10 <= machine.clock.monotonic() <= 10.5


def test_a_stop_ends_the_wait_for_the_lock_at_once(machine):
    machine.state.require_writable()
    machine.clock.at(0.33, lambda: machine.clock.stop.request(signal.SIGTERM))
    with (
        FileLock(machine.state).held(holder(), 0),
        pytest.raises(StoppedError),
        FileLock(machine.state).held(holder(), 300),
    ):
        pass
    assert machine.clock.monotonic() == 0.33


def test_an_error_inside_frees_the_lock(machine):
    machine.state.require_writable()
    with pytest.raises(KeyError), FileLock(machine.state).held(holder(), 0):
        raise KeyError
    with FileLock(machine.state).held(holder(), 0):
        pass


def test_a_killed_process_holds_nothing(machine):
    machine.state.require_writable()
    code = f"""
import os, signal
from listing_sync.clock import Stop, SystemClock
from listing_sync.machine.lock import FileLock
from listing_sync.machine.state_dir import StateDir
from listing_sync.ports import Holder
from datetime import datetime, UTC
from pathlib import Path
state = StateDir(Path({str(machine.state.root)!r}), Path({str(machine.state.path)!r}),
                 SystemClock(Stop()), print)
me = Holder({socket.gethostname()!r}, os.getpid(), "ana", "dead", datetime.now(UTC))
with FileLock(state).held(me, 0):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (machine.state.path / "lock.json").exists()
    lock = FileLock(machine.state)
    assert lock.holder() is None
    with lock.held(holder(), 0):
        assert lock.holder() == holder()


def test_a_holder_on_another_host_is_believed(machine):
    stored = {"host": "elsewhere", "pid": dead_pid(), "user": "ana", "run_id": "r"}
    machine.put("lock.json", json.dumps({**stored, "since": SINCE.isoformat()}).encode())
    found = FileLock(machine.state).holder()
    assert found is not None
    assert found.host == "elsewhere"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may signal every process")
def test_a_process_of_another_user_is_alive(machine):
    stored = {"host": socket.gethostname(), "pid": 1, "user": "root", "run_id": "r"}
    machine.put("lock.json", json.dumps({**stored, "since": SINCE.isoformat()}).encode())
    found = FileLock(machine.state).holder()
    assert found is not None
    assert found.pid == 1


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"host":"h","pid":"x"}', b"{"], ids=repr)
def test_a_damaged_note_of_the_holder_hides_nothing_but_the_name(machine, content):
    machine.state.require_writable()
    with FileLock(machine.state).held(holder(), 0):
        machine.put("lock.json", content)
        with (
            pytest.raises(LockTimeoutError, match="another run holds the lock"),
            FileLock(machine.state).held(holder(), 1),
        ):
            pass


def test_a_lock_that_cannot_be_opened_is_a_settings_error(machine):
    (machine.state.path / "lock").mkdir(parents=True)
    with (
        pytest.raises(SettingsError, match="another user may"),
        FileLock(machine.state).held(holder(), 0),
    ):
        pass


def test_nothing_is_known_against_a_lock_that_is_free_held_or_not_there(machine):
    lock = FileLock(machine.state)
    assert lock.problem() is None
    assert not machine.state.path.exists()
    machine.state.require_writable()
    with lock.held(holder(), 0):
        assert FileLock(machine.state).problem() is None
    assert lock.problem() is None
    with lock.held(holder(), 0):
        pass
