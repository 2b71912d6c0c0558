"""What need not be read again, and that it says nothing else than reading it would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Checked, Listing, SheetColumn
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.given_back import GivenBack
from listing_sync.changes.plan import TableRow, make_plan
from listing_sync.changes.seen import (
    Bucket,
    Fingerprint,
    Found,
    Remembered,
    buckets_for,
    digests_of,
    identity_of,
    in_order,
    is_of_use,
    needs_all_rows,
    seen_now,
    still_known,
    unread,
    with_unread,
)

NUMBER = SheetColumn(Column("number", ("Number",), ColumnType.TEXT), "Number", "A")
PRICE = SheetColumn(Column("price", ("Price",), ColumnType.INTEGER), "Price", "B")
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def listings(*numbers: str, price: int | None = 5) -> tuple[Listing, ...]:
    return tuple(Listing(each, row, (each, price)) for row, each in enumerate(numbers, 2))


def sheet(*numbers: str, price: int | None = 5) -> Checked:
    return Checked(
        columns=(NUMBER, PRICE),
        listings=listings(*numbers, price=price),
        rejections=(),
        numbers=frozenset(numbers),
        unknown_numbers=False,
        total_rows=len(numbers),
        rejected_rows=0,
    )


def row(number: str, price: int | None = 5, mark: str | None = None) -> TableRow:
    return TableRow(number, (number, price), mark)


def told(bucket: int, *keys: str, content: str = "c", version: str = "v") -> Fingerprint:
    return Fingerprint(bucket, content, version, keys)


def after_reading(*rows: TableRow, checked: Checked, again: Fingerprint | None = None):
    found = Found({})
    found.take(rows)
    first = told(0, *(each.property_number for each in rows))
    plan = make_plan(checked, [rows])
    digests = digests_of(checked.listings)
    [bucket] = seen_now((None,), [first], [again or first], found, plan, digests)
    return bucket


@pytest.mark.parametrize(("rows", "buckets"), [(0, 16), (700, 32), (10_000, 256), (500_000, 1024)])
def test_a_bucket_has_some_forty_rows_and_there_is_a_power_of_two(rows: int, buckets: int) -> None:
    assert buckets_for(rows) == buckets


def test_a_bucket_is_known_while_its_listings_are_as_they_were() -> None:
    checked = sheet("AA1", "AA2")
    bucket = after_reading(row("AA1"), row("AA2"), checked=checked)
    assert still_known((bucket, None), digests_of(checked.listings)) == ["c", None]
    assert still_known((bucket,), digests_of(listings("AA1", "AA2", price=6))) == [None]
    # One that is gone needs no reading: its key is known.
    assert still_known((bucket,), digests_of(listings("AA1"))) == ["c"]


def test_a_row_that_differed_or_is_marked_is_read_again() -> None:
    checked = sheet("AA1")
    digests = digests_of(checked.listings)
    differing = after_reading(row("AA1", price=6), checked=checked)
    marked = after_reading(row("AA1", mark="2026-01-01"), checked=checked)
    assert still_known((differing, marked), digests) == [None, None]


def test_a_row_that_came_and_a_listing_that_came_back_are_read() -> None:
    bucket = after_reading(row("AA1"), row("ZZ1"), checked=sheet("AA1"))
    assert still_known((bucket,), digests_of(listings("AA1", "ZZ1"))) == [None]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(told(0, content="other"), id="another content"),
        pytest.param(told(0, version="other"), id="changed, and changed back"),
        pytest.param(told(1), id="not told"),
    ],
)
def test_what_may_have_changed_while_it_was_read_is_not_remembered(again: Fingerprint) -> None:
    assert after_reading(row("AA1"), checked=sheet("AA1"), again=again) is None


def test_a_key_that_was_told_and_not_read_leaves_its_bucket_unknown() -> None:
    first = told(0, "AA1", "1.50")
    found = Found({"AA1": False, "1.5": False})
    plan = make_plan(sheet("AA1"), [])
    assert seen_now((None,), [first], [first], found, plan, {}) == (None,)


def test_a_plan_with_unread_rows_is_that_of_all_rows() -> None:
    checked = replace(sheet("AA1", "AA2", "AA4"), numbers=frozenset({"AA1", "AA2", "AA4", "AA3"}))
    here = (row("AA1"), row("AA3"), row("ZZ1"), row("ZZ2", mark="2026-01-01"))
    there = (row("AA2", price=6), row("ZZ0"))
    bucket = after_reading(*here, checked=checked)
    left = unread((bucket, None), [told(1, "AA2", "ZZ0")])
    assert left.keys == ("AA2", "ZZ0")
    whole = in_order(make_plan(checked, [here, there], prune=True))
    part = in_order(make_plan(checked, [there], prune=True))
    made = with_unread(part, left.buckets, checked, percent=100, prune=True)
    assert replace(made, filled=()) == replace(whole, filled=())


def test_where_few_rows_are_left_out_all_are_read() -> None:
    bucket = Bucket("c", {"AA1": b""})
    assert not unread((bucket, None), [told(1, "AA2", "AA3")]).is_worth_it
    assert unread((bucket, None), []).is_worth_it
    assert not unread((None,), [told(0)]).is_worth_it


def test_values_that_would_become_blank_need_the_counts_of_all_rows() -> None:
    numbers = ("AA1", "AA2", "AA3")
    plan = make_plan(sheet(*numbers, price=None), [[row(each) for each in numbers]])
    assert needs_all_rows(plan)
    assert not needs_all_rows(make_plan(sheet(*numbers), [[row(each) for each in numbers]]))


def test_a_memory_is_of_use_for_a_day_and_a_table_of_its_size() -> None:
    remembered = Remembered(NOW, (None,) * 16)
    assert is_of_use(remembered, NOW + DAY / 2, DAY, 100)
    assert not is_of_use(remembered, NOW + DAY, DAY, 100)
    assert not is_of_use(remembered, NOW - DAY, DAY, 100), "a clock was set"
    assert not is_of_use(remembered, NOW, DAY, 10_000)
    assert not is_of_use(remembered, NOW, timedelta(0), 100)


def test_another_rule_is_another_identity_and_the_order_of_a_set_is_not() -> None:
    column = replace(PRICE.column, blank=frozenset({"a", "b", "c"}))
    mapping = SheetMapping("t", "number", (NUMBER.column, column))

    def of(mapping: SheetMapping = mapping, known: GivenBack | None = None, percent: float = 100):
        return identity_of("1", "here/t", mapping, ["number"], known or GivenBack(), percent)

    same = replace(column, blank=frozenset(["c", "b", "a"]))
    other = replace(column, blank=frozenset({"a"}))
    assert of(replace(mapping, columns=(NUMBER.column, same))) == of()
    assert of(replace(mapping, columns=(NUMBER.column, other))) != of()
    assert of(known=GivenBack(values={"price": {"AA1": ("a", "b")}})) != of()
    assert of(percent=50) != of()


def test_a_plan_of_which_every_row_was_read_stays_as_it_is() -> None:
    checked = sheet("A1")
    plan = make_plan(checked, [])
    assert with_unread(plan, (), checked, percent=100, prune=True) == plan
