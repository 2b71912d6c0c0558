"""The files of tests/cases as people really have them: what each of their cells becomes."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from listing_sync.cells.listings import Checked
from listing_sync.cells.mapping import SheetMapping, parse_mapping
from listing_sync.cells.validator import validate
from listing_sync.errors import SourceError
from listing_sync.sheets.file import FileSheet

CASES = Path(__file__).parent / "cases"
ITEMS = (CASES / "items.toml").read_text(encoding="utf-8")
MAPPING = parse_mapping(ITEMS, name="items.toml")
PARCELS = parse_mapping(
    """
    table = "t"
    key = "id"
    [columns.id]
    header = "PID"
    type = "text"
    [columns.value]
    header = "AssessedValue"
    type = "integer"
    [columns.area]
    header = "LandArea"
    type = "integer"
    """,
    name="parcels.toml",
)


def checked(name: str, mapping: SheetMapping = MAPPING) -> Checked:
    contents = FileSheet(CASES / name, mapping).read(lambda _: None)
    return validate(contents, mapping, default_zone=UTC)


def facts(found: Checked) -> dict[str, dict[str, object]]:
    """Return what each listing says, by number; blank cells left out."""
    names = [column.column.name for column in found.columns]
    return {
        listing.property_number: {
            name: value
            for name, value in zip(names, listing.values, strict=True)
            if value is not None and name != "id"
        }
        for listing in found.listings
    }


def reasons(found: Checked) -> dict[str | None, str]:
    return {each.cell: each.reason for each in found.rejections}


READ = [
    pytest.param("backslash_part_names.xlsx", {"AA1": {"title": "x", "price0": 29800000}}, id="K1"),
    pytest.param("strict_open_xml.xlsx", {"AA1": {"title": "x", "price0": 29800000}}, id="K2"),
    pytest.param("boolean_as_word.xlsx", {"AA1": {"flag": True}, "AA2": {}}, id="K3"),
    pytest.param("cells_out_of_order.xlsx", {"AA1": {"title": "x", "price0": 29800000}}, id="H1"),
    pytest.param("one_row_element_per_cell.xlsx", {"AA1": {"title": "x", "price0": 7}}, id="H2"),
    pytest.param(
        "exporters_habits.csv",
        {
            "AA1": {"title": "0123", "note": "03-1234-5678", "price0": 29800000, "area": "70.25"},
            "AA2": {"title": "0123", "note": "03-0000-0000", "price0": 29800000, "area": "70.25"},
            "AA3": {"title": "0123", "note": "0601", "price0": 29800000, "area": "70.25"},
        },
        id="L1",
    ),
    pytest.param(
        "sep_line.csv", {"AA1": {"title": "X", "note": "y", "price0": 1, "area": "2.00"}}, id="L2"
    ),
    pytest.param(
        "float_key_day_2.csv",
        {"1001": {"title": "x", "price0": 5}, "1002": {"title": "y", "price0": 6}},
        id="L3",
    ),
]


@pytest.mark.parametrize(("name", "expected"), READ)
def test_a_file_that_others_read_is_read(name: str, expected: object) -> None:
    found = checked(name)
    assert facts(found) == expected
    assert not found.rejections


@pytest.mark.parametrize("name", ["builtin_japanese_dates.xlsx", "empty_fill.xlsx"])
def test_the_built_in_japanese_dates_are_read_as_they_are_seen(name: str) -> None:
    found = checked(name)
    assert {number: cells["title"] for number, cells in facts(found).items()} == {
        "AA14": "2024/1/31",
        "AA27": "R6.1.31",
        "AA28": "令和6年1月31日",
        "AA30": "1/31/24",
        "AA31": "2024年1月31日",
        "AA36": "R6.1.31",
        "AA50": "R6.1.31",
        "AA57": "R6.1.31",
        "AA58": "令和6年1月31日",
    }
    assert {cells["built"] for cells in facts(found).values()} == {"2024-01-31"}
    # What shows no day of the month is no date, through Google as well.
    assert {each.value for each in found.rejections} == {"2024年1月"}
    assert [each.cell for each in found.rejections] == ["Sheet1!C7", "Sheet1!C10", "Sheet1!C11"]


def test_texts_are_what_their_number_format_shows() -> None:
    found = checked("text_with_number_format.xlsx")
    assert {number: cells["title"] for number, cells in facts(found).items()} == {
        "A1": "060-0001",
        "A2": "平成3年3月",
        "A3": "2024年1月",
        "A4": "00123",
        "A5": "10:30",
        "A6": "築25年",
        "A7": "8,000円",
        "A8": "5%",
        "A9": "2月3日",
        "AA12345": "key AA12345 shown",
    }


def test_the_unit_in_a_number_format_counts() -> None:
    found = checked("unit_in_number_format.xlsx")
    assert {number: cells["price0"] for number, cells in facts(found).items()} == {
        "AA1": 29_800_000,
        "AA3": 29_800_000,
        "AA5": 350_000,
    }
    assert {cell: reason[:14] for cell, reason in reasons(found).items()} == {
        "Sheet1!E3": "wrong unit: 坪:",
        "Sheet1!E5": "wrong unit: 帖:",
    }


@pytest.mark.parametrize(
    ("name", "left", "cells", "words"),
    [
        pytest.param(
            "formula_never_calculated.xlsx",
            {"AA2": {"title": "plain", "price": "29800000", "area": "70.25"}},
            ["Sheet1!B2", "Sheet1!C2", "Sheet1!D2"],
            "never calculated",
            id="B1",
        ),
        pytest.param(
            "new_error_cells.xlsx", {"AA2": {}}, ["Sheet1!B2", "Sheet1!F2"], "fails", id="J"
        ),
        pytest.param("one_bad_number.xlsx", {"AA2": {}}, ["Sheet1!G2"], "not a number", id="K4"),
        pytest.param("missing_shared_string.xlsx", {"AA2": {}}, ["Sheet1!B2"], "missing", id="K5"),
        pytest.param(
            "rows_out_of_order.xlsx",
            {"AA2": {"title": "second", "price0": 2}},
            ["Sheet1!C2"],
            "not a number",
            id="H3",
        ),
    ],
)
def test_what_cannot_be_read_is_one_rejected_cell(
    name: str, left: dict[str, dict[str, object]], cells: list[str], words: str
) -> None:
    found = checked(name)
    told = reasons(found)
    assert list(told) == cells
    assert all(words in reason for reason in told.values())
    shown = {number: set(values.values()) for number, values in facts(found).items()}
    assert shown == {number: set(values.values()) for number, values in left.items()}


def test_a_formula_without_a_value_is_never_blank() -> None:
    found = checked("formulas.xlsx")
    assert facts(found) == {
        "AA1": {"price0": 2},
        "AA4": {"price0": 2},
        "AA6": {"title": "地図", "photo": "https://example.com/1.jpg"},
    }
    assert list(reasons(found)) == [
        *("Sheet1!D3", "Sheet1!D4", "Sheet1!C6", "Sheet1!D8"),
        *("Sheet1!B9", "Sheet1!B10"),
    ]


@pytest.mark.parametrize(
    ("name", "mapping", "left", "counts"),
    [
        pytest.param("unquoted_thousands.csv", MAPPING, ["AA1", "AA3"], "7 fields, the header 5"),
        pytest.param("blank_before_quote.csv", MAPPING, [], "7 fields, the header 5"),
        pytest.param("more_fields_than_headers.csv", MAPPING, [], "5 fields, the header 4"),
        pytest.param("shifted_by_unquoted_name.csv", PARCELS, ["1", "3"], "7 fields, the header 6"),
    ],
    ids=["C1", "C2", "C3", "C4"],
)
def test_a_row_that_does_not_line_up_is_one_rejection_and_nothing_of_it_is_trusted(
    name: str, mapping: SheetMapping, left: list[str], counts: str
) -> None:
    found = checked(name, mapping)
    assert [listing.property_number for listing in found.listings] == left
    (rejection,) = found.rejections
    assert counts in rejection.reason
    assert (rejection.property_number, rejection.column) == (None, None)
    assert found.unknown_numbers


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("cut_in_a_row.csv", "cut off: its last line has 3 of 5 fields", id="C5"),
        pytest.param("cut_in_the_key.csv", "cut off: its last line has 1 of 5 fields", id="C6"),
        pytest.param("western_code_page.csv", "line 2 .*does not read as Japanese", id="I1"),
        pytest.param("western_code_page_refused.csv", "neither UTF-8 nor CP932.*cp1252", id="I2"),
    ],
)
def test_a_file_of_which_nothing_is_sure_is_refused_as_a_whole(name: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        checked(name)


@pytest.mark.parametrize("name", ["western_code_page.csv", "western_code_page_refused.csv"])
def test_the_mapping_may_state_the_code_page(name: str) -> None:
    found = checked(name, parse_mapping(f'encoding = "cp1252"\n{ITEMS}', name="items.toml"))
    titles = [cells["title"] for cells in facts(found).values()]
    assert titles in (["12 Rue Montréal"], ["Montréal condo", "Béziers"])
    assert not found.rejections


def test_no_bare_number_of_a_csv_file_is_a_date() -> None:
    found = checked("dates.csv")
    assert {number: cells["built"] for number, cells in facts(found).items()} == {
        "A11": "2024-01-31",
        "A12": "2019-05-01",
        "A16": "2024-01-31",
        "A23": "2024-01-31",
        "A24": "2024-01-31",
    }


def test_error_cells_of_any_language_are_rejected() -> None:
    found = checked("error_spellings.csv")
    assert not found.listings
    assert len({each.cell for each in found.rejections}) == 19
