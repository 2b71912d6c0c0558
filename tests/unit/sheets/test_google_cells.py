"""A column at a time gives what each cell by itself gives, only sooner."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Shown, Unreadable
from listing_sync.cells.shown import joiner
from listing_sync.sheets.google_cells import Joins

COMPARED = (
    *sorted(each for each in ColumnType if each.is_number),
    ColumnType.DATE,
    ColumnType.DATETIME,
    ColumnType.BOOLEAN,
)
FORMATS = (
    *(
        "{}",
        "¥{:,}",
        "{:,}円",
        "{:,}万円",
        "({:,})",
        "▲{:,}",
        "-{}",
        "{:.2f}㎡",
        "{:.1f}坪",
        "{:,.0f}",
    ),
    *(
        "{:.2%}",
        "約{}",
        "{:.3e}",
        "{} m2",
        "${}K",
        "",
        "応相談",
        "2024/01/31",
        "TRUE",
        "\0",
        "１２",
        "1.234,50",
    ),
)
NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 2)),
    st.sampled_from([0, 1, 5, 45322, 45322.5, 1234.5, True, False, 10**20, 1e22, 29_800_000]),
)


def shown_in(form: str, number: float) -> str:
    return form.format(number)


@pytest.mark.parametrize("kind", COMPARED)
@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(FORMATS), NUMBERS).map(lambda c: (shown_in(*c), c[1])),
            st.sampled_from([("", ""), ("応相談", "応相談"), ("● Memo", "Memo"), ("", "x")]),
        ),
        max_size=12,
    ),
    unit=st.sampled_from([None, "万円"]),
)
def test_a_column_is_joined_as_its_cells_are(
    kind: ColumnType, cells: list[tuple[str, object]], unit: str | None
) -> None:
    column = Column("c", ("C",), kind, unit=unit if kind is ColumnType.MONEY else None)
    join = joiner(column)
    joins = Joins()
    found = joins.column(column, [text for text, _ in cells], [value for _, value in cells])
    assert found == [join(text, value) for text, value in cells]
    assert list(map(type, found)) == [type(join(text, value)) for text, value in cells]
    again = joins.column(column, [text for text, _ in cells], [value for _, value in cells])
    assert again == found


def test_the_form_that_ends_sooner_is_blank_below() -> None:
    price = Column("price", ("Price",), ColumnType.MONEY)
    assert Joins().column(price, ["¥5"], [5, 2980]) == [5, Shown("", 2980)]
    assert Joins().column(price, ["¥5", ""], [5]) == [5, None]
    assert Joins().column(price, [], []) == []


def test_a_cell_that_cannot_be_read_stays_so_in_either_form() -> None:
    price = Column("price", ("Price",), ColumnType.MONEY)
    strange = Unreadable("{}", "of a kind that this program does not know")
    assert Joins().column(price, [strange, "¥5"], [3, strange]) == [strange, strange]
    assert Joins().column(price, [5], [5]) == [5]
