"""Read in threads of their own, while the command's thread keeps the record alive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL_S = 0.2


class Background(Generic[T]):
    """One call in a thread of its own; it is a daemon, since a read may be abandoned."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._done = threading.Event()
        self._value: T
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        finally:
            self._done.set()

    def result(self, while_waiting: Callable[[], None]) -> T:
        """Return what the call returned, or raise what it raised; ticks about every second."""
        while not self._done.wait(1.0):
            while_waiting()
        if self._error is not None:
            raise self._error
        return self._value


class Prefetched(Generic[T]):
    """The items of an iterable, read ahead by at most `ahead` items in a thread of its own."""

    def __init__(self, items: Iterable[T], *, ahead: int) -> None:
        self._queue: Queue[tuple[T] | BaseException | None] = Queue(ahead)
        self._closed = threading.Event()
        self._items = items
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for item in self._items:
                if not self._put((item,)):
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the items are asked for
            self._put(error)

    def _put(self, entry: tuple[T] | BaseException | None) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(entry, timeout=_POLL_S)
            except Full:
                continue
            return True
        return False

    def each(self, while_waiting: Callable[[], None]) -> Iterator[T]:
        """Yield the items, or raise what reading them raised; ticks about every second."""
        try:
            while True:
                try:
                    entry = self._queue.get(timeout=1.0)
                except Empty:
                    while_waiting()
                    continue
                if entry is None:
                    return
                if isinstance(entry, BaseException):
                    raise entry
                yield entry[0]
        finally:
            self.close()

    def close(self) -> None:
        """Stop reading ahead."""
        self._closed.set()
