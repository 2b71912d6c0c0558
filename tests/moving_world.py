"""Ports as `migrate` asks them: a CSV file, table and records in memory, state files for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from listing_sync.cells.listings import Value
from listing_sync.ports import Back, TableDescription
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
        self, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, back: Back = Back.WRITTEN
    ) -> Sequence[Mapping[str, Value]]:
        made = super().upsert(columns, rows, back=back)
        self.content = {number: {**BLANK, **row} for number, row in self.content.items()}
        is_whole = back in {Back.WHOLE, Back.UNKNOWN}
        return [{**BLANK, **row} for row in made] if is_whole else made

    def accepts_key(self) -> bool:
        return self.is_unique


class MovingWorld(LocalWorld):
    """`rows` are lines of the sheet, `table` what somebody else has written so far."""

    def __init__(
        self,
        folder: Path,
        rows: str = "",
        table: Mapping[str, Mapping[str, Value]] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(folder, rows, **settings)
        self.table = DescribedTable(table)

    def write_sheet(self, rows: str, header: str = HEADER) -> None:
        """Replace the sheet by these lines."""
        self.path.write_text(header + rows, encoding="utf-8")

    def rows(self) -> dict[str, dict[str, Value]]:
        """The table, row by number; null columns are left out."""
        return {
            number: {name: value for name, value in row.items() if value is not None}
            for number, row in self.table.content.items()
        }
