"""Find what the table lacks for the mapping, with the SQL that mends it."""

from __future__ import annotations

from collections.abc import Mapping

from listing_sync.cells.column_types import WHOLE_NUMBERS, ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.sql_text import add_column, add_unique, sql_name, sql_table
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass

FACTS_FILE = "0005_table_facts.sql"
"""Of sql/: with it the table is known whole, without it as far as the API shows it."""


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that keeps a sync from working; `sql` None: a person has to decide."""

    what: str
    sql: str | None


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique constraint or index; `is_usable`: an upsert can go by it."""

    name: str
    columns: tuple[str, ...]
    is_primary: bool = False
    is_deferrable: bool = False
    is_partial: bool = False
    is_of_expression: bool = False
    is_usable: bool = True


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What is known of an existing table: column -> PostgreSQL type, "" where it is not known.

    `required` are columns that have to be given; `key_is_unique` None: not known. `generated`,
    `defaults`, `unique_keys` and `is_view` are as in ports.TableDescription.
    """

    columns: Mapping[str, str]
    required: frozenset[str]
    key_is_unique: bool | None
    generated: frozenset[str] = frozenset()
    defaults: Mapping[str, str] | None = None
    unique_keys: tuple[UniqueKey, ...] | None = None
    is_view: bool = False


_MARKS = ColumnType.DATE.facts.fits
_KNOWN = frozenset({"real", "double precision", "uuid"}).union(
    *(each.facts.fits for each in ColumnType)
)


def sql_type(column: Column) -> str:
    """Return the PostgreSQL type that a mapped column wants."""
    return column.type.facts.sql(column)


def lacks_of(facts: TableFacts, mapping: SheetMapping) -> tuple[Lack, ...]:
    """Return what an existing table lacks against the mapping."""
    alter = f"alter table {sql_table(mapping.table)}"
    lacks = [
        Lack(phrase("no column {name}", name=name), add_column(mapping.table, name, wanted))
        for name, wanted in _wanted(mapping).items()
        if name not in facts.columns
    ]
    lacks += _generated(facts, mapping)
    lacks += _mark_faults(facts, mapping)
    for column in mapping.columns:
        found = facts.columns.get(column.name, "")
        if not _fits(column, found):
            lacks.append(
                Lack(
                    phrase(
                        "column {name} is {found}, the mapping says {type}: values may be"
                        " refused, or differ in every run",
                        name=column.name,
                        found=found,
                        type=column.type,
                    ),
                    f"{alter} alter column {sql_name(column.name)} type {sql_type(column)}"
                    f" using {sql_name(column.name)}::text::{sql_type(column)};",
                )
            )
    if facts.key_is_unique is False:
        lacks.append(key_fault(facts, mapping))
    unfilled = facts.required - _wanted(mapping).keys()
    lacks += [
        Lack(
            phrase(
                "column {name} must not be null, has no default and is not in the"
                " mapping: new listings will be refused",
                name=name,
            ),
            f"{alter} alter column {sql_name(name)} drop not null;",
        )
        for name in facts.columns
        if name in unfilled
    ]
    return tuple(lacks)


def missing_table(mapping: SheetMapping) -> Lack:
    """Return what to do when there is no table at all."""
    columns = [
        f"  {sql_name(name)} {wanted}{' not null unique' if name == mapping.key else ''}"
        for name, wanted in _wanted(mapping).items()
    ]
    table = sql_table(mapping.table)
    return Lack(
        phrase("there is no table {table}", table=mapping.table),
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


def missing_grant(mapping: SheetMapping) -> Lack:
    """Return what to do when the secret key may not use the table.

    Source: Supabase, "Securing your API": new tables are no longer granted to the API's roles.
    """
    return Lack(
        phrase("the secret key may not read or write {table}", table=mapping.table),
        f"grant select, insert, update, delete on {sql_table(mapping.table)} to service_role;",
    )


def not_owned(facts: TableFacts, mapping: SheetMapping) -> tuple[str, ...]:
    """Return the columns of the table that the mapping leaves alone."""
    wanted = _wanted(mapping)
    return tuple(name for name in facts.columns if name not in wanted)


def key_fault(facts: TableFacts, mapping: SheetMapping) -> Lack:
    """Return why no upsert can go by the key, and a way that works."""
    key, table = mapping.key, mapping.table
    near = [found for found in facts.unique_keys or () if key in found.columns]
    near += [found for found in facts.unique_keys or () if found.is_of_expression]
    add = add_unique(table, key)
    name = near[0].name if near else ""
    if facts.is_view:
        return Lack(
            phrase(
                "{table} is a view, which has no key that a listing could be updated"
                " by: name the table behind it in the mapping",
                table=table,
            ),
            None,
        )
    if near and near[0].is_deferrable:
        return Lack(
            phrase(
                "{key} is unique only at the end of a transaction (deferrable {name}):"
                " no update can go by it",
                key=key,
                name=name,
            ),
            f"alter table {sql_table(table)} drop constraint {sql_name(name)};\n{add}",
        )
    if near and near[0].is_partial:
        return Lack(
            phrase(
                "{key} is unique only for a part of the rows (index {name}): no update"
                " can go by it",
                key=key,
                name=name,
            ),
            add,
        )
    if near and near[0].is_of_expression:
        return Lack(
            phrase(
                "what is unique is an expression (index {name}), not {key} itself: no"
                " update can go by it",
                name=name,
                key=key,
            ),
            add,
        )
    if near and len(near[0].columns) > 1:
        others = ", ".join(near[0].columns)
        return Lack(
            phrase(
                "{key} is unique only together ({others}): no update can go by it",
                key=key,
                others=others,
            ),
            add,
        )
    return Lack(
        phrase("{key} is not unique: without that a listing cannot be updated", key=key), add
    )


def _generated(facts: TableFacts, mapping: SheetMapping) -> list[Lack]:
    return [
        Lack(
            phrase(
                "column {name} is filled by the database itself (generated) and cannot"
                " be written: it is left out; take it out of the mapping",
                name=column.name,
            ),
            None,
        )
        for column in mapping.columns
        if column.name in facts.generated
    ]


def _mark_faults(facts: TableFacts, mapping: SheetMapping) -> list[Lack]:
    """Return why removed listings cannot be marked, or new ones are born with a mark."""
    mark = mapping.mark_column
    if mark is None or mark not in facts.columns:
        return []
    alter = f"alter table {sql_table(mapping.table)} alter column {sql_name(mark)}"
    found, faults = facts.columns[mark], []
    if found in _KNOWN and found not in _MARKS:
        faults.append(
            Lack(
                phrase(
                    "mark_column {mark} is {found} and cannot hold the time of a"
                    " withdrawal: no listing can be marked",
                    mark=mark,
                    found=found,
                ),
                f"{alter} drop default;\n{alter} drop not null;\n"
                f"{alter} type timestamptz using null;",
            )
        )
    elif facts.defaults and mark in facts.defaults:
        faults.append(
            Lack(
                phrase(
                    "mark_column {mark} has the default {defaults}: every new listing is"
                    " born withdrawn",
                    mark=mark,
                    defaults=facts.defaults[mark],
                ),
                f"{alter} drop default;",
            )
        )
    if mark in facts.required:
        faults.append(
            Lack(
                phrase(
                    "mark_column {mark} must not be null, which is how a listing that is"
                    " there has it",
                    mark=mark,
                ),
                f"{alter} drop not null;",
            )
        )
    return faults


def _wanted(mapping: SheetMapping) -> dict[str, str]:
    wanted = {column.name: sql_type(column) for column in mapping.columns}
    if mapping.mark_column:
        wanted[mapping.mark_column] = "timestamptz"
    return wanted


def _fits(column: Column, found: str) -> bool:
    if found not in _KNOWN:  # not known, or a type of somebody's own
        return True
    return found in column.type.facts.fits or (column.scale == 0 and found in WHOLE_NUMBERS)
