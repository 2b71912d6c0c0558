"""Tabs, headers and ranges."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Cell, SheetColumn
from listing_sync.cells.mapping import SheetMapping
from listing_sync.errors import SourceError
from listing_sync.sheets.grid import (
    Tab,
    choose_tab,
    filled_down,
    match_header,
    parse_spreadsheet_reference,
    read_header,
    spans,
    whole_keys,
)
from listing_sync.sheets.header_check import check_header
from listing_sync.sheets.headers import joined_headers

CASES = Path(__file__).parents[2] / "cases"
ID = "1AbC-dEf_ghIJKlmnOPqrsTUvwxyz0123456789abcd"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        pytest.param(ID, (ID, None), id="bare"),
        pytest.param(f" {ID}\n", (ID, None), id="with white space"),
        pytest.param(f"https://docs.google.com/spreadsheets/d/{ID}/edit", (ID, None), id="url"),
        pytest.param(
            f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=5#gid=17", (ID, 17), id="hash"
        ),
        pytest.param(
            f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=5", (ID, 5), id="query"
        ),
        pytest.param(f"docs.google.com/spreadsheets/u/1/d/{ID}#gid=0", (ID, 0), id="no scheme"),
        pytest.param(
            f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=0&range=F17", (ID, 0), id="range"
        ),
    ],
)
def test_a_spreadsheet_is_named_by_id_or_address(
    text: str, reference: tuple[str, int | None]
) -> None:
    assert parse_spreadsheet_reference(text) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com/",
        f"https://drive.google.com/file/d/{ID}/view",
        "https://docs.google.com/spreadsheets/d/e/2PACX-1vT/pubhtml",
        "my sheet",
    ],
)
def test_anything_else_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"docs\.google\.com/spreadsheets/d/"):
        parse_spreadsheet_reference(text)


def test_a_tab_with_spaces_around_its_title_is_found_without_them() -> None:
    tabs: tuple[Tab, ...] = (Tab("Listings "), Tab("Sold"))
    assert choose_tab(tabs, title="Listings", gid=None) == tabs[0]
    tabs = (*tabs, Tab("Listings"))
    assert choose_tab(tabs, title="Listings", gid=None) == tabs[2]


def test_a_spreadsheet_of_charts_alone_is_refused() -> None:
    with pytest.raises(SourceError, match="no tab that holds cells"):
        choose_tab((), title="Listings", gid=None)


def test_neighbours_make_a_run() -> None:
    assert spans([9, 0, 1, 3, 1]) == ((0, 1), (3, 3), (9, 9))


def test_the_smallest_gaps_close_first() -> None:
    assert spans([0, 1, 3, 9], at_most=2) == ((0, 3), (9, 9))


@given(st.sets(st.integers(0, 60)), st.none() | st.integers(1, 8))
def test_runs_cover_every_index_in_order_without_overlap(
    indexes: set[int], at_most: int | None
) -> None:
    found = spans(indexes, at_most)
    covered = [index for first, last in found for index in range(first, last + 1)]
    assert covered == sorted(set(covered))
    assert indexes <= set(covered)
    assert all(first in indexes and last in indexes for first, last in found)
    if at_most is None:
        assert set(covered) == indexes
    else:
        assert len(found) <= at_most


# -- headers of two rows, cells merged downwards ------------------------------------------------


def test_a_merged_header_goes_on_over_the_headers_below_it() -> None:
    upper = ["物件番号", "所在地", "面積", None, "価格"]
    lower = [None, None, "土地", "建物"]
    assert joined_headers([upper, lower]) == [
        "物件番号",
        "所在地",
        "面積 土地",
        "面積 建物",
        "価格",
    ]


def test_a_cell_merged_downwards_stays_alone() -> None:
    assert joined_headers([["番号", None], [None, "土地"]]) == ["番号", "土地"]


def test_two_rows_of_headers_are_matched_together_and_counted() -> None:
    columns = tuple(
        Column(name, (header,), ColumnType.TEXT)
        for name, header in (("number", "物件番号"), ("land", "面積 土地"))
    )
    mapping = SheetMapping("items", "number", columns, header_rows=2)
    header = read_header(mapping, 3, [["物件番号", "面積", None], [None, "土地", "建物"]])
    assert [(each.column.name, each.letter) for each in header.columns] == [
        ("number", "A"),
        ("land", "B"),
    ]
    assert header.unmapped == ("面積 建物",)
    assert header.first_row == 5


def test_only_columns_that_fill_down_take_the_cell_above() -> None:
    columns = tuple(
        SheetColumn(Column(name, (name,), ColumnType.TEXT, fill_down=name == "town"), name, letter)
        for name, letter in (("number", "A"), ("town", "B"), ("kind", "C"))
    )
    rows = [(2, ("AA1", "東京都", "家")), (3, ("AA2", None, None)), (4, ("AA3", "大阪府", ""))]
    assert filled_down(columns, rows) == [
        (2, ("AA1", "東京都", "家")),
        (3, ("AA2", "東京都", None)),
        (4, ("AA3", "大阪府", "")),
    ]
    assert filled_down(columns[:1], rows) is rows


# -- units in headers ---------------------------------------------------------------------------

NUMBER = Column("number", ("物件番号",), ColumnType.TEXT, required=True)
PRICE = Column("price", ("価格",), ColumnType.MONEY, scale=0)
LAND = Column("land", ("土地面積",), ColumnType.AREA, scale=2)
FEE = Column("fee", ("管理費",), ColumnType.MONEY, scale=0)
MEASURED = SheetMapping("items", "number", (NUMBER, PRICE, LAND, FEE))


def units_of(mapping: SheetMapping, *headers: str) -> dict[str, tuple[str, str | None]]:
    found = match_header(mapping, 1, ["物件番号", *headers])
    return {
        each.column.name: (each.letter, each.column.unit)
        for each in found.columns
        if each.column.name != "number"
    }


def test_a_header_that_names_a_unit_is_matched_and_its_unit_applied() -> None:
    headers = json.loads((CASES / "unit_in_header.google.json").read_text("utf-8"))[0]
    header = match_header(MEASURED, 1, headers)
    assert {each.column.name: each.column.unit for each in header.columns} == {
        "number": None,
        "price": "万円",
        "land": "坪",
    }
    assert header.missing == (FEE,)
    assert "管理費(円/月)" in header.unmapped


@pytest.mark.parametrize(
    ("headers", "units"),
    [
        (["価格 [千円]"], {"price": ("B", "千円")}),
        (["価格\n（単位：万円）"], {"price": ("B", "万円")}),
        (["土地面積（㎡）"], {"land": ("B", "㎡")}),
        (["土地面積(m2)"], {"land": ("B", "㎡")}),
        (["土地面積（坪）", "土地面積（㎡）"], {"land": ("C", "㎡")}),
        (["価格（万円）", "価格"], {"price": ("C", None)}),
        (["価格（坪）"], {}),
        (["価格（税込）"], {}),
        (["価格（%）"], {}),
    ],
)
def test_only_a_unit_that_fits_is_taken_from_a_header(
    headers: list[str], units: dict[str, tuple[str, str | None]]
) -> None:
    assert units_of(MEASURED, *headers) == units


def test_an_area_without_scale_takes_no_header_in_tsubo() -> None:
    loose = replace(LAND, scale=None)
    mapping = SheetMapping("items", "number", (NUMBER, loose))
    assert units_of(mapping, "土地面積（坪）") == {}
    assert units_of(mapping, "土地面積（sq ft）") == {"land": ("B", "sq ft")}


def test_money_under_its_very_header_is_in_the_unit_of_it_unless_the_mapping_says_another() -> None:
    named = replace(PRICE, headers=("価格(万円)",))
    assert units_of(SheetMapping("i", "number", (NUMBER, named)), "価格（万円）") == {
        "price": ("B", "万円")
    }
    kept = replace(named, unit="円")
    mapping = SheetMapping("i", "number", (NUMBER, kept))
    assert units_of(mapping, "価格（万円）") == {"price": ("B", "円")}
    check_header(match_header(mapping, 1, ["物件番号", "価格（万円）"]), mapping, "Listings")


def test_a_header_against_the_unit_of_the_mapping_is_refused() -> None:
    mapping = SheetMapping("i", "number", (NUMBER, replace(PRICE, unit="千円")))
    header = match_header(mapping, 1, ["物件番号", "価格（万円）"])
    with pytest.raises(SourceError, match="Listings!B1 says 万円, the mapping says 千円 for price"):
        check_header(header, mapping, "Listings")


def test_two_headers_that_differ_in_their_unit_alone_are_one_too_many() -> None:
    header = match_header(MEASURED, 1, ["物件番号", "価格（万円）", "価格（千円）"])
    assert [len(each.found) for each in header.duplicates] == [2]


# -- keys that a program took for numbers -------------------------------------------------------


def keyed(*keys: Cell) -> list[tuple[int, tuple[Cell, ...]]]:
    return list(enumerate(((key, "x") for key in keys), 2))


NUMBERED = (SheetColumn(NUMBER, "物件番号", "A"), SheetColumn(PRICE, "価格", "B"))


def test_keys_that_are_all_whole_floats_are_their_whole_numbers() -> None:
    rows = whole_keys(NUMBERED, keyed("1001.0", "1002", None, " 1003.00 "), "number")
    assert [cells[0] for _, cells in rows] == ["1001", "1002", None, "1003"]


def test_a_total_below_does_not_keep_keys_from_being_whole_numbers() -> None:
    rows = whole_keys(NUMBERED, keyed("1001.0", "1002", "合計"), "number")
    assert [cells[0] for _, cells in rows] == ["1001", "1002", "合計"]


@pytest.mark.parametrize("keys", [("1001.0", "AA1"), ("1.0", "1.1"), ("1001", "1002"), ()])
def test_keys_are_left_alone_where_one_is_no_whole_number(keys: tuple[str, ...]) -> None:
    rows = keyed(*keys)
    assert whole_keys(NUMBERED, rows, "number") is rows
