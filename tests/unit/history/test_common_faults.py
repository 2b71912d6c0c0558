"""One fault of the table is one line, whatever the number of listings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import REPEATED, Rejection
from listing_sync.errors import Category
from listing_sync.history.common_faults import (
    columns_apart,
    numbers_apart,
    repeats,
    told_once,
    whole_column,
)
from listing_sync.history.runs import Cause


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


def failed_formulas(number: int) -> list[Rejection]:
    return [
        Rejection(f"AA{n}", n, "Price", f"Listings!E{n}", "#REF!", "the formula fails (#REF!)")
        for n in range(2, number + 2)
    ]


def test_a_column_of_failed_formulas_is_one_fault() -> None:
    (told,) = told_once(failed_formulas(180))
    assert (told.rejection.cell, told.others) == ("Listings!E2", 179)


def test_a_column_of_failed_formulas_is_a_line_and_other_cells_stay() -> None:
    other = Rejection("AA9", 9, "Area", "Listings!F9", "ask", "not a number")
    lines, rest = columns_apart([*failed_formulas(180), other], 180)
    assert lines == ("Price: 180 of 180 cells #REF!, the first Listings!E2",)
    assert rest == (other,)


@pytest.mark.parametrize(("total", "is_whole"), [(180, True), (360, True), (361, False)])
def test_half_of_all_listings_make_a_whole_column(total: int, is_whole: bool) -> None:  # noqa: FBT001 - pytest's
    assert bool(whole_column(failed_formulas(180), total)) is is_whole


def test_a_few_failed_formulas_are_no_column() -> None:
    assert columns_apart(failed_formulas(3), 3) == ((), tuple(failed_formulas(3)))


def test_what_the_end_of_the_run_left_undone_repeats_it() -> None:
    cause = Cause(Category.DATABASE, "the disk is full")
    assert repeats(refused("AA1", "not written: the disk is full"), cause)
    assert not repeats(refused("AA1", "not written: another reason"), cause)
    assert not repeats(refused("AA1", "not written: the disk is full"), None)


@given(REJECTIONS)
def test_no_rejection_is_lost_between_lines_and_the_rest(rejections) -> None:
    lines, rest = columns_apart(rejections, len(rejections))
    assert (lines, rest) == ((), tuple(rejections))


# -- numbers that stand on several rows -----------------------------------------------------------


def on_rows(number: str, *rows: int) -> list[Rejection]:
    return [
        rejection(number, row, "the property number is also on another row", code=REPEATED)
        for row in rows
    ]


def rejection(number: str, row: int, reason: str, *, code: str | None = None) -> Rejection:
    return Rejection(number, row, None, f"Listings!A{row}", None, reason, code=code)


def test_a_number_on_two_rows_is_one_line_with_both_cells() -> None:
    other = rejection("AA9", 9, "is blank")
    lines, rest = numbers_apart([*on_rows("AA1", 2, 7), other])
    assert lines == (
        "AA1 stands on 2 rows: Listings!A2, Listings!A7; each listing needs a number of its own",
    )
    assert rest == (other,)


def test_of_a_number_whose_other_row_was_told_before_the_cell_stays() -> None:
    new = on_rows("AA1", 7)
    assert numbers_apart(new) == ((), tuple(new))


def test_many_such_numbers_are_one_line_and_each_cell_stays() -> None:
    pasted_twice = [item for n in range(40) for item in on_rows(f"AA{n}", n + 2, n + 42)]
    [line], rest = numbers_apart(pasted_twice)
    assert line == (
        "40 numbers stand on more than one row each, the first: AA0 stands on 2 rows: Listings!A2,"
        " Listings!A42; each listing needs a number of its own"
    )
    assert rest == tuple(pasted_twice)
