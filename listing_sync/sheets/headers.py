"""Find the column and the unit that a header names, as sheets write headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from listing_sync.cells.a1 import quote_tab
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import SheetColumn
from listing_sync.cells.mapping import normalise_header, takes_unit
from listing_sync.cells.units import named_unit, unit_of


def joined_headers(rows: Sequence[Sequence[object]]) -> list[str]:
    """Return one header a column of several rows of headers, the upper one first.

    A merged cell holds its text on the left alone: a header goes on to the right, over blank cells
    with a header below them, where it has one below itself. (面積, -) over (土地, 建物) gives
    面積 土地, 面積 建物; a cell merged downwards stays alone.
    """
    width = max(map(len, rows), default=0)
    texts = [[_header_text(row, index) for index in range(width)] for row in rows]
    for upper, lower in pairwise(texts):
        for index in range(1, width):
            if not upper[index] and lower[index] and upper[index - 1] and lower[index - 1]:
                upper[index] = upper[index - 1]
    return [" ".join(filter(None, column)) for column in zip(*texts, strict=True)]


def _header_text(row: Sequence[object], index: int) -> str:
    cell = row[index] if index < len(row) else None
    return "" if cell is None else str(cell)


def in_its_unit(column: Column, header: str) -> Column:
    """Return a column of money or area under its very header, in the unit that this names."""
    _, unit = named_unit(header)
    if unit is None or column.unit is not None or not column.type.is_measure:
        return column
    fits = takes_unit(column.type, column.scale, unit)
    return replace(column, unit=unit.name) if fits and unit.factor != 1 else column


def measured_column(mapped: dict[str, Column], header: str) -> Column | None:
    """Return the column whose header this is but for a unit in brackets; None when none is."""
    base, unit = named_unit(header)
    column = None if unit is None else mapped.get(normalise_header(base))
    if unit is None or column is None or not takes_unit(column.type, column.scale, unit):
        return None
    return column if column.unit is not None else replace(column, unit=unit.name)


def is_plain(column: Column) -> bool:
    """Return whether bare numbers of a column are what its type holds, yen or ㎡."""
    unit = None if column.unit is None else unit_of(column.unit)
    return unit is None or unit.factor == 1


def unit_problem(found: SheetColumn, tab: str, row: int) -> str:
    """Return why a header contradicts the unit that the mapping says, "" when it does not."""
    _, unit = named_unit(found.header)
    said = None if found.column.unit is None else unit_of(found.column.unit)
    if unit is None or said is None or said == unit or _is_named_by(found):
        return ""
    header = " ".join(found.header.split())
    return (
        f'the header "{header}" in {quote_tab(tab)}!{found.letter}{row} says '
        f"{unit.name}, the mapping says {said.name} for {found.column.name}; change one of them"
    )


def _is_named_by(found: SheetColumn) -> bool:
    """Return whether the mapping names this very header, and so knows its unit."""
    return normalise_header(found.header) in map(normalise_header, found.column.headers)


def quoted(text: str) -> str:
    """Return a text of the sheet on one line, in quotes."""
    return f'"{" ".join(text.split())}"'


def all_quoted(texts: Iterable[str], separator: str = ", ") -> str:
    """Return texts of the sheet beside each other, each in quotes."""
    return separator.join(map(quoted, texts))
