"""Make one column's cells from what is shown and what is stored.

A sheet has a hundred thousand numbers, nearly all of which show just what is stored. That is found
a column at a time: the texts, joined, are split into what they say in digits and what stands
around these. Only a cell that is not plain in this sense is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq
from typing import Any

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Cell, Unreadable
from listing_sync.cells.shown import Join, joiner, residue, says_the_number

_DIGITS = b"0123456789."
_GROUPED = _DIGITS + b","
_NO_DIGITS = bytes(set(range(256)) - {*_DIGITS, 0})
_SIGNS = frozenset("-−‐–+▲△()")


class Joins:
    """Joins columns read in both forms; what it learned of one block serves the next."""

    def __init__(self) -> None:
        self._joins: dict[Column | ColumnType, Join] = {}
        self._moments: dict[ColumnType, dict[tuple[str, Any], Cell]] = {}

    def column(self, column: Column, shown: Sequence[Any], stored: Sequence[Any]) -> list[Cell]:
        """Return the cells of a column read in both forms, from the top; "" is blank in either.

        Where the longer of the two ends, the other is blank.
        """
        count = max(len(shown), len(stored))
        texts = [*shown, *[""] * (count - len(shown))]
        cells: list[Any] = [*stored, *[""] * (count - len(stored))]
        if not {str}.issuperset(map(type, texts)):  # unreadable ones
            for index, text in enumerate(texts):
                if isinstance(text, Unreadable):
                    texts[index], cells[index] = "", text
                else:
                    texts[index] = str(text)
        if column.type.is_moment:
            return self._dates(column, texts, cells)
        join = self._join(column)
        for index in _doubtful(column, texts, cells):
            cells[index] = join(texts[index], cells[index])
        return without_blanks(cells)

    def _dates(self, column: Column, texts: list[str], cells: list[Any]) -> list[Cell]:
        """Join each of the days, which repeat in a sheet, once."""
        pairs = list(zip(texts, cells, strict=True))
        known = self._moments.setdefault(column.type, {})
        join = self._join(column)
        if bool in set(map(type, cells)):  # Python takes False for 0
            return [join(*pair) for pair in pairs]
        for pair in set(pairs).difference(known):
            known[pair] = join(*pair)
        return [known[pair] for pair in pairs]

    def _join(self, column: Column) -> Join:
        # A date and its text are compared in the same way whatever the column.
        key = column.type if column.type.is_moment else column
        if key not in self._joins:
            self._joins[key] = joiner(column)
        return self._joins[key]


def without_blanks(cells: list[Any]) -> list[Cell]:
    """Return cells with None for what is blank."""
    return [None if cell == "" else cell for cell in cells] if "" in cells else cells


def _doubtful(column: Column, texts: list[str], values: list[Any]) -> Sequence[int]:
    """Return which cells show anything but their stored value as it stands."""
    if column.type.is_number:
        return _doubtful_numbers(column, texts, values)
    if column.type is ColumnType.BOOLEAN:
        pairs = enumerate(zip(texts, values, strict=True))
        return [index for index, (text, value) in pairs if text != str(value).upper()]
    return range(len(texts))


def _doubtful_numbers(column: Column, texts: list[str], values: list[Any]) -> Sequence[int]:
    joined = "\0".join(texts).encode("utf-8", "surrogatepass")
    around = joined.translate(None, _GROUPED).split(b"\0")
    if len(around) != len(texts):  # a text holds the separator
        return range(len(texts))
    forms = dict(zip(around, texts, strict=True))
    loaded = {form for form, text in forms.items() if not _is_neutral(form, text, column)}
    found = {index for index, form in enumerate(around) if form in loaded} if loaded else set()
    digits = joined.translate(None, _NO_DIGITS).decode()
    wanted = list(map(str, values))
    if digits != "\0".join(wanted):
        numbers = digits.split("\0")
        differing = [index for index, pair in enumerate(map(eq, numbers, wanted)) if not pair]
        found.update(index for index in differing if not _is_same(numbers[index], values[index]))
    return sorted(found)


def _is_neutral(form: bytes, text: str, column: Column) -> bool:
    around = form.decode("utf-8", "surrogatepass")
    return _SIGNS.isdisjoint(around) and says_the_number(residue(text), column)


def _is_same(number: str, value: Any) -> bool:
    """Say whether "70.50" is the stored 70.5."""
    if type(value) is not float and type(value) is not int:
        return False
    try:
        return float(number) == value
    except ValueError:
        return False
