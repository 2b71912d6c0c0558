"""Say beside the table's check what reading only what has changed would save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from listing_sync.cells.columns import Column
from listing_sync.history.verdict import Check, CheckStatus
from listing_sync.language.sentences import phrase
from listing_sync.ports import Table

FINGERPRINTS_FILE: Final = "0006_table_fingerprints.sql"


def with_saving(check: Check, table: Table, columns: Sequence[Column], *, is_view: bool) -> Check:
    """Return the check, saying so where every run has to read the whole table."""
    if check.status is not CheckStatus.OK or is_view:
        return check
    if table.fingerprints(columns, [None], with_keys=False) is not None:
        return check
    return replace(
        check,
        detail=phrase(
            "{found}; every run reads all of it, and would read only what has changed once"
            " `listing-sync migrate up` has applied {file}",
            found=check.detail,
            file=FINGERPRINTS_FILE,
        ),
    )
