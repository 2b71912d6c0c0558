"""The sample is what demo and tests rely on: mostly good listings, and each kind of bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

import listing_sync
from listing_sync.cells.mapping import normalise_header, parse_mapping
from tests.stack import sample_sheet
from tests.stack.wide_sheet import listings, mapping_text, wide_columns


def test_the_sample_has_every_header_of_the_bundled_mapping() -> None:
    text = (Path(listing_sync.__file__).parent / "mapping.toml").read_text(encoding="utf-8")
    headers = {normalise_header(header) for header in sample_sheet.HEADERS}
    mapping = parse_mapping(text, name="mapping.toml")
    lacking = [
        column.name
        for column in mapping.columns
        if not headers & {normalise_header(header) for header in column.headers}
    ]
    assert lacking == []


def test_the_sample_is_the_same_each_time() -> None:
    assert sample_sheet.rows() == sample_sheet.rows()


def test_a_cell_is_found_by_number_and_header() -> None:
    table = sample_sheet.rows()
    assert sample_sheet.cell_of(table, sample_sheet.number(120 + 1), "Price") == "K124"


@pytest.mark.parametrize("columns", [20, 126])
def test_a_wide_sheet_fits_its_mapping(columns: int) -> None:
    mapping = parse_mapping(mapping_text(columns), name="wide.toml")
    table = listings(5, columns)
    assert [column.name for column in mapping.columns] == [
        column.name for column in wide_columns(columns)
    ]
    assert {len(row) for row in table} == {columns}
