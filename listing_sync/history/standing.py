"""Decide when a trouble that lasts is told: at first, when its cause changes, daily, at its end.

| seen     | the trouble before                        | told                                 |
| -------- | ----------------------------------------- | ------------------------------------ |
| a cause  | none                                      | it begins                            |
| a cause  | told, this cause was never named          | the cause changed, while few were    |
| a cause  | said to be over less than a day ago       | it begins again, while few were told |
| a cause  | told a day ago                            | it is still there                    |
| a cause  | told, otherwise                           | nothing                              |
| no cause | told                                      | it is over, while few were told      |
| no cause | told, has been over for a day             | it is over, where that was not said  |

Few are three besides the daily ones: what comes and goes, or has another cause each time, is then
one message a day, as what stays. After a day without it all begins anew.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from listing_sync.lazy_dataclasses import dataclass

REMINDED_AFTER = timedelta(days=1)
_FEW = 3
_CAUSES_KEPT = 40
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Word(StrEnum):
    """What is to be said of a trouble now."""

    BEGINS = "begins"
    CHANGED = "changed"
    STILL = "still"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Standing:
    """A trouble that was told: since when, how often seen, and which causes were named.

    `over_since` is when it was last seen to be over, `is_over_told` whether that was said;
    `besides` counts what was said besides its beginning and the daily reminders.
    """

    since: datetime
    times: int
    told_at: datetime
    causes: tuple[str, ...]
    over_since: datetime | None = None
    is_over_told: bool = False
    besides: int = 0

    def to_document(self) -> dict[str, object]:
        """Return it as JSON keeps it."""
        return {
            "since": self.since.isoformat(),
            "times": self.times,
            "told_at": self.told_at.isoformat(),
            "causes": list(self.causes),
            "over_since": self.over_since and self.over_since.isoformat(),
            "is_over_told": self.is_over_told,
            "besides": self.besides,
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
            is_over_told=bool(document.get("is_over_told")),
            besides=int(document.get("besides", 0)),
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
    again = replace(before, times=before.times + 1, over_since=None, is_over_told=False)
    is_new = name not in before.causes
    is_daily = not timedelta(0) <= now - before.told_at < REMINDED_AFTER
    if not is_daily and not (is_new or before.is_over_told):
        return None, again
    if not is_daily and before.besides >= _FEW:
        return None, again
    word = Word.CHANGED if is_new else Word.BEGINS if before.is_over_told else Word.STILL
    causes = (*before.causes, name) if is_new else before.causes
    besides = before.besides + (not is_daily)
    return word, replace(again, told_at=now, causes=causes[-_CAUSES_KEPT:], besides=besides)


def _well(before: Standing | None, now: datetime) -> tuple[Word | None, Standing | None]:
    if before is None:
        return None, None
    if before.over_since is None:
        if before.besides >= _FEW:
            return None, replace(before, over_since=now)
        over = replace(before, over_since=now, is_over_told=True, besides=before.besides + 1)
        return Word.OVER, over
    if timedelta(0) <= now - before.over_since < REMINDED_AFTER:
        return None, before
    return (None if before.is_over_told else Word.OVER), None


def fingerprint(cause: str) -> str:
    """Return a cause without its numbers and its details in brackets, which differ each time."""
    first = re.split(r" \(|\. ", cause, maxsplit=1)[0]
    return re.sub(r"[0-9]+", "#", _UUID.sub("#", first))
