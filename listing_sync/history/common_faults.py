"""Tell rejections that share one fault of the table as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from listing_sync.cells.error_cells import error_cell
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

    A right that is missing, or a column of a wrong type, is not the fault of a cell, nor is a
    formula that fails all the way down a column. Other cells stay apart, each with its own.
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
    is_of_cell = item.category is Category.VALIDATION and not is_failed_formula(item)
    return None if is_of_cell else (item.column, item.reason)


def is_failed_formula(item: Rejection) -> bool:
    """Return whether a cell holds no data but the sign of a formula without a value."""
    text = (item.value or "").strip()
    return item.column is not None and bool(text) and error_cell(text) is not None
