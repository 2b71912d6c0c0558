"""Which columns need not come back with the answer to an insert."""

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.changes.as_sent import ByColumn, kept_as_sent


def kept(kind: ColumnType, declared: str, *values, scale: int | None = None) -> bool:
    column = Column("it", ("It",), kind, scale=scale)
    return bool(kept_as_sent([column], {"it": declared}, {"it": values}))


def test_values_are_picked_by_column():
    sent = ByColumn(("a", "b"), [(1, 2), (3, 4)])
    assert (dict(sent), len(sent)) == ({"a": (1, 3), "b": (2, 4)}, 2)


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        (ColumnType.TEXT, "text"),
        (ColumnType.URL, "character varying"),
        (ColumnType.INTEGER, "bigint"),
        (ColumnType.DECIMAL, "numeric"),
        (ColumnType.DATE, "date"),
        (ColumnType.DATETIME, "timestamp with time zone"),
        (ColumnType.BOOLEAN, "boolean"),
    ],
)
def test_a_column_of_the_very_type_keeps_every_value(kind, declared):
    assert kept(kind, declared, "anything")


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        (ColumnType.TEXT, ""),
        (ColumnType.TEXT, "character(8)"),
        (ColumnType.TEXT, "citext"),
        (ColumnType.TEXT, "date"),
        (ColumnType.TEXT, "public.some_domain"),
        (ColumnType.INTEGER, "text"),
        (ColumnType.INTEGER, "double precision"),
        (ColumnType.MONEY, "money"),
        (ColumnType.DATE, "timestamp with time zone"),
        (ColumnType.DATETIME, "timestamp without time zone"),
        (ColumnType.DATETIME, "timestamp(0) with time zone"),
        (ColumnType.JSON, "json"),
        (ColumnType.JSON, "jsonb"),
    ],
)
def test_what_may_spell_or_round_comes_back(kind, declared):
    assert not kept(kind, declared, "1")


@pytest.mark.parametrize(
    ("declared", "scale", "values", "is_kept"),
    [
        ("numeric(15,0)", 0, [1, None], True),
        ("numeric(15,0)", None, [1, None, "2"], True),
        ("numeric(15,0)", None, [1, "2.5"], False),
        ("numeric(15,2)", 2, ["2.55"], True),
        ("numeric(15,2)", 3, ["2.55"], False),
        ("numeric(15,2)", None, ["2.55", "1"], True),
        ("numeric(15,2)", None, ["2.555"], False),
        ("numeric(2,-3)", 0, [1000], False),
    ],
)
def test_a_number_is_kept_where_the_column_has_its_decimals(declared, scale, values, is_kept):
    assert kept(ColumnType.MONEY, declared, *values, scale=scale) is is_kept


def test_a_text_is_kept_where_the_column_is_long_enough():
    assert kept(ColumnType.TEXT, "character varying(3)", "東京都", None)
    assert not kept(ColumnType.TEXT, "character varying(3)", "abc ")


def test_a_column_is_there_or_not_without_its_values():
    sent = ByColumn(("a", "b"), [(1, 2)])
    assert "a" in sent
    assert "c" not in sent
