"""No single cell, however long or odd, costs more than milliseconds, in a column of any type."""

from __future__ import annotations

import pytest

from tests.bounded import run_bounded

_CELLS = r"""
from datetime import UTC
from itertools import product
from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.keys import number_parser
from listing_sync.cells.listings import Shown
from listing_sync.cells.parsing import parser_for

LENGTH = 50_000
ROUNDS = (
    "9", "1,000,", "1.000,", "1 000 ", "1.", "億", "1億1万", "1千", "(", "()", "1 (", "1(a) ",
    "100 m", "[", '{"a":', "\\", '"', "\u0301", "\u0301\u0316", "\ufdfa", "\u2100", "a/", "@",
    ":", "2024-", "2024 1 ", "令和", "1/", "99 ", "jan ", "曜", "\u200b", "\x01", "\n", "\ud800",
    "\u202e", "#", "#N/A", "㎡", "sq ft ", "約", "▲", "1〜", "1/", "'1", "1a", ",", " ", "-", "e9",
)
TEXTS = ["1e999999999", "[1e999999999]", "1e-999999999", "9" * 1_000, "[" * 90 + "]" * 90]
BEFORE = ("", "http://", "2024-01-01 ", "1")
for (at, text), after in product(enumerate(ROUNDS), ("", "x")):
    before = BEFORE[at % 4] if after else ""
    TEXTS.append(before + (text * LENGTH)[: LENGTH - 12] + after)
parsers = [number_parser(Column("c", ("C",), ColumnType.TEXT))]
for kind in ColumnType:
    column = Column("c", ("C",), kind, scale=2, blank=frozenset("-"))
    parsers.append(parser_for(column, UTC))
for parse, text in product(parsers, TEXTS):
    parse(text)
for parse, text in product(parsers[1:], TEXTS[::3]):
    parse(Shown(text, 45300.5))
"""


@pytest.mark.slow
def test_no_cell_of_50_000_characters_costs_more_than_milliseconds() -> None:
    ended = run_bounded("-c", _CELLS, seconds=30)  # of some 1,500 cells
    assert (ended.status, ended.stderr) == (0, "")
