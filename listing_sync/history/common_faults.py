"""Tell rejections that share one fault of the table as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from listing_sync.cells.error_cells import error_cell
from listing_sync.cells.listings import REPEATED, Rejection
from listing_sync.cells.wording import listed, one_line, plain
from listing_sync.errors import Category
from listing_sync.history.runs import Cause
from listing_sync.language.sentences import phrase, phrase_number
from listing_sync.lazy_dataclasses import dataclass

_MANY = 4
_FEW = 3
_CELLS_NAMED = 10


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


def whole_column(rejections: Sequence[Rejection], total: int) -> str | None:
    """Return the fault that half of all listings share, a column of failed formulas, in words.

    It holds nothing of the sheet but headers and the sign of the failure.
    """
    lines, _ = columns_apart(rejections, total, least=max(_MANY, (total + 1) // 2))
    return next(iter(lines), None)


def columns_apart(
    rejections: Sequence[Rejection], total: int, *, least: int = _MANY
) -> tuple[tuple[str, ...], tuple[Rejection, ...]]:
    """Return a line for each column of failed formulas, and the rejections that are of no such.

    `total` is the number of listings, `least` how many cells make a column.
    """
    shared = {
        _reason(told.rejection): told
        for told in told_once(rejections)
        if told.others + 1 >= least and told.others and is_failed_formula(told.rejection)
    }
    lines = tuple(
        phrase(
            "{header}: {cells} {sign}, the first {cell}",
            header=plain(one_line(told.rejection.column or "")),
            cells=cells_of(told, total),
            sign=told.rejection.value,
            cell=told.rejection.cell,
        )
        for told in shared.values()
    )
    return lines, tuple(item for item in rejections if _reason(item) not in shared)


def numbers_apart(
    rejections: Sequence[Rejection],
) -> tuple[tuple[str, ...], tuple[Rejection, ...]]:
    """Return a line for each number that stands on several rows, and the other rejections.

    Where there are many such numbers one line says so, and each of their rows stays.
    """
    groups = repeated_numbers(rejections)
    if len(groups) <= _FEW:
        return tuple(map(_on_rows, groups)), without(rejections, groups)
    line = phrase(
        "{count:,} numbers stand on more than one row each, the first: {first}",
        count=len(groups),
        first=_on_rows(groups[0]),
    )
    return (line,), tuple(rejections)


def repeated_numbers(rejections: Sequence[Rejection]) -> tuple[tuple[Rejection, ...], ...]:
    """Return the rejections whose number stands on several rows, those of one number together."""
    groups: dict[str, list[Rejection]] = {}
    for item in rejections:
        if item.code == REPEATED and item.property_number is not None:
            groups.setdefault(item.property_number, []).append(item)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def without(
    rejections: Sequence[Rejection], groups: Sequence[Sequence[Rejection]]
) -> tuple[Rejection, ...]:
    """Return the rejections that are in none of the groups."""
    told = {id(item) for group in groups for item in group}
    return tuple(item for item in rejections if id(item) not in told)


def on_rows(number: str, cells: str, count: int) -> str:
    """Return that a number stands in several `cells`, each as it is to be shown."""
    return phrase(
        "{number} stands on {count:,} rows: {cells}; each listing needs a number of its own",
        number=number,
        count=count,
        cells=cells,
    )


def _on_rows(group: Sequence[Rejection]) -> str:
    cells = listed([item.cell or str(item.sheet_row) for item in group], _CELLS_NAMED)
    return on_rows(plain(group[0].property_number or ""), cells, len(group))


def repeats(rejection: Rejection, cause: Cause | None) -> bool:
    """Return whether a listing is only left undone by what ended its run."""
    if cause is None or rejection.value is not None:
        return False
    return rejection.reason.endswith(cause.message)


def cells_of(told: Told, total: int) -> str:
    """Return how many of a column's cells share a fault: 180 of 180 cells."""
    same = told.others + 1
    return phrase_number(
        "{same:,} of {count:,} cell", "{same:,} of {count:,} cells", max(total, same), same=same
    )


def _reason(item: Rejection) -> tuple[str | None, str] | None:
    is_of_cell = item.category is Category.VALIDATION and not is_failed_formula(item)
    return None if is_of_cell else (item.column, item.reason)


def is_failed_formula(item: Rejection) -> bool:
    """Return whether a cell holds no data but the sign of a formula without a value."""
    text = (item.value or "").strip()
    return item.column is not None and bool(text) and error_cell(text) is not None
