"""What no message has told yet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import Rejection
from listing_sync.history.news import rejection_key, untold
from listing_sync.history.runs import StoredRejection
from listing_sync.language.sentences import phrase
from tests.fakes import START


def test_a_rejection_is_the_same_wherever_its_row_moved() -> None:
    first = Rejection("AA1", 17, "Price", "Listings!F17", "ask", "not a number")
    moved = Rejection("AA1", 90, "Price", "Listings!F90", "tba", "not a number")
    other = Rejection("AA1", 17, "Area", "Listings!G17", "ask", "not a number")
    assert rejection_key(first) == rejection_key(moved) != rejection_key(other)


def test_a_repeated_number_is_the_same_wherever_its_rows_moved() -> None:
    first = Rejection("AA1", 6, None, "A6", None, "the property number is also on row 7")
    moved = Rejection("AA1", 7, None, "A7", None, "the property number is also on row 8")
    assert rejection_key(first) == rejection_key(moved)


def test_a_wrong_number_is_the_same_wherever_its_row_moved() -> None:
    first = Rejection(None, 6, "Number", "A6", "AA-x", "not in the form of this column")
    moved = Rejection(None, 7, "Number", "A7", "AA-x", "not in the form of this column")
    other = Rejection(None, 8, "Number", "A8", "AA-y", "not in the form of this column")
    assert rejection_key(first) == rejection_key(moved) != rejection_key(other)


def nameless(row: int) -> Rejection:
    return Rejection(None, row, "Number", f"A{row}", None, "no property number")


def told(*rejections: Rejection, **payloads: dict[str, str]) -> list[StoredRejection]:
    return [
        StoredRejection("1", item, START, payloads.get(f"row{item.sheet_row}"))
        for item in rejections
    ]


def test_a_row_without_a_number_is_not_told_again_because_a_row_was_inserted_above_it() -> None:
    assert untold([nameless(6)], told(nameless(5)), {}) == ()


def test_a_second_row_without_a_number_is_news_and_the_first_is_not_wherever_it_moved() -> None:
    before = told(nameless(5), row5={"Number": "", "Name": "Old house"})
    payloads = {5: {"Name": "New house"}, 6: {"Name": "Old house"}}
    assert untold([nameless(5), nameless(6)], before, payloads) == (nameless(5),)


def test_of_rows_without_a_number_that_changed_since_as_many_as_are_new_are_told() -> None:
    now = [nameless(5), nameless(6), nameless(9)]
    assert untold(now, told(nameless(5), nameless(6)), {}) == (nameless(9),)


def test_what_was_mended_and_what_stays_are_no_news() -> None:
    price = Rejection("AA1", 17, "Price", "F17", "ask", "not a number")
    area = Rejection("AA1", 17, "Area", "G17", "ask", "not a number")
    assert untold([area], told(price), {}) == (area,)
    assert untold([price], told(price, area), {}) == ()


REJECTIONS = st.lists(
    st.builds(
        Rejection,
        property_number=st.sampled_from([None, "AA1", "AA2"]),
        sheet_row=st.integers(2, 9),
        column=st.sampled_from([None, "Price"]),
        cell=st.none(),
        value=st.none(),
        reason=st.sampled_from(["blank", "also on row 7"]),
    ),
    max_size=6,
)


@given(REJECTIONS, REJECTIONS)
def test_news_are_as_many_as_were_not_told(before: list[Rejection], now: list[Rejection]) -> None:
    news = untold(now, told(*before), {})
    for key in {rejection_key(item) for item in now}:
        count = sum(rejection_key(item) == key for item in now)
        known = sum(rejection_key(item) == key for item in before)
        assert sum(rejection_key(item) == key for item in news) == max(count - known, 0)
    assert untold(now, told(*now), {}) == ()


def test_a_reason_told_in_another_language_is_no_news():
    said = Rejection(None, 6, "Price", "F6", "ask", "数値として読み取れません", code="not_a_number")
    now = Rejection(None, 6, "Price", "F6", "ask", "not a number", code="not_a_number")
    assert untold([now], told(said), {}) == ()


def test_what_an_earlier_version_told_without_a_code_is_known_by_its_english(japanese):
    before = Rejection(None, 6, "Price", "F6", "ask", "not a number")
    reason = phrase("not a number", code="not_a_number")
    now = Rejection(None, 6, "Price", "F6", "ask", reason, code="not_a_number")
    assert reason == "数値として読み取れません"
    assert untold([now], told(before), {}) == ()
