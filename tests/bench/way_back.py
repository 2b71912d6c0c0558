"""Measure a rollback to a snapshot that has every row to write, at the default rate limit."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.stage import staged
from tests.stack import wide_sheet
from tests.stack.spreadsheet import Cell, Shown
from tests.stack.supabase_lite import SupabaseLite

WALL_LIMIT_S = 60
PEAK_LIMIT_MIB = 200
_LISTINGS, _COLUMNS, _PRICE = 10_000, 126, 8
_WRITES_ALL = ("--prune", "--prune-limit", "100", "--change-limit", "100")


def way_back(
    supabase: SupabaseLite,
    *,
    settings: Mapping[str, str],
    limited: Callable[[float, float | None, int], str],
) -> None:
    """Print what it takes to restore a value in all rows, to bring all rows back, and their places.

    Rows that changed places differ in other columns each.
    """
    header, *rows = wide_sheet.listings(_LISTINGS, _COLUMNS)
    others = [[*row[:_PRICE], index + 1, *row[_PRICE + 1 :]] for index, row in enumerate(rows)]
    places = [[row[0], *other[1:]] for row, other in zip(rows, rows[1:] + rows[:1], strict=True)]
    print(
        f"\nRollback to a snapshot of {_LISTINGS:,} x {_COLUMNS}, default rate limit, once each\n"
        f"{'':48}{'wall s':>16}{'CPU s':>13}{'peak MiB':>14}"
    )
    with TemporaryDirectory(prefix="listing-sync-bench-") as folder:
        sheet = Path(folder) / "listings.csv"
        of_file = {"SYNC_SHEET_FILE": str(sheet)}
        with staged(supabase, 1, _COLUMNS) as stage:
            _write(sheet, header, rows)
            stage.run("sync", "all", settings={**settings, **of_file})
            cutover = ("migrate", "cutover", "--yes", "--percent", "100")
            stage.run(*cutover, settings={**settings, **of_file})
            for name, now in (
                ("all prices restored", others),
                ("all rows brought back", rows[:1]),
                ("rows that changed places restored", places),
            ):
                _write(sheet, header, now)
                stage.run("sync", "all", *_WRITES_ALL, settings={**settings, **of_file})
                usage = stage.run("migrate", "rollback", "--yes", settings=of_file)
                stage.run("resume", settings=of_file)
                print(
                    f"{name:48}{limited(usage.wall_s, WALL_LIMIT_S, 1):>16}{usage.cpu_s:13.2f}"
                    f"{limited(usage.peak_mib, PEAK_LIMIT_MIB, 0):>14}"
                )


def _write(path: Path, header: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for row in (header, *rows):
            writer.writerow([cell.formatted if isinstance(cell, Shown) else cell for cell in row])
