"""Time and stopping."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC

import pytest

from listing_sync.clock import Stop, SystemClock
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
