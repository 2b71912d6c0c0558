"""Time and stopping."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from datetime import UTC

import pytest

from listing_sync.clock import Stop, SystemClock, end_by_itself
from listing_sync.errors import StoppedError


def test_the_first_reason_to_stop_stays() -> None:
    stop = Stop()
    stop.raise_if_requested()
    stop.request(signal.SIGTERM)
    stop.request(None)
    with pytest.raises(StoppedError, match="SIGTERM") as caught:
        stop.raise_if_requested()
    assert caught.value.signal == signal.SIGTERM


def test_the_time_limit_is_no_signal() -> None:
    stop = Stop()
    stop.request(None)
    with pytest.raises(StoppedError, match="SYNC_TIME_LIMIT") as caught:
        stop.raise_if_requested()
    assert caught.value.signal is None


def test_a_stop_ends_a_wait_at_once() -> None:
    stop = Stop()
    began = time.monotonic()
    threading.Timer(0.02, stop.request, (signal.SIGINT,)).start()
    with pytest.raises(StoppedError):
        SystemClock(stop).sleep(30)
    assert time.monotonic() - began < 5


def test_no_wait_begins_after_a_stop() -> None:
    stop = Stop()
    stop.request(signal.SIGINT)
    with pytest.raises(StoppedError):
        SystemClock(stop).sleep(0)


def test_a_wait_passes_and_time_is_aware() -> None:
    clock = SystemClock(Stop())
    began = clock.monotonic()
    clock.sleep(0.01)
    clock.sleep(0)
    assert clock.monotonic() - began >= 0.01
    assert clock.now().tzinfo is UTC


# Matching this takes minutes, and no other code of the process runs meanwhile.
_COMPUTES = "import re; print('.', flush=True); re.match('(a|aa)+$', 'a' * 60 + 'b')"


@pytest.mark.slow
def test_a_process_that_computes_is_ended_by_its_time() -> None:
    code = f"from listing_sync.clock import end_by_itself as end; end(0.3); {_COMPUTES}"
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, timeout=20, capture_output=True
    )
    assert ended.returncode == -signal.SIGALRM


@pytest.mark.slow
def test_a_second_signal_ends_a_process_that_computes() -> None:
    code = (
        "import signal; from listing_sync.clock import once;"
        "signal.signal(signal.SIGTERM, lambda *_: None); once(signal.SIGTERM);"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code + _COMPUTES], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == -signal.SIGTERM


def test_a_limit_that_is_cancelled_ends_nothing() -> None:
    end_by_itself(60)()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
