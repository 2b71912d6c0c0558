from __future__ import annotations

from listing_sync.steps.old_parts import old_parts


def test_a_reader_of_files_that_is_too_old_is_named() -> None:
    assert old_parts((2, 6, 0)) == "valid"
    assert old_parts((2, 5, 0)) == "valid; expat 2.5.0 is older than 2.6: update it"
