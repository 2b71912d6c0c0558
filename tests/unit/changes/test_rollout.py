"""Which listings belong to the share that the tool owns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.changes.rollout import is_in_share

ANY_NUMBER = st.from_regex(r"[A-Z]{2}\d{1,7}", fullmatch=True) | st.text(st.characters())


@given(ANY_NUMBER, st.floats(0, 100), st.floats(0, 100))
def test_what_is_in_a_share_is_in_every_larger_one(number: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert is_in_share(number, large) or not is_in_share(number, small)


@given(ANY_NUMBER)
def test_nothing_is_in_no_share_and_everything_in_the_whole(number: str) -> None:
    assert not is_in_share(number, 0)
    assert is_in_share(number, 100)


@pytest.mark.parametrize("percent", [1, 10, 25, 50, 90])
def test_a_share_is_about_as_large_as_it_says(percent: int) -> None:
    inside = sum(is_in_share(f"AA{number}", percent) for number in range(10_000))
    assert inside == pytest.approx(percent * 100, abs=150)


def test_the_share_is_the_same_on_every_machine_and_for_ever() -> None:
    ours = [number for number in range(1, 61) if is_in_share(f"AA{number}", 10)]
    assert ours == [4, 18, 32, 35, 46, 52, 57]
