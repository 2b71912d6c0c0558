"""Reading in threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest

from listing_sync.steps.background import Background, Prefetched


def nothing() -> None:
    """Tick."""


def test_a_call_returns_its_value_and_raises_its_error_where_it_is_asked_for() -> None:
    assert Background(lambda: 5).result(nothing) == 5
    with pytest.raises(ZeroDivisionError):
        Background(lambda: 1 / 0).result(nothing)


@pytest.mark.slow
def test_who_waits_for_a_call_ticks() -> None:
    go_on = threading.Event()
    call = Background(lambda: go_on.wait(10))
    assert call.result(go_on.set)


def test_items_come_in_order_and_then_the_error() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise ZeroDivisionError

    seen: list[int] = []
    with pytest.raises(ZeroDivisionError):
        seen += Prefetched(items(), ahead=2).each(nothing)
    assert list(Prefetched(range(5), ahead=2).each(nothing)) == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_who_waits_for_an_item_ticks() -> None:
    go_on = threading.Event()

    def items() -> Iterator[bool]:
        yield go_on.wait(10)

    assert list(Prefetched(items(), ahead=1).each(go_on.set)) == [True]


def test_no_more_is_read_ahead_than_asked_for_and_none_after_the_end() -> None:
    read: list[int] = []
    ended = threading.Event()

    def items() -> Iterator[int]:
        try:
            for number in range(1000):
                read.append(number)
                yield number
        finally:
            ended.set()

    prefetched = Prefetched(items(), ahead=2)
    each = prefetched.each(nothing)
    assert next(each) == 0
    assert isinstance(each, Generator)
    each.close()
    del prefetched
    assert ended.wait(5)
    assert len(read) <= 5
