"""What people really have in Google's cells and headers, read as they see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from listing_sync.cells.listings import Checked, Unreadable
from listing_sync.cells.mapping import SheetMapping, parse_mapping
from listing_sync.cells.validator import validate
from listing_sync.errors import SourceError, TransientError
from tests.google_reading import GoogleReading
from tests.stack.google_sheets import DEFAULT_SPREADSHEET
from tests.stack.loopback import Answer
from tests.stack.spreadsheet import Cell, Rich, Shown, Volatile, cell_from_json

CASES = Path(__file__).parents[1] / "cases"
ITEMS = parse_mapping((CASES / "items.toml").read_text(encoding="utf-8"), name="items.toml")
HEADER: list[Cell] = ["ID", "Title", "Price0", "Area", "Note", "Photo", "Built", "Count"]


@pytest.fixture
def reading() -> Iterator[GoogleReading]:
    with GoogleReading() as reading:
        yield reading


def put_case(reading: GoogleReading, name: str) -> None:
    rows = json.loads((CASES / f"{name}.google.json").read_text(encoding="utf-8"))
    reading.put([[cell_from_json(cell) for cell in row] for row in rows])


def checked(reading: GoogleReading, mapping: SheetMapping = ITEMS, **options: Any) -> Checked:
    contents = reading.sheet(mapping, **options).read(lambda _: None)
    return validate(contents, mapping, default_zone=UTC)


def values(found: Checked, column: str) -> dict[str, Any]:
    at = [each.column.name for each in found.columns].index(column)
    return {each.property_number: each.values[at] for each in found.listings}


def rejected(found: Checked) -> dict[tuple[str | None, str | None], str]:
    return {(each.property_number, each.column): each.reason for each in found.rejections}


# -- meaning in the number format --------------------------------------------------------------


def test_a_number_format_that_names_a_unit_decides(reading: GoogleReading) -> None:
    put_case(reading, "unit_in_number_format")
    found = checked(reading)
    cells = {(each.property_number, each.column): each.value for each in found.rejections}
    assert values(found, "price0") == {"AA1": 29_800_000, "AA5": 350_000}
    assert values(found, "area") == {"AA1": "70.25", "AA5": "70.00"}
    assert cells == {
        ("AA2", "Area"): "25.80坪",
        ("AA3", "Area"): "1,200 sq ft",
        ("AA4", "Area"): "6帖",
    }


def test_scaled_formats_show_the_stored_number_and_units_change_it(reading: GoogleReading) -> None:
    reading.put(
        [
            HEADER,
            ["A1", "t", Shown("29,800千円", 29_800_000)],
            ["A2", "t", Shown("8.5万円", 8.5)],
            ["A3", "t", Shown("$350K", 350_000)],
            ["A4", "t", Shown("応相談", 5)],
            ["A5", "t", Shown("", 2980)],
        ]
    )
    found = checked(reading)
    assert values(found, "price0") == {"A1": 29_800_000, "A2": 85_000, "A3": 350_000}
    assert set(rejected(found)) == {("A4", "Price0"), ("A5", "Price0")}


@pytest.mark.parametrize(
    "shown", ["1.234,50", "1,234.50", "1 234,50", "1’234.50", "1234.5", "¥1,234.50", "1.234,50 €"]
)
def test_the_locale_of_the_spreadsheet_does_not_matter(reading: GoogleReading, shown: str) -> None:
    mapping = parse_mapping(
        'table = "t"\nkey = "id"\n[columns.id]\nheader = "ID"\ntype = "text"\n'
        '[columns.price]\nheader = "Price"\ntype = "decimal"\n',
        name="m.toml",
    )
    reading.put([["ID", "Price"], ["A1", Shown(shown, 1234.5)]])
    assert values(checked(reading, mapping), "price") == {"A1": "1234.5"}


def test_bare_numbers_are_no_dates(reading: GoogleReading) -> None:
    put_case(reading, "date_numbers")
    found = checked(reading)
    assert found.listings == ()
    assert {column for _, column in rejected(found)} == {"Built"}
    assert len(found.rejections) == 11


# -- cells that show something and read as empty -----------------------------------------------


def photos(*cells: Cell) -> list[list[Cell]]:
    return [HEADER, *([f"A{n}", "t", 1, 1, "n", cell] for n, cell in enumerate(cells, 1))]


def test_an_image_in_place_of_the_address_is_never_blank(reading: GoogleReading) -> None:
    put_case(reading, "image_before")
    assert values(checked(reading), "photo") == {"AA1": "https://example.com/a.jpg"}
    put_case(reading, "image_after")
    found = checked(reading)
    assert found.listings == ()
    assert "a picture in the cell" in rejected(found)["AA1", "Photo"]


@pytest.mark.parametrize("keeps_ends", [True, False], ids=["kept", "trimmed"])
@pytest.mark.parametrize(
    ("cell", "address"),
    [
        (Rich(formula='=IMAGE("https://x.example/a.png")'), "https://x.example/a.png"),
        (Rich(formula='=image( "https://x.example/a.png" ; 2 )'), "https://x.example/a.png"),
        (Rich("写真", link="https://x.example/b"), "https://x.example/b"),
        (
            Rich("写真", formula='=HYPERLINK("https://x.example/f";"写真 (1)")'),
            "https://x.example/f",
        ),
        (Rich("a.jpg", chips=("https://drive.example/c",)), "https://drive.example/c"),
        (Rich("a.jpg と", link="", chips=("https://d.example/1",)), "https://d.example/1"),
        ("https://x.example/d", "https://x.example/d"),
        (Rich("https://x.example/e", link="https://other.example"), "https://x.example/e"),
        ("", None),
        (None, None),
        (Rich("", formula='=IF(A2="","",A2)'), None),
    ],
    ids=str,
)
def test_an_address_is_taken_from_formula_link_or_chip(
    reading: GoogleReading, cell: Cell, address: str | None, *, keeps_ends: bool
) -> None:
    reading.put(photos(cell, "https://x.example/last"))
    if not keeps_ends:
        reading.google.trim_blank_ends(DEFAULT_SPREADSHEET)
    found = checked(reading)
    assert rejected(found) == {}
    assert values(found, "photo") == {"A1": address, "A2": "https://x.example/last"}
    selected = reading.sheet(ITEMS).read_listings(frozenset({"A1"})).contents
    assert values(validate(selected, ITEMS, default_zone=UTC), "photo") == {"A1": address}


@pytest.mark.parametrize("keeps_ends", [True, False], ids=["kept", "trimmed"])
@pytest.mark.parametrize(
    "cell",
    [
        Rich(formula="=IMAGE(B2)"),
        Rich(formula='=IF(A2="","",IMAGE("https://x.example/"&A2))'),
        Rich(formula="=SPARKLINE(B2:B9)"),
        Rich("写真"),
        Rich("#REF!", link="https://x.example/b"),
        Rich("写真", link="#gid=0&range=A1"),
        Rich("写真", formula='=HYPERLINK("#gid=0","写真")'),
        Rich("写真", formula='=HYPERLINK("https://a.example/"&A2,"写真")'),
        Rich(
            "ab", formula='=HYPERLINK("https://a.example","a")&HYPERLINK("https://b.example","b")'
        ),
        Rich("a, b", chips=("https://d.example/1", "https://d.example/2")),
    ],
    ids=str,
)
def test_what_shows_no_certain_address_is_rejected(
    reading: GoogleReading, cell: Cell, *, keeps_ends: bool
) -> None:
    reading.put(photos("https://x.example/first", cell))
    if not keeps_ends:
        reading.google.trim_blank_ends(DEFAULT_SPREADSHEET)
    found = checked(reading)
    assert set(rejected(found)) == {("A2", "Photo")}
    assert values(found, "photo") == {"A1": "https://x.example/first"}


def test_links_without_an_address_stay_what_they_are(reading: GoogleReading) -> None:
    put_case(reading, "hyperlink")
    assert set(rejected(checked(reading))) == {("AA1", "Photo"), ("AA2", "Photo")}


def test_addresses_take_no_request_more(reading: GoogleReading) -> None:
    reading.put(photos("https://x.example/a", "https://x.example/b"))
    checked(reading)
    assert [call for call in reading.calls if "look" in call][1:] == []


def test_many_cells_are_looked_behind_with_one_short_request(reading: GoogleReading) -> None:
    cells = [Rich(formula=f'=IMAGE("https://x.example/{n}")') if n % 2 else "" for n in range(999)]
    reading.put(photos(*cells))
    found = values(checked(reading), "photo")
    assert found["A2"] == "https://x.example/1"
    assert [found[f"A{n + 1}"] for n in range(999) if n % 2 == 0] == [None] * 500
    assert [call for call in reading.calls if "look" in call][1:] == [
        "looking at 999 empty cells once more",
        "looking behind 500 cells",
    ]
    assert max(len(request.target) for request in reading.google.requests) < 8000


@pytest.mark.parametrize("edit", ["row", "column"])
def test_an_edit_before_the_look_behind_never_mixes_rows(reading: GoogleReading, edit: str) -> None:
    cells = [Rich(formula=f'=IMAGE("https://x.example/A{n}")') for n in range(1, 9)]
    rows = photos(*cells)
    reading.put(rows)
    edited: list[str] = []

    def insert(request: Any) -> None:
        if "FORMULA" not in request.target or edited:
            return
        edited.append(edit)
        if edit == "row":
            reading.google.insert_row(DEFAULT_SPREADSHEET, "Listings", 3, ["B1"])
        else:
            reading.put([[*row[:5], "new", *row[5:]] for row in rows])

    reading.google.before_request(insert)
    found = values(checked(reading), "photo")
    assert edited == [edit]
    assert all(address == f"https://x.example/{n}" for n, address in found.items() if n != "B1")
    assert len(found) == (9 if edit == "row" else 8)


def test_a_server_without_grid_data_nulls_nothing(reading: GoogleReading) -> None:
    put_case(reading, "image_after")
    body = json.dumps({"sheets": [{}]}).encode()
    plain = Answer(200, (("Content-Type", "application/json"),), body)
    reading.google.before_request(lambda r: plain if "rowData" in r.target else None)
    assert set(rejected(checked(reading))) == {("AA1", "Photo")}


def test_a_cell_of_an_unknown_kind_is_one_rejected_cell(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1", "t", 1, 1, "n"], ["A2", "t", 2, 2, "n"]])

    def strange(request: Any) -> Answer | None:
        if "values:batchGet" not in request.target or "!A2" not in str(request.query["ranges"]):
            return None
        ranges = request.query["ranges"]
        rows: dict[str, list[Any]] = {
            "A": [["A1"], ["A2"]],
            "C": [[1, 1], [{"new": "kind"}, 2]],
        }
        if "FORMATTED" in request.target and "UNFORMATTED" not in request.target:
            rows = {"A": [["A1", "t", "1", "1", "n"], ["A2", "t", {"new": "kind"}, "2", None]]}
        found = [
            {"values": [HEADER] if "ZZZ" in each else rows.get(each.split("!")[1][0], [])}
            for each in ranges
        ]
        return Answer(200, (), json.dumps({"valueRanges": found}).encode())

    reading.google.before_request(strange)
    found = checked(reading)
    assert set(rejected(found)) == {("A2", "Price0")}
    assert values(found, "price0") == {"A1": 1}


# -- headers -----------------------------------------------------------------------------------


def test_headers_that_change_or_have_a_format_never_stop_a_sync(reading: GoogleReading) -> None:
    ticks = count()
    headers = [*HEADER, Volatile(lambda: next(ticks)), Shown("● Memo", "Memo"), Shown("", 7)]
    reading.put([headers, ["A1", "t", 5, 70.5, "n", "https://x.example/a"]])
    sheet = reading.sheet(ITEMS, budget_cells=8)
    assert len(sheet.read(lambda _: None).rows) == 1
    assert len(sheet.read_listings(frozenset({"A1"})).contents.rows) == 1


def test_a_mapped_header_with_a_number_format_is_read_as_shown(reading: GoogleReading) -> None:
    headers = ["ID", "Title", Shown("Price0", "Price"), Shown("Area", 7)]
    reading.put([headers, ["A1", "t", 5, 70.5]])
    found = checked(reading)
    assert values(found, "price0") == {"A1": 5}
    assert values(found, "area") == {"A1": "70.50"}
    assert reading.calls[-1] == "reading the header row again"


def test_a_mapped_header_that_keeps_changing_is_named_with_its_cell(reading: GoogleReading) -> None:
    ticks = count()
    names = ("Price0", "Price0 at 10:31")
    changing = Volatile(lambda: names[next(ticks) % 2])
    reading.put([["ID", "Title", changing], ["A1", "t", 5]])
    with pytest.raises(TransientError, match=r"edited.*Listings!C1 \(\"Price0.*keeps changing"):
        checked(reading)


def test_a_unit_that_leaves_its_header_meanwhile_is_a_change(reading: GoogleReading) -> None:
    mapping = replace(ITEMS, columns=ITEMS.columns)
    reading.put([["ID", "Title", "Price0（万円）"], ["A1", "t", 5]])
    edited: list[Any] = []

    def edit(request: Any) -> None:
        if "batchGet" in request.target and len(edited) < 2:
            edited.append(request)
            if len(edited) == 2:
                reading.google.set_cell(DEFAULT_SPREADSHEET, "Listings", "C1", "Price0")

    reading.google.before_request(edit)
    assert values(checked(reading, mapping), "price0") == {"A1": 5}


def test_a_tab_that_is_renamed_while_it_is_read_is_found_by_its_gid(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1", "t", 5]], sheet_id=7)
    reading.put([HEADER, ["B1", "t", 5]], title="Other", sheet_id=8)
    renamed: list[Any] = []

    def rename(request: Any) -> None:
        if "UNFORMATTED" in request.target and not renamed:
            renamed.append(request)
            reading.google.rename_tab(DEFAULT_SPREADSHEET, "Listings", "2027")

    reading.google.before_request(rename)
    contents = reading.sheet(ITEMS, tab_title="Listings").read(lambda _: None)
    assert (contents.tab, len(contents.rows)) == ("2027", 1)


def test_a_tab_that_is_deleted_while_it_is_read_is_missed(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1", "t", 5]], sheet_id=7)
    reading.put([HEADER], title="Other", sheet_id=8)

    def delete(request: Any) -> None:
        if "UNFORMATTED" in request.target:
            reading.google.rename_tab(DEFAULT_SPREADSHEET, "Listings", "old")
            reading.google.put_tab(DEFAULT_SPREADSHEET, "old", [], sheet_id=9)

    reading.google.before_request(delete)
    with pytest.raises(SourceError, match='no tab "Listings"'):
        reading.sheet(ITEMS, tab_title="Listings").read(lambda _: None)


@pytest.mark.parametrize(
    ("kind", "words"), [("OBJECT", "chart"), ("DATA_SOURCE", "connected data"), ("NEW", "NEW")]
)
@pytest.mark.parametrize("by", [{"tab_title": "Stock"}, {"gid": 9}], ids=["title", "gid"])
def test_a_tab_without_rows_of_its_own_is_said_as_what_it_is(
    reading: GoogleReading, by: dict[str, Any], kind: str, words: str
) -> None:
    reading.put([HEADER])
    reading.put([], title="Stock", sheet_id=9, sheet_type=kind)
    with pytest.raises(SourceError, match=words):
        checked(reading, **by)


# -- layout ------------------------------------------------------------------------------------

LAYOUT = """
table = "items"
key = "number"
{top}
[columns.number]
header = "物件番号"
type = "text"
[columns.address]
header = "所在地"
type = "text"
[columns.land]
header = ["面積 土地", "土地面積"]
type = "area"
scale = 2
[columns.kind]
header = "種別"
type = "text"
fill_down = true
[columns.price]
header = "価格"
type = "money"
scale = 0
"""


def layout(top: str = "") -> SheetMapping:
    return parse_mapping(LAYOUT.format(top=top), name="m.toml")


def test_headers_of_two_rows_with_merged_cells_are_read(reading: GoogleReading) -> None:
    put_case(reading, "merged_header")
    mapping = layout("header_rows = 2\nignore = '^(合計|平均|※)'")
    found = checked(reading, mapping, header_row=3)
    assert values(found, "land") == {"AA101": "100.50", "AA102": "90.00"}
    assert values(found, "price") == {"AA101": 29_800_000, "AA102": 31_000_000}


def test_cells_merged_downwards_are_filled_where_the_mapping_says_so(
    reading: GoogleReading,
) -> None:
    put_case(reading, "vertical_merge")
    sheet = reading.sheet(layout())
    for contents in (
        sheet.read(lambda _: None),
        sheet.read_listings(frozenset({"AA1", "AA2", "AA3"})).contents,
    ):
        found = validate(contents, layout(), default_zone=UTC)
        assert values(found, "kind") == dict.fromkeys(("AA1", "AA2", "AA3"), "マンション")


def test_a_header_names_the_unit_of_its_bare_numbers(reading: GoogleReading) -> None:
    put_case(reading, "unit_in_header")
    found = checked(reading, layout())
    assert rejected(found) == {}
    assert values(found, "price") == {"AA1": 29_800_000}
    assert values(found, "land") == {"AA1": "100.83"}


def test_an_unreadable_key_is_a_rejected_row(reading: GoogleReading) -> None:
    cell = Unreadable("{}", "of a kind that this program does not know")
    from listing_sync.sheets.google_layout import key_text

    assert [key_text(each) for each in (cell, None, "A1", 5)] == ["{}", "", "A1", "5"]


# -- keys that a program took for numbers ------------------------------------------------------


def test_keys_with_decimals_are_whole_numbers_where_all_are(reading: GoogleReading) -> None:
    shown = [[Shown(f"{number}.0", number), "x", 5] for number in (1001, 1002)]
    reading.put([HEADER, *shown])
    assert values(checked(reading), "price0") == {"1001": 5, "1002": 5}
    selected = reading.sheet(ITEMS).read_listings(frozenset({"1002"}))
    assert [cells[0] for _, cells in selected.contents.rows] == ["1002"]
    assert selected.all_numbers == ("1001", "1002")


def test_a_key_with_decimals_beside_another_is_rejected(reading: GoogleReading) -> None:
    reading.put([HEADER, [Shown("1001.0", 1001), "x", 5], ["AA1", "y", 6]])
    found = checked(reading)
    assert values(found, "price0") == {"AA1": 6}
    assert "with decimals" in found.rejections[0].reason
