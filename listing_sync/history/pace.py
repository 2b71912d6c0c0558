"""Work out from two looks at a run its rate and the time that remains."""

from __future__ import annotations

from datetime import datetime

from listing_sync.history.runs import Run
from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run gets on; `per_s` and `remaining_s` are None while nothing has been done."""

    done: int
    total: int
    per_s: float | None
    remaining_s: float | None
    silent_s: float


def pace(first: Run, latest: Run, now: datetime) -> Pace:
    """Return the pace between two looks at one run; since its start when nothing came between."""
    done = latest.stats.total - latest.stats.open
    gained = done - (first.stats.total - first.stats.open)
    since = first.heartbeat_at
    if gained <= 0:
        gained, since = done, latest.started_at
    took_s = (latest.heartbeat_at - since).total_seconds()
    per_s = gained / took_s if gained > 0 and took_s > 0 else None
    return Pace(
        done=done,
        total=latest.stats.total,
        per_s=per_s,
        remaining_s=latest.stats.open / per_s if per_s else None,
        silent_s=max((now - latest.heartbeat_at).total_seconds(), 0.0),
    )
