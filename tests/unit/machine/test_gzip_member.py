"""Members of undo files, with the lines packed or as they are."""

from __future__ import annotations

import gzip

import pytest

from listing_sync.machine.gzip_member import packed, stored


@pytest.mark.parametrize("size", [0, 1, 0xFFFE, 0xFFFF, 0x10000, 2 * 0xFFFF, 200_001])
def test_lines_come_out_of_a_member_as_they_went_in(size):
    lines = (b"0123456789\n" * (size // 11 + 1))[:size]
    assert gzip.decompress(stored(lines) + packed(lines)) == 2 * lines
    assert len(stored(lines)) <= size + 30 + 5 * (size // 0xFFFF)
