"""Work out from the Date headers of answers how far this machine's clock is off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from statistics import median

_WHOLE_SECOND = 1.0


def clock_off_s(headers: Mapping[str, str], sent: datetime, received: datetime) -> float | None:
    """Return by how many seconds the clock is ahead (negative: behind); None: not told.

    An answer is dated while it is made, to the whole second: within that and the time that it
    took, nothing is off. One that a cache kept is older than it says here.

    Source: RFC 9110 section 6.6.1, RFC 9111 section 5.1.
    """
    if "age" in headers or "date" not in headers:
        return None
    try:
        dated = parsedate_to_datetime(headers["date"])
    except ValueError:
        return None
    if dated.tzinfo is None:
        return None
    ahead_s = (sent - dated).total_seconds() - _WHOLE_SECOND
    behind_s = (dated - received).total_seconds()
    if ahead_s > 0:
        return ahead_s
    return -behind_s if behind_s > 0 else 0.0


def agreed_off_s(by_service: Iterable[Sequence[float]]) -> float | None:
    """Return how far the clock is off by all services that told; None: none did.

    Of each its median counts; where one finds the clock right, or they contradict each other, it is
    not the clock that is wrong.
    """
    told = [median(found) for found in by_service if found]
    if not told:
        return None
    if min(told) < 0 < max(told):
        return 0.0
    return min(told, key=abs)
