"""Ports as `status` asks them: a CSV file, a table and records in memory, state files for real."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from listing_sync.cells.mapping import parse_mapping
from listing_sync.changes.undo_log import written_types
from listing_sync.errors import Service
from listing_sync.machine.given_back import GivenBackFile
from listing_sync.machine.hold import HoldFile
from listing_sync.machine.journal import JournalFiles
from listing_sync.machine.lock import FileLock
from listing_sync.machine.state_dir import StateDir
from listing_sync.machine.undo import UndoFiles
from listing_sync.ports import Identity
from listing_sync.reliability.breaker import BreakerState
from listing_sync.settings import Settings
from listing_sync.sheets.file import FileSheet
from tests.fakes import FakeClock, MemoryHolds, MemoryRecords, MemoryTable

MAPPING = """
table = "listings"
key = "property_number"
[columns.property_number]
header = ["Property Number", "物件番号"]
type = "text"
required = true
pattern = '^[A-Z]{2}\\d+$'
[columns.price]
header = ["Price", "価格"]
type = "money"
scale = 0
[columns.status]
header = "Status"
type = "text"
[prune]
mark_column = "withdrawn_at"
"""

HEADER = "物件番号,価格,Status\n"


class LocalWorld:
    """`rows` are lines of the sheet below its header; None is a sheet that cannot be read."""

    def __init__(self, folder: Path, rows: str | None = "", **settings: object) -> None:
        self.clock = FakeClock()
        self.settings = Settings(
            _env_file=None,
            supabase_url="https://xyz.supabase.co",
            supabase_service_role_key="sb_secret_1",
            **settings,
        )
        self.mapping = parse_mapping(MAPPING, name="mapping.toml")
        self.identity = Identity("sheet", "table", "web1", 42, "office", "1.0", "cron")
        path = folder / "Listings.csv"
        if rows is not None:
            path.write_text(HEADER + rows, encoding="utf-8")
        self.sheet = FileSheet(path, self.mapping)
        self.table = MemoryTable({})
        self.records = MemoryRecords()
        root = folder / "state"
        self.state = StateDir(root, root / "target", self.clock, self._unexpected)
        self.journal = JournalFiles(self.state, timedelta(days=90))
        self.given_back = GivenBackFile(self.state)
        self.undo = UndoFiles(self.state, written_types(self.mapping))
        self.holds = MemoryHolds()
        self.hold = HoldFile(root, self.state.path)
        self.lock = FileLock(self.state)

    def breaker_state(self, service: Service) -> BreakerState:
        return BreakerState.CLOSED

    @staticmethod
    def _unexpected(warning: str) -> None:
        raise AssertionError(warning)
