"""Read the target table by keyset pages; upsert, delete and mark its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from postgrest import CountMethod, ReturnMethod, SyncSelectRequestBuilder

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.as_sent import ByColumn
from listing_sync.changes.plan import TableRow
from listing_sync.changes.seen import Fingerprint
from listing_sync.errors import BatchTooLargeError, PermanentError, RowError
from listing_sync.ports import Back, TableDescription
from listing_sync.supabase.asked_back import OF_WRITTEN, asked_back
from listing_sync.supabase.filters import among, chunks
from listing_sync.supabase.fingerprints import read_fingerprints
from listing_sync.supabase.meaning import meant_by
from listing_sync.supabase.pages import keys_of, require_progress
from listing_sync.supabase.refusals import named
from listing_sync.supabase.rest import Query, Rest, Row, Rows
from listing_sync.supabase.schema import describe_table, explained, is_there
from listing_sync.supabase.table_facts import read_facts

T = TypeVar("T")

_NOT_GRANTED: Final = "42501"


PAGE_ROWS: Final = 1000
"""Supabase cuts longer pages (max-rows) without a word; shorter cuts are noticed too."""


class SupabaseTable:
    """ports.Table over the REST API. Rows whose key is null are not seen."""

    def __init__(self, rest: Rest, mapping: SheetMapping) -> None:
        self._rest = rest
        self._mapping = mapping
        self._name = mapping.table
        self._key = mapping.key
        self._mark = mapping.mark_column
        self._sees_whole = True
        self._tells = True
        self._described: TableDescription | None = None
        self._has_json = any(column.type is ColumnType.JSON for column in mapping.columns)

    def pages(self, columns: Sequence[Column]) -> Iterator[Sequence[TableRow]]:
        """Yield every row, in the order of the key."""
        to_row = self._to_row(columns)
        for page in self._keyset(self._select(columns)):
            yield [to_row(row) for row in page]

    def rows(
        self, columns: Sequence[Column], numbers: Sequence[str]
    ) -> Iterator[Sequence[TableRow]]:
        """Yield the rows of these numbers that the table has."""
        to_row = self._to_row(columns)
        for page in self._of(numbers, self._select(columns)):
            yield [to_row(row) for row in page]

    def fingerprints(
        self, columns: Sequence[Column], known: Sequence[str | None], *, with_keys: bool = True
    ) -> tuple[Fingerprint, ...] | None:
        """Return the buckets that are not as known, None where the database does not tell."""
        if not self._tells:  # one that is too slow is not waited for twice
            return None
        names = [column.name for column in columns if column.name != self._key]
        if self._mark is not None and self._mark not in names:
            names.append(self._mark)
        told = read_fingerprints(
            self._rest, self._name, self._key, names, known, with_keys=with_keys
        )
        self._tells = told is not None
        return told

    def meant_by(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return for each number that means a row, in the table's own eyes, the key of that row."""
        return meant_by(numbers, self._keys_of)

    def whole_pages(self) -> Iterator[Sequence[Mapping[str, Value]]]:
        """Yield every row with every column, its numbers exact."""
        return self._keyset("*", exact=True)

    def whole_rows(self, numbers: Sequence[str]) -> Sequence[Mapping[str, Value]]:
        """Return the rows of these numbers with every column, their numbers exact."""
        return [row for page in self._of(numbers, "*", exact=True) for row in page]

    def upsert(
        self, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, back: Back = Back.WRITTEN
    ) -> Sequence[Mapping[str, Value]]:
        """Write rows in one request, all or none; return what the database made of them."""
        body = [dict(zip(columns, row, strict=True)) for row in rows]
        seen = back if self._sees_whole else Back.WRITTEN
        asked = asked_back(seen, self._mapping, self._described, ByColumn(columns, rows))
        query = self._rest.table(self._name).upsert(body, on_conflict=self._key).select(asked)
        try:
            return self._asked(
                lambda stale: self._rest.write_back(
                    query, f"writing {len(rows)} listings", stale=stale
                )
            )
        except RowError as error:
            if len(body) > 1:
                raise
            raise named(
                error, body[0], rest=self._rest, mapping=self._mapping, longest=self._longest
            ) from error
        except PermanentError as error:
            if error.code != _NOT_GRANTED or seen in OF_WRITTEN:
                raise
        # Somebody grants column by column: what is mapped can be read, or no run could compare.
        self._sees_whole = False
        return self.upsert(columns, rows)

    def parts(self, numbers: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield the numbers in parts that one request can name."""
        return chunks(numbers)

    def delete(self, numbers: Sequence[str]) -> Sequence[str]:
        """Delete the rows of these numbers; return the keys of those that went."""
        gone: list[str] = []
        for chunk in chunks(numbers):
            query = self._rest.table(self._name).delete().select(self._key)
            query = among(query, self._key, chunk).max_affected(len(chunk))
            gone += self._changed(query, f"removing {len(chunk)} listings")
        return gone

    def mark(self, numbers: Sequence[str], marked_at: datetime) -> Sequence[str]:
        """Write the time of their withdrawal into the rows of these numbers; return their keys.

        Raises:
            ValueError: the mapping has no mark column.
        """
        if self._mark is None:
            raise ValueError("the mapping has no mark column")
        marked: list[str] = []
        for chunk in chunks(numbers):
            query = self._rest.table(self._name).update({self._mark: marked_at.isoformat()})
            query = among(query.select(self._key), self._key, chunk).max_affected(len(chunk))
            marked += self._changed(query, f"marking {len(chunk)} listings")
        return marked

    def _changed(self, query: Query, what: str) -> list[str]:
        """Send a change that answers with the keys of the rows that it changed."""
        with explained(self._mapping):
            rows = self._rest.write_back(query, what)
        return [str(row[self._key]) for row in rows]

    def generated(self) -> frozenset[str]:
        """Return the columns that nobody can write, none where the catalogue cannot be asked."""
        self._described = self._described or read_facts(self._rest, self._name)
        return frozenset() if self._described is None else self._described.generated

    def keeps_inserts(self) -> bool:
        """Return whether what was asked of the catalogue names nothing that meets an insert."""
        return self._described is not None and self._described.insert_hooks == ()

    def accepts_key(self) -> bool:
        """Return whether a unique constraint fits the upsert, without writing a row.

        The catalogue says it where it could be asked; else a request has to fail: PostgreSQL looks
        for the constraint when it plans (42P10), and no statement may write one key twice (21000).
        Source: PostgreSQL, INSERT, ON CONFLICT.
        """
        known = None if self._described is None else self._described.unique_keys
        if known is not None:
            return any(key.columns == (self._key,) and key.is_usable for key in known)
        query = self._rest.table(self._name).upsert(
            [{self._key: "listing-sync"}] * 2,
            returning=ReturnMethod.minimal,
            on_conflict=self._key,
        )
        try:
            with explained(self._mapping):
                self._rest.write(query, "checking the key of the table")
        except RowError:
            return True
        except PermanentError as error:
            if error.code not in {"21000", "42P10", "55000"}:
                raise
            return error.code == "21000"
        return True

    def describe(self) -> TableDescription:
        """Return what the catalogue or the API tells of the table."""
        self._described = describe_table(self._rest, self._mapping)
        return self._described

    def _read(self, query: Query, stale: bool, *, exact: bool) -> Rows:  # noqa: FBT001 - _asked's
        return self._rest.read(query, "reading the table", exact=exact, stale=stale)

    def _asked(self, ask: Callable[[bool], T]) -> T:
        """Return what `ask` returns; wait where PostgREST does not see yet what is there."""
        try:
            return ask(False)
        except PermanentError as error:
            is_stale = is_there(self._rest, self._mapping, error)
            if not is_stale:
                with explained(self._mapping, is_there=is_stale):
                    raise
        return ask(True)

    def _longest(self) -> Mapping[str, int]:
        if self._described is None:
            self._described = read_facts(self._rest, self._name)
        return {} if self._described is None else self._described.longest

    def _keys_of(self, numbers: Sequence[str]) -> list[str]:
        return [str(row[self._key]) for page in self._of(numbers, self._key) for row in page]

    def _of(
        self, numbers: Sequence[str], select: str, *, exact: bool = False
    ) -> Iterator[list[Row]]:
        """Yield the rows of these numbers; one that the key's type cannot hold has none."""
        for chunk in chunks(numbers):
            try:
                pages = list(self._keyset(select, chunk, exact=exact))
            except RowError:
                middle = len(chunk) // 2
                if middle == 0:
                    continue
                for half in (chunk[:middle], chunk[middle:]):
                    yield from self._of(half, select, exact=exact)
            else:
                yield from pages

    def _select(self, columns: Sequence[Column]) -> str:
        # A number as JSON would become a float, and lose digits.
        selected = {
            column.name: f"{column.name}::text" if column.type.is_number else column.name
            for column in columns
        }
        selected[self._key] = self._key
        if self._mark is not None:
            selected.setdefault(self._mark, self._mark)
        return ",".join(selected.values())

    def _to_row(self, columns: Sequence[Column]) -> Callable[[Row], TableRow]:
        names = [column.name for column in columns]
        key, mark = self._key, self._mark

        def to_row(row: Row) -> TableRow:
            values = tuple([row[name] for name in names])
            return TableRow(str(row[key]), values, None if mark is None else row[mark])

        return to_row

    def _keyset(
        self, select: str, numbers: Sequence[str] | None = None, *, exact: bool = False
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
            exactly = exact or self._has_json
            try:
                page = self._asked(partial(self._read, query, exact=exactly))
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
