"""A sheet is fetched as an earlier run fetched it, and read on only where it is another one."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from listing_sync.cells.listings import SheetContents
from listing_sync.cells.mapping import parse_mapping
from listing_sync.changes.quiet import Fetched
from listing_sync.errors import SourceError
from listing_sync.ports import Sheet
from listing_sync.sheets.file import FileSheet
from tests.google_reading import GoogleReading
from tests.stack.google_sheets import DEFAULT_SPREADSHEET
from tests.stack.loopback import Answer

MAPPING = parse_mapping(
    """
    table = "property_listings"
    key = "property_number"
    [columns.property_number]
    header = "Number"
    type = "text"
    required = true
    [columns.price]
    header = "Price"
    type = "money"
    [columns.page]
    header = "Page"
    type = "url"
    """,
    name="mapping.toml",
)
ROWS: list[list[Any]] = [
    ["Number", "Price", "Page"],
    *([f"AA{number}", number * 1000, "https://example.com"] for number in range(1, 9)),
    ["AA9", 9000, "the page"],
]
OTHERS: dict[str, list[list[Any]]] = {
    "value": [*ROWS[:3], ["AA3", 7, "https://example.com"], *ROWS[4:]],
    "order": [ROWS[0], *reversed(ROWS[1:])],
    "header": [["Number", "Price ", "Page"], *ROWS[1:]],
    "column": [[row[0], "memo", *row[1:]] for row in ROWS],
    "row gone": ROWS[:-2] + ROWS[-1:],
    "row more": [*ROWS, ["AA10", 1, ""]],
    "last page": [*ROWS[:-1], ["AA9", 9000, "https://example.com/9"]],
}


class Memory:
    """The header row of the run before."""

    def __init__(self) -> None:
        self.document: dict[str, object] = {}

    def load(self) -> dict[str, object]:
        return self.document

    def store(self, memory: Any) -> None:
        self.document = dict(memory)


@pytest.fixture
def reading() -> Iterator[GoogleReading]:
    with GoogleReading() as reading:
        yield reading


def whole(sheet: Sheet, *, goes_on: bool = False) -> SheetContents:
    return sheet.read(lambda _: None, goes_on=goes_on)


def requests(reading: GoogleReading, act: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return what `act` returns, and what it asked Google for."""
    reading.calls.clear()
    found = act()
    return found, [each for each in reading.calls if each != "signing in to Google"]


@pytest.mark.parametrize("budget", [250_000, 9], ids=["one chunk", "chunks"])
def test_the_same_sheet_is_fetched_by_the_requests_that_read_it(reading, budget):
    reading.put(ROWS)
    first = reading.sheet(MAPPING, budget_cells=budget)
    read, asked = requests(reading, lambda: whole(first))
    again = reading.sheet(MAPPING, budget_cells=budget)
    is_still, asked_again = requests(reading, lambda: again.is_still(first.fetched))
    assert is_still
    assert asked_again == asked
    read_on, more = requests(reading, lambda: whole(again, goes_on=True))
    assert (read_on, more) == (read, [])
    assert again.fetched == first.fetched


@pytest.mark.parametrize("budget", [250_000, 9], ids=["one chunk", "chunks"])
@pytest.mark.parametrize("other", OTHERS)
def test_another_sheet_is_read_as_if_nothing_was_known(reading, other, budget):
    reading.put(ROWS)
    first = reading.sheet(MAPPING, budget_cells=budget)
    whole(first)
    reading.put(OTHERS[other])
    expected, asked = requests(reading, lambda: whole(reading.sheet(MAPPING, budget_cells=budget)))
    again = reading.sheet(MAPPING, budget_cells=budget)
    is_still, before = requests(reading, lambda: again.is_still(first.fetched))
    assert not is_still
    read_on, after = requests(reading, lambda: whole(again, goes_on=True))
    assert read_on == expected
    assert before + after == asked


