"""Learn how far runs lie apart, and say when one is missing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from statistics import median

from listing_sync.cells.wording import duration
from listing_sync.history.runs import Run, RunType
from listing_sync.language.sentences import phrase

LATE, GONE = 3, 10
"""How many usual distances a run may be late before it is missing, and before none comes."""
_FEWEST = 4
_PAUSE = 1.2


def usual_distance_s(runs: Iterable[Run]) -> float | None:
    """Return the usual time from one full run to the next; None where it is not known yet."""
    gaps = _gaps(runs)
    return median(gaps) if len(gaps) >= _FEWEST else None


def missing(runs: Iterable[Run], now: datetime) -> tuple[int, str] | None:
    """Return how many times late the next run is (LATE or GONE) and a sentence; None: it is not.

    A pause that was seen, as that of a night without runs, is usual too. A run of the future, by a
    clock that was put right, counts as now.
    """
    runs = tuple(runs)
    usual_s = usual_distance_s(runs)
    if usual_s is None:
        return None
    longest_s = max(_gaps(runs))
    pause_s = longest_s * _PAUSE if longest_s > LATE * usual_s else 0.0
    last = max(run.started_at for run in runs if run.run_type is RunType.FULL)
    silent_s = max((now - last).total_seconds(), 0.0)
    if silent_s <= max(LATE * usual_s, pause_s):
        return None
    times = GONE if silent_s > max(GONE * usual_s, pause_s) else LATE
    return times, phrase(
        "no run for {silence}, usually one comes every {usual}: is cron still on, is the machine"
        " up, does the line of the crontab still start it? (`systemctl status cron`, `crontab -l`)",
        silence=duration(silent_s),
        usual=duration(usual_s),
    )


def _gaps(runs: Iterable[Run]) -> list[float]:
    starts = sorted(run.started_at for run in runs if run.run_type is RunType.FULL)
    return [
        (after - before).total_seconds() for before, after in pairwise(starts) if after > before
    ]
