"""Tell in which columns the database can make nothing else of a value than was sent.

What it cannot change need not come back with the answer to a write. That holds for a table whose
inserts, or updates, nothing of the database's meets: no trigger, no rule, no partition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Value

_LIMITED: Final = re.compile(r"(numeric|character varying)\((?:[0-9]+,)?([0-9]+)\)")


def kept_as_sent(
    columns: Iterable[Column], declared: Mapping[str, str], sent: Mapping[str, Sequence[Value]]
) -> frozenset[str]:
    """Return the names of columns that store what is `sent` to the last digit.

    `declared` are the types that the catalogue gives: "numeric(15,2)", "text". A domain, or what
    an extension brings, has a name of its own and may do anything.
    """
    return frozenset(
        column.name
        for column in columns
        if _keeps(column, declared.get(column.name, ""), sent[column.name])
    )


def _keeps(column: Column, declared: str, values: Sequence[Value]) -> bool:
    if declared in column.type.facts.kept_by:
        return True
    limited = _LIMITED.fullmatch(declared)
    if limited is None or limited[1] not in column.type.facts.kept_by:
        return False
    limit = int(limited[2])
    if not column.type.is_number:
        return all(len(value) <= limit for value in values if isinstance(value, str))
    if column.scale is not None:
        return column.scale <= limit
    return all(_decimals(value) <= limit for value in values if isinstance(value, str))


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])
