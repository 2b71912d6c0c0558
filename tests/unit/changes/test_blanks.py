"""Blank cells that would be written are looked at; those of pictures are rejected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import (
    BlankCell,
    Checked,
    Listing,
    SheetColumn,
    SheetContents,
    Value,
)
from listing_sync.changes import blanks
from listing_sync.changes.blanks import blanks_to_write, without_hidden
from listing_sync.changes.meaning import Settled
from listing_sync.changes.plan import TableRow, make_plan

NUMBER = SheetColumn(Column("number", ("Number",), ColumnType.TEXT), "Number", "A")
ADDRESS = SheetColumn(Column("address", ("Address",), ColumnType.TEXT), "Address", "B")
PHOTO = SheetColumn(Column("photo", ("Photo",), ColumnType.URL), "Photo", "C")
COLUMNS = (NUMBER, ADDRESS, PHOTO)
CONTENTS = SheetContents("Listings", "https://x#gid=0", None, COLUMNS, rows=())

Row = tuple[str, Value, Value]


def settled(*rows: Row, table: list[Row], mark: Value = None) -> Settled:
    checked = Checked(
        columns=COLUMNS,
        listings=tuple(Listing(row[0], index, row) for index, row in enumerate(rows, 2)),
        rejections=(),
        numbers=frozenset(row[0] for row in rows),
        unknown_numbers=False,
        total_rows=len(rows),
        rejected_rows=0,
    )
    page = [TableRow(row[0], row, mark) for row in table]
    return Settled(make_plan(checked, [page], prune=True), checked)


def asked(found: Settled) -> list[tuple[int, str]]:
    return [(each.sheet_row, each.column.letter) for each in blanks_to_write(found.plan)]


@pytest.mark.parametrize(
    ("row", "before", "cells"),
    [
        pytest.param(("A1", None, "u"), ("A1", "Ginza 1", "u"), [(2, "B")], id="a value goes"),
        pytest.param(("A1", None, None), ("A1", "Ginza 1", "u"), [(2, "B")], id="no addresses"),
        pytest.param(("A1", "x", "u"), ("A1", "Ginza 1", "u"), [], id="another value"),
        pytest.param(("A1", None, "u"), ("A1", None, "v"), [], id="blank before"),
        pytest.param(("A1", None, "u"), ("A1", "", "v"), [], id="an empty text before"),
        pytest.param(("A1", None, "u"), ("A1", [], "u"), [(2, "B")], id="a document goes"),
        pytest.param(("A1", None, "u"), ("A9", "Ginza 9", "u"), [(2, "B")], id="a new listing"),
        pytest.param(("A1", "x", None), ("A9", "Ginza 9", "u"), [], id="a new one without photo"),
    ],
)
def test_only_cells_that_empty_something_are_asked_about(
    row: Row, before: Row, cells: list[tuple[int, str]]
) -> None:
    assert asked(settled(row, table=[before])) == cells


def test_a_listing_that_comes_back_loses_no_value_either() -> None:
    assert asked(settled(("A1", None, "u"), table=[("A1", "x", "u")], mark="2026")) == [(2, "B")]


def test_of_very_many_new_listings_no_cell_is_asked_about() -> None:
    new = [(f"N{number}", None, "u") for number in range(blanks.MOST_NEW_CELLS + 1)]
    found = settled(("A1", None, "u"), *new, table=[("A1", "x", "u")])
    assert asked(found) == [(2, "B")]


def test_a_listing_with_a_picture_is_rejected_once_and_stays_as_it_is() -> None:
    rows: list[Row] = [("A1", None, "u"), ("A2", None, "u"), ("A3", "new", "u")]
    found = settled(*rows, table=[("A1", "x", "u"), ("A2", "y", "u"), ("A3", "z", "u")])
    cells = [BlankCell(2, ADDRESS), BlankCell(2, PHOTO)]
    left = without_hidden(found, dict.fromkeys(cells, "a picture"), CONTENTS)
    assert [each.cell for each in left.rejections] == ["Listings!B2", "Listings!C2"]
    assert {each.property_number for each in left.rejections} == {"A1"}
    assert left.rejections[0].link == "https://x#gid=0&range=B2"
    assert [update.listing.property_number for update in left.plan.updates] == ["A2", "A3"]
    assert left.plan.blanked == (0, 1, 0)
    assert left.plan.removals == ()
    assert left.checked.rejected_rows == 1
    assert left.checked.rejections == left.rejections
    assert [each.property_number for each in left.checked.listings] == ["A2", "A3"]


def test_nothing_found_changes_nothing() -> None:
    found = settled(("A1", None, "u"), table=[("A1", "x", "u")])
    assert without_hidden(found, {}, CONTENTS) is found


def test_what_was_rejected_before_stays_so() -> None:
    found = settled(("A1", None, "u"), table=[])
    twice = replace(
        found, rejections=without_hidden(found, {BlankCell(2, ADDRESS): "a"}, CONTENTS).rejections
    )
    again = without_hidden(twice, {BlankCell(2, ADDRESS): "b"}, CONTENTS)
    assert [each.reason for each in again.rejections] == ["a", "b"]
    assert again.plan.inserts == ()
