"""When a listing and its row say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import KEPT, Value
from listing_sync.changes.compare import comparer, is_equal, shown

TEXT, MONEY, DATE = ColumnType.TEXT, ColumnType.MONEY, ColumnType.DATE
DATETIME, BOOLEAN, JSON = ColumnType.DATETIME, ColumnType.BOOLEAN, ColumnType.JSON


@pytest.mark.parametrize(
    ("kind", "wanted", "found"),
    [
        pytest.param(TEXT, "古家", "古家", id="text"),
        pytest.param(TEXT, "12", 12, id="text over a number column"),
        pytest.param(TEXT, None, None, id="blank"),
        pytest.param(MONEY, 34_800_000, 34_800_000, id="money as PostgREST gives it"),
        pytest.param(MONEY, 34_800_000, "34800000", id="money as text"),
        pytest.param(MONEY, "70.25", "70.2500", id="digits of no value"),
        pytest.param(MONEY, 70, "7E+1", id="exponent"),
        pytest.param(MONEY, "70.25", 70.25, id="a JSON number"),
        pytest.param(
            MONEY, "12345678901234567890.12", "12345678901234567890.120", id="more than a float"
        ),
        pytest.param(DATE, "2024-01-31", "2024-01-31", id="date"),
        pytest.param(DATE, "2024-01-31", "2024-01-31T00:00:00+00:00", id="date over timestamptz"),
        pytest.param(DATE, "2024-01-31", "2024-01-31 00:00:00", id="date over Lite's timestamp"),
        pytest.param(
            DATETIME, "2024-01-31T09:00:00+00:00", "2024-01-31 09:00:00+00", id="Lite's moment"
        ),
        pytest.param(
            DATETIME, "2024-01-31T09:00:00+00:00", "2024-01-31T18:00:00+09:00", id="same moment"
        ),
        pytest.param(
            DATETIME, "2024-01-31T09:00:00+00:00", "2024-01-31T09:00:00", id="no zone is UTC"
        ),
        pytest.param(BOOLEAN, True, True, id="true"),
        pytest.param(JSON, {"a": [1, None]}, {"a": [1, None]}, id="document"),
    ],
)
def test_both_forms_of_a_value_are_equal(kind: ColumnType, wanted: Any, found: Any) -> None:
    assert is_equal(wanted, found, kind)


@pytest.mark.parametrize(
    ("kind", "wanted", "found"),
    [
        pytest.param(TEXT, "a", "A", id="case"),
        pytest.param(TEXT, None, "", id="null is not the empty text"),
        pytest.param(TEXT, None, "None", id="null is not its English name"),
        pytest.param(TEXT, "None", None, id="nor is that null"),
        pytest.param(TEXT, {"a": True}, {"a": 1}, id="true in a document of a text column"),
        pytest.param(TEXT, "True", True, id="text over a boolean"),
        pytest.param(TEXT, "[]", [], id="text over an array"),
        pytest.param(MONEY, 0, None, id="nought is not blank"),
        pytest.param(MONEY, 1, True, id="one is not true"),
        pytest.param(MONEY, 1, "ask", id="no number"),
        pytest.param(MONEY, "NaN", "nan", id="not a number twice"),
        pytest.param(
            MONEY, "12345678901234567890.12", "12345678901234567890.13", id="beyond a float"
        ),
        pytest.param(DATE, "2024-01-31", "2024-02-01", id="another day"),
        pytest.param(DATE, "2024-01-31", "2024-01-31T09:00:00+00:00", id="a time of the day"),
        pytest.param(DATETIME, "2024-01-31T09:00:00+00:00", "soon", id="no moment"),
        pytest.param(DATETIME, "2024-01-31T09:00:00+00:00", 45322.5, id="a number for a moment"),
        pytest.param(BOOLEAN, False, None, id="false is not blank"),
        pytest.param(BOOLEAN, True, 1, id="true is not one"),
        pytest.param(BOOLEAN, True, "true", id="true is not a text"),
        pytest.param(JSON, {"a": True}, {"a": 1}, id="true in a document"),
        pytest.param(JSON, {"a": 1}, {"a": 1, "b": None}, id="one key more"),
    ],
)
def test_values_that_mean_different_things_differ(
    kind: ColumnType, wanted: Any, found: Any
) -> None:
    assert not is_equal(wanted, found, kind)


def test_the_columns_that_differ_are_named_by_index() -> None:
    columns = [
        Column("number", ("Number",), TEXT),
        Column("price", ("Price",), MONEY),
        Column("note", ("Note",), TEXT, keep_on_blank=True),
    ]
    differing = comparer(columns)
    assert differing(("AA1", 100, "n"), ("AA1", "100.0", "n")) == ()
    assert differing(("AA1", 100, KEPT), ("AA1", 100, "old")) == ()
    assert differing(("AA1", None, "new"), ("AA1", 100, "old")) == (1, 2)


def test_a_row_of_another_length_is_never_compared_in_part() -> None:
    differing = comparer([Column("number", ("Number",), TEXT), Column("price", ("Price",), MONEY)])
    with pytest.raises(ValueError, match="shorter"):
        differing(("AA1", 100), ("AA1",))


def test_a_document_in_which_true_became_one_is_written() -> None:
    differing = comparer([Column("extra", ("Extra",), JSON)])
    assert differing(({"a": True},), ({"a": 1},)) == (0,)


SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
AS_JSON = SIMPLE | st.lists(SIMPLE, max_size=3) | st.dictionaries(st.text(), SIMPLE, max_size=3)


@given(st.sampled_from(ColumnType), AS_JSON, AS_JSON | st.sampled_from(["sNaN", "Infinity", "1_0"]))
def test_comparing_never_raises(kind: ColumnType, wanted: Value, found: Value) -> None:
    assert isinstance(is_equal(wanted, found, kind), bool)


@given(st.sampled_from(ColumnType), AS_JSON)
@example(DATETIME, "no moment")
def test_what_comes_back_as_it_was_sent_is_equal(kind: ColumnType, value: Value) -> None:
    try:
        returned = json.loads(json.dumps(value, allow_nan=False))
    except ValueError:
        return  # no JSON: never sent
    assert is_equal(value, returned, kind)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (KEPT, ""), (0, "0"), ("70.25", "70.25"), (False, "False")],
)
def test_a_value_as_people_read_it(value: Value, text: str) -> None:
    assert shown(value) == text
