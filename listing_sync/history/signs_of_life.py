"""Tell whether a run that has not ended is at work, hangs, or is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from listing_sync.cells.wording import duration
from listing_sync.history.runs import Run
from listing_sync.history.taking_turns import GONE_AFTER_S, GONE_WITHOUT_PROCESS_AFTER_S


class Life(StrEnum):
    """What is known of the process of a run in progress."""

    AT_WORK = "at work"
    HANGS = "hangs"
    GONE = "gone"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Going:
    """A run in progress, how long it has been silent, and what that says of its process."""

    run: Run
    life: Life
    silent_s: float
    holds_lock: bool

    @property
    def process(self) -> str:
        """Return which process it is, as people are told."""
        return f"process {self.run.pid} on {self.run.host}"


def going(run: Run, now: datetime, *, is_there: bool | None, holds_lock: bool) -> Going:
    """Judge a run in progress; `is_there` is None where its process cannot be seen from here.

    A sign of life from the future, by a clock that was put right, counts as now.
    """
    silent_s = max((now - run.heartbeat_at).total_seconds(), 0.0)
    if is_there is False and not holds_lock and silent_s > GONE_WITHOUT_PROCESS_AFTER_S:
        life = Life.GONE
    elif silent_s <= GONE_AFTER_S:
        life = Life.AT_WORK
    else:
        life = Life.HANGS if is_there or holds_lock else Life.SILENT
    return Going(run, life, silent_s, holds_lock)


def in_words(found: Going, say_time: Callable[[datetime], str]) -> str:
    """Return what is to be said of a run in progress, and what to do."""
    run = f"the run of {say_time(found.run.started_at)}"
    silent = f"no sign of life for {duration(found.silent_s)}"
    match found.life:
        case Life.AT_WORK:
            return f"{run} is in progress"
        case Life.HANGS:
            lock = ", keeps the lock, so no other run can start" if found.holds_lock else ""
            return (
                f"{run} hangs: {found.process} gives {silent}{lock}; end that process"
                f" (`kill {found.run.pid}`), then the next run goes on"
            )
        case Life.GONE:
            return f"{run} died ({found.process} is gone); the next run goes on where it stopped"
        case _:
            return f"{run} gives {silent} ({found.process}): the next run goes on if it is dead"
