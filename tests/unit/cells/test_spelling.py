"""Forms in which spellings are compared."""

from __future__ import annotations

import pytest

from listing_sync.cells.spelling import foreign_sign, half_width, normalise, trim, without_spaces


@pytest.mark.parametrize("edge", [" ", "\u3000", "\xa0", "\u200b", "\ufeff", "\r\n", "\u200e"])
def test_trim_takes_white_space_and_invisible_characters_from_both_ends(edge: str) -> None:
    assert trim(f"{edge}a{edge}b{edge}") == f"a{edge}b"


def test_normalise_makes_one_spelling_of_full_and_half_width() -> None:
    assert normalise(" ＡＡ１２３４５－１\u3000") == normalise("AA12345-1") == "AA12345-1"
    assert normalise("ｶﾞ㎡") == "ガm2"


def test_half_width_does_not_turn_marks_into_digits() -> None:
    assert half_width("￥１２，０００　　円 10² ①") == "¥12,000 円 10² ①"


def test_without_spaces_takes_those_inside_too() -> None:
    assert without_spaces("a\u3000b\n c\u200b") == "abc"


@pytest.mark.parametrize("text", ["AA1²", "①", "Ⅳ", "ﬁ12", "AA٣", "㎡", "AA𝟏", "㈱1"])
def test_a_sign_that_only_looks_like_another_is_found(text: str) -> None:
    assert foreign_sign(text)


@pytest.mark.parametrize(
    "text", ["AA12", "ＡＡ１２", "ｶﾞ1", "が1", "A-1", "\u3000AA１\u2002", "物件１"]
)
def test_width_alone_makes_no_other_sign(text: str) -> None:
    assert not foreign_sign(text)
