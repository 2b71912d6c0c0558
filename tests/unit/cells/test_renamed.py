"""Which header took the place of one that is missing."""

from __future__ import annotations

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.renamed import renamed_to

PRICE = Column("price", ("Price", "価格"), ColumnType.MONEY)
AREA = Column("area", ("Area",), ColumnType.AREA)


@pytest.mark.parametrize(
    ("missing", "unmapped", "expected"),
    [
        pytest.param((PRICE,), ("Asking",), "Asking", id="every other one is right"),
        pytest.param((PRICE,), ("Memo", "価格2"), "価格2", id="the likest of several"),
        pytest.param((PRICE,), ("Memo", "Code"), None, id="none is alike"),
        pytest.param((PRICE,), (), None, id="it was deleted"),
        pytest.param((PRICE, AREA), ("Asking",), None, id="two are missing"),
        pytest.param((), ("Memo",), None, id="none is missing"),
    ],
)
def test_the_header_that_a_column_was_renamed_to(
    missing: tuple[Column, ...], unmapped: tuple[str, ...], expected: str | None
) -> None:
    assert renamed_to(missing, unmapped) == expected
