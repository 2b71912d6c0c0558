"""One fault of the table is one line, whatever the number of listings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.common_faults import told_once


def refused(number: str, reason: str, category: Category = Category.DATABASE) -> Rejection:
    return Rejection(number, 2, "Listings!A2", None, None, reason, category)


def test_a_missing_right_is_told_once_with_the_number_of_the_others():
    rejections = [refused(f"AA{n}", "no right") for n in range(83)]
    [told] = told_once(rejections)
    assert (told.rejection, told.others) == (rejections[0], 82)


def test_cells_of_the_sheet_stay_apart():
    rejections = [refused(f"AA{n}", "not a number", Category.VALIDATION) for n in range(9)]
    assert [told.rejection for told in told_once(rejections)] == rejections


REJECTIONS = st.lists(
    st.builds(refused, st.text(max_size=3), st.sampled_from("ab"), st.sampled_from(Category))
)


@given(REJECTIONS)
def test_nobody_is_lost(rejections):
    told = told_once(rejections)
    assert sum(1 + item.others for item in told) == len(rejections)
    assert {item.rejection.reason for item in told} == {item.reason for item in rejections}


def test_a_column_of_failed_formulas_is_one_fault() -> None:
    items = [
        Rejection(f"AA{n}", n, "Price", f"Listings!E{n}", "#REF!", "the formula fails (#REF!)")
        for n in range(2, 182)
    ]
    (told,) = told_once(items)
    assert (told.rejection.cell, told.others) == ("Listings!E2", 179)
