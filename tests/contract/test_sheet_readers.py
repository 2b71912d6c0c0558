"""Google, CSV and Excel give the same contents for the same cells."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from listing_sync.cells.mapping import parse_mapping
from listing_sync.errors import SourceError
from listing_sync.ports import Sheet
from listing_sync.sheets.file import FileSheet
from tests.google_reading import GoogleReading

MAPPING = parse_mapping(
    """
    table = "property_listings"
    key = "property_number"
    [columns.property_number]
    header = ["Property Number", "物件番号"]
    type = "text"
    required = true
    [columns.price]
    header = "Price"
    type = "money"
    [columns.address]
    header = "住居表示（ATBB登録住所）"
    type = "text"
    required = true
    [columns.floor_plan]
    header = "間取り"
    type = "text"
    """,
    name="mapping.toml",
)
HEADER = ["物件 番号", "●memo", "Price", "住居表示\n（ＡＴＢＢ登録住所）"]

Rows = Sequence[Sequence[str]]
Open = Callable[..., Sheet]


@pytest.fixture(params=["google", "csv", "xlsx"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """A function from rows of texts to a sheet that holds them."""
    if request.param == "google":
        with GoogleReading() as reading:

            def from_google(rows: Rows, **options: Any) -> Sheet:
                reading.put(rows)
                return reading.sheet(MAPPING, **options)

            yield from_google
    else:

        def from_file(rows: Rows, **options: Any) -> Sheet:
            path = tmp_path / f"Listings.{request.param}"
            if request.param == "csv":
                width = max(map(len, rows), default=0)
                with path.open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows([*row, *[""] * (width - len(row))] for row in rows)
            else:
                workbook = openpyxl.Workbook()
                workbook.active.title = "Listings"
                for row in rows:
                    workbook.active.append(row)
                workbook.save(path)
            return FileSheet(path, MAPPING, **options)

        yield from_file


def numbered(sheet: Sheet) -> list[tuple[int, tuple[object, ...]]]:
    return list(sheet.read(lambda _: None).rows)


def test_columns_come_in_the_order_of_the_mapping_with_their_headers_as_written(
    opened: Open,
) -> None:
    contents = opened([HEADER, ["AA1", "x", "100", "Tokyo"]]).read(lambda _: None)
    assert contents.tab == "Listings"
    assert [(each.column.name, each.header, each.letter) for each in contents.columns] == [
        ("property_number", HEADER[0], "A"),
        ("price", HEADER[2], "C"),
        ("address", HEADER[3], "D"),
    ]
    assert contents.rows == [(2, ("AA1", "100", "Tokyo"))]
    assert [column.name for column in contents.missing] == ["floor_plan"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [["AA1"], ["AA2", "", "5"], ["AA3", "x", "", "Osaka", "stray"]],
            [(2, ("AA1", None, None)), (3, ("AA2", "5", None)), (4, ("AA3", None, "Osaka"))],
            id="ragged",
        ),
        pytest.param(
            [["AA1"], [], ["", "", "", ""], ["AA2"]],
            [(2, ("AA1", None, None)), (5, ("AA2", None, None))],
            id="blank rows in the middle",
        ),
        pytest.param(
            [["", "note only"], ["AA1"]],
            [(3, ("AA1", None, None))],
            id="a row with unmapped cells only",
        ),
        pytest.param([["", "", "5"]], [(2, (None, "5", None))], id="a row without a number"),
        pytest.param(
            [["007", "", "1", 'a\nb, "c"']],
            [(2, ("007", "1", 'a\nb, "c"'))],
            id="leading zeros, line breaks, quotes",
        ),
        pytest.param(
            [["AA1", "", "#REF!", "Loading..."], [" ", "", "", "　"]],
            [(2, ("AA1", "#REF!", "Loading...")), (3, (" ", None, "　"))],
            id="error cells and white space stay for the validator",
        ),
        pytest.param([], [], id="no rows"),
    ],
)
def test_rows_are_padded_and_blank_ones_left_out(
    opened: Open, rows: Rows, expected: list[object]
) -> None:
    assert numbered(opened([HEADER, *rows])) == expected


def test_a_large_text_is_read_whole(opened: Open) -> None:
    text = "長" * 30_000
    assert numbered(opened([HEADER, ["AA1", "", "", text]]))[0][1][2] == text


def test_header_row_may_be_lower(opened: Open) -> None:
    sheet = opened([["2026"], [], HEADER, ["AA1"]], header_row=3)
    assert numbered(sheet) == [(4, ("AA1", None, None))]


def test_selected_listings_are_found_by_normalised_number_with_all_duplicates(
    opened: Open,
) -> None:
    sheet = opened([HEADER, ["ＡＡ1 ", "", "1"], ["AA2"], [], ["AA1"], ["", "", "9"]])
    selected = sheet.read_listings(frozenset({"AA1", "AA9"}))
    assert [row for row, _ in selected.contents.rows] == [2, 5]
    assert selected.all_numbers == ("ＡＡ1 ", "AA2", "AA1")
    assert selected.rows == (2, 3, 5)


def test_no_selected_listing_is_no_row(opened: Open) -> None:
    assert opened([HEADER, ["AA1"]]).read_listings(frozenset({"BB1"})).contents.rows == []


def test_progress_counts_the_rows(opened: Open) -> None:
    counts: list[int] = []
    opened([HEADER, ["AA1"], ["AA2"]]).read(counts.append)
    assert sum(counts) == 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        pytest.param([], ["row 1", '"Listings"', "empty", "SYNC_HEADER_ROW"], id="empty tab"),
        pytest.param([["", ""], HEADER], ["row 1", "SYNC_HEADER_ROW"], id="blank header row"),
        pytest.param(
            [["Property Numbr", "Price", "住居表示（ATBB登録住所）"]],
            ['"Property Number" or "物件番号"', 'probably meant: "Property Numbr"', '"Price"'],
            id="required header misspelt",
        ),
        pytest.param(
            [["Listing", "Price", "間取り", "住居表示（ATBB登録住所）"]],
            ["every other header is right", '"Listing" is the only one that is not in the mapping'],
            id="every header but one right",
        ),
        pytest.param(
            [[*HEADER, "PRICE"]],
            ['"Price" in Listings!C1', '"PRICE" in Listings!E1'],
            id="header twice",
        ),
        pytest.param(
            [[*HEADER, "Property Number"]],
            ["Listings!A1", "Listings!E1"],
            id="two spellings of one column",
        ),
    ],
)
def test_a_header_row_that_cannot_be_used_is_refused(
    opened: Open, rows: Rows, words: list[str]
) -> None:
    with pytest.raises(SourceError) as refusal:
        opened(rows).read(lambda _: None)
    for word in words:
        assert word in str(refusal.value)


def test_describe_tells_what_is_there_even_when_it_cannot_be_read(opened: Open) -> None:
    described = opened([["Price", "price", "extra", ""]]).describe()
    assert described.tab == "Listings"
    assert described.tabs == ("Listings",)
    assert described.unmapped == ("extra",)
    assert described.duplicates == ("Price",)
    assert [column.name for column in described.missing] == [
        "property_number",
        "address",
        "floor_plan",
    ]
