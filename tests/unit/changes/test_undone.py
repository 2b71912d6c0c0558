"""What others undid of our work on one listing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Logged
from listing_sync.changes.undone import Deed, Undone, undone
from tests.fakes import START

TABLE = TableNow("number", {"price": ColumnType.MONEY, "note": ColumnType.TEXT})
COLUMNS = ("price", "note")
UPDATED = Logged("AA1", {"price": 1}, {"price": 2}, "r2", START, is_certain=True)
INSERTED = Logged("AA1", None, {"price": 1, "note": "a"}, "r1", START, is_certain=True)
REMOVED = Logged("AA1", {"price": 1}, None, "r3", START, is_certain=True)
VALUES = st.integers(0, 3)
CHANGES = st.lists(st.dictionaries(st.sampled_from(COLUMNS), VALUES, min_size=1), max_size=4)


@pytest.mark.parametrize(
    ("changes", "row", "expected"),
    [
        ([], {"price": 9}, None),
        ([UPDATED], {"price": 2}, None),
        ([UPDATED], {"price": 1}, Undone("r2", START, Deed.WROTE, ("price",))),
        ([UPDATED], {"price": 7}, Undone("r2", START, Deed.WROTE, ("price",))),
        ([UPDATED], None, Undone("r2", START, Deed.WROTE)),
        (
            [UPDATED, INSERTED],
            {"price": 2, "note": "b"},
            Undone("r1", START, Deed.WROTE, ("note",)),
        ),
        ([INSERTED], None, Undone("r1", START, Deed.INSERTED)),
        ([REMOVED], None, None),
        ([REMOVED], {"price": 1}, Undone("r3", START, Deed.REMOVED)),
        ([replace(UPDATED, is_certain=False)], {"price": 1}, None),
        ([replace(INSERTED, is_certain=False)], None, None),
        ([replace(UPDATED, made={"price": 3})], {"price": 3}, None),
        (
            [replace(UPDATED, made={"price": 3})],
            {"price": 2},
            Undone("r2", START, Deed.WROTE, ("price",)),
        ),
        ([UPDATED], {"note": "b"}, None),
    ],
)
def test_what_is_no_longer_as_a_run_left_it_is_undone(changes, row, expected) -> None:
    assert undone(changes, row, TABLE, COLUMNS) == expected


@given(CHANGES, st.sampled_from(COLUMNS), VALUES)
def test_only_what_differs_from_what_we_left_is_called_undone(steps, name, value) -> None:
    row: dict[str, int] = {"price": 0, "note": 0}
    changes: list[Logged] = []
    for at, new in enumerate(steps):
        old = {column: row[column] for column in new}
        changes.insert(0, Logged("AA1", old, new, f"r{at}", START, is_certain=True))
        row |= new
    assert undone(changes, row, TABLE, COLUMNS) is None
    is_ours = any(name in new for new in steps)
    found = undone(changes, row | {name: value}, TABLE, COLUMNS)
    if is_ours and value != row[name]:
        assert found is not None
        assert found.columns == (name,)
    else:
        assert found is None
