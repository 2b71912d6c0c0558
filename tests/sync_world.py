"""Ports as `sync` asks them: sheet, table and records in memory, state files for real."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from listing_sync.cells.listings import Cell, Value
from listing_sync.cells.mapping import parse_mapping
from listing_sync.changes.plan import Limits
from listing_sync.commands.sync import SyncOptions, SyncResult, sync
from listing_sync.history.sources import Source, unread
from listing_sync.machine.alert_memory import AlertMemoryFile
from listing_sync.machine.given_back import GivenBackFile
from listing_sync.machine.hold import HoldFile
from listing_sync.machine.journal import JournalFiles
from listing_sync.machine.lock import FileLock
from listing_sync.machine.source_file import SourceFile
from listing_sync.machine.state_dir import StateDir
from listing_sync.machine.undo import UndoFiles
from listing_sync.ports import Identity
from listing_sync.settings import Settings
from listing_sync.signals.metrics_file import PrometheusFile
from listing_sync.signals.webhook import SlackWebhook
from tests.fakes import (
    Call,
    FakeClock,
    MemoryHolds,
    MemoryRecords,
    MemorySheet,
    MemoryTable,
    straight,
)

MAPPING = """
table = "listings"
key = "property_number"
[columns.property_number]
header = ["Property Number", "物件番号"]
type = "text"
required = true
pattern = '^[A-Z]{2}\\d+$'
[columns.name]
header = "Name"
type = "text"
[columns.price]
header = "Price"
type = "money"
scale = 0
[columns.note]
header = "Note"
type = "text"
on_blank = "keep"
clear_marker = "(none)"
"""

MARKS = '[prune]\nmark_column = "withdrawn_at"\n'


class MemoryHeartbeat:
    """The pings that were sent: their kind and their run."""

    def __init__(self) -> None:
        self.pings: list[tuple[str, str]] = []

    def started(self, run_id: str) -> None:
        self.pings.append(("started", run_id))

    def succeeded(self, run_id: str, summary: str) -> None:
        self.pings.append(("succeeded", run_id))

    def failed(self, run_id: str, summary: str) -> None:
        self.pings.append(("failed", run_id))

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.pings]


class Watcher:
    """A progress bar for the test: the phases, and how far each came."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int | None]] = []
        self.done: dict[str, int] = {}

    def phase(self, name: str, total: int | None) -> None:
        self.phases.append((name, total))

    def advance(self, count: int) -> None:
        name = self.phases[-1][0]
        self.done[name] = self.done.get(name, 0) + count


class SyncWorld:
    """One agency: its sheet, its table, its machine in `folder`.

    `rows` are the sheet's, by column; `table` is what the table holds, by number. `call` and
    `google` stand where the guards of Supabase and of Google do.
    """

    def __init__(
        self,
        folder: Path,
        rows: Iterable[Mapping[str, Cell] | None] = (),
        table: Mapping[str, Mapping[str, Value]] | None = None,
        *,
        mapping: str = MAPPING,
        lacks: tuple[str, ...] = (),
        page_rows: int = 1000,
        call: Call = straight,
        google: Call = straight,
        clock: FakeClock | None = None,
        **settings: object,
    ) -> None:
        self.clock = clock or FakeClock()
        self.settings = Settings(
            _env_file=None,
            supabase_url="https://xyz.supabase.co",
            supabase_service_role_key="sb_secret_1",
            **settings,
        )
        self.mapping = parse_mapping(mapping, name="mapping.toml")
        self.identity = Identity("sheet", "table", "web1", 42, "office", "1.0", "cron")
        self.sheet = MemorySheet(self.mapping, rows, lacks=lacks, call=google)
        self.table = MemoryTable(table, page_rows=page_rows, call=call)
        self.records = MemoryRecords(call=call, now=self.clock.now)
        self.heartbeat = MemoryHeartbeat()
        self.webhook = SlackWebhook(())
        self.metrics_file = PrometheusFile(None)
        self.progress = Watcher()
        self.alive: set[int] = set()
        self._runs = 0
        self.root = folder / "state"
        self.state = StateDir(self.root, self.root / "target", self.clock, self._unexpected)
        self.lock = FileLock(self.state)
        self.journal = JournalFiles(self.state, timedelta(days=self.settings.sync_history_days))
        self.undo = UndoFiles(self.state)
        self.holds = MemoryHolds()
        self.hold = HoldFile(self.root, self.state.path)
        self.alert_memory = AlertMemoryFile(self.state)
        self.given_back = GivenBackFile(self.state)
        self.sources = SourceFile(self.state)

    @staticmethod
    def _unexpected(warning: str) -> None:
        raise AssertionError(warning)

    def limit_time(self) -> None:
        """Ask for a stop after SYNC_TIME_LIMIT, unless the run is over by then."""
        run = self._runs

        def stop() -> None:
            if self._runs == run:
                self.clock.stop.request(None)

        if limit_s := self.settings.sync_time_limit:
            self.clock.at(self.clock.monotonic() + limit_s, stop)

    def is_process_there(self, pid: int, started: str) -> bool:
        return pid in self.alive

    def learn_source(self, source: Source, *, keep: bool) -> None:
        self.identity = replace(self.identity, source=source.names[0], sources=source)
        self.records.go_by(source)
        if keep:
            self.sources.store(source)

    def next_process(self, spelled: str, base: str) -> None:
        """Be another process on this machine, whose settings spell the source so."""
        source = self.sources.load(unread(spelled, base))
        self.learn_source(source, keep=False)

    def request_metrics(self) -> dict[str, object]:
        return {"requests": len(self.table.requests)}

    def sync(
        self,
        *numbers: str,
        prune_limit: float = 100,
        change_limit: float = 100,
        percent: float = 100,
        batch_size: int = 100,
        dry_run: bool = False,
        force: bool = False,
        prune: bool = False,
    ) -> SyncResult:
        """Run `sync numbers` when some are given, else `sync all`; a minute passes before it."""
        self.clock.sleep(60)
        if not dry_run:
            self.state.require_writable()
        options = SyncOptions(
            limits=Limits(prune_limit, change_limit),
            percent=percent,
            batch_size=batch_size,
            numbers=numbers or None,
            dry_run=dry_run,
            force=force,
            prune=prune,
        )
        try:
            return sync(self, options, self.progress)
        finally:
            self._runs += 1


def listing(number: object, **cells: Cell) -> dict[str, Cell]:
    """Return a row of the sheet: a name and a price unless said otherwise."""
    return {"property_number": number, "name": f"House {number}", "price": 1000, **cells}


def in_table(number: str, **values: Value) -> dict[str, Value]:
    """Return what the table holds once `listing(number)` was synced."""
    return {"property_number": number, "name": f"House {number}", "price": 1000, **values}
