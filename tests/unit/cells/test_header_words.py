"""Japanese headers are named by the words they are made of."""

from __future__ import annotations

import re

import pytest

from listing_sync.cells.header_words import _WORDS, english_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("バルコニー面積", "balcony_area"),
        ("修繕積立金", "repair_reserve_fund"),
        ("画像2", "image_2"),
        ("画像②", "image_2"),
        ("ﾊﾞｽ停", "bus_stop"),
        ("最寄駅1徒歩", "nearest_station_1_walk"),
        ("表面利回り", "gross_yield"),
        ("売買契約日", "sales_contract_date"),
        ("物件種別", "property_type"),
        ("管理会社名", "management_company_name"),
        ("外観写真URL", "exterior_photo_url"),
        ("駐車場の有無", "parking_presence"),
        ("階数／総階数", "floors_total_floors"),
        ("手数料（税込）", "commission_with_tax"),
        ("南向き", "facing_south"),
        ("媒介満了日", "brokerage_expiry_date"),
    ],
)
def test_a_header_is_named_by_its_words(header: str, name: str) -> None:
    assert english_name(header) == name


@pytest.mark.parametrize("header", ["謎の列", "", "2階", "ー"])
def test_a_header_with_a_word_that_is_not_known_has_no_name(header: str) -> None:
    assert english_name(header) is None


def test_every_word_makes_a_part_of_an_identifier() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*|", name) for name in _WORDS.values())
