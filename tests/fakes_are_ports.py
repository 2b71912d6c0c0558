"""Read by mypy alone: every fake is the port that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from listing_sync.ports import (
        Clock,
        Heartbeat,
        Holds,
        Machine,
        Migrations,
        Ports,
        Progress,
        RunRecords,
        Sheet,
        Signals,
        Table,
        Target,
    )
    from listing_sync.reliability.guard import BreakerStore
    from tests.fakes import (
        FakeClock,
        MemoryBreakerStore,
        MemoryHolds,
        MemoryRecords,
        MemorySheet,
        MemoryTable,
    )
    from tests.moving_world import MovingWorld
    from tests.sync_world import MemoryHeartbeat, SyncWorld, Watcher
    from tests.world import FolderMachine, KnownMigrations, MemoryTarget, NoSignals

    _CLOCK: type[Clock] = FakeClock
    _BREAKER_STORE: type[BreakerStore] = MemoryBreakerStore
    _HOLDS: type[Holds] = MemoryHolds
    _RECORDS: type[RunRecords] = MemoryRecords
    _SHEET: type[Sheet] = MemorySheet
    _TABLE: type[Table] = MemoryTable
    _HEARTBEAT: type[Heartbeat] = MemoryHeartbeat
    _PROGRESS: type[Progress] = Watcher
    _MIGRATIONS: type[Migrations] = KnownMigrations
    _TARGET: type[Target] = MemoryTarget
    _MACHINE: type[Machine] = FolderMachine
    _SIGNALS: type[Signals] = NoSignals
    _SYNCING: type[Ports] = SyncWorld
    _MOVING: type[Ports] = MovingWorld
