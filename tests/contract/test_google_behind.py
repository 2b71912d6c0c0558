"""What Google's values give as blank and a person does not see as empty never empties a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from listing_sync.cells.listings import BlankCell, SheetColumn
from listing_sync.cells.mapping import parse_mapping
from listing_sync.errors import TransientError
from listing_sync.sheets.google import GoogleSheet
from tests.google_reading import GoogleReading
from tests.stack.google_sheets import DEFAULT_SPREADSHEET
from tests.stack.spreadsheet import Cell, Rich, Shown

MAPPING = parse_mapping(
    'table = "t"\nkey = "id"\n'
    + "".join(
        f'[columns.{name}]\nheader = "{name}"\ntype = "{kind}"\n'
        for name, kind in (
            ("id", "text"),
            ("address", "text"),
            ("price", "money"),
            ("more", "json"),
            ("is_new", "boolean"),
            ("built", "date"),
        )
    ),
    name="m.toml",
)
HEADER: list[Cell] = ["id", "address", "price", "more", "is_new", "built"]
KINDS = HEADER[1:]
PICTURE = Rich(formula='=IMAGE("https://x.example/a.png")')


@pytest.fixture
def reading() -> Iterator[GoogleReading]:
    with GoogleReading() as reading:
        yield reading


def rows_of(*cells: Cell) -> list[list[Cell]]:
    return [HEADER, *([f"A{n}", *[cell] * len(KINDS)] for n, cell in enumerate(cells, 1))]


def blanks(sheet: GoogleSheet, *numbers: str) -> list[BlankCell]:
    """Return the cells that read as blank, of the listings named or of all."""
    contents = (
        sheet.read_listings(frozenset(numbers)).contents if numbers else sheet.read(lambda _: None)
    )
    return [
        BlankCell(row, column)
        for row, cells in contents.rows
        for column, cell in zip(contents.columns, cells, strict=True)
        if cell is None
    ]


def hidden(reading: GoogleReading, *numbers: str) -> dict[str, str]:
    sheet = reading.sheet(MAPPING)
    cells = blanks(sheet, *numbers)
    reading.calls.clear()
    return named(sheet.look_behind(cells))


def named(found: Any) -> dict[str, str]:
    return {f"{cell.column.letter}{cell.sheet_row}": reason for cell, reason in found.items()}


@pytest.mark.parametrize("keeps_ends", [True, False], ids=["kept", "trimmed"])
@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (PICTURE, "a picture (=IMAGE("),
        (Rich(formula="=IMAGE(B2)"), "a picture (=IMAGE(B2))"),
        (Rich(formula="=SPARKLINE(B2:B9)"), "a picture"),
        (Rich(None, formula="=XLOOKUP(A2,Photos!A:A,Photos!B:B)"), "a picture, perhaps (=XLOOKUP"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_no_blank_cell_in_any_column(
    reading: GoogleReading, kind: str, cell: Cell, says: str, *, keeps_ends: bool
) -> None:
    at = HEADER.index(kind)
    row: list[Cell] = [None] * len(HEADER)
    row[0], row[at] = "A1", cell
    reading.put([HEADER, row])
    if not keeps_ends:
        reading.google.trim_blank_ends(DEFAULT_SPREADSHEET)
    (found,) = hidden(reading).items()
    assert found[0] == f"{'ABCDEF'[at]}2"
    assert says in found[1]
    assert "expected a text, or an empty cell" in found[1]


def test_a_chip_without_a_text_is_no_blank_cell(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1", Rich(None, chips=("https://drive.example/c",))]])
    (reason,) = hidden(reading).values()
    assert "a link or a chip" in reason


def test_a_picture_put_into_the_cell_without_a_formula_is_no_blank_cell(
    reading: GoogleReading,
) -> None:
    reading.put([HEADER, ["A1", Rich()], ["A2"], ["A3", "x", 1, Rich(), True]])
    assert set(hidden(reading)) == {"B2", "D4"}


@pytest.mark.parametrize(
    "cell",
    [None, "", Rich("", formula='=IFERROR(VLOOKUP(A2,B:C,2,0),"")'), Shown("", 5)],
    ids=["empty", "empty text", "formula of an empty text", "a number that is not shown"],
)
def test_what_a_person_sees_as_empty_is_blank(reading: GoogleReading, cell: Cell) -> None:
    reading.put([HEADER, ["A1", cell, None, cell, None, None], ["A2", "x", 1, "{}", True, None]])
    assert hidden(reading) == {}


def test_nothing_is_asked_without_a_cell_to_ask_about(reading: GoogleReading) -> None:
    reading.put(rows_of("x"))
    sheet = reading.sheet(MAPPING)
    assert sheet.look_behind([]) == {}
    assert reading.calls == []


@pytest.mark.parametrize("cell", [None, PICTURE], ids=["empty", "a picture"])
def test_cells_are_looked_at_with_one_short_request_however_many(
    reading: GoogleReading, cell: Cell
) -> None:
    reading.put(rows_of(*[cell, "x"] * 500))
    assert len(hidden(reading)) == (500 * len(KINDS) if cell else 0)
    assert len(reading.calls) == 1
    assert max(len(request.target) for request in reading.google.requests) < 8000


def test_of_listings_named_the_cells_are_looked_at_too(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1", "x"], ["A2", PICTURE], ["A3", PICTURE]])
    assert set(hidden(reading, "A3")) == {"B4"}


@pytest.mark.parametrize("numbers", [(), ("A2",)], ids=["all", "named"])
def test_rows_that_moved_meanwhile_are_looked_at_where_they_are_now(
    reading: GoogleReading, numbers: tuple[str, ...]
) -> None:
    reading.put([HEADER, ["A1"], ["A2", PICTURE]])
    sheet = reading.sheet(MAPPING)
    cells = [cell for cell in blanks(sheet, *numbers) if cell.column.letter == "B"]
    reading.google.insert_row(DEFAULT_SPREADSHEET, "Listings", 2, ["A0", PICTURE])
    assert set(named(sheet.look_behind(cells))) == {"B3"}


def test_columns_that_moved_meanwhile_are_looked_at_where_they_are_now(
    reading: GoogleReading,
) -> None:
    reading.put([HEADER, ["A1", PICTURE, 1]])
    sheet = reading.sheet(MAPPING)
    cells = blanks(sheet)
    reading.put([["new", *HEADER], [PICTURE, "A1", PICTURE, 1]])
    assert set(named(sheet.look_behind(cells))) == {"B2"}


def test_a_row_that_is_gone_meanwhile_is_not_taken_for_blank(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1"], ["A2"]])
    sheet = reading.sheet(MAPPING)
    cells = blanks(sheet, "A1")
    reading.google.delete_row(DEFAULT_SPREADSHEET, "Listings", 2)
    assert set(named(sheet.look_behind(cells))) == {f"{letter}2" for letter in "BCDEF"}


def test_a_cell_that_was_filled_meanwhile_is_not_taken_for_blank(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1", None, 1, "{}", True]])
    sheet = reading.sheet(MAPPING)
    cells = blanks(sheet)
    reading.google.set_cell(DEFAULT_SPREADSHEET, "Listings", "B2", "Ginza 1")
    (reason,) = sheet.look_behind(cells).values()
    assert "edited while it was read" in reason


def test_a_sheet_that_never_holds_still_ends_the_run(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1"], ["A2", "x"]])
    sheet = reading.sheet(MAPPING)
    cells = blanks(sheet)
    looks = 0

    def edit(request: Any) -> None:
        nonlocal looks
        is_look = "FORMULA" in request.target or "rowData" in request.target
        looks += is_look
        key = f"B{looks}" if is_look else "A1"
        reading.google.set_cell(DEFAULT_SPREADSHEET, "Listings", "A2", key)

    reading.google.before_request(edit)
    with pytest.raises(TransientError, match="3 times in a row"):
        sheet.look_behind(cells)
    assert looks > 3


@pytest.mark.parametrize("key", [Rich("A1", formula='="A"&1'), Shown("A1", 1)], ids=str)
@pytest.mark.parametrize("cell", [None, PICTURE, Rich()], ids=str)
def test_keys_that_are_computed_are_known_by_what_they_show(
    reading: GoogleReading, key: Cell, cell: Cell
) -> None:
    reading.put([HEADER, [key, cell, 1, "{}", True, None]])
    found = hidden(reading)
    assert set(found) == ({"B2"} if cell else set())


def test_an_edit_between_the_two_looks_is_seen(reading: GoogleReading) -> None:
    reading.put([HEADER, ["A1"], ["A2", Rich()]])
    sheet = reading.sheet(MAPPING)
    cells = [each for each in blanks(sheet) if each.column.letter == "B"]
    edited: list[str] = []

    def edit(request: Any) -> None:
        if "rowData" in request.target and not edited:
            edited.append("once")
            reading.google.insert_row(DEFAULT_SPREADSHEET, "Listings", 2, ["A0"])

    reading.google.before_request(edit)
    assert set(named(sheet.look_behind(cells))) == {"B3"}
    assert edited


def test_a_sheet_that_was_not_read_has_no_cell_to_look_behind(reading: GoogleReading) -> None:
    column = SheetColumn(MAPPING.columns[1], "address", "B")
    assert reading.sheet(MAPPING).look_behind([BlankCell(2, column)]) == {}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ('blank = ["-", "ー"]', "-"),
        ('blank = ["-", "ー"]', " － "),
        ('on_blank = "keep"\nclear_marker = "消去"', "消去"),
    ],
    ids=["word for blank", "spelled otherwise", "word that clears"],
)
def test_a_text_that_is_read_as_blank_hides_nothing(
    reading: GoogleReading, options: str, text: str
) -> None:
    reading.put([["id", "note", "more"], ["A1", text, "x"]])
    columns = (
        '[columns.id]\nheader = "id"\ntype = "text"\nrequired = true\n'
        f'[columns.note]\nheader = "note"\ntype = "text"\n{options}\n'
    )
    sheet = reading.sheet(parse_mapping(f'table = "t"\nkey = "id"\n{columns}', name="m.toml"))
    contents = sheet.read(lambda _: None)
    cells = [BlankCell(row, contents.columns[1]) for row, _ in contents.rows]
    assert sheet.look_behind(cells) == {}
