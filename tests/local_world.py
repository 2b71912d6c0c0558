"""Ports as `status` asks them: a CSV file, a table and records in memory, state files for real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from listing_sync.sheets.file import FileSheet
from tests.fakes import MemoryRecords, MemoryTable
from tests.world import MemoryTarget, World

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


class LocalWorld(World):
    """`rows` are lines of the sheet below its header; None is a sheet that cannot be read."""

    def __init__(self, folder: Path, rows: str | None = "", **settings: Any) -> None:
        super().__init__(folder, MAPPING, **settings)
        self.path = folder / "Listings.csv"
        if rows is not None:
            self.path.write_text(HEADER + rows, encoding="utf-8")
        self.sheet = FileSheet(self.path, self.mapping)
        self.target = MemoryTarget(MemoryTable({}), MemoryRecords())
