"""Which rows numbers mean: whatever the table's equality is, only it has the word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.supabase.meaning import meant_by

TEXTS = st.text(alphabet="aA1é0 -", min_size=1, max_size=4)
EQUALITIES: dict[str, Callable[[str], object]] = {
    "text": str,
    "char": lambda text: text.rstrip(" "),
    "citext": str.lower,
    "first letter": lambda text: text[0],
    "length": len,
    "nothing in common with its looks": lambda text: sum(map(ord, text)) % 7,
    "all one": lambda _: 0,
}


@pytest.mark.parametrize("name", EQUALITIES)
@given(asked=st.sets(TEXTS, max_size=12), stored=st.sets(TEXTS, max_size=12))
def test_each_number_gets_the_row_that_the_tables_equality_gives_it(
    name: str, asked: set[str], stored: set[str]
) -> None:
    form = EQUALITIES[name]
    rows = {form(text): text for text in sorted(stored)}

    def find(numbers: Sequence[str]) -> list[str]:
        return sorted({rows[form(number)] for number in numbers if form(number) in rows})

    wanted = {number: rows[form(number)] for number in asked if form(number) in rows}
    assert meant_by(sorted(asked), find) == wanted


@pytest.mark.parametrize(
    ("asked", "stored", "requests"),
    [(100, 0, 1), (100, 1, 2), (100, 100, 10), (1, 1, 1)],
    ids=["none is there", "one is there", "all are there", "one asked for"],
)
def test_few_queries_tell_it(asked: int, stored: int, requests: int) -> None:
    made = 0

    def find(numbers: Sequence[str]) -> list[str]:
        nonlocal made
        made += 1
        return [number.lower() for number in numbers if int(number[2:]) <= stored]

    numbers = [f"AA{number}" for number in range(1, asked + 1)]
    assert len(meant_by(numbers, find)) == min(asked, stored)
    assert made == requests
