"""Tell in which columns the database can make nothing else of a value than was sent.

What it cannot change need not come back with the answer to a write. That holds for a table whose
inserts, or updates, nothing of the database's meets: no trigger, no rule, no partition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Value

_LIMITED: Final = re.compile(r"(numeric|character varying)\((?:[0-9]+,)?([0-9]+)\)")


class ByColumn(Mapping[str, Sequence[Value]]):
    """The values of rows by column, picked when one is asked for, as few are."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        self._places = {name: place for place, name in enumerate(columns)}
        self._rows = rows

    def __getitem__(self, name: str) -> tuple[Value, ...]:
        """Return the values of one column, a row each."""
        return tuple(map(itemgetter(self._places[name]), self._rows))

    def __contains__(self, name: object) -> bool:
        """Return whether a column has this name, without its values."""
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the columns."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return how many columns there are."""
        return len(self._places)


def kept_as_sent(
    columns: Iterable[Column], declared: Mapping[str, str], sent: Mapping[str, Sequence[Value]]
) -> frozenset[str]:
    """Return the names of columns that store what is `sent` to the last digit.

    `declared` are the types that the catalogue gives: "numeric(15,2)", "text". A domain, or what
    an extension brings, has a name of its own and may do anything.
    """
    return frozenset(
        column.name for column in columns if _keeps(column, declared.get(column.name, ""), sent)
    )


def _keeps(column: Column, declared: str, sent: Mapping[str, Sequence[Value]]) -> bool:
    if declared in column.type.facts.kept_by:
        return True
    limited = _LIMITED.fullmatch(declared)
    if limited is None or limited[1] not in column.type.facts.kept_by:
        return False
    limit = int(limited[2])
    if column.type.is_number and column.scale is not None:
        return column.scale <= limit
    values = filter(None, sent[column.name])
    if column.type.is_number:
        return re.search(rf"\.[0-9]{{{limit + 1}}}", _joined(values)) is None
    return max(map(len, map(str, values)), default=0) <= limit


def _joined(values: Iterable[object]) -> str:
    """Return values as one text: there are many, and looked through they are in C."""
    found = tuple(values)
    try:
        return " ".join(found)  # type: ignore[arg-type]  # as nearly always
    except TypeError:
        return " ".join(map(str, found))
