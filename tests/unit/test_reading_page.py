"""Each example of the page for those who fill the sheet is what the program makes of the cell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.json_exact import encode
from listing_sync.cells.listings import Problem
from listing_sync.cells.mapping import parse_mapping
from listing_sync.cells.parsing import parser_for
from listing_sync.cells.shown import joiner
from listing_sync.cells.units import UNIT_NAMES
from listing_sync.language.sentences import spoken

PAGE = Path(__file__).parents[2] / "docs" / "reading.md"
IN_JAPANESE = PAGE.parent / "ja" / "reading.md"
HEAD = '[columns.number]\nheader = "No"\ntype = "text"\n[columns.c]\nheader = "C"\n'
WORDS = {"nothing": None, "yes": True, "no": False}
WORDS |= {"空欄": None, "はい": True, "いいえ": False}
REJECTED = re.compile(r"(?:rejected: |読み取れません：)(.*)")


def column_of(text: str) -> Column | None:
    """Return the column whose options a paragraph names, None when it names no type."""
    options = re.findall(r'`(\w+ = (?:"[^"`]*"|\[[^`]*\]|\d+))`', text)
    if not any(option.startswith("type") for option in options):
        return None
    lines = "\n".join(options)
    return parse_mapping(f'table = "t"\nkey = "number"\n{HEAD}{lines}', name="m").columns[1]


def examples(page: Path = PAGE) -> Iterator[tuple[Column, list[str]]]:
    """Yield each row of each table of cells, with the column that the text above it names."""
    column = None
    for paragraph in page.read_text(encoding="utf-8").split("\n\n"):
        if not paragraph.startswith(("| The cell", "| セルの内容")):
            column = column_of(paragraph) or column
            continue
        assert column is not None
        for row in paragraph.strip().splitlines()[2:]:
            yield column, [cell.strip() for cell in row.strip("|").split(" | ")]


EXAMPLES = [pytest.param(column, cells, id=" | ".join(cells)) for column, cells in examples()]


def code(text: str) -> str:
    return text.removeprefix("`").removesuffix("`")


@pytest.mark.parametrize(("column", "cells"), EXAMPLES)
def test_each_example_is_what_the_program_makes_of_the_cell(
    column: Column, cells: list[str]
) -> None:
    says, *holds, expected = cells
    cell = joiner(column)(code(says), ast.literal_eval(code(holds[0]))) if holds else code(says)
    value = parser_for(column, UTC)(cell)
    if reason := REJECTED.fullmatch(expected):
        assert isinstance(value, Problem), f"accepted as {value!r}"
        assert reason[1] in spoken(value.reason)
    elif expected in WORDS:
        assert value is WORDS[expected]
    elif column.type.is_number:
        assert Decimal(str(value)) == Decimal(code(expected))
    else:
        assert (value if isinstance(value, str) else encode(value)) == code(expected)


@pytest.mark.parametrize(
    ("column", "cells"),
    [pytest.param(*each, id=" | ".join(each[1])) for each in examples(IN_JAPANESE)],
)
def test_each_example_in_japanese_is_what_the_program_says_of_the_cell(
    column: Column, cells: list[str], japanese: None
) -> None:
    test_each_example_is_what_the_program_makes_of_the_cell(column, cells)


def test_the_page_has_examples_of_every_type() -> None:
    types = {column.type for column, _ in examples()}
    assert types == set(ColumnType) - {ColumnType.INTEGER, ColumnType.DATETIME}
    assert len(EXAMPLES) > 100


def test_the_page_names_every_unit() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"Units: {', '.join(UNIT_NAMES).replace('㎡', '㎡ (m2, 平米)')}." in " ".join(
        text.split()
    )
