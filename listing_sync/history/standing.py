"""Decide when a trouble that lasts is told: at first, when its cause changes, daily, at its end.

| seen     | the trouble before                        | told                              |
| -------- | ----------------------------------------- | --------------------------------- |
| a cause  | none                                      | it begins                         |
| a cause  | told, this cause was never named          | the cause changed                 |
| a cause  | told a day ago                            | it is still there                 |
| a cause  | told, otherwise; or over for less than a day | nothing                        |
| no cause | told                                      | it is over                        |
| no cause | came again within a day                   | it is over, once it stayed so     |

So a trouble that comes and goes is one message a day, as one that stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

REMINDED_AFTER = timedelta(days=1)
_CAUSES_KEPT = 10


class Word(StrEnum):
    """What is to be said of a trouble now."""

    BEGINS = "begins"
    CHANGED = "changed"
    STILL = "still"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Standing:
    """A trouble that was told: since when, how often seen, and which causes were named.

    `over_since` is when it was first seen to be over, `came_again` whether it did within a day.
    """

    since: datetime
    times: int
    told_at: datetime
    causes: tuple[str, ...]
    over_since: datetime | None = None
    came_again: bool = False

    def to_document(self) -> dict[str, object]:
        """Return it as JSON keeps it."""
        return {
            "since": self.since.isoformat(),
            "times": self.times,
            "told_at": self.told_at.isoformat(),
            "causes": list(self.causes),
            "over_since": self.over_since and self.over_since.isoformat(),
            "came_again": self.came_again,
        }


def standing_of(document: Any) -> Standing | None:
    """Return what `to_document` gave, None for anything else."""
    try:
        over_since = document["over_since"]
        return Standing(
            since=datetime.fromisoformat(document["since"]),
            times=int(document["times"]),
            told_at=datetime.fromisoformat(document["told_at"]),
            causes=tuple(map(str, document["causes"])),
            over_since=over_since and datetime.fromisoformat(over_since),
            came_again=bool(document["came_again"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def seen(
    before: Standing | None, cause: str | None, now: datetime
) -> tuple[Word | None, Standing | None]:
    """Return what is to be said now that `cause` (None: all is well) was seen, and what to keep."""
    if cause is None:
        return _well(before, now)
    name = fingerprint(cause)
    if before is None:
        return Word.BEGINS, Standing(now, 1, now, (name,))
    again = replace(
        before,
        times=before.times + 1,
        over_since=None,
        came_again=before.came_again or before.over_since is not None,
    )
    word = None
    if name not in before.causes:
        word = Word.CHANGED
        again = replace(again, causes=(*before.causes, name)[-_CAUSES_KEPT:])
    elif not timedelta(0) <= now - before.told_at < REMINDED_AFTER:
        word = Word.STILL
    return word, replace(again, told_at=now) if word else again


def _well(before: Standing | None, now: datetime) -> tuple[Word | None, Standing | None]:
    if before is None:
        return None, None
    if before.over_since is None:
        over = replace(before, over_since=now)
        return (None, over) if before.came_again else (Word.OVER, over)
    if timedelta(0) <= now - before.over_since < REMINDED_AFTER:
        return None, before
    return (Word.OVER if before.came_again else None), None


def fingerprint(cause: str) -> str:
    """Return a cause without its numbers and its details in brackets, which differ each time."""
    first = re.split(r" \(|\. ", cause, maxsplit=1)[0]
    return re.sub(r"[0-9]+", "#", first)
