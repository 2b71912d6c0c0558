"""Find what the database has of the mapping's columns, and the SQL that adds the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.sql_text import RELOAD_SCHEMA, add_column, add_unique
from listing_sync.changes.table_check import missing_table, sql_type
from listing_sync.errors import NoColumnError, PermanentError
from listing_sync.language.sentences import joined, phrase
from listing_sync.ports import TableDescription
from listing_sync.supabase.rest import STALE, Rest, Row
from listing_sync.supabase.table_facts import read_facts

T = TypeVar("T")

OUR_TABLE: Final = "property_listings"
"""The table that a file of sql/ creates."""

# Source: PostgREST, docs/references/configuration.rst, openapi-mode = disabled.
_NO_DOCUMENT: Final = "PGRST126"
_NO_KEY: Final = frozenset({"42P10", "55000"})
_NO_TABLE: Final = frozenset({"PGRST205", "42P01"})


def describe_table(rest: Rest, mapping: SheetMapping) -> TableDescription:
    """Return what the catalogue says, or else what the OpenAPI document shows.

    What the document does not show, PostgREST may only not have seen yet: such columns are asked
    for. Their types, and without any document the primary key and what is required, are then not
    known (empty).
    """
    facts = read_facts(rest, mapping.table)
    if facts is not None:
        return facts
    try:
        definition = _definition(rest.description(), mapping.table)
    except PermanentError as error:
        if error.code != _NO_DOCUMENT:
            raise
        definition = None
    names = [column.name for column in mapping.columns]
    names += [mapping.mark_column] if mapping.mark_column else []
    if definition is not None:
        unseen = [name for name in names if name not in definition.columns]
        found = dict.fromkeys(_existing(rest, mapping.table, unseen), "")
        return replace(definition, columns={**definition.columns, **found})
    try:
        return _description(dict.fromkeys(_existing(rest, mapping.table, names), ""))
    except PermanentError as error:
        if error.code in _NO_TABLE:
            return TableDescription(exists=False, columns={}, primary_key=(), required=frozenset())
        raise


def seen_in_the_end(rest: Rest, mapping: SheetMapping, ask: Callable[[bool], T]) -> T:
    """Return what `ask` returns; wait where PostgREST does not see yet what is there.

    `ask` is told whether what is said to be missing is there.
    """
    try:
        return ask(False)
    except PermanentError as error:
        is_stale = is_there(rest, mapping, error)
        if not is_stale:
            with explained(mapping, is_there=is_stale):
                raise
    return ask(True)


def is_there(rest: Rest, mapping: SheetMapping, error: PermanentError) -> bool | None:
    """Return whether the database has what is said to be missing; None: it cannot be asked.

    PostgREST knows the tables as they were when it last looked.
    Source: PostgREST, schema_cache.rst.
    """
    if error.code not in STALE:
        return False
    facts = read_facts(rest, mapping.table)
    if facts is None:
        return None
    return facts.exists and (error.code == "PGRST205" or error.column in facts.columns)


@contextmanager
def explained(mapping: SheetMapping, *, is_there: bool | None = None) -> Iterator[None]:
    """Add to a refusal for what the database lacks the SQL that would add it.

    `is_there` is None where PostgREST alone says that it lacks it.
    """
    try:
        yield
    except PermanentError as error:
        advice = _advice(mapping, error, is_known=is_there is not None)
        if advice is None:
            raise
        raise type(error)(
            phrase("{what} ({facts})", what=advice, facts=error),
            service=error.service,
            category=error.category,
            http_status=error.http_status,
            code=error.code,
            column=error.column,
        ) from error


def _advice(mapping: SheetMapping, error: PermanentError, *, is_known: bool) -> str | None:
    table, key = mapping.table, mapping.key
    if error.code in _NO_TABLE:
        if table == OUR_TABLE:
            return phrase("there is no table {table}: run `listing-sync migrate up`", table=table)
        sql = " ".join((missing_table(mapping).sql or "").split())
        advice = phrase(
            "there is no table {table}: name another in the mapping, or run in Supabase's SQL"
            " editor: {command}",
            table=table,
            command=sql,
        )
        if is_known:
            return advice
        return joined(" ", (advice, phrase("If it is there, run {command}", command=RELOAD_SCHEMA)))
    if error.code in _NO_KEY:
        return phrase(
            "{key} is not unique in {table} by itself, at once and for every row (which a"
            " deferrable, partial or expression key is not, and a view has none): run in"
            " Supabase's SQL editor: {command}",
            key=key,
            table=table,
            command=add_unique(table, key),
        )
    missing = error.column
    if missing is None or not isinstance(error, NoColumnError):
        return None
    types = {column.name: sql_type(column) for column in mapping.columns}
    wanted = "timestamptz" if missing == mapping.mark_column else types.get(missing, "text")
    if error.code in STALE and not is_known:  # it has been read, which the database itself allows
        return phrase(
            "PostgREST does not know the column {column} of {table}: run in Supabase's SQL editor:"
            " {command}",
            column=missing,
            table=table,
            command=RELOAD_SCHEMA,
        )
    return phrase(
        "{table} has no column {column}: run in Supabase's SQL editor: {command} or take it out of"
        " the mapping",
        table=table,
        column=missing,
        command=add_column(table, missing, wanted),
    )


def _existing(rest: Rest, table: str, names: list[str]) -> list[str]:
    """Return the columns of these that the table has; PostgREST names one that it lacks."""
    while names:
        query = rest.table(table).select(*names).limit(0)
        try:
            rest.read(query, "checking the columns of the table")
        except NoColumnError as error:
            if error.column not in names:
                raise
            names = [name for name in names if name != error.column]
        else:
            break
    return names


def _description(columns: Mapping[str, str], primary_key: tuple[str, ...] = ()) -> TableDescription:
    return TableDescription(
        exists=True, columns=columns, primary_key=primary_key, required=frozenset()
    )


def _definition(document: Row, name: str) -> TableDescription | None:
    """Read PostgREST's OpenAPI 2.0: `format` is the type, `<pk/>` marks the primary key.

    What has to be given it does not tell: `required` lists generated columns too, and a default is
    shown only where it is a literal. Source: PostgREST, Response/OpenAPI.hs (parseDefault).
    """
    definition = document.get("definitions", {}).get(name)
    if definition is None:
        return None
    properties: dict[str, dict[str, Any]] = definition["properties"]
    return _description(
        {column: str(facts.get("format", "")) for column, facts in properties.items()},
        tuple(
            column
            for column, facts in properties.items()
            if "<pk/>" in str(facts.get("description", ""))
        ),
    )
