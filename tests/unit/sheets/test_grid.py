"""Tabs, headers and ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.core.listings import SheetColumn
from listing_sync.core.mapping import Column, ColumnType, Mapping
from listing_sync.errors import SourceError
from listing_sync.sheets.grid import (
    Tab,
    choose_tab,
    filled_down,
    joined_headers,
    parse_spreadsheet_reference,
    read_header,
    runs,
)

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
    tabs = (Tab("Listings "), Tab("Sold"))
    assert choose_tab(tabs, title="Listings", gid=None) == tabs[0]
    tabs = (*tabs, Tab("Listings"))
    assert choose_tab(tabs, title="Listings", gid=None) == tabs[2]


def test_a_spreadsheet_of_charts_alone_is_refused() -> None:
    with pytest.raises(SourceError, match="no tab that holds cells"):
        choose_tab((), title="Listings", gid=None)


def test_neighbours_make_a_run() -> None:
    assert runs([9, 0, 1, 3, 1]) == ((0, 1), (3, 3), (9, 9))


def test_the_smallest_gaps_close_first() -> None:
    assert runs([0, 1, 3, 9], at_most=2) == ((0, 3), (9, 9))


@given(st.sets(st.integers(0, 60)), st.none() | st.integers(1, 8))
def test_runs_cover_every_index_in_order_without_overlap(
    indexes: set[int], at_most: int | None
) -> None:
    found = runs(indexes, at_most)
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
    mapping = Mapping("items", "number", columns, header_rows=2)
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
