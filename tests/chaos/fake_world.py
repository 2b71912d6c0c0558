"""A world in which any request goes wrong on command and time passes at once.

Guard, command and files are the real ones; the services are kept in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from listing_sync.cells.listings import Cell, Value
from listing_sync.cells.mapping import parse_mapping
from listing_sync.changes.refusal import SafetyLimits
from listing_sync.cli.progress import Silent
from listing_sync.clock import Stop
from listing_sync.commands.sync import SyncOptions, SyncResult, sync
from listing_sync.errors import Category, PermanentError, RemoteError, Service, TransientError
from listing_sync.machine.breaker_file import BreakerFile
from listing_sync.machine.journal import JournalFiles
from listing_sync.machine.state_dir import StateDir
from listing_sync.ports import Back, Identity, Ports
from listing_sync.reliability.guard import Guard
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.pacing import GuardSettings, Patience
from listing_sync.reliability.rate_limit import TokenBucket
from tests.fakes import START, MemoryRecords, MemorySheet, MemoryTable
from tests.world import FolderMachine, MemoryTarget, NoSignals, made_settings

T = TypeVar("T")

KEY = "sb_secret_never_to_be_seen"
MAPPING = parse_mapping(
    """
table = "listings"
key = "property_number"
[columns.property_number]
header = "Property Number"
type = "text"
required = true
pattern = '^[A-Z]{2}[0-9]+$'
[columns.price]
header = "Price"
type = "money"
scale = 0
""",
    name="mapping.toml",
)


class Time:
    """Seconds that pass in sleeps and slow requests, and a wall clock that may be set."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._elapsed_s = 0.0
        self._ahead = timedelta()
        self._actions: list[tuple[float, Callable[[], None]]] = []

    @property
    def elapsed_s(self) -> float:
        return self._elapsed_s

    def now(self) -> datetime:
        return START + self._ahead + timedelta(seconds=self._elapsed_s)

    def pass_by(self, seconds: float) -> None:
        with self._lock:
            self._elapsed_s += seconds
            due = [action for at, action in self._actions if at <= self._elapsed_s]
            self._actions = [action for action in self._actions if action[0] > self._elapsed_s]
            for action in due:
                action()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self._actions.append((self._elapsed_s + seconds, action))

    def forget_actions(self) -> None:
        self._actions = []

    def set_wall_clock(self, by: timedelta) -> None:
        self._ahead += by


class QuickClock:
    """ports.Clock of one run; with its own Stop the patient one."""

    def __init__(self, time: Time, stop: Stop) -> None:
        self._time = time
        self._stop = stop

    def now(self) -> datetime:
        return self._time.now()

    def monotonic(self) -> float:
        return self._time.elapsed_s

    def sleep(self, seconds: float) -> None:
        self._stop.raise_if_requested()
        if seconds > 0:
            self._time.pass_by(seconds)
        self._stop.raise_if_requested()


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a request, `after` the service has done its work or before; None: of the run."""

    category: Category | None = Category.NETWORK
    after: bool = False
    takes_s: float = 0.0
    retry_after_s: float | None = None

    def error(self, service: Service) -> RemoteError:
        if self.category is None:
            return PermanentError("refused", service=service, category=Category.UNKNOWN)
        return TransientError(
            "failed", service=service, category=self.category, retry_after_s=self.retry_after_s
        )


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What goes wrong in one run: requests by number, and events by the seconds from its start.

    It is stopped by SIGTERM after some seconds, or by its time limit at a request. The database is
    down for `down_s` seconds from request `down_from` on, as PostgREST tells it.
    """

    faults: Mapping[Service, Mapping[int, Fault]] = field(default_factory=dict)
    stops_after_s: float | None = None
    stops_at_request: int | None = None
    down_from: int | None = None
    down_s: float = 0.0
    clock_jumps: tuple[tuple[float, timedelta], ...] = ()


NOTHING = Disturbance()


