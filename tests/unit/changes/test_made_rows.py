"""What the database made of a request is told by what came back, in its order."""

from __future__ import annotations

from listing_sync.cells.column_types import ColumnType
from listing_sync.changes.made_rows import aligned, made_of


def test_rows_spelled_otherwise_are_taken_in_the_order_in_which_they_were_sent() -> None:
    rows = [{"number": "A1"}, {"number": "B1"}]
    assert aligned(["a1", "b1"], rows, "number") == {"a1": rows[0], "b1": rows[1]}


def test_where_a_row_is_missing_only_what_bears_its_number_is_taken() -> None:
    assert aligned(["a1", "B1"], [{"number": "B1"}], "number") == {"B1": {"number": "B1"}}


def test_json_that_says_the_same_in_another_form_is_as_it_was_sent() -> None:
    types = {"number": ColumnType.TEXT, "tags": ColumnType.JSON}
    made = made_of(
        ["A1", "A2"],
        ("number", "tags"),
        [("A1", {"a": 1, "b": 2}), ("A2", [1])],
        [{"number": "A1", "tags": {"b": 2, "a": 1}}, {"number": "A2", "tags": [2]}],
        types,
        "number",
    )
    assert made.of("A1") == {}
    assert made.of("A2") == {"tags": [2]}
