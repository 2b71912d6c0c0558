"""Require that pages get on: keys that are keys, none twice, and an end ever further on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from listing_sync.changes.sql_text import add_unique
from listing_sync.errors import Category, PermanentError, Service
from listing_sync.language.sentences import phrase
from listing_sync.supabase.rest import Row, read_as_asked

_KEY_KINDS: Final = frozenset({str, int, float, Decimal})


def keys_of(table: str, key: str, rows: Sequence[Row], last: Any) -> list[Any]:
    """Return the keys of a page; PermanentError unless they are new since `last`, each once."""
    with read_as_asked(f"rows of {table}"):
        keys = [row[key] for row in rows]
        if not _KEY_KINDS.issuperset(map(type, keys)):
            raise TypeError("no key")
    met = [last, *keys]
    if len(set(met)) < len(met):
        twice = next(each for each in met if met.count(each) > 1)
        raise PermanentError(
            phrase(
                "two rows of {table} have the {key} {value!r}: delete one, then {command}",
                table=table,
                key=key,
                value=twice,
                command=add_unique(table, key),
            ),
            service=Service.SUPABASE,
            category=Category.DATABASE,
        )
    return keys


def require_progress(table: str, ends: Sequence[object]) -> None:
    """Raise PermanentError where the newest end of a page has been the end of one before."""
    if ends.count(ends[-1]) > 1:
        raise PermanentError(
            phrase("pages of {table} do not get on: is SUPABASE_URL right?", table=table),
            service=Service.SUPABASE,
            category=Category.UNKNOWN,
        )