class WatchedTable(MemoryTable):
    """Knows for which listings somebody was told that they were written or removed."""

    def __init__(self, *args: object, **more: Any) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.told_written: list[str] = []
        self.told_removed: list[str] = []

    def upsert(
        self, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, back: Back = Back.WRITTEN
    ) -> Sequence[Mapping[str, Value]]:
        made = super().upsert(columns, rows, back=back)
        at = list(columns).index(MAPPING.key)
        self.told_written += [str(row[at]) for row in rows]
        return made

    def delete(self, numbers: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        gone = super().delete(numbers)
        self.told_removed += [number for number in numbers if number not in self.content]
        return gone


class Scene:
    """A sheet, a table, the records and a state directory, that runs come to one after another."""

    def __init__(
        self,
        folder: Path,
        table: Mapping[str, Mapping[str, Value]],
        *,
        batch_size: int = 3,
        prune: bool = False,
        **settings: Any,
    ) -> None:
        self.time = Time()
        self.settings = made_settings(supabase_service_role_key=KEY, **settings)
        self.table = WatchedTable(table, page_rows=4, call=partial(self._ask, Service.SUPABASE))
        self.records = MemoryRecords(
            call=partial(self._ask, Service.SUPABASE),
            now=lambda: START + timedelta(seconds=self.time.elapsed_s),
        )
        self.sheet = MemorySheet(MAPPING, call=partial(self._ask, Service.GOOGLE))
        self.folder = folder
        self.warnings: list[str] = []
        self.asked_at_s: list[float] = []
        self.results: list[SyncResult] = []
        clock = QuickClock(self.time, Stop())
        self.state = StateDir(folder, folder / "target", clock, self.warnings.append)
        self.journal = JournalFiles(self.state, timedelta(days=90))
        self._options = SyncOptions(
            limits=SafetyLimits(100, 100), percent=100, batch_size=batch_size, prune=prune
        )
        self._guards: dict[Service, Guard] = {}
        self._counts: dict[Service, int] = {}
        self._disturbance = NOTHING
        self._down_until_s = 0.0
        self._stop = Stop()

    def put(self, cells: Mapping[str, Cell]) -> None:
        """Let the sheet hold these listings: number -> price."""
        self.sheet.rows = [
            {"property_number": number, "price": price} for number, price in cells.items()
        ]

    def run(self, disturbance: Disturbance = NOTHING) -> SyncResult:
        """Let one process come and go."""
        before = set(threading.enumerate())
        stop = self._begin(disturbance)
        try:
            result = sync(cast("Ports", self._ports(stop)), self._options, Silent())
        finally:
            stop.request(None)  # what would end with the process
            for thread in set(threading.enumerate()) - before:
                thread.join(5)
                assert not thread.is_alive(), "a thread outlives its run"
        self.results.append(result)
        return result

    def _begin(self, disturbance: Disturbance) -> Stop:
        stop = self._stop = Stop()
        self._disturbance = disturbance
        self._counts = dict.fromkeys(Service, 0)
        self.asked_at_s = []
        self._down_until_s = 0.0
        self.table.told_written, self.table.told_removed = [], []
        self.time.forget_actions()
        if disturbance.stops_after_s is not None:
            self.time.after(disturbance.stops_after_s, lambda: stop.request(15))
        for seconds, by in disturbance.clock_jumps:
            self.time.after(seconds, partial(self.time.set_wall_clock, by))
        self._guards = {service: self._guard(service, stop) for service in Service}
        return stop

    def _guard(self, service: Service, stop: Stop) -> Guard:
        settings = self.settings
        rate = settings.sync_rate_limit if service is Service.SUPABASE else 0
        return Guard(
            service,
            GuardSettings(
                retries=settings.sync_retry_attempts,
                first_delay_s=settings.retry_delay_s,
                timeout_s=settings.request_timeout_s,
                threshold=settings.sync_circuit_breaker_threshold,
                breaker_timeout_s=settings.breaker_timeout_s,
            ),
            store=BreakerFile(self.state, service),
            bucket=TokenBucket.full(rate) if rate else None,
            clock=QuickClock(self.time, stop),
            patient_clock=QuickClock(self.time, Stop()),
            bounded=lambda _: nullcontext(),
            meter=Meter(),
            on_retry=lambda _: None,
        )

    def _ports(self, stop: Stop) -> SimpleNamespace:
        self.state.require_writable()
        pid = 1000 + len(self.results)
        return SimpleNamespace(
            settings=self.settings,
            mapping=MAPPING,
            identity=Identity("sheet", "table", "web1", pid, "office", "1.0", "cron"),
            clock=QuickClock(self.time, stop),
            sheet=self.sheet,
            target=MemoryTarget(self.table, self.records),
            machine=FolderMachine(self.state, self.settings, MAPPING, alive={pid}),
            signals=NoSignals(),
        )

    def _ask(
        self,
        service: Service,
        send: Callable[[], T],
        what: str,
        patience: Patience = Patience.RETRY,
    ) -> T:
        return self._guards[service].call(partial(self._try, service, send), what, patience)

    def _try(self, service: Service, send: Callable[[], T]) -> T:
        number = self._counts[service]
        self._counts[service] += 1
        if service is Service.SUPABASE:
            self.asked_at_s.append(self.time.elapsed_s)
            if number == self._disturbance.stops_at_request:
                self._stop.request(None)
            if number == self._disturbance.down_from:
                self._down_until_s = self.time.elapsed_s + self._disturbance.down_s
            if self.time.elapsed_s < self._down_until_s:
                raise Fault(retry_after_s=0.0).error(service)
        fault = self._disturbance.faults.get(service, {}).get(number)
        if fault is None:
            return send()
        if fault.after:
            send()
        self.time.pass_by(fault.takes_s)
        raise fault.error(service)
