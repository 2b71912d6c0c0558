"""What the file for new users makes of a table is known before it has run."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from listing_sync.cells.mapping import parse_mapping
from listing_sync.changes.table_check import lacks_of
from listing_sync.changes.table_to_come import table_to_come

SQL = Path(__file__).parents[3] / "sql"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(SQL.glob("*.sql"))]
BUNDLED = parse_mapping(
    (files("listing_sync") / "mapping.toml").read_text(encoding="utf-8"), name="bundled"
)


def test_the_bundled_mapping_lacks_nothing_of_it() -> None:
    facts = table_to_come(TEXTS, BUNDLED.table, BUNDLED.key)
    assert facts is not None
    assert facts.columns["listing_price"] == "numeric"
    assert facts.required == {"property_number"}
    assert facts.key_is_unique
    assert lacks_of(facts, BUNDLED) == ()


@pytest.mark.parametrize("table", ["homes", "property_listing", "sync_stat"])
def test_a_table_that_no_file_creates_is_not_known(table: str) -> None:
    assert table_to_come(TEXTS, table, "number") is None
