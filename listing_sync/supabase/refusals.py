"""Tell why a lone row was refused so that a person finds the cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.errors import ListingSyncError, RowError
from listing_sync.language.sentences import joined, phrase, phrase_number
from listing_sync.reliability.pacing import Patience
from listing_sync.supabase.rest import Rest

_UNIQUE: Final = "23505"
_TOO_LONG: Final = "22001"
_LIMIT = re.compile(r"type character(?: varying)?\((\d+)\)")
_SHOWN: Final = 40
"""Characters of a value in a message."""


def named(
    error: RowError,
    row: Mapping[str, Value],
    *,
    rest: Rest,
    mapping: SheetMapping,
    longest: Callable[[], Mapping[str, int]],
) -> RowError:
    """Return the refusal with the column at fault, and who holds a value that must be unique.

    `longest` tells how many characters columns take, nothing where that is not known.
    """
    if error.code == _TOO_LONG:
        return _too_long(error, row, longest())
    if error.code == _UNIQUE and error.column is not None and error.value is not None:
        return _held(error, row, rest, mapping)
    return error


def _too_long(error: RowError, row: Mapping[str, Value], longest: Mapping[str, int]) -> RowError:
    texts = {name: str(value) for name, value in row.items() if value is not None}
    over = [name for name in texts if len(texts[name]) > longest.get(name, len(texts[name]))]
    if over:
        said = joined(
            ", ",
            [
                phrase(
                    "{column} ({count}, takes {most})",
                    column=name,
                    count=len(texts[name]),
                    most=longest[name],
                )
                for name in over
            ],
        )
        told = phrase("longer than the table takes, in characters: {columns}", columns=said)
        return _again(error, told, over[0])
    limit = _LIMIT.search(str(error))
    over = [name for name in texts if limit and len(texts[name]) > int(limit[1])]
    if limit is None or not over:
        return error
    said = phrase_number(
        "longer than the {limit} characters that the table takes: {columns}",
        "longer than the {limit} characters that the table takes: one of {columns}",
        len(over),
        limit=limit[1],
        columns=", ".join(over),
    )
    return _again(error, said, over[0])


def _held(error: RowError, row: Mapping[str, Value], rest: Rest, mapping: SheetMapping) -> RowError:
    column, value, mark = error.column or "", error.value or "", mapping.mark_column
    wanted = (mapping.key, *((mark,) if mark else ()))
    query = rest.table(mapping.table).select(*wanted).eq(column, value).limit(1)
    try:
        rows = rest.read(query, "asking who holds a value", Patience.ONCE).rows
    except ListingSyncError:  # it is a help, no more
        rows = []
    holder = str(rows[0][mapping.key]) if rows else phrase("another row")
    if rows and holder == str(row.get(mapping.key)):
        return error
    if rows and mark and rows[0][mark] is not None:
        holder = phrase("{number}, withdrawn,", number=holder)
    short = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    told = phrase(
        "{holder} holds {column} {value}, which must be unique",
        holder=holder,
        column=column,
        value=short,
    )
    return _again(error, told, column)


def _again(error: RowError, text: str, column: str) -> RowError:
    facts = ", ".join(filter(None, (f"HTTP {error.http_status}", error.code)))
    return RowError(
        phrase("{what} ({facts})", what=text, facts=facts),
        service=error.service,
        category=error.category,
        http_status=error.http_status,
        code=error.code,
        column=column,
    )
