"""The ports that every world of the tests is made of: memory and, for the machine, real files."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from listing_sync.cells.mapping import SheetMapping, parse_mapping
from listing_sync.changes.migrations import SqlFile
from listing_sync.changes.undo_log import written_types
from listing_sync.errors import Service
from listing_sync.history.sources import Source, unread
from listing_sync.machine.alert_memory import AlertMemoryFile, MailMemoryFile
from listing_sync.machine.hold import HoldFile
from listing_sync.machine.journal import JournalFiles
from listing_sync.machine.json_memory import JsonMemoryFile
from listing_sync.machine.lock import FileLock
from listing_sync.machine.quiet_memory import QuietMemoryFiles
from listing_sync.machine.snapshots import SnapshotFiles
from listing_sync.machine.source_file import SourceFile
from listing_sync.machine.state_dir import StateDir
from listing_sync.machine.table_memory import TableMemoryFiles
from listing_sync.machine.undo import UndoFiles
from listing_sync.machine.written import written_since
from listing_sync.ports import (
    Channels,
    Database,
    Heartbeat,
    Identity,
    MetricsFile,
    Probes,
    RunRecords,
    SnapshotMeta,
    Table,
    Trial,
    Written,
)
from listing_sync.reliability.breaker import BreakerState
from listing_sync.settings import Settings
from listing_sync.signals.heartbeat import HealthchecksHeartbeat
from listing_sync.signals.metrics_file import PrometheusFile
from listing_sync.signals.webhook import SlackWebhook
from tests.fakes import FakeClock, MemoryHolds


def made_settings(**given: Any) -> Settings:
    """Return settings as no environment and no file changes them."""
    usual: dict[str, Any] = {
        "supabase_url": "https://xyz.supabase.co",
        "supabase_service_role_key": "sb_secret_1",
    }
    return Settings(**usual | given)


class KnownMigrations:
    """Files of sql/, those applied, and what REST sees of them."""

    def __init__(self, *files: SqlFile) -> None:
        self.files = files
        self.record: dict[str, str] = {}

    def applied(self) -> dict[str, str]:
        return dict(self.record)


@dataclass
class MemoryTarget:
    """The port Target in memory."""

    table: Table
    records: RunRecords
    holds: MemoryHolds = field(default_factory=MemoryHolds)
    migrations: KnownMigrations = field(default_factory=KnownMigrations)
    database: Database | None = None


@dataclass
class FolderMachine:
    """The port Machine over a folder; `alive` are the processes, none of which ends by itself."""

    state: StateDir
    settings: Settings
    mapping: SheetMapping
    alive: set[int] = field(default_factory=set)
    metrics: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        state = self.state
        self.lock = FileLock(state)
        self.journal = JournalFiles(state, timedelta(days=self.settings.sync_history_days))
        self.undo = UndoFiles(state, written_types(self.mapping))
        self.hold = HoldFile(state.root, state.path)
        self.snapshots = SnapshotFiles(state, "table")
        self.alert_memory = AlertMemoryFile(state)
        self.mail_memory = MailMemoryFile(state)
        self.given_back = JsonMemoryFile(state, "given_back.json")
        self.page_memory = JsonMemoryFile(state, "page.json")
        self.table_memory = TableMemoryFiles(state)
        self.quiet_memory = QuietMemoryFiles(state)
        self.sources = SourceFile(state)

    def require_state_dir(self) -> None:
        self.state.require_writable()

    def written_since(
        self, beginning: SnapshotMeta | str | None
    ) -> AbstractContextManager[Written]:
        return written_since(self.undo, beginning)

    def breaker_state(self, service: Service) -> BreakerState:
        return BreakerState.CLOSED

    def is_process_there(self, pid: int, started: str) -> bool:
        return pid in self.alive

    def limit_time(self) -> None:
        """Let every run take its time."""

    def request_metrics(self) -> dict[str, object]:
        return self.metrics


@dataclass
class NoSignals:
    """The port Signals with nobody at the other end."""

    heartbeat: Heartbeat = field(default_factory=lambda: HealthchecksHeartbeat(None))
    channels: Channels = field(default_factory=lambda: SlackWebhook(()))
    metrics_file: MetricsFile = field(default_factory=lambda: PrometheusFile(None))

    def trials(self, run_id: str, text: str) -> tuple[Trial, ...]:
        return ()


def _part(room: str, name: str) -> Any:
    """Return a member of a room, as one of the world itself."""

    def get(self: World) -> Any:
        return getattr(getattr(self, room), name)

    def put(self: World, value: Any) -> None:
        setattr(getattr(self, room), name, value)

    return property(get, put)


class World:
    """One agency: its sheet, what is on the other side, its machine in `folder`."""

    table = _part("target", "table")
    records = _part("target", "records")
    holds = _part("target", "holds")
    migrations = _part("target", "migrations")
    database = _part("target", "database")
    state = _part("machine", "state")
    lock = _part("machine", "lock")
    journal = _part("machine", "journal")
    undo = _part("machine", "undo")
    hold = _part("machine", "hold")
    snapshots = _part("machine", "snapshots")
    alert_memory = _part("machine", "alert_memory")
    given_back = _part("machine", "given_back")
    alive = _part("machine", "alive")
    request_metrics = _part("machine", "request_metrics")
    heartbeat = _part("signals", "heartbeat")
    channels = _part("signals", "channels")
    metrics_file = _part("signals", "metrics_file")

    sheet: Any
    target: MemoryTarget

    def __init__(
        self, folder: Path, mapping: str, *, clock: FakeClock | None = None, **settings: Any
    ) -> None:
        self.clock = clock or FakeClock()
        self.settings = made_settings(**settings)
        self.mapping = parse_mapping(mapping, name="mapping.toml")
        self.identity = Identity("sheet", "table", "web1", 42, "office", "1.0", "cron")
        root = folder / "state"
        state = StateDir(root, root / "target", self.clock, self._unexpected)
        self.machine = FolderMachine(state, self.settings, self.mapping)
        self.signals = NoSignals()

    @staticmethod
    def _unexpected(warning: str) -> None:
        raise AssertionError(warning)

    def probing(self) -> Probes:
        return self

    def looking(self) -> World:
        return self

    def learn_source(self, source: Source, *, keep: bool) -> None:
        self.identity = replace(self.identity, source=source.names[0], sources=source)
        self.target.records.go_by(source)
        if keep:
            self.machine.sources.store(source)

    def next_process(self, spelled: str, base: str) -> None:
        """Be another process on this machine, whose settings spell the source so."""
        self.learn_source(self.machine.sources.load(unread(spelled, base)), keep=False)
