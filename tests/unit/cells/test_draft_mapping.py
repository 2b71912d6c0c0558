from __future__ import annotations

import re
import sys
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells import romaji
from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.draft_mapping import UnmappedColumn, draft_mapping, unique_headers
from listing_sync.cells.mapping import normalise_header, parse_mapping

BUNDLED = (files("listing_sync") / "mapping.toml").read_text(encoding="utf-8")


def drafted(header: str, *cells: str, letter: str = "AB", taken: tuple[str, ...] = ()) -> dict:
    text = draft_mapping([UnmappedColumn(header, letter, cells)], taken)
    return tomllib.loads(text)["columns"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "cells", "column_type", "scale"),
    [
        pytest.param("仲介手数料", ["3,480円", "¥1,200", "12万円"], "money", 0, id="money"),
        pytest.param("Fee", ["$1.25", "$2", "$3"], "money", None, id="money with cents"),
        pytest.param("バルコニー面積", ["7.2㎡", "10m2", "-"] * 2, "area", 2, id="area"),
        pytest.param("総戸数", ["12", "1,200", "3"], "integer", None, id="whole numbers"),
        pytest.param("利回り", ["4.5", "5", "6.25"], "decimal", None, id="decimals"),
        pytest.param("登録日", ["2024/1/31", "令和6年2月1日", "R6.2.2"], "date", None, id="dates"),
        pytest.param("公開", ["○", "×", "○"], "boolean", None, id="circles and crosses"),
        pytest.param("写真", ["https://a.jp/1", "http://a.jp/2"] * 2, "url", None, id="addresses"),
        pytest.param("備考", ["角部屋", "", "南向き", "x"], "text", None, id="words"),
        pytest.param("総戸数", ["12", "", ""], "text", None, id="too few to tell"),
        pytest.param("総戸数", ["12", "3", "応相談"], "text", None, id="one that is not a number"),
        pytest.param("部屋", ["012", "101", "102"], "text", None, id="leading zeros"),
        pytest.param("郵便番号", ["1500001", "1500002", "1500003"], "text", None, id="codes"),
        pytest.param("日付", ["01/02/2024", "02/02/2024", "1/3/2024"], "text", None, id="US dates"),
        pytest.param("利回り", ["4.5%", "5%", "6%"], "text", None, id="percent"),
        pytest.param("広さ", ["20坪", "30坪", "40坪"], "text", None, id="tsubo"),
    ],
)
def test_a_type_is_proposed_only_where_every_cell_is_of_it(
    header: str, cells: list[str], column_type: str, scale: int | None
) -> None:
    (column,) = drafted(header, *cells).values()
    assert (column["type"], column.get("scale")) == (column_type, scale)


@pytest.mark.parametrize(
    ("header", "cells", "column_type", "scale", "unit"),
    [
        pytest.param("売出（万円）", ["2,980", "3180.5", "-"] * 2, "money", 0, "万円", id="man"),
        pytest.param("売出(千円)", ["29,800", "31,800", "1.5"], "money", 0, "千円", id="sen"),
        pytest.param("地積（坪）", ["30.5", "40", "50坪"], "area", 2, "坪", id="tsubo"),
        pytest.param("地積（㎡）", ["30.5", "40", "50㎡"], "area", 2, "㎡", id="square metres"),
        pytest.param("容積率（%）", ["200", "100", "80"], "integer", None, None, id="percent"),
        pytest.param("売出（万円）", ["2,980", "応相談", "1"], "text", None, None, id="words"),
    ],
)
def test_a_unit_that_a_header_names_is_drafted(
    header: str, cells: list[str], column_type: str, scale: int | None, unit: str | None
) -> None:
    (column,) = drafted(header, *cells).values()
    assert (column["type"], column.get("scale"), column.get("unit")) == (column_type, scale, unit)


def test_dashes_among_numbers_become_blanks() -> None:
    (column,) = drafted("総戸数", "12", "-", "3", "ー", "4").values()
    assert column["blank"] == ["-", "ー"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        pytest.param("Nearest Station (JR)", "nearest_station_jr", id="English"),
        pytest.param("最寄\n駅", "nearest_station", id="known Japanese over two lines"),
        pytest.param("●ペット", "pets", id="known Japanese with a mark"),
        pytest.param("徒歩\n（分）", "walk_minutes", id="known Japanese with a unit"),
        pytest.param("2nd price", "column_2nd_price", id="a digit first"),
        pytest.param("!!!", "column_ab", id="only marks"),
        pytest.param("Price", "price_2", id="a name in use"),
        pytest.param("created at", "created_at_2", id="a name that every table uses"),
        pytest.param("x" * 80, "x" * 63, id="too long for PostgreSQL"),
    ],
)
def test_a_header_becomes_a_safe_column_name(header: str, name: str) -> None:
    assert list(drafted(header, taken=("price",))) == [name]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("謎の列", "nazo_no_retsu"),
        ("内装費（円）", "naisou_hi"),
        ("2024年査定", "column_2024_nen_satei"),
        ("🏠 おすすめ", "osusume"),
        ("★", "column_ab"),
        ("とても長い見出し" * 9, "totemo_nagai_midashi_totemo_nagai_midashi_totemo_nagai_midashi"),
    ],
)
def test_a_header_of_unknown_words_is_named_by_its_sound(header: str, name: str) -> None:
    pytest.importorskip("pykakasi", reason="the extra [romaji]")
    assert list(drafted(header)) == [name]


def test_without_the_extra_it_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pykakasi", None)
    romaji._reader.cache_clear()
    assert list(drafted("謎の列")) == ["column_ab"]
    romaji._reader.cache_clear()


@given(st.text(max_size=40))
def test_every_header_has_a_name_that_needs_no_quotes(header: str) -> None:
    [name] = drafted(header or "x")
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name)


def test_headers_that_stand_twice_are_named_and_left_out() -> None:
    once, often = unique_headers(["備考", "Remarks", "備 考", "交通"])
    assert (once, often) == (("Remarks", "交通"), ("備考",))
    assert '# "備考" stands on several columns' in draft_mapping([], (), often)


def test_nothing_to_map_is_no_draft() -> None:
    assert draft_mapping([], ()) == ""


headers = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=70).filter(
    lambda text: normalise_header(text) != ""
)


@given(st.lists(st.tuples(headers, st.lists(st.text(max_size=8), max_size=6)), max_size=6))
def test_a_draft_can_be_appended_to_the_bundled_mapping(
    found: list[tuple[str, list[str]]],
) -> None:
    mapping = parse_mapping(BUNDLED, name="mapping")
    known = {normalise_header(header) for column in mapping.columns for header in column.headers}
    once, often = unique_headers(header for header, _ in found)
    columns = [
        UnmappedColumn(header, "AB", tuple(cells))
        for header, cells in found
        if header in once and normalise_header(header) not in known
    ]
    draft = draft_mapping(columns, [column.name for column in mapping.columns], often)
    extended = parse_mapping(BUNDLED + draft, name="mapping")
    added = extended.columns[len(mapping.columns) :]
    assert [normalise_header(*column.headers) for column in added] == [
        normalise_header(column.header) for column in columns
    ]
    assert all(column.type in ColumnType for column in added)


def test_at_most_two_hundred_columns_are_drafted_and_the_rest_counted() -> None:
    columns = [UnmappedColumn(f"Header {index}", "AB", ("a",)) for index in range(1_250)]
    draft = draft_mapping(columns, [])
    assert draft.count("[columns.") == 200
    assert "# 1,050 more columns are not drafted: map these first, and ask again." in draft
    assert "more columns" not in draft_mapping(columns[:200], [])
