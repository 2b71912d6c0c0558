"""The first mapping of an office: bundled blocks that fit, and drafts for the rest."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.draft_mapping import UnmappedColumn
from listing_sync.cells.first_mapping import (
    KnownColumn,
    find_header,
    first_mapping,
    key_candidates,
)
from listing_sync.cells.mapping import parse_mapping

BUNDLED = (resources.files("listing_sync") / "mapping.toml").read_text(encoding="utf-8")
NUMBER = Column(
    "property_number", ("Property Number",), ColumnType.TEXT, pattern=re.compile("[A-Z]{2}[0-9]{5}")
)


def test_a_pattern_of_the_bundled_mapping_stays_where_every_cell_has_its_form() -> None:
    for cells, is_kept in ((("AA10001", ""), True), (("A-1",), False)):
        key = KnownColumn(NUMBER, "Property Number", cells)
        found = first_mapping(BUNDLED, [key], [], table="homes", key=key)
        mapping = parse_mapping(found.text, name="mapping.toml")
        assert (mapping.table, mapping.key) == ("homes", "property_number")
        assert ("pattern" in found.text) is is_kept


def test_a_key_of_a_header_that_nobody_knows_is_drafted_as_required_text() -> None:
    key = UnmappedColumn("管理番号", "B", ("7", "8", "9"))
    other = UnmappedColumn("Rent", "C", ("1,000", "2,000", "3,000"))
    found = first_mapping(BUNDLED, [], [other, key], table="homes", key=key)
    mapping = parse_mapping(found.text, name="mapping.toml")
    [column] = [each for each in mapping.columns if each.name == mapping.key]
    assert (column.type, column.required) == (ColumnType.TEXT, True)
    assert (found.key_header, found.drafted) == ("管理番号", 2)


def test_listings_are_told_apart_by_filled_cells_of_which_no_two_are_alike() -> None:
    number = UnmappedColumn("物件番号", "A", ("1", "2", "3"))
    name = UnmappedColumn("Name", "B", ("a", "b", "c"))
    twice = UnmappedColumn("Town", "C", ("x", "x", "y"))
    blank = UnmappedColumn("Note", "D", ("x", "", "y"))
    assert key_candidates([name, twice, blank, number]) == (number, name)


@pytest.mark.parametrize("wanted", ["property number", "ＰＲＯＰＥＲＴＹ　ＮＵＭＢＥＲ"])
def test_a_header_is_found_as_mappings_compare_it(wanted: str) -> None:
    columns = [UnmappedColumn("Property Number", "A", ()), UnmappedColumn("Price", "B", ())]
    assert find_header(columns, wanted) == columns[0]
    assert find_header(columns, "Propety Number") == ("Property Number",)
