"""Unpacking an answer: whole, by small pieces, and only as it was asked for."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.unpacking import UnaskedPackingError, unpacked

MEBIBYTE = 1024 * 1024
SWELLING = gzip.compress(b"\0" * 4 * MEBIBYTE)


def split(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


@given(
    members=st.lists(st.binary(max_size=300), max_size=4),
    size=st.integers(1, 400),
    is_zlib=st.booleans(),
)
def test_what_was_packed_comes_out_however_it_is_cut(
    members: list[bytes], size: int, *, is_zlib: bool
) -> None:
    pack = zlib.compress if is_zlib else gzip.compress
    parts = split(b"".join(map(pack, members)), size)
    encoding = "deflate" if is_zlib else "GZIP"
    assert b"".join(unpacked(encoding, parts)) == b"".join(members)
    assert list(unpacked(" identity", parts)) == list(unpacked("", parts)) == parts


@pytest.mark.parametrize("size", [1, 1000, len(SWELLING)])
def test_however_much_a_part_stands_for_it_comes_out_by_small_pieces(size: int) -> None:
    pieces = [len(piece) for piece in unpacked("gzip", split(SWELLING, size))]
    assert sum(pieces) == 4 * MEBIBYTE
    assert max(pieces) <= 64 * 1024


def test_what_nobody_wants_any_more_is_not_unpacked() -> None:
    given_parts = iter(split(SWELLING, 100))
    assert next(unpacked("x-gzip", given_parts))
    assert len(list(given_parts)) == len(split(SWELLING, 100)) - 1


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "compress", "ö"])
def test_a_packing_that_was_not_asked_for_is_refused_where_there_is_something(
    encoding: str,
) -> None:
    assert list(unpacked(encoding, [])) == []
    with pytest.raises(UnaskedPackingError, match="not asked for"):
        next(unpacked(encoding, [SWELLING]))


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"not packed", "damaged"), (SWELLING[:-1], "ends early"), (SWELLING + b"x", "ends early")],
)
def test_what_is_not_whole_is_told(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        list(unpacked("gzip", [content]))
