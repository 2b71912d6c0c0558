"""Read the target table by keyset pages; upsert, delete and mark its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from postgrest import ReturnMethod

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.as_sent import ByColumn
from listing_sync.changes.plan import TableRow
from listing_sync.changes.seen import Fingerprint
from listing_sync.errors import PermanentError, RowError
from listing_sync.ports import Back, Changed, RowChange, TableDescription
from listing_sync.supabase.asked_back import OF_WRITTEN, asked_back, ids_asked
from listing_sync.supabase.filters import among, chunks
from listing_sync.supabase.fingerprints import read_fingerprints
from listing_sync.supabase.meaning import meant_by
from listing_sync.supabase.pages import Pages
from listing_sync.supabase.refusals import named
from listing_sync.supabase.rest import Query, Rest, Row
from listing_sync.supabase.row_changes import change_rows
from listing_sync.supabase.schema import describe_table, explained, seen_in_the_end
from listing_sync.supabase.table_facts import read_facts

_NOT_GRANTED: Final = "42501"


class SupabaseTable:
    """ports.Table over the REST API. Rows whose key is null are not seen."""

    def __init__(self, rest: Rest, mapping: SheetMapping) -> None:
        self._rest = rest
        self._mapping = mapping
        self._name = mapping.table
        self._key = mapping.key
        self._mark = mapping.mark_column
        self._pages = Pages(rest, mapping)
        self._sees_whole = True
        self._tells = True
        self._described: TableDescription | None = None
        self._has_catalogue = True
        self._has_json = any(column.type is ColumnType.JSON for column in mapping.columns)

    def pages(self, columns: Sequence[Column]) -> Iterator[Sequence[TableRow]]:
        """Yield every row, in the order of the key."""
        to_row = self._to_row(columns)
        for page in self._pages.all(self._select(columns), exact=self._has_json):
            yield [to_row(row) for row in page]

    def rows(
        self, columns: Sequence[Column], numbers: Sequence[str]
    ) -> Iterator[Sequence[TableRow]]:
        """Yield the rows of these numbers that the table has."""
        to_row = self._to_row(columns)
        for page in self._pages.of(numbers, self._select(columns), exact=self._has_json):
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
        return self._pages.all("*", exact=True)

    def whole_rows(self, numbers: Sequence[str]) -> Sequence[Mapping[str, Value]]:
        """Return the rows of these numbers with every column, their numbers exact."""
        return [row for page in self._pages.of(numbers, "*", exact=True) for row in page]

    def upsert(
        self, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, back: Back = Back.WRITTEN
    ) -> Sequence[Mapping[str, Value]]:
        """Write rows in one request, all or none; return what the database made of them."""
        body = [dict(zip(columns, row, strict=True)) for row in rows]
        seen = back if self._sees_whole or back in OF_WRITTEN else Back.WRITTEN
        by_column = ByColumn(columns, rows)
        ids = self._ids
        asked = asked_back(seen, self._mapping, self._described, by_column, ids)
        query = self._rest.table(self._name).upsert(body, on_conflict=self._key).select(asked)
        try:
            return seen_in_the_end(
                self._rest,
                self._mapping,
                lambda stale: self._rest.write_back(
                    query, f"writing {len(rows)} listings", stale=stale
                ),
            )
        except RowError as error:
            if len(body) > 1:
                raise
            raise self._named(error, body[0]) from error
        except PermanentError as error:
            if error.code != _NOT_GRANTED or (seen in OF_WRITTEN and not ids):
                raise
        # Somebody grants column by column: what is mapped can be read, or no run could compare.
        self._sees_whole = False
        return self.upsert(columns, rows, back=back)

    def change_rows(self, changes: Sequence[RowChange], told: Sequence[str] = ()) -> Changed | None:
        """Change rows that still are as the changes say, in one request; None: not possible."""
        try:
            with explained(self._mapping):
                return change_rows(self._rest, self._name, self._key, changes, told)
        except RowError as error:
            if len(changes) > 1:
                raise
            raise self._named(error, changes[0].to or {}) from error

    def _named(self, error: RowError, row: Mapping[str, Value]) -> RowError:
        return named(error, row, rest=self._rest, mapping=self._mapping, longest=self._longest)

    def parts(self, numbers: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield the numbers in parts that one request can name."""
        return chunks(numbers)

    def delete(self, numbers: Sequence[str]) -> Mapping[str, Row]:
        """Delete the rows of these numbers; return by key those that went, whole."""
        gone: dict[str, Row] = {}
        for chunk in chunks(numbers):
            query = self._rest.table(self._name).delete().select("*")
            query = among(query, self._key, chunk).max_affected(len(chunk))
            rows = self._changed(query, f"removing {len(chunk)} listings")
            gone |= {str(row[self._key]): row for row in rows}
        return gone

    def mark(self, numbers: Sequence[str], marked_at: datetime) -> Mapping[str, Row]:
        """Write the time of their withdrawal into the rows of these numbers; return their ids.

        Raises:
            ValueError: the mapping has no mark column.
        """
        if self._mark is None:
            raise ValueError("the mapping has no mark column")
        mark = {self._mark: marked_at.isoformat()}
        self._facts()
        try:
            return self._marked(numbers, mark, self._ids)
        except PermanentError as error:
            if error.code != _NOT_GRANTED or not self._ids:
                raise
        self._sees_whole = False
        return self._marked(numbers, mark, ())

    def _marked(
        self, numbers: Sequence[str], mark: Mapping[str, str], ids: Sequence[str]
    ) -> dict[str, Row]:
        marked: dict[str, Row] = {}
        for chunk in chunks(numbers):
            query = self._rest.table(self._name).update({**mark})
            query = query.select(",".join((self._key, *ids)))
            query = among(query, self._key, chunk).max_affected(len(chunk))
            rows = self._changed(query, f"marking {len(chunk)} listings")
            marked |= {str(row[self._key]): {name: row[name] for name in ids} for row in rows}
        return marked

    @property
    def _ids(self) -> Sequence[str]:
        """Return what tells which row it is, as far as that is known and may be read."""
        return ids_asked(self._mapping, self._described) if self._sees_whole else ()

    def _changed(self, query: Query, what: str) -> list[Row]:
        """Send a change that answers with the rows that it changed."""
        with explained(self._mapping):
            return self._rest.write_back(query, what)

    def generated(self) -> frozenset[str]:
        """Return the columns that nobody can write, none where the catalogue cannot be asked."""
        facts = self._facts()
        return frozenset() if facts is None else facts.generated

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

    def _longest(self) -> Mapping[str, int]:
        facts = self._facts()
        return {} if facts is None else facts.longest

    def _facts(self) -> TableDescription | None:
        """Return what is known of the table; the catalogue is asked once, if at all."""
        if self._described is None and self._has_catalogue:
            self._described = read_facts(self._rest, self._name)
            self._has_catalogue = self._described is not None
        return self._described

    def _keys_of(self, numbers: Sequence[str]) -> list[str]:
        return [
            str(row[self._key])
            for page in self._pages.of(numbers, self._key, exact=False)
            for row in page
        ]

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
