"""Time and stopping: the one place that reads a clock or sleeps."""

from __future__ import annotations

import signal as signals
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from listing_sync.errors import StoppedError
from listing_sync.language.sentences import phrase


class Stop:
    """Whether the run was asked to stop, by a signal or by its time limit; ends every wait."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._signal: int | None = None

    def request(self, signal: int | None) -> None:
        """Ask for a stop; the first reason stays. `signal` is None for the time limit."""
        if not self._asked.is_set():
            self._signal = signal
            self._asked.set()

    def is_requested(self) -> bool:
        """Return whether a stop was asked for."""
        return self._asked.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for a stop at most `timeout_s` seconds; return whether it was asked for."""
        return self._asked.wait(timeout_s)

    def raise_if_requested(self) -> None:
        """Raise StoppedError once a stop was asked for."""
        if self._asked.is_set():
            if self._signal is None:
                raise StoppedError(phrase("stopped at SYNC_TIME_LIMIT"), signal=None)
            name = signals.Signals(self._signal).name
            raise StoppedError(phrase("stopped by {signal}", signal=name), signal=self._signal)


def end_by_itself(after_s: float) -> Callable[[], None]:
    """End the process by SIGALRM after `after_s` seconds whatever it does; return what cancels it.

    The kernel does it: a regular expression or a C function that computes lets no other code run.
    Where this thread may not set signals, nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    signals.signal(signals.SIGALRM, signals.SIG_DFL)
    signals.setitimer(signals.ITIMER_REAL, after_s)
    return lambda: signals.setitimer(signals.ITIMER_REAL, 0) and None


def once(number: int) -> None:
    """Let Python hear the next signal of this number, and the kernel end the process at another.

    Python's handler waits for the main thread's next bytecode, which may never come. libc's
    sysv_signal forgets a handler when it is called; where libc has none, all stays as it is.
    """
    import ctypes  # noqa: PLC0415 - only for the two commands' lifetimes

    libc = ctypes.CDLL(None)
    if not hasattr(libc, "sysv_signal"):
        return
    for function in (libc.signal, libc.sysv_signal):
        function.restype = ctypes.c_void_p
        function.argtypes = (ctypes.c_int, ctypes.c_void_p)
    libc.sysv_signal(number, libc.signal(number, None))


class SystemClock:
    """The machine's clock; its sleep ends at once, with StoppedError, when a stop is asked for."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for durations."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raises StoppedError when a stop is asked for before or meanwhile."""
        if seconds > 0:
            self._stop.wait(seconds)
        self._stop.raise_if_requested()
