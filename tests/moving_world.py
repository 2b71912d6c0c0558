"""Ports as `migrate` asks them: a CSV file, table and records in memory, state files for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import Mapping as ColumnMapping
from listing_sync.changes.migrations import SqlFile
from listing_sync.machine.alert_memory import AlertMemoryFile
from listing_sync.machine.given_back import GivenBackFile
from listing_sync.machine.lock import FileLock
from listing_sync.machine.snapshots import SnapshotFiles
from listing_sync.machine.written import written_since
from listing_sync.ports import Database, SnapshotMeta, TableDescription, Written
from listing_sync.sheets.file import FileSheet
from listing_sync.signals.heartbeat import HealthchecksHeartbeat
from listing_sync.signals.metrics_file import PrometheusFile
from listing_sync.signals.webhook import SlackWebhook
from tests.fakes import MemoryTable
from tests.local_world import HEADER, LocalWorld

COLUMNS = {
    "property_number": "text",
    "price": "numeric",
    "status": "text",
    "photo": "text",
    "withdrawn_at": "timestamp with time zone",
}
BLANK = dict.fromkeys(name for name in COLUMNS if name != "withdrawn_at")


class DescribedTable(MemoryTable):
    """A table that tells its columns; each row has all of them."""

    def __init__(self, rows: Mapping[str, Mapping[str, Value]] | None = None) -> None:
        super().__init__(
            {
                number: {**BLANK, **row, "property_number": number}
                for number, row in (rows or {}).items()
            }
        )
        self.description = TableDescription(
            exists=True, columns=COLUMNS, primary_key=(), required=frozenset()
        )
        self.is_unique = True

    def describe(self) -> TableDescription:
        return self.description

    def upsert(
        self, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, whole: bool = False
    ) -> Sequence[Mapping[str, Value]]:
        made = super().upsert(columns, rows, whole=whole)
        self.content = {number: {**BLANK, **row} for number, row in self.content.items()}
        return [{**BLANK, **row} for row in made] if whole else made

    def accepts_key(self) -> bool:
        return self.is_unique


class KnownMigrations:
    """Files of sql/, those applied, and what REST sees of them."""

    def __init__(self, *files: SqlFile) -> None:
        self.files = files
        self.record: dict[str, str] = {}

    def applied(self) -> dict[str, str]:
        return dict(self.record)


class MovingWorld(LocalWorld):
    """`rows` are lines of the sheet, `table` what somebody else has written so far."""

    database: Database | None = None

    def __init__(
        self,
        folder: Path,
        rows: str = "",
        table: Mapping[str, Mapping[str, Value]] | None = None,
        **settings: object,
    ) -> None:
        super().__init__(folder, rows, **settings)
        self.table = DescribedTable(table)
        self.migrations = KnownMigrations()
        self.lock = FileLock(self.state)
        self.snapshots = SnapshotFiles(self.state, "table")
        self.alert_memory = AlertMemoryFile(self.state)
        self.given_back = GivenBackFile(self.state)
        self.heartbeat = HealthchecksHeartbeat(None)
        self.webhook = SlackWebhook(())
        self.metrics_file = PrometheusFile(None)
        self._path = folder / "Listings.csv"

    def write_sheet(self, rows: str, header: str = HEADER) -> None:
        """Replace the sheet by these lines."""
        self._path.write_text(header + rows, encoding="utf-8")

    def sheet_for(self, mapping: ColumnMapping) -> FileSheet:
        return FileSheet(self._path, mapping)

    def written_since(
        self, beginning: SnapshotMeta | str | None
    ) -> AbstractContextManager[Written]:
        return written_since(self.undo, beginning)

    def is_process_there(self, pid: int, started: str) -> bool:
        return False

    def require_state_dir(self) -> None:
        """Have one; nothing of it is on disk."""

    def limit_time(self) -> None:
        """Let every run take its time."""

    def request_metrics(self) -> dict[str, object]:
        return {}

    def rows(self) -> dict[str, dict[str, Value]]:
        """The table, row by number; null columns are left out."""
        return {
            number: {name: value for name, value in row.items() if value is not None}
            for number, row in self.table.content.items()
        }
