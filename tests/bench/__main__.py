"""`make bench`: a table of what the program takes, beside the bare loop and the limits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median

from tests.bench.beside import beside, files
from tests.bench.figures import LARGEST, figures
from tests.bench.program import build
from tests.bench.stage import Usage, server, staged
from tests.bench.way_back import way_back
from tests.stack.postgres import PostgresServer
from tests.stack.supabase_lite import SupabaseLite

_FAST = {"SYNC_RATE_LIMIT": "0", "SYNC_BATCH_SIZE": "500"}
_CHANGED_SHARE = 0.01
_LATENCY_S = 0.15
_PARALLEL = 3


@dataclass(frozen=True, slots=True)
class Size:
    """A sheet to measure, how often, and the limit of its memory."""

    listings: int
    columns: int
    runs: int
    peak_mib: int | None = None

    @property
    def name(self) -> str:
        """What --only takes."""
        return f"{self.listings}x{self.columns}"


SIZES = (
    Size(1_000, 20, runs=5),
    Size(10_000, 20, runs=5, peak_mib=110),
    Size(10_000, 126, runs=3, peak_mib=230),  # fewer, or it would take half an hour
    Size(50_000, 20, runs=1, peak_mib=230),
)
RATIO_LIMITS = {
    ("10000x20", "first run"): 2.1,
    ("10000x20", "unchanged"): 0.4,
    ("10000x20", "1 % changed"): 0.5,
    ("10000x126", "first run"): 1.4,
}
CPU_LIMITS_S = {("10000x20", "first run"): 1.3, ("10000x20", "unchanged"): 1.3}


def main() -> None:
    """Measure what was chosen, and print it as it comes."""
    parts: dict[str, Callable[[SupabaseLite, int | None], None]] = {
        **{size.name: partial(compare, size) for size in SIZES},
        "start": start_up,
        "promises": promises,
        "latency": latency,
        "rollback": rollback,
        "figures": partial(figures, settings=_FAST),
        "largest": partial(figures, settings=_FAST, table=LARGEST),
    }
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=parts,
        default=[name for name in parts if name != "largest"],
        metavar="PART",
        help=", ".join(parts),
    )
    parser.add_argument("--runs", type=int, help="how many runs the medians are taken of")
    parser.add_argument(
        "--beside",
        metavar="COMMIT",
        help="measure the sizes, from Google and from a workbook, beside another commit instead",
    )
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a real stream
    print("Each value is followed by its limit, if it has one; ! is over it.")
    other = build(options.beside) if options.beside else None
    with PostgresServer() as postgres, SupabaseLite(postgres) as supabase:
        if other is not None:
            sizes = {
                size.name: (size.listings, size.columns, options.runs or size.runs)
                for size in SIZES
                if size.name in options.only
            }
            beside(supabase, other, sizes, _FAST)
            files(supabase, other, sizes, _FAST)
            return
        for name in options.only:
            parts[name](supabase, options.runs)


def compare(size: Size, supabase: SupabaseLite, runs: int | None) -> None:
    """Print four kinds of runs beside the bare loop: inserts for the first, else rewrites."""
    runs = runs or size.runs
    found: dict[str, list[tuple[Usage, int]]] = {}
    bare: dict[str, list[Usage]] = {"insert": [], "rewrite": []}
    with staged(supabase, size.listings, size.columns) as stage:
        recorded = stage.record(_FAST)

        def run(name: str, *flags: str) -> None:
            usage = stage.run("sync", "all", *flags, settings=_FAST)
            found.setdefault(name, []).append((usage, stage.metric("requests")))

        for _ in range(runs):
            stage.empty()
            bare["insert"].append(stage.replay(recorded))
            stage.empty()
            run("first run")
            bare["rewrite"].append(stage.replay(recorded))
            run("unchanged")
            stage.edit(_CHANGED_SHARE)
            run("1 % changed")
            run("--force", "--force")
    print(
        f"\n{size.listings:,} listings x {size.columns} columns, batches of 500, no rate limit,"
        f" median of {runs}\n"
        f"{'':12}{'wall s':>8}{'CPU s':>13}{'peak MiB':>14}{'requests':>10}"
        f"{'bare loop s':>13}{'ratio':>13}"
    )
    for name, usages in found.items():
        limit_s = median(
            each.wall_s for each in bare["insert" if name == "first run" else "rewrite"]
        )
        wall_s = median(usage.wall_s for usage, _ in usages)
        cpu = _limited(
            median(usage.cpu_s for usage, _ in usages), CPU_LIMITS_S.get((size.name, name))
        )
        peak = _limited(median(usage.peak_mib for usage, _ in usages), size.peak_mib, 0)
        ratio = _limited(wall_s / limit_s, RATIO_LIMITS.get((size.name, name)))
        requests = median(count for _, count in usages)
        print(
            f"{name:12}{wall_s:8.2f}{cpu:>13}{peak:>14}{requests:10.0f}{limit_s:13.2f}{ratio:>13}"
        )


def start_up(supabase: SupabaseLite, runs: int | None) -> None:
    """Print how long commands take that do next to nothing."""
    runs = runs or 5
    print(f"\nStart-up, median of {runs}\n{'':12}{'wall s':>13}{'peak MiB':>14}")
    with staged(supabase, 100, 20) as stage:
        stage.run("sync", "all")
        for name, limit_s in (("--help", 0.2), ("--version", 0.2), ("status", None)):
            usages = [stage.run(name) for _ in range(runs)]
            wall = _limited(median(usage.wall_s for usage in usages), limit_s)
            print(f"{name:12}{wall:>13}{median(usage.peak_mib for usage in usages):14.0f}")


def promises(supabase: SupabaseLite, _runs: int | None) -> None:
    """Print what the user was promised at default settings, one run each."""
    print("\nAt default settings, x 20 columns, once each\n" + f"{'':48}{'wall s':>16}")
    for listings, limit_s in ((100, 30), (1_000, 300), (10_000, 1800)):
        with staged(supabase, listings, 20) as stage:
            wall_s = stage.run("sync", "all").wall_s
        print(f"{f'sync all, {listings:,} listings':48}{_limited(wall_s, limit_s):>16}")
    with staged(supabase, 1_000 * _PARALLEL, 20) as stage, ThreadPoolExecutor(_PARALLEL) as pool:
        parts = [stage.numbers[index::_PARALLEL] for index in range(_PARALLEL)]
        usages = pool.map(lambda numbers: stage.run("sync", "numbers", *numbers), parts)
        wall_s = max(usage.wall_s for usage in usages)
    name = f"{_PARALLEL} x sync numbers at once, 1,000 listings each"
    print(f"{name:48}{_limited(wall_s, 600):>16}")


def latency(supabase: SupabaseLite, _runs: int | None) -> None:
    """Print a first run at default settings behind distant servers."""
    delay = str(_LATENCY_S)
    with (
        staged(supabase, 10_000, 20) as stage,
        server("tests.bench.delay_proxy", stage.settings["SUPABASE_URL"], delay) as rest,
        server(
            "tests.bench.delay_proxy", stage.settings["GOOGLE_SHEETS_API_ENDPOINT"], delay
        ) as v4,
    ):
        through = {"SUPABASE_URL": rest, "GOOGLE_SHEETS_API_ENDPOINT": v4}
        wall = _limited(stage.run("sync", "all", settings=through).wall_s, 12.5)
    name = f"first run, 10,000 x 20, {_LATENCY_S * 1000:.0f} ms a request"
    print(f"\nAt default settings, once\n{name:48}{wall:>16}")


def rollback(supabase: SupabaseLite, _runs: int | None) -> None:
    """Print a rollback that has every row to write."""
    way_back(supabase, settings=_FAST, limited=_limited)


def _limited(value: float, limit: float | None, digits: int = 2) -> str:
    """Return a value and its limit in few characters: 1.94 (2.1), ! in front when over it."""
    mark = "!" if limit is not None and value > limit else ""
    return f"{mark}{value:.{digits}f}" + ("" if limit is None else f" ({limit:g})")


if __name__ == "__main__":
    main()
