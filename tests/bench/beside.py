"""Measure this build beside an older one, run by run in turn: `--beside COMMIT`.

The machine's speed drifts; the ratio of two runs that follow each other does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import PatternFill

from tests.bench.program import HERE, Program
from tests.bench.stage import Stage, Usage, staged
from tests.stack import wide_sheet
from tests.stack.spreadsheet import Cell, Shown
from tests.stack.supabase_lite import SupabaseLite

_CHANGED_SHARE = 0.01
_EMPTY_ROWS = 300_000


@dataclass(frozen=True, slots=True)
class Pair:
    """What one kind of run took here and there, and the bytes that it moved."""

    here: Usage
    there: Usage
    here_bytes: int
    there_bytes: int


@dataclass(frozen=True, slots=True)
class RatioLimits:
    """The most that a figure here may be of the figure there; None where there is no limit."""

    wall: float | None = None
    cpu: float | None = None
    peak: float | None = None


# The other build did not yet read number columns in both forms, nor look at what it had written.
LIMITS: dict[tuple[str, str], RatioLimits] = {
    ("10000x20", "first run"): RatioLimits(cpu=1.10),
    ("10000x20", "unchanged"): RatioLimits(cpu=1.10),
    ("10000x126", "first run"): RatioLimits(cpu=1.15),
    ("10000x126", "unchanged"): RatioLimits(cpu=1.15),
    ("10000x20 .xlsx", "unchanged"): RatioLimits(cpu=1.20),
    ("10000x126 .xlsx", "unchanged"): RatioLimits(wall=1.5, peak=1.0),
}


def beside(
    supabase: SupabaseLite,
    other: Program,
    sizes: Mapping[str, tuple[int, int, int]],
    settings: Mapping[str, str],
) -> None:
    """Print four kinds of runs of both builds for each of `sizes`: (listings, columns, runs)."""
    for name, (listings, columns, runs) in sizes.items():
        with staged(supabase, listings, columns) as stage:
            _print(name, other, _four_kinds(stage, other, runs, settings), runs)


def files(
    supabase: SupabaseLite,
    other: Program,
    sizes: Mapping[str, tuple[int, int, int]],
    settings: Mapping[str, str],
) -> None:
    """Print runs of both builds on a workbook, and here one of formatted rows that are empty."""
    with TemporaryDirectory(prefix="listing-sync-bench-") as folder:
        path = Path(folder) / "listings.xlsx"
        for name, (listings, columns, runs) in sizes.items():
            _write(path, wide_sheet.listings(listings, columns), empty_rows=0)
            with staged(supabase, listings, columns) as stage:
                of_file = {**settings, "SYNC_SHEET_FILE": str(path)}
                stage.run("sync", "all", settings=of_file)
                pairs = [
                    pair
                    for _, pair in zip(
                        range(runs),
                        in_turn(
                            stage, other, of_file, partial(_seen, stage, of_file), "sync", "all"
                        ),
                        strict=False,
                    )
                ]
            _print(f"{name} .xlsx", other, {"unchanged": pairs}, runs)
        _write(path, wide_sheet.listings(1, 20), empty_rows=_EMPTY_ROWS)
        with staged(supabase, 1, 20) as stage:
            usage = stage.run("sync", "all", settings={**settings, "SYNC_SHEET_FILE": str(path)})
    print(
        f"\n.xlsx of one listing and {_EMPTY_ROWS:,} formatted rows that are empty, once:"
        f" {usage.wall_s:.2f} s (3), {usage.peak_mib:.0f} MiB (150)"
    )


def _four_kinds(
    stage: Stage, other: Program, runs: int, settings: Mapping[str, str]
) -> dict[str, list[Pair]]:
    kinds = {
        "first run": in_turn(stage, other, settings, stage.empty, "sync", "all"),
        "unchanged": in_turn(
            stage, other, settings, partial(_seen, stage, settings), "sync", "all"
        ),
        "1 % changed": in_turn(
            stage, other, settings, lambda: stage.edit(_CHANGED_SHARE), "sync", "all"
        ),
        "--force": in_turn(stage, other, settings, lambda: None, "sync", "all", "--force"),
    }
    found: dict[str, list[Pair]] = {name: [] for name in kinds}
    for _ in range(runs):
        for name, pairs in kinds.items():
            found[name].append(next(pairs))
    return found


def _seen(stage: Stage, settings: Mapping[str, str]) -> None:
    """Let a run here see what was written last: a run remembers only what it finds in the table."""
    stage.run("sync", "all", settings=settings)


def in_turn(
    stage: Stage,
    other: Program,
    settings: Mapping[str, str],
    prepare: Callable[[], None],
    *command: str,
) -> Iterator[Pair]:
    """Yield pairs of runs for ever; who goes first takes turns."""
    for order in cycle(((HERE, other), (other, HERE))):
        used: dict[str, tuple[Usage, int]] = {}
        for program in order:
            prepare()
            usage = stage.run(*command, settings=settings, program=program)
            used[program.name] = (usage, stage.metric("bytes"))
        (here, here_bytes), (there, there_bytes) = used[HERE.name], used[other.name]
        yield Pair(here, there, here_bytes, there_bytes)


def _print(name: str, other: Program, found: Mapping[str, list[Pair]], runs: int) -> None:
    print(
        f"\n{name} here beside {other.name}, median of {runs} pairs; ratio of a pair (limit)\n"
        f"{'':12}{'wall s':>16}{'ratio':>13}{'CPU s':>16}{'ratio':>13}"
        f"{'peak MiB':>13}{'ratio':>13}{'kB moved':>18}"
    )
    for kind, pairs in found.items():
        limits = LIMITS.get((name, kind), RatioLimits())
        print(
            f"{kind:12}"
            + figure(pairs, lambda usage: usage.wall_s, limits.wall, 2, 16)
            + figure(pairs, lambda usage: usage.cpu_s, limits.cpu, 2, 16)
            + figure(pairs, lambda usage: usage.peak_mib, limits.peak, 0, 13)
            + f"{_bytes(pairs):>18}"
        )


def figure(
    found: list[Pair], of: Callable[[Usage], float], limit: float | None, digits: int, width: int
) -> str:
    """Return what both took, their ratio and its limit, ! in front when over it."""
    here, there = median(of(pair.here) for pair in found), median(of(pair.there) for pair in found)
    ratio = median(of(pair.here) / of(pair.there) for pair in found)
    mark = "!" if limit is not None and ratio > limit else ""
    shown = f"{mark}{ratio:.2f}" + ("" if limit is None else f" ({limit:g})")
    return f"{f'{here:.{digits}f} | {there:.{digits}f}':>{width}}{shown:>13}"


def _bytes(pairs: list[Pair]) -> str:
    here = median(pair.here_bytes for pair in pairs) / 1000
    there = median(pair.there_bytes for pair in pairs) / 1000
    return f"{here:.0f} | {there:.0f}"


def _write(path: Path, rows: list[list[Cell]], *, empty_rows: int) -> None:
    """Write a workbook of these rows, and below them rows whose cells have but a colour."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Listings")
    for row in rows:
        sheet.append([_cell(sheet, cell) for cell in row])
    blank = WriteOnlyCell(sheet)
    blank.fill = PatternFill("solid", fgColor="EEEEEE")
    for _ in range(empty_rows):
        sheet.append([blank] * len(rows[0]))
    book.save(path)


def _cell(sheet: Any, cell: Cell) -> Any:
    """Return what openpyxl writes: an amount or area as a number with the format that shows it."""
    if not isinstance(cell, Shown):
        return cell
    written = WriteOnlyCell(sheet, cell.raw)
    written.number_format = '0.00"㎡"' if cell.formatted.endswith("㎡") else '"¥"#,##0'
    return written
