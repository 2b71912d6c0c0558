"""Tell rejections that share one fault of the table as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category

_MANY = 4


@dataclass(frozen=True, slots=True)
class Told:
    """A rejection to show; `others` are the listings that share its reason, shown with it."""

    rejection: Rejection
    others: int = 0


def told_once(rejections: Sequence[Rejection]) -> tuple[Told, ...]:
    """Return what is to be shown, in order: a reason that many listings share stands there once.

    A right that is missing, or a column of a wrong type, is not the fault of a cell. What the
    sheet's own cells say wrong stays apart, each with its cell.
    """
    shared = Counter(map(_reason, rejections))
    told: list[Told] = []
    seen: set[tuple[str | None, str]] = set()
    for item in rejections:
        reason = _reason(item)
        if reason is None or shared[reason] < _MANY:
            told.append(Told(item))
        elif reason not in seen:
            seen.add(reason)
            told.append(Told(item, shared[reason] - 1))
    return tuple(told)


def _reason(item: Rejection) -> tuple[str | None, str] | None:
    return None if item.category is Category.VALIDATION else (item.column, item.reason)
