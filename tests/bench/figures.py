"""Print the figures of a quiet run and their limits, beside the build that read whole tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice

from tests.bench.beside import RatioLimits, figure, in_turn
from tests.bench.program import HERE, Program, build
from tests.bench.relay import relay
from tests.bench.stage import Stage, staged
from tests.stack.supabase_lite import SupabaseLite

BEFORE = "b2c5b64"


@dataclass(frozen=True, slots=True)
class Work:
    """One line of the table: what is done before a run, the command, and its limits.

    `received` is the most that a run may receive from Supabase, as a share of what the other does;
    it is counted in runs of their own, where `counts`.
    """

    name: str
    command: tuple[str, ...]
    limits: RatioLimits
    prepare: Callable[[Stage], None] = lambda _: None
    received: float | None = None
    counts: bool = True


_SYNC = ("sync", "all")
_EDITED = Work(
    "one edited", _SYNC, RatioLimits(wall=0.65), lambda stage: stage.edit_one(), received=1 / 8
)
TABLE: Mapping[tuple[int, int], tuple[Work, ...]] = {
    (1_000, 20): (
        Work("unchanged", _SYNC, RatioLimits(wall=0.65, cpu=0.75)),
        Work("--help", ("--help",), RatioLimits(wall=1.0, cpu=1.0), counts=False),
        Work("status", ("status",), RatioLimits(wall=0.75, cpu=0.75), counts=False),
    ),
    (10_000, 20): (
        Work("unchanged", _SYNC, RatioLimits(wall=0.55, cpu=0.60), received=1 / 100),
        _EDITED,
        Work("first run", _SYNC, RatioLimits(wall=1.0, cpu=1.0), lambda stage: stage.empty()),
        Work("--force", (*_SYNC, "--force"), RatioLimits(wall=1.0, cpu=1.0)),
    ),
    (10_000, 126): (
        Work("unchanged", _SYNC, RatioLimits(wall=0.30, cpu=0.35, peak=0.75), received=1 / 500),
    ),
}
LARGEST: Mapping[tuple[int, int], tuple[Work, ...]] = {
    (500_000, 20): (Work("unchanged", _SYNC, RatioLimits(peak=0.6), counts=False),),
}
"""Ten million cells, the most that a spreadsheet holds: a pair of runs takes a quarter of an hour,
since a run asks Google 50 times a minute at most."""


def figures(
    supabase: SupabaseLite,
    runs: int | None,
    *,
    settings: Mapping[str, str],
    table: Mapping[tuple[int, int], tuple[Work, ...]] = TABLE,
) -> None:
    """Print a line for each work of the table."""
    try:
        other = build(BEFORE)
    except RuntimeError as error:
        print(f"\nNo figures beside {BEFORE}: {error}")
        return
    runs = runs or 5
    print(
        f"\nA quiet run beside {BEFORE}, medians of {runs} pairs; ratio of a pair (limit)\n"
        f"{'':23}{'wall s':>16}{'ratio':>13}{'CPU s':>16}{'ratio':>13}"
        f"{'peak MiB':>13}{'ratio':>13}{'kB from Supabase':>20}{'ratio':>15}"
    )
    for (listings, columns), works in table.items():
        with staged(supabase, listings, columns) as stage:
            for program in (HERE, other, HERE):  # what the first one writes, the last one sees
                stage.run(*_SYNC, settings=settings, program=program)
            for work in works:
                _print(f"{listings}x{columns} {work.name}", work, stage, other, runs, settings)


def _print(
    name: str,
    work: Work,
    stage: Stage,
    other: Program,
    runs: int,
    settings: Mapping[str, str],
) -> None:
    found = list(
        islice(in_turn(stage, other, settings, partial(work.prepare, stage), *work.command), runs)
    )
    print(
        f"{name:23}"
        + figure(found, lambda usage: usage.wall_s, work.limits.wall, 2, 16)
        + figure(found, lambda usage: usage.cpu_s, work.limits.cpu, 2, 16)
        + figure(found, lambda usage: usage.peak_mib, work.limits.peak, 0, 13)
        + (_received(work, stage, other, settings) if work.counts else "")
    )


def _received(work: Work, stage: Stage, other: Program, settings: Mapping[str, str]) -> str:
    """Return what one run of each build receives from Supabase, counted between the two."""
    counts = []
    with relay(stage.settings["SUPABASE_URL"]) as between:
        through = {**settings, "SUPABASE_URL": between.url}
        for program in (HERE, other):
            # To both, the address is a new project: the first run remembers what it found.
            stage.run(*_SYNC, settings=through, program=program)
            work.prepare(stage)
            between.taken()
            stage.run(*work.command, settings=through, program=program)
            counts.append(between.taken())
    here, there = counts
    ratio, limit = here / there, work.received
    mark = "!" if limit is not None and ratio > limit else ""
    shown = f"{mark}{ratio:.4f}" + ("" if limit is None else f" ({limit:g})")
    return f"{f'{here / 1000:.1f} | {there / 1000:.0f}':>20}{shown:>15}"
