"""In-memory stand-ins for the outside world, and a clock whose time is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from listing_sync.clock import Stop
from listing_sync.core.listings import Value
from listing_sync.core.mapping import Column
from listing_sync.core.plan import TableRow
from listing_sync.core.runs import Run, RunStatus, StoredRejection
from listing_sync.reliability.breaker import Breaker

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only in `sleep`: at once when every thread that takes part is asleep.

    `together` runs functions in threads that take part; otherwise there is one. `at` does something
    when a time, in seconds from the start, is reached.
    """

    def __init__(self, stop: Stop | None = None, *, start: datetime = START) -> None:
        self.stop = stop or Stop()
        self._start = start
        self._elapsed_s = 0.0
        self._changed = threading.Condition()
        self._threads = 1
        self._wakes_s: list[float] = []
        self._actions: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def sleep(self, seconds: float) -> None:
        self.stop.raise_if_requested()
        self.sleep_patiently(seconds, self.stop.is_requested)
        self.stop.raise_if_requested()

    def sleep_patiently(self, seconds: float, is_over: Callable[[], bool] = lambda: False) -> None:
        if seconds <= 0:
            return
        with self._changed:
            wake_s = self._elapsed_s + seconds
            self._wakes_s.append(wake_s)
            self._let_time_pass()
            while self._elapsed_s < wake_s and not is_over():
                assert self._changed.wait(timeout=10), "a thread that takes part hangs"
            self._wakes_s.remove(wake_s)

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        self._actions.append((seconds, action))

    def set_wall(self, now: datetime) -> None:
        """Set the time of day, as an administrator or NTP does; monotonic time goes on."""
        self._start = now - timedelta(seconds=self._elapsed_s)

    def together(self, *functions: Callable[[], None]) -> None:
        """Run the functions in threads of their own until all have ended; raise what one raised."""
        errors: list[BaseException] = []

        def run(function: Callable[[], None]) -> None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
                errors.append(error)
            finally:
                with self._changed:
                    self._threads -= 1
                    self._let_time_pass()

        self._threads = len(functions)
        threads = [threading.Thread(target=run, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._threads = 1
        if errors:
            raise errors[0]

    def _let_time_pass(self) -> None:
        while self._wakes_s and len(self._wakes_s) >= self._threads:
            wake_s = min(self._wakes_s)
            due = [a for a in self._actions if self._elapsed_s < a[0] <= wake_s]
            if not due:
                self._elapsed_s = max(self._elapsed_s, wake_s)
                break
            action = min(due, key=lambda a: a[0])
            self._actions.remove(action)
            self._elapsed_s = action[0]
            action[1]()
            if self.stop.is_requested():
                break
        self._changed.notify_all()


class PatientClock:
    """The same time as another clock's, but sleeping on when a stop is asked for."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep_patiently(seconds)


class MemoryBreakerStore:
    """Keeps a breaker, as the next process would find it, and counts the saves."""

    def __init__(self, breaker: Breaker | None = None) -> None:
        self.breaker = breaker or Breaker()
        self.saves = 0

    def load(self) -> Breaker:
        return self.breaker

    def save(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.saves += 1


class MemoryRecords:
    """sync_state and sync_errors of one source and target; `away` is raised by every call."""

    def __init__(self, *runs: Run, rejections: Sequence[StoredRejection] = ()) -> None:
        self.runs = {run.run_id: run for run in runs}
        self.stored = list(rejections)
        self.away: Exception | None = None

    def _ask(self) -> None:
        if self.away is not None:
            raise self.away

    def save(self, run: Run, *, last: bool = False) -> None:
        self._ask()
        self.runs[run.run_id] = run

    def save_rejections(self, rejections: Sequence[StoredRejection], *, last: bool = False) -> None:
        self._ask()
        self.stored += rejections

    def recent(self, limit: int, *, since: datetime | None = None) -> tuple[Run, ...]:
        self._ask()
        newest = sorted(self.runs.values(), key=lambda run: run.started_at, reverse=True)
        return tuple(run for run in newest if since is None or run.started_at >= since)[:limit]

    def get(self, run_id: str) -> Run | None:
        self._ask()
        return self.runs.get(run_id)

    def rejections(self, run_id: str) -> tuple[StoredRejection, ...]:
        self._ask()
        return tuple(item for item in self.stored if item.run_id == run_id)

    def rejections_of(self, property_number: str, limit: int) -> tuple[StoredRejection, ...]:
        self._ask()
        of_it = [item for item in self.stored if item.rejection.property_number == property_number]
        newest = sorted(of_it, key=lambda item: item.created_at, reverse=True)
        return tuple(newest[:limit])

    def in_progress(self) -> tuple[Run, ...]:
        self._ask()
        return tuple(run for run in self.runs.values() if run.status is RunStatus.IN_PROGRESS)

    def other_sources(self, since: datetime) -> tuple[str, ...]:
        self._ask()
        return ()

    def delete_older(self, before: datetime, *, keep: int) -> None:
        self._ask()


class MemoryTable:
    """The target table: property number -> its row by column; `marks` are those withdrawn."""

    def __init__(self, rows: Mapping[str, Mapping[str, Value]]) -> None:
        self.content = {number: dict(row) for number, row in rows.items()}
        self.marks: dict[str, str] = {}
        self.away: Exception | None = None

    def rows(
        self, columns: Sequence[Column], numbers: Sequence[str]
    ) -> Iterator[Sequence[TableRow]]:
        if self.away is not None:
            raise self.away
        yield [
            TableRow(
                number,
                tuple(self.content[number].get(column.name) for column in columns),
                mark=self.marks.get(number),
            )
            for number in numbers
            if number in self.content
        ]