def test_what_was_fetched_is_read_once_and_by_a_reader_that_goes_on_alone(reading):
    reading.put(ROWS)
    sheet = reading.sheet(MAPPING)
    whole(sheet)
    assert sheet.is_still(sheet.fetched)
    reading.put(OTHERS["value"])
    assert whole(sheet, goes_on=True).rows[2][1][1] == 3000
    assert whole(sheet, goes_on=True).rows[2][1][1] == 7
    sheet.is_still(sheet.fetched)
    reading.put(ROWS)
    assert whole(sheet).rows[2][1][1] == 3000


def test_half_an_answer_that_was_fetched_ahead_is_asked_for_once_more(reading):
    reading.put(ROWS)
    first = reading.sheet(MAPPING)
    read = whole(first)
    halves = [Answer(200, (("Content-Type", "application/json"),), b'{"sheets": [')]
    reading.google.before_request(
        lambda request: halves.pop() if halves and request.method == "GET" else None
    )
    again = reading.sheet(MAPPING)
    assert not again.is_still(first.fetched)
    assert not halves
    read_on, asked = requests(reading, lambda: whole(again, goes_on=True))
    assert read_on == read
    assert len(asked) == len(first.fetched)


def test_a_tab_of_another_name_or_none_is_another_sheet(reading):
    reading.put(ROWS)
    sheet = reading.sheet(MAPPING)
    whole(sheet)
    reading.google.rename_tab(DEFAULT_SPREADSHEET, "Listings", "Renamed")
    assert not sheet.is_still(sheet.fetched)
    assert whole(sheet, goes_on=True).tab == "Renamed"


def test_a_reading_is_gone_by_only_once_the_header_row_is_remembered(reading):
    reading.put(ROWS)
    memory = Memory()
    first = reading.sheet(MAPPING, memory=memory)
    whole(first)
    assert first.fetched == ()
    second = reading.sheet(MAPPING, memory=memory)
    _, asked = requests(reading, lambda: whole(second))
    is_still, again = requests(
        reading, lambda: reading.sheet(MAPPING, memory=memory).is_still(second.fetched)
    )
    assert (is_still, again) == (True, asked)


def test_no_request_of_a_damaged_memory_goes_elsewhere(reading):
    reading.put(ROWS)
    elsewhere = Fetched("reading", "https://example.com/v4/spreadsheets/x", {}, "")
    is_still, asked = requests(reading, lambda: reading.sheet(MAPPING).is_still([elsewhere]))
    assert not is_still
    assert asked == []


def test_a_refusal_is_the_one_that_a_reader_meets(reading):
    reading.put(ROWS)
    sheet = reading.sheet(MAPPING)
    whole(sheet)
    reading.google.unshare(DEFAULT_SPREADSHEET)
    with pytest.raises(Exception) as met:  # noqa: PT011 - compared with the other
        whole(reading.sheet(MAPPING))
    with pytest.raises(type(met.value)) as found:
        sheet.is_still(sheet.fetched)
    assert str(found.value) == str(met.value)


def write_csv(path: Path, rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def write_xlsx(path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize("name", ["Listings.csv", "Listings.xlsx"])
def test_a_file_of_the_same_bytes_is_the_same_whenever_it_was_written(tmp_path, name):
    path = tmp_path / name
    write = write_csv if name.endswith(".csv") else write_xlsx
    write(path, ROWS)
    first = FileSheet(path, MAPPING)
    read = whole(first)
    path.write_bytes(path.read_bytes())
    again = FileSheet(path, MAPPING)
    assert again.is_still(first.fetched)
    assert whole(again, goes_on=True) == read
    write(path, OTHERS["value"])
    assert not again.is_still(first.fetched)
    assert str(whole(again, goes_on=True).rows[2][1][1]) == "7"
    assert not FileSheet(tmp_path / name, MAPPING).is_still(())


def test_a_file_that_is_gone_is_refused_as_ever(tmp_path):
    with pytest.raises(SourceError, match="No such file"):
        FileSheet(tmp_path / "none.csv", MAPPING).is_still(())
