"""Tell whether a run that has not ended is at work, hangs, or is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from listing_sync.cells.wording import duration
from listing_sync.history.runs import Run
from listing_sync.history.taking_turns import GONE_AFTER_S, GONE_WITHOUT_PROCESS_AFTER_S
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass

SayTime = Callable[[datetime], str]
"""How a moment is told to who asks."""


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
        return phrase("process {pid} on {host}", pid=self.run.pid, host=self.run.host)


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


def in_words(found: Going, say_time: SayTime) -> str:
    """Return what is to be said of a run in progress, and what to do."""
    time, process = say_time(found.run.started_at), found.process
    silence = duration(found.silent_s)
    match found.life:
        case Life.AT_WORK:
            return phrase("the run of {time} is in progress", time=time)
        case Life.HANGS if found.holds_lock:
            return phrase(
                "the run of {time} hangs: {process} gives no sign of life for {silence}, keeps the"
                " lock, so no other run can start; end that process (`kill {pid}`), then the next"
                " run goes on",
                time=time,
                process=process,
                silence=silence,
                pid=found.run.pid,
            )
        case Life.HANGS:
            return phrase(
                "the run of {time} hangs: {process} gives no sign of life for {silence}; end that"
                " process (`kill {pid}`), then the next run goes on",
                time=time,
                process=process,
                silence=silence,
                pid=found.run.pid,
            )
        case Life.GONE:
            return phrase(
                "the run of {time} died ({process} is gone); the next run goes on where it stopped",
                time=time,
                process=process,
            )
        case _:
            return phrase(
                "the run of {time} gives no sign of life for {silence} ({process}): the next run"
                " goes on if it is dead",
                time=time,
                process=process,
                silence=silence,
            )
