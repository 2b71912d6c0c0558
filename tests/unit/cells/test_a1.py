"""Laws of A1 notation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.a1 import column_index, column_letter, quote_tab, quoted_tab


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")]
)
def test_column_letters_count_without_a_zero(index: int, letters: str) -> None:
    assert column_letter(index) == letters


@given(st.integers(0, 18_277))
def test_letters_and_index_are_inverse(index: int) -> None:
    assert column_index(column_letter(index)) == index


@pytest.mark.parametrize("title", ["Listings", "物件一覧", "sheet_2", "Ａタブ"])
def test_a_plain_title_stays_bare(title: str) -> None:
    assert quote_tab(title) == title


@pytest.mark.parametrize(
    ("title", "quoted"),
    [
        ("My tab", "'My tab'"),
        ("It's", "'It''s'"),
        ("A1", "'A1'"),
        ("r1c1", "'r1c1'"),
        ("2024", "'2024'"),
        ("●物件", "'●物件'"),
        ("", "''"),
    ],
)
def test_other_titles_are_quoted(title: str, quoted: str) -> None:
    assert quote_tab(title) == quoted


def test_ranges_always_quote() -> None:
    assert quoted_tab("Listings") == "'Listings'"
