"""What the table is and what the mapping needs in; what it lacks, with the SQL to mend it, out."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from listing_sync.core.mapping import Column, ColumnType, Mapping


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that keeps a sync from working; `sql` None: a person has to decide."""

    what: str
    sql: str | None


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What is known of an existing table: column -> PostgreSQL type, "" where it is not known.

    `required` are columns that are not null and have no default; `key_is_unique` None: not known.
    """

    columns: Dictionary[str, str]
    required: frozenset[str]
    key_is_unique: bool | None


_TEXTS = frozenset({"text", "character varying", "character", "citext", "name"})
_WHOLE = frozenset({"smallint", "integer", "bigint"})
_STAMPS = frozenset({"timestamp with time zone", "timestamp without time zone"})
_KNOWN = (
    _TEXTS
    | _WHOLE
    | _STAMPS
    | {"numeric", "real", "double precision", "date", "boolean", "json", "jsonb", "uuid"}
)
_FITTING = {
    ColumnType.TEXT: _TEXTS,
    ColumnType.URL: _TEXTS,
    ColumnType.INTEGER: _TEXTS | _WHOLE | {"numeric"},
    ColumnType.DECIMAL: _TEXTS | {"numeric"},
    ColumnType.MONEY: _TEXTS | {"numeric"},
    ColumnType.AREA: _TEXTS | {"numeric"},
    ColumnType.DATE: _TEXTS | _STAMPS | {"date"},
    ColumnType.DATETIME: _TEXTS | _STAMPS,
    ColumnType.BOOLEAN: frozenset({"boolean"}),
    ColumnType.JSON: frozenset({"json", "jsonb"}),
}
"""Types that take the values written and give them back equal; no others are judged good."""

_SQL_TYPES = {
    ColumnType.TEXT: "text",
    ColumnType.URL: "text",
    ColumnType.INTEGER: "bigint",
    ColumnType.DATE: "date",
    ColumnType.DATETIME: "timestamptz",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.JSON: "jsonb",
}
_WHOLE_DIGITS = {ColumnType.AREA: 8, ColumnType.MONEY: 15, ColumnType.DECIMAL: 15}


def sql_type(column: Column) -> str:
    """Return the PostgreSQL type that a mapped column wants."""
    if column.type not in _WHOLE_DIGITS:
        return _SQL_TYPES[column.type]
    if column.scale is None:
        return "numeric"
    return f"numeric({_WHOLE_DIGITS[column.type] + column.scale},{column.scale})"


def lacks_of(facts: TableFacts, mapping: Mapping) -> tuple[Lack, ...]:
    """Return what an existing table lacks against the mapping."""
    alter = f'alter table public."{mapping.table}"'
    lacks = [
        Lack(f"no column {name}", f'{alter} add column "{name}" {wanted};')
        for name, wanted in _wanted(mapping).items()
        if name not in facts.columns
    ]
    for column in mapping.columns:
        found = facts.columns.get(column.name, "")
        if not _fits(column, found):
            lacks.append(
                Lack(
                    f"column {column.name} is {found}, the mapping says {column.type}: values may"
                    " be refused, or differ in every run",
                    f'{alter} alter column "{column.name}" type {sql_type(column)}'
                    f' using "{column.name}"::text::{sql_type(column)};',
                )
            )
    if facts.key_is_unique is False:
        lacks.append(
            Lack(
                f"{mapping.key} is not unique: without that a listing cannot be updated",
                f'{alter} add unique ("{mapping.key}");',
            )
        )
    unfilled = facts.required - _wanted(mapping).keys()
    lacks += [
        Lack(
            f"column {name} must not be null, has no default and is not in the mapping: new"
            " listings will be refused",
            f'{alter} alter column "{name}" drop not null;',
        )
        for name in facts.columns
        if name in unfilled
    ]
    return tuple(lacks)


def missing_table(mapping: Mapping) -> Lack:
    """Return what to do when there is no table at all."""
    columns = [
        f'  "{name}" {wanted}{" not null unique" if name == mapping.key else ""}'
        for name, wanted in _wanted(mapping).items()
    ]
    table = f'public."{mapping.table}"'
    return Lack(
        f"there is no table {mapping.table}",
        "\n".join(
            (
                f"create table {table} (",
                ",\n".join(columns),
                ");",
                f"alter table {table} enable row level security;",
                f"grant select, insert, update, delete on {table} to service_role;",
            )
        ),
    )


def missing_grant(mapping: Mapping) -> Lack:
    """Return what to do when the secret key may not use the table.

    Source: Supabase, "Securing your API": new tables are no longer granted to the API's roles.
    """
    return Lack(
        f"the secret key may not read or write {mapping.table}",
        f'grant select, insert, update, delete on public."{mapping.table}" to service_role;',
    )


def not_owned(facts: TableFacts, mapping: Mapping) -> tuple[str, ...]:
    """Return the columns of the table that the mapping leaves alone."""
    wanted = _wanted(mapping)
    return tuple(name for name in facts.columns if name not in wanted)


def _wanted(mapping: Mapping) -> dict[str, str]:
    wanted = {column.name: sql_type(column) for column in mapping.columns}
    if mapping.mark_column:
        wanted[mapping.mark_column] = "timestamptz"
    return wanted


def _fits(column: Column, found: str) -> bool:
    if found not in _KNOWN:  # not known, or a type of somebody's own
        return True
    is_whole = column.scale == 0 and column.type is not ColumnType.TEXT
    return found in _FITTING[column.type] or (is_whole and found in _WHOLE)
