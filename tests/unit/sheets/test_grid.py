"""Tabs, headers and ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.errors import SourceError
from listing_sync.sheets.grid import Tab, choose_tab, parse_spreadsheet_reference, runs

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
