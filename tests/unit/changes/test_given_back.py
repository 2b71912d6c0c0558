"""What the table makes of values is remembered, and forgotten where it no longer does."""

from __future__ import annotations

import pytest

from listing_sync.cells.listings import Value
from listing_sync.changes.given_back import NOTHING_KNOWN, Answer, GivenBack, learned


def answer(wanted: Value, read: Value) -> Answer:
    differing = {} if wanted == read else {"price": (wanted, read)}
    return Answer("A1", "A1", ("price",), differing)


def after(*answers: Answer, gone: tuple[str, ...] = ()) -> GivenBack:
    known = NOTHING_KNOWN
    for each in answers:
        known = learned(known, [each], (), {})
    return learned(known, [], gone, {})


@pytest.mark.parametrize(
    ("wanted", "read"),
    [(5, "$5.00"), (True, None), (None, False), ({"a": 1}, {"a": 1, "b": 2}), ([1], [])],
)
def test_what_the_table_made_of_a_value_is_known_again(wanted: Value, read: Value) -> None:
    known = after(answer(wanted, read))
    assert known.is_known("price", "A1", wanted, read)
    assert not known.is_known("price", "A1", wanted, "another")
    assert not known.is_known("price", "A2", wanted, read)
    again = GivenBack.from_document(known.to_document())
    assert again.is_known("price", "A1", wanted, read)


def test_a_column_that_keeps_the_value_now_is_known_no_more() -> None:
    known = after(answer(5, "$5.00"), answer(6, 6))
    assert known == NOTHING_KNOWN
    assert after(answer(5, "$5.00"), gone=("A1",)) == NOTHING_KNOWN


def test_a_difference_may_be_the_columns_own_while_the_sheet_says_nothing_new() -> None:
    known = after(answer(5, "$5.00"))
    assert known.may_be_its_own("price", "A1", 5)
    assert not known.may_be_its_own("price", "A1", 6)
    assert known.may_be_its_own("price", "A2", 6)
    assert not known.may_be_its_own("area", "A1", 5)
