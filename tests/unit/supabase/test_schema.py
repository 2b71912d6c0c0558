"""What is said of a table that is not there."""

from __future__ import annotations

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.errors import Category, PermanentError, Service
from listing_sync.supabase.schema import explained

NUMBER = Column("number", ("Number",), ColumnType.TEXT, required=True)


def test_our_own_table_is_created_by_migrate_up_and_not_by_sql_of_the_mapping() -> None:
    error = PermanentError(
        "no such table", service=Service.SUPABASE, category=Category.DATABASE, code="PGRST205"
    )
    mapping = SheetMapping("property_listings", "number", (NUMBER,))
    with pytest.raises(PermanentError, match="listing-sync migrate up") as told, explained(mapping):
        raise error
    assert "create table" not in str(told.value)
