from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.table_check import (
    TableFacts,
    UniqueKey,
    lacks_of,
    missing_grant,
    missing_table,
    not_owned,
    sql_type,
)

MAPPING = SheetMapping(
    "homes",
    "number",
    (
        Column("number", ("No",), ColumnType.TEXT, required=True),
        Column("price", ("Price",), ColumnType.MONEY, scale=0),
    ),
    mark_column="gone_at",
)
GOOD = TableFacts(
    {
        "id": "uuid",
        "number": "text",
        "price": "numeric",
        "gone_at": "timestamp with time zone",
        "created_at": "timestamp with time zone",
    },
    frozenset({"number"}),
    key_is_unique=True,
)


def test_a_table_that_fits_lacks_nothing() -> None:
    assert lacks_of(GOOD, MAPPING) == ()


def test_columns_that_the_mapping_does_not_name_are_not_owned() -> None:
    assert not_owned(GOOD, MAPPING) == ("id", "created_at")


def test_missing_columns_are_named_with_the_sql_that_adds_them() -> None:
    facts = replace(GOOD, columns={"number": "text"})
    assert [(lack.what, lack.sql) for lack in lacks_of(facts, MAPPING)] == [
        ("no column price", 'alter table public."homes" add column "price" numeric(15,0);'),
        ("no column gone_at", 'alter table public."homes" add column "gone_at" timestamptz;'),
    ]


def test_a_key_that_is_not_unique_gets_its_constraint() -> None:
    (lack,) = lacks_of(replace(GOOD, key_is_unique=False), MAPPING)
    assert lack.sql == 'alter table public."homes" add unique ("number");'


def test_what_is_not_known_is_not_complained_about() -> None:
    unknown = TableFacts(dict.fromkeys(GOOD.columns, ""), frozenset(), key_is_unique=None)
    assert lacks_of(unknown, MAPPING) == ()


def test_a_required_column_that_nobody_fills_is_named() -> None:
    facts = replace(
        GOOD, columns={**GOOD.columns, "office": "text"}, required=frozenset({"number", "office"})
    )
    (lack,) = lacks_of(facts, MAPPING)
    assert "column office must not be null" in lack.what
    assert lack.sql == 'alter table public."homes" alter column "office" drop not null;'


@pytest.mark.parametrize(
    ("column_type", "found", "fits"),
    [
        pytest.param(ColumnType.TEXT, "character varying", True, id="text in varchar"),
        pytest.param(ColumnType.TEXT, "numeric", False, id="text in numeric"),
        pytest.param(ColumnType.MONEY, "bigint", True, id="whole money in bigint"),
        pytest.param(ColumnType.MONEY, "double precision", False, id="money in a float"),
        pytest.param(ColumnType.MONEY, "text", True, id="money in text"),
        pytest.param(ColumnType.BOOLEAN, "text", False, id="boolean in text"),
        pytest.param(ColumnType.DATE, "timestamp with time zone", True, id="date in timestamptz"),
        pytest.param(ColumnType.DATETIME, "date", False, id="moment in date"),
        pytest.param(ColumnType.JSON, "jsonb", True, id="json in jsonb"),
        pytest.param(ColumnType.INTEGER, "public.my_domain", True, id="a type of somebody's own"),
    ],
)
def test_types_are_judged_by_what_they_can_hold(
    column_type: ColumnType, found: str, *, fits: bool
) -> None:
    column = Column("price", ("Price",), column_type, scale=0)
    mapping = replace(MAPPING, columns=(MAPPING.columns[0], column))
    lacks = lacks_of(replace(GOOD, columns={**GOOD.columns, "price": found}), mapping)
    assert (lacks == ()) is fits


@pytest.mark.parametrize(
    ("column_type", "scale", "wanted"),
    [
        (ColumnType.MONEY, 0, "numeric(15,0)"),
        (ColumnType.AREA, 2, "numeric(10,2)"),
        (ColumnType.DECIMAL, None, "numeric"),
        (ColumnType.INTEGER, None, "bigint"),
        (ColumnType.URL, None, "text"),
    ],
)
def test_each_mapped_type_has_its_sql_type(
    column_type: ColumnType, scale: int | None, wanted: str
) -> None:
    assert sql_type(Column("x", ("X",), column_type, scale=scale)) == wanted


def test_a_missing_table_comes_with_rights_and_row_level_security() -> None:
    sql = missing_table(MAPPING).sql or ""
    assert '"number" text not null unique' in sql
    assert "enable row level security" in sql
    grant = missing_grant(MAPPING).sql
    assert grant is not None
    assert grant in sql


KEY = UniqueKey("homes_key", ("number",), is_usable=False)


@pytest.mark.parametrize(
    ("facts", "what", "sql"),
    [
        pytest.param({"is_view": True}, "homes is a view", None, id="a view"),
        pytest.param(
            {"unique_keys": (replace(KEY, is_deferrable=True),)},
            "number is unique only at the end of a transaction (deferrable homes_key)",
            'alter table public."homes" drop constraint "homes_key";\n'
            'alter table public."homes" add unique ("number");',
            id="deferrable",
        ),
        pytest.param(
            {"unique_keys": (replace(KEY, is_partial=True),)},
            "number is unique only for a part of the rows (index homes_key)",
            'alter table public."homes" add unique ("number");',
            id="partial",
        ),
        pytest.param(
            {"unique_keys": (replace(KEY, columns=(), is_of_expression=True),)},
            "what is unique is an expression (index homes_key), not number itself",
            'alter table public."homes" add unique ("number");',
            id="an expression",
        ),
        pytest.param(
            {"unique_keys": (replace(KEY, columns=("number", "office")),)},
            "number is unique only together (number, office)",
            'alter table public."homes" add unique ("number");',
            id="together",
        ),
    ],
)
def test_a_key_by_which_no_update_can_go_is_told_with_its_reason(
    facts: dict[str, Any], what: str, sql: str | None
) -> None:
    (lack,) = lacks_of(replace(GOOD, key_is_unique=False, **facts), MAPPING)
    assert lack.what.startswith(what)
    assert lack.sql == sql


@pytest.mark.parametrize(
    ("facts", "what", "sql"),
    [
        pytest.param(
            {"columns": {**GOOD.columns, "gone_at": "boolean"}},
            "mark_column gone_at is boolean and cannot hold the time of a withdrawal",
            "timestamptz",
            id="another type",
        ),
        pytest.param(
            {"defaults": {"gone_at": "now()"}},
            "mark_column gone_at has the default now(): every new listing is born withdrawn",
            "drop default;",
            id="a default",
        ),
        pytest.param(
            {"required": frozenset({"number", "gone_at"})},
            "mark_column gone_at must not be null",
            "drop not null;",
            id="not null",
        ),
    ],
)
def test_a_mark_column_that_cannot_tell_who_is_there_is_named(
    facts: dict[str, Any], what: str, sql: str
) -> None:
    (lack,) = lacks_of(replace(GOOD, **facts), MAPPING)
    assert lack.what.startswith(what)
    assert lack.sql is not None
    assert sql in lack.sql
