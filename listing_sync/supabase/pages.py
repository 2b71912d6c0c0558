"""Read the table by keyset pages, and require that they get on.

Keys are keys, none comes twice, and each page ends further on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from postgrest import CountMethod, SyncSelectRequestBuilder

from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.sql_text import add_unique
from listing_sync.errors import BatchTooLargeError, Category, PermanentError, RowError, Service
from listing_sync.language.sentences import phrase
from listing_sync.supabase.filters import among, chunks
from listing_sync.supabase.rest import Query, Rest, Row, Rows, read_as_asked
from listing_sync.supabase.schema import seen_in_the_end

_KEY_KINDS: Final = frozenset({str, int, float, Decimal})


PAGE_ROWS: Final = 1000
"""Supabase cuts longer pages (max-rows) without a word; shorter cuts are noticed too."""


class Pages:
    """Reads rows of the table, a page at a time, in the order of its key.

    `select` names what is wanted of each, "*" all; with `exact` every digit of it.
    """

    def __init__(self, rest: Rest, mapping: SheetMapping) -> None:
        self._rest = rest
        self._mapping = mapping
        self._name = mapping.table
        self._key = mapping.key

    def of(self, numbers: Sequence[str], select: str, *, exact: bool) -> Iterator[list[Row]]:
        """Yield the rows of these numbers; one that the key's type cannot hold has none."""
        for chunk in chunks(numbers):
            try:
                pages = list(self.all(select, chunk, exact=exact))
            except RowError:
                middle = len(chunk) // 2
                if middle == 0:
                    continue
                for half in (chunk[:middle], chunk[middle:]):
                    yield from self.of(half, select, exact=exact)
            else:
                yield from pages

    def all(
        self, select: str, numbers: Sequence[str] | None = None, *, exact: bool
    ) -> Iterator[list[Row]]:
        """Yield pages until the last: an empty one, or with `numbers` one that holds all there are.

        A page that is too slow for the database is asked for in halves.

        Raises:
            PermanentError: two rows have one key, or pages do not get on.
        """
        limit = PAGE_ROWS
        last: Any = None
        ends: list[Any] = []
        while True:
            query = self._page(select, numbers, limit, last)
            try:
                page = self._read(query, exact=exact)
            except BatchTooLargeError:
                if limit == 1:
                    raise
                limit //= 2
                continue
            if not page.rows:
                return
            keys = keys_of(self._name, self._key, page.rows, last)
            yield page.rows
            if numbers is not None and page.total == len(page.rows):
                return
            last = keys[-1]
            ends.append(last)
            require_progress(self._name, ends)

    def _read(self, query: Query, *, exact: bool) -> Rows:
        def ask(stale: bool) -> Rows:  # noqa: FBT001 - seen_in_the_end calls it
            return self._rest.read(query, "reading the table", exact=exact, stale=stale)

        return seen_in_the_end(self._rest, self._mapping, ask)

    def _page(
        self, select: str, numbers: Sequence[str] | None, limit: int, last: Any
    ) -> SyncSelectRequestBuilder:
        table = self._rest.table(self._name)
        if numbers is None:
            query = table.select(select)
            # Keys are compared in the database alone: its collation is its own.
            query = query.not_.is_(self._key, None) if last is None else query
        else:
            query = among(table.select(select, count=CountMethod.exact), self._key, numbers)
        if last is not None:
            query = query.gt(self._key, last)
        return query.order(self._key).limit(limit)


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
