"""Reasons for people who may not read the sheet."""

from __future__ import annotations

from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.discretion import discreet
from listing_sync.cells.listings import Problem, Shown
from listing_sync.cells.parsing import parser_for

SECRET = "9876543"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "not one number: shows 12 to 9876543, holds 9876543; expected a number",
            "not one number: shows one thing, holds another; expected a number",
        ),
        (
            "not a date with year, month and day: shows 9876543, holds the number 1; expected x",
            "not a date with year, month and day: shows one thing, holds another; expected x",
        ),
        (
            "shows nothing, holds 9876543; expected a date",
            "shows nothing, holds a value; expected a date",
        ),
        (
            "not a date: a bare number, 9876543, which is no date by its own format",
            "not a date: a bare number, no date by its own format",
        ),
        (
            "not certain: the remark (tax 9876543) may change what it says",
            "not certain: the remark in brackets may change what it says",
        ),
        (
            "not certain: 9.876543 may be 9876543 or 9.87 (the mapping can state decimal)",
            "not certain which number it is (the mapping can state decimal)",
        ),
        (
            "writing: AA2 holds slug name-of-9876543 x, which must be unique (HTTP 409, 23505)",
            "writing: AA2 holds slug with the same value, which must be unique (HTTP 409, 23505)",
        ),
    ],
)
def test_a_reason_is_told_without_what_stands_in_the_cell(reason: str, told: str) -> None:
    assert discreet(reason) == told
    assert SECRET not in told


def test_what_is_expected_is_the_mappings_and_stays() -> None:
    reason = "not one of the choices: abc; expected one of abc, def"
    assert discreet(reason, "abc") == "not one of the choices: …; expected one of abc, def"


STORED = st.one_of(
    st.integers(10_000, 10**9),
    st.floats(10_000, 10**9).map(lambda number: round(number, 2)),
    st.dates(date(1990, 1, 1), date(2050, 1, 1)),
)


@given(
    column_type=st.sampled_from(list(ColumnType)),
    stored=STORED,
    text=st.from_regex(r"[a-z0-9円万. ()/-]{3,20}", fullmatch=True),
)
def test_no_type_of_column_quotes_a_shown_value_to_them(column_type, stored, text) -> None:
    problem = parser_for(Column("c", ("C",), column_type), UTC)(Shown(f"Q{text}Q", stored))
    if isinstance(problem, Problem):
        told = discreet(str(problem), f"Q{text}Q")
        assert f"Q{text}Q" not in told
        assert str(stored) not in told.partition("; expected ")[0]
