"""The sheets that people really have, through the program: what the table gets, what is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.agency import SHEET, TAB, Agency, Printed
from tests.stack.spreadsheet import Shown
from tests.unit.cells.test_quantities import AREA_TEXTS, MONEY_TEXTS

pytestmark = pytest.mark.stack

CASES = Path(__file__).parents[1] / "cases"
MAPPING = """
{top}
table = "property_listings"
key = "property_number"
[columns.property_number]
header = ["ID", "物件番号"]
type = "text"
pattern = '[A-Z]+\\d+'
[columns.price]
header = ["Price0", "価格"]
type = "money"
scale = 0
[columns.land_area]
header = ["Area", "土地面積", "面積 土地"]
type = "area"
scale = 2
[columns.contract_date]
header = "Built"
type = "date"
[columns.special_notes]
header = ["Title"]
type = "text"
[columns.address]
header = ["所在地"]
type = "text"
{more}
"""


def put(agency: Agency, case: str) -> None:
    rows = json.loads((CASES / f"{case}.google.json").read_text(encoding="utf-8"))
    agency.google.put_tab(SHEET, TAB, [[_cell(cell) for cell in row] for row in rows])


def _cell(cell: Any) -> Any:
    return Shown(cell["formatted"], cell["raw"]) if isinstance(cell, dict) else cell


def synced(
    agency: Agency, *, file: str | None = None, top: str = "", more: str = "", **settings: str
) -> Printed:
    agency.map(MAPPING.format(top=top, more=more))
    if file is not None:
        for name in [name for name in agency.settings if "GOOGLE" in name or "SPREAD" in name]:
            del agency.settings[name]
        settings["SYNC_SHEET_FILE"] = str(CASES / file)
    return agency.run("sync", "all", "--json", **settings)


def table(agency: Agency, column: str) -> dict[str, Any]:
    select = f"select property_number, {column}::text from property_listings order by 1"
    return dict(agency.project.execute(select))


def rejected(printed: Printed) -> dict[str, str]:
    return {each["propertyNumber"]: each["error"] for each in printed.document["errors"]}


def test_what_a_number_format_says_is_what_the_site_gets(agency: Agency) -> None:
    put(agency, "unit_in_number_format")
    printed = synced(agency)
    assert table(agency, "price") == {"AA1": "29800000", "AA5": "350000"}
    assert table(agency, "land_area") == {"AA1": "70.25", "AA5": "70.00"}
    reasons = rejected(printed)
    assert printed.code == 1
    assert {number: reason.split(":")[0] for number, reason in reasons.items()} == {
        **dict.fromkeys(("AA2", "AA3", "AA4"), "wrong unit"),
    }
    assert "shows 25.80坪, holds 25.8" in reasons["AA2"]


@pytest.mark.parametrize(
    ("case", "column", "expected"),
    [
        ("money_texts", "price", {number: str(value) for number, value in MONEY_TEXTS.items()}),
        ("area_texts", "land_area", AREA_TEXTS),
    ],
)
def test_a_text_reaches_the_table_as_its_value_or_is_named(
    agency: Agency, case: str, column: str, expected: dict[str, str]
) -> None:
    put(agency, case)
    printed = synced(agency)
    assert table(agency, column) == expected
    assert len(rejected(printed)) + len(expected) == printed.document["stats"]["total"]


def test_no_number_is_taken_for_a_date(agency: Agency) -> None:
    put(agency, "date_numbers")
    printed = synced(agency)
    assert table(agency, "contract_date") == {}
    assert len(rejected(printed)) == 11


def test_a_header_in_two_rows_and_totals_below_are_read_as_people_do(agency: Agency) -> None:
    put(agency, "merged_header")
    top = "header_rows = 2\nignore = '^(合計|平均|※)'"
    printed = synced(agency, top=top, SYNC_HEADER_ROW="3")
    assert table(agency, "land_area") == {"AA101": "100.50", "AA102": "90.00"}
    (only,) = printed.document["errors"]
    assert only["error"] == "no property number, although other cells are filled"
    assert only["row"] == 9


def test_merged_cells_are_filled_down_only_where_the_mapping_says_so(agency: Agency) -> None:
    put(agency, "vertical_merge")
    synced(agency)
    assert table(agency, "address") == {"AA1": "東京都千代田区1-1", "AA2": None, "AA3": None}
    synced(agency, more="fill_down = true")
    assert table(agency, "address") == dict.fromkeys(("AA1", "AA2", "AA3"), "東京都千代田区1-1")


def test_a_unit_in_a_header_is_applied(agency: Agency) -> None:
    put(agency, "unit_in_header")
    assert synced(agency).code == 0
    assert table(agency, "price") == {"AA1": "29800000"}
    assert table(agency, "land_area") == {"AA1": "100.83"}


def test_dots_that_group_thousands_are_read_where_the_mapping_says_so(agency: Agency) -> None:
    printed = synced(agency, file="dot_as_thousands_mark.csv")
    assert table(agency, "price") == {}
    assert len(printed.document["errors"]) >= 4
    assert synced(agency, file="dot_as_thousands_mark.csv", top='decimal = ","').code == 0
    assert table(agency, "price") == {
        "AA1": "350000",
        "AA2": "1250000",
        "AA3": "1000",
        "AA4": "350000",
    }
    assert table(agency, "land_area") == {
        "AA1": "120.50",
        "AA2": "85.00",
        "AA3": "12500.00",
        "AA4": "120.00",
    }


def test_no_failed_formula_reaches_the_table(agency: Agency) -> None:
    printed = synced(agency, file="error_spellings.csv")
    assert table(agency, "special_notes") == {}
    assert len(rejected(printed)) == 18


def test_dates_of_a_file_reach_the_table_or_are_named(agency: Agency) -> None:
    printed = synced(agency, file="dates.csv")
    assert table(agency, "contract_date") == {
        **dict.fromkeys(("A11", "A16", "A23", "A24"), "2024-01-31"),
        "A12": "2019-05-01",
    }
    assert len(rejected(printed)) == 24


def test_a_key_that_a_program_took_for_a_number_is_no_second_listing(agency: Agency) -> None:
    agency.map(MAPPING.format(top="", more="").replace("[A-Z]+", ""))
    for day in (1, 2):
        for name in [name for name in agency.settings if "GOOGLE" in name or "SPREAD" in name]:
            del agency.settings[name]
        file = str(CASES / f"float_key_day_{day}.csv")
        assert agency.run("sync", "all", SYNC_SHEET_FILE=file).code == 0
        assert table(agency, "price") == {"1001": "5", "1002": "6"}


def test_a_limit_in_an_hour_that_does_not_exist_ends_with_78(agency: Agency) -> None:
    agency.google.put_tab(SHEET, TAB, [["ID", "Seen"], ["AA1", None]])
    # Japan had summer time once: that night its clocks went from 0:00 to 1:00.
    more = '[columns.opened]\nheader = "Seen"\ntype = "datetime"\nmin = "1948-05-02T00:30:00"'
    printed = synced(agency, more=more)
    assert printed.code == 78
    assert "columns.opened.min: 1948-05-02T00:30:00: no such time" in printed.err
    assert agency.project.execute("select status from sync_state") == [("failed",)]
