"""Find among the rejections of a run those that no message has told.

What was told is known by listing, header and reason, and how often: a row that moves is no news, a
second row with the same fault is. A reason is known by its code, the same in every language.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.runs import StoredRejection
from listing_sync.language.sentences import english_of

_DIGITS = re.compile(r"\d+")
_COMPARED = 16
"""Characters of a cell by which a row is known again: stored cells may be cut to as few."""

Cells = Mapping[str, str]


def have_codes(told: Sequence[StoredRejection]) -> bool:
    """Return whether all of these have codes: those of an earlier version have none."""
    return all(each.rejection.code for each in told)


def rejection_key(rejection: Rejection, *, by_code: bool = True) -> tuple[str, ...]:
    """Return what makes a rejection the same as one of an earlier run, wherever its row moved.

    Without a code it is the English reason, whose digits do not count: a repeated number names the
    rows of the others.
    """
    text = _DIGITS.sub("", str(english_of(rejection.reason)))
    reason = (rejection.code if by_code else None) or text
    # What a service says of itself holds times and counts that differ from run to run.
    is_about_row = rejection.category in {Category.VALIDATION, Category.DATABASE}
    return (
        rejection.property_number or rejection.value or "",
        rejection.column or "",
        reason if is_about_row else rejection.category,
    )


def untold(
    rejections: Sequence[Rejection],
    told: Sequence[StoredRejection],
    payloads: Mapping[int, Cells],
) -> tuple[Rejection, ...]:
    """Return the rejections beyond those told, in their order; `payloads` are cells by row.

    Of rows alike, those whose cells were told with are the old ones, else the upper ones.
    """
    by_code = have_codes(told)
    known: dict[tuple[str, ...], list[StoredRejection]] = defaultdict(list)
    for each in told:
        known[rejection_key(each.rejection, by_code=by_code)].append(each)
    found: dict[tuple[str, ...], list[Rejection]] = defaultdict(list)
    for item in rejections:
        found[rejection_key(item, by_code=by_code)].append(item)
    new: set[int] = set()
    for key, items in found.items():
        new |= {id(item) for item in _beyond(items, known.get(key, []), payloads)}
    return tuple(item for item in rejections if id(item) in new)


def _beyond(
    items: list[Rejection], told: list[StoredRejection], payloads: Mapping[int, Cells]
) -> list[Rejection]:
    more = len(items) - len(told)
    if more <= 0 or not told:
        return items if more > 0 else []
    left = Counter(_row(each.payload) for each in told)
    strangers = []
    for item in items:
        row = _row(payloads.get(item.sheet_row or 0))
        if left[row] > 0:
            left[row] -= 1
        else:
            strangers.append(item)
    return strangers[-more:]


def _row(cells: Cells | None) -> frozenset[tuple[str, str]]:
    return frozenset((name, cell[:_COMPARED]) for name, cell in (cells or {}).items() if cell)
