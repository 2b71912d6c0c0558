"""Decide from the records in progress whose turn it is to write, and what to do next.

| doing    | what the look showed                            | next                        |
| -------- | ----------------------------------------------- | --------------------------- |
| CLAIM    |                                                 | LOOK, claimed               |
| LOOK     | a live run, and one of them came before ours    | WITHDRAW                    |
| LOOK     | live runs, all of them came after ours          | WAIT, keeping the claim     |
| LOOK     | a live run, and we have no claim                | WAIT                        |
| LOOK     | nobody alive, and we have no claim              | CLAIM                       |
| LOOK     | nobody alive, but records of runs that are gone | BURY them                   |
| LOOK     | our claim alone                                 | GO                          |
| WITHDRAW |                                                 | WAIT, not claimed           |
| WAIT     |                                                 | LOOK                        |
| BURY     |                                                 | LOOK: one may have revived  |

A claim is the run's own record, inserted as in progress; each step is one request. A run goes only
after a look that was made after its claim and shows no other claim. So of two that are at it, one
sees the other, whatever their clocks say: its look comes after the other's claim, or the other's
after its own. The order of the database (when it inserted, then the id) only settles who keeps the
claim when both see both, so that they do not give way to each other for ever: nothing is lost
where a record becomes visible later than its time says.

A run is gone when the lock that it held is ours, or when it has been silent for longer than a
living one can be. Silence is measured by the database's clock and by our own watching, never by
the clock of the machine that ran. A record is buried only if it still is as it was seen, and who
finds its own buried has lost its claim: it begins again, or, if it was writing, stops.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from listing_sync.history.runs import Process, Run
from listing_sync.lazy_dataclasses import dataclass

SIGN_OF_LIFE_S = 30.0
"""A living run gives one at least so often, whatever its other requests do."""
GONE_AFTER_S = 120.0
"""Three missed signs and the longest answer: for a run of which nothing else is known."""
GONE_WITHOUT_PROCESS_AFTER_S = 40.0
"""For a run whose process we would see, and do not."""


class Step(StrEnum):
    """What a run does on its way to its turn; each but WAIT and GO is a request."""

    CLAIM = "claim"
    LOOK = "look"
    WITHDRAW = "withdraw"
    WAIT = "wait"
    BURY = "bury"
    GO = "go"


@dataclass(frozen=True, slots=True)
class Claim:
    """A record in progress; `came_at` and `heard_at` are times of the database's clock."""

    run: Run
    came_at: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Present:
    """One record in progress as a look shows it; `order` says who came first."""

    run_id: str
    order: tuple[datetime, str]
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a run stands; `whom` are those to bury, or the one that is waited for."""

    step: Step = Step.CLAIM
    is_claimed: bool = False
    whom: tuple[str, ...] = ()


def after(turn: Turn, run_id: str, present: Iterable[Present] = ()) -> Turn:
    """Return what comes after a step was done; `present` is what a LOOK showed."""
    match turn.step:
        case Step.LOOK:
            return _after_look(run_id, tuple(present))
        case Step.CLAIM:
            return Turn(Step.LOOK, is_claimed=True)
        case Step.WITHDRAW:
            return Turn(Step.WAIT, whom=turn.whom)
        case _:
            return replace(turn, step=Step.LOOK, whom=())


def _after_look(run_id: str, present: tuple[Present, ...]) -> Turn:
    # A claim that somebody buried is none.
    ours = next((each for each in present if each.run_id == run_id), None)
    others = [each for each in present if each.run_id != run_id]
    alive = sorted((each for each in others if not each.is_gone), key=lambda each: each.order)
    if alive:
        first = alive[0]
        gives_way = ours is not None and first.order < ours.order
        step = Step.WITHDRAW if gives_way else Step.WAIT
        return Turn(step, is_claimed=ours is not None, whom=(first.run_id,))
    if ours is None:
        return Turn(Step.CLAIM)
    if others:
        return Turn(Step.BURY, is_claimed=True, whom=tuple(each.run_id for each in others))
    return Turn(Step.GO, is_claimed=True)


def is_gone(theirs: Process, ours: Process, *, silent_s: float, is_there: bool) -> bool:
    """Return whether a run in progress is over without having said so.

    `ours` names the lock that we hold. `is_there` says whether this process space has a process of
    that number and start; it counts only where the other ran in the same space.
    """
    if not theirs.boot_id or theirs.boot_id != ours.boot_id:
        return silent_s > GONE_AFTER_S
    if theirs.lock and theirs.lock == ours.lock:
        return True  # the kernel gave us what it held
    is_same_space = bool(theirs.started) and theirs.space == ours.space
    limit_s = GONE_WITHOUT_PROCESS_AFTER_S if is_same_space and not is_there else GONE_AFTER_S
    return silent_s > limit_s
