"""Ports as `sync` asks them: sheet, table and records in memory, state files for real."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from listing_sync.cells.listings import Cell, Value
from listing_sync.changes.refusal import SafetyLimits
from listing_sync.commands.sync import SyncOptions, SyncResult, sync
from listing_sync.machine.undo import UndoFiles
from tests.fakes import (
    Call,
    FakeClock,
    MemoryRecords,
    MemorySheet,
    MemoryTable,
    straight,
)
from tests.world import MemoryTarget, World

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

    def started(self, run_id: str) -> str | None:
        return self._take("started", run_id)

    def succeeded(self, run_id: str, summary: str) -> str | None:
        return self._take("succeeded", run_id)

    def failed(self, run_id: str, summary: str) -> str | None:
        return self._take("failed", run_id)

    def _take(self, kind: str, run_id: str) -> str | None:
        self.pings.append((kind, run_id))
        return None

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


class SyncWorld(World):
    """One agency whose sheet, table and records are in memory.

    `rows` are the sheet's, by column; `table` is what the table holds, by number. `call` and
    `google` stand where the guards of Supabase and of Google do.
    """

    def __init__(
        self,
        folder: Path,
        rows: Iterable[Any] = (),
        table: Mapping[str, Mapping[str, Value]] | None = None,
        *,
        mapping: str = MAPPING,
        lacks: tuple[str, ...] = (),
        page_rows: int = 1000,
        call: Call = straight,
        google: Call = straight,
        clock: FakeClock | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(folder, mapping, clock=clock, **settings)
        self.sheet: MemorySheet = MemorySheet(self.mapping, rows, lacks=lacks, call=google)
        self.target = MemoryTarget(
            MemoryTable(table, page_rows=page_rows, call=call),
            MemoryRecords(call=call, now=self.clock.now),
        )
        self.machine.limit_time = self._limit_time  # type: ignore[method-assign]
        self.machine.request_metrics = lambda: {  # type: ignore[method-assign]
            **self.machine.metrics,
            "requests": len(self.table.requests),
        }
        self.machine.undo = UndoFiles(self.state)
        self.heartbeat = MemoryHeartbeat()
        self.progress = Watcher()
        self.root = self.state.root
        self._runs = 0

    def _limit_time(self) -> None:
        """Ask for a stop after SYNC_TIME_LIMIT, unless the run is over by then."""
        run = self._runs

        def stop() -> None:
            if self._runs == run:
                self.clock.stop.request(None)

        if limit_s := self.settings.sync_time_limit:
            self.clock.at(self.clock.monotonic() + limit_s, stop)

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
        reads_all: bool = False,
    ) -> SyncResult:
        """Run `sync numbers` when some are given, else `sync all`; a minute passes before it."""
        self.clock.sleep(60)
        if not dry_run:
            self.state.require_writable()
        options = SyncOptions(
            limits=SafetyLimits(prune_limit, change_limit),
            percent=percent,
            batch_size=batch_size,
            numbers=numbers or None,
            dry_run=dry_run,
            force=force,
            prune=prune,
            reads_all=reads_all,
        )
        try:
            return sync(self, options, self.progress)
        finally:
            self._runs += 1


def listing(number: Cell, **cells: Cell) -> dict[str, Cell]:
    """Return a row of the sheet: a name and a price unless said otherwise."""
    return {"property_number": number, "name": f"House {number}", "price": 1000, **cells}


def in_table(number: str, **values: Value) -> dict[str, Value]:
    """Return what the table holds once `listing(number)` was synced."""
    return {"property_number": number, "name": f"House {number}", "price": 1000, **values}
