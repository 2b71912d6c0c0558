"""Sheets as people have them, and Google on a bad day, through the program."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cli.agency import SHEET, TAB, Agency, house
from tests.stack.google_refusals import DISABLED, with_reason
from tests.stack.loopback import Answer
from tests.stack.spreadsheet import Cell, Rich, Volatile, cell_from_json

pytestmark = pytest.mark.stack

CASES = Path(__file__).parents[1] / "cases"
ITEMS = """
table = "property_listings"
key = "property_number"
[columns.property_number]
header = ["ID", "物件番号"]
type = "text"
[columns.address]
header = ["Title", "所在地"]
type = "text"
[columns.price]
header = ["Price0", "価格"]
type = "money"
scale = 0
[columns.land_area]
header = ["Area", "土地面積"]
type = "area"
scale = 2
[columns.image_url]
header = "Photo"
type = "url"
[columns.contract_date]
header = "Built"
type = "date"
"""
READ = "property_number, price::text, land_area::text, image_url, contract_date::text"


@pytest.fixture
def agency(agency: Agency) -> Iterator[Agency]:
    agency.project.truncate()
    yield agency
    agency.google.before_request(None)
    agency.google.refusal = None
    agency.google.reads_a_minute = None
    agency.google.computing_s = 0.0


def put(agency: Agency, rows: list[list[Any]]) -> None:
    agency.map(ITEMS)
    agency.google.put_tab(SHEET, TAB, [[cell_from_json(cell) for cell in row] for row in rows])


def put_case(agency: Agency, name: str) -> None:
    put(agency, json.loads((CASES / f"{name}.google.json").read_text(encoding="utf-8")))


def table(agency: Agency) -> list[tuple[Any, ...]]:
    return agency.project.execute(f"select {READ} from property_listings order by 1")


PHOTO = "https://example.com/a.jpg"


@pytest.mark.parametrize(
    ("case", "rows", "cells"),
    [
        pytest.param(
            "unit_in_number_format",
            [("AA1", "29800000", "70.25"), ("AA5", "350000", "70.00")],
            ["D3", "D4", "D5"],
            id="unit in the number format",
        ),
        pytest.param(
            "date_numbers", [], [f"G{row}" for row in range(2, 13)], id="numbers as dates"
        ),
        pytest.param("image_before", [("AA1", "1", "1.00", PHOTO)], [], id="address"),
        pytest.param("image_after", [], ["F2"], id="picture"),
        pytest.param("hyperlink", [], ["F2", "F3"], id="names of links"),
        pytest.param("unit_in_header", [("AA1", "29800000", "100.83")], [], id="unit in a header"),
        pytest.param(
            "vertical_merge",
            [("AA1", "29800000"), ("AA2", "30800000"), ("AA3", "31800000")],
            [],
            id="merged cells",
        ),
    ],
)
def test_each_case_is_right_on_the_site_or_named_with_its_cell(
    agency: Agency, case: str, rows: list[tuple[str, ...]], cells: list[str]
) -> None:
    put_case(agency, case)
    done = agency.run("sync", "all", "--json")
    assert done.code == (1 if cells else 0)
    assert sorted(each["cell"] for each in done.document["errors"]) == sorted(
        f"{TAB}!{cell}" for cell in cells
    )
    assert table(agency) == [(*row, *[None] * (5 - len(row))) for row in rows]


def test_a_picture_never_takes_the_address_away(agency: Agency) -> None:
    put_case(agency, "image_before")
    assert agency.run("sync", "all").code == 0
    for cell, code, address in (
        (Rich(formula="=IMAGE(A1)"), 1, PHOTO),
        (Rich(), 1, PHOTO),
        (Rich(formula='=IMAGE("https://example.com/b.jpg")'), 0, "https://example.com/b.jpg"),
        (Rich("写真", link="https://example.com/c.jpg"), 0, "https://example.com/c.jpg"),
        (None, 0, None),
    ):
        agency.set_cell("F2", cell)
        assert agency.run("sync", "all").code == code
        assert [row[3] for row in table(agency)] == [address]


def test_a_picture_never_takes_a_text_or_a_number_away(agency: Agency) -> None:
    put(agency, [["ID", "Title", "Price0"], ["AA1", "Ginza 1", 5], ["AA2", "Ginza 2", 6]])
    assert agency.run("sync", "all").code == 0
    before = agency.project.execute("select address, price from property_listings order by 1")
    picture = Rich(formula='=IMAGE("https://example.com/a.jpg")')
    agency.set_cell("B2", picture)
    agency.set_cell("C3", Rich())
    agency.set_cell("A4", "AA3")
    agency.set_cell("B4", picture)
    for arguments in (
        ("sync", "all", "--dry-run", "--json"),
        ("sync", "all", "--json"),
        ("sync", "numbers", "AA1", "AA2", "AA3", "--json"),
    ):
        done = agency.run(*arguments)
        assert done.code == 1
        errors = done.document["errors"]
        assert {each["cell"] for each in errors} == {f"{TAB}!{at}" for at in ("B2", "C3", "B4")}
        assert all("not empty, but without a text: a picture" in each["error"] for each in errors)
        stats = done.document["stats"]
        assert (stats["total"], stats["failed"], stats["success"]) == (3, 3, 0)
        rows = agency.project.execute("select address, price from property_listings order by 1")
        assert rows == before
    planned = agency.run("migrate", "plan", "--json")
    assert planned.document["changes"]["failed"] == 3
    agency.set_cell("B2", None)
    agency.set_cell("C3", "")
    assert agency.run("sync", "all", "--json").document["stats"]["updated"] == 2
    rows = agency.project.execute("select address, price from property_listings order by 1")
    assert rows == [("Ginza 2", None), (None, 5)]


def test_a_header_with_a_clock_in_it_stops_no_sync(agency: Agency) -> None:
    ticks = count()
    headers: list[Cell] = ["Property Number", "種別", "Price", Volatile(lambda: next(ticks))]
    agency.sheet_is(house(1), headers=headers)
    assert agency.run("sync", "all").code == 0
    assert agency.run("sync", "numbers", "AA10001").code == 0


def test_a_used_up_quota_ends_in_a_good_run(agency: Agency) -> None:
    agency.sheet_is(house(1))
    agency.google.reads_a_minute = 2
    reads = count()
    agency.google.clock = lambda: 60.0 * (next(reads) // 3)  # the third of each minute is one more
    done = agency.run("sync", "all", "-v")
    assert done.code == 0
    assert "ReadRequestsPerMinutePerUser: 2" in done.err


def test_a_busy_google_ends_in_a_good_run(agency: Agency) -> None:
    agency.sheet_is(house(1))
    busy_until = time.monotonic() + 0.2  # as 20 s are to delays of 1 s
    busy = Answer(503, (), b"<html>busy</html>")

    def answer(request: Any) -> Answer | None:
        return busy if "/v4/" in request.path and time.monotonic() < busy_until else None

    agency.google.before_request(answer)
    assert agency.run("sync", "all").code == 0


def test_a_slow_sheet_has_a_time_out_of_its_own(agency: Agency) -> None:
    agency.sheet_is(house(1))
    agency.google.computing_s = 0.4
    assert agency.run("sync", "all", SYNC_GOOGLE_TIMEOUT="5000").code == 0
    done = agency.run("sync", "all", SYNC_GOOGLE_TIMEOUT="100")
    assert done.code == 3
    assert "Google needed longer than 0.1 s to compute this sheet" in done.err


def test_a_switched_off_api_is_told_with_its_link_and_not_as_a_missing_share(
    agency: Agency,
) -> None:
    agency.sheet_is(house(1))
    agency.google.refusal = with_reason(403, "SERVICE_DISABLED", DISABLED)
    done = agency.run("sync", "all")
    assert done.code == 3
    assert "(SERVICE_DISABLED)" in done.err
    assert "project=5" in done.err
    assert "share it" not in done.err
