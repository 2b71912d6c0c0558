"""Make a gzip member of lines, packed, or stored as they are where packing would take too long.

Source: RFC 1952 section 2.3 (a member), RFC 1951 section 3.2.4 (blocks that are not compressed).
"""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise
from typing import Final

GZIP: Final = 31
"""What zlib takes for the form of gzip."""
_HEADER: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_LARGEST_BLOCK: Final = 0xFFFF


def packed(lines: bytes) -> bytes:
    """Return a member with the lines compressed, at the least effort."""
    compressor = zlib.compressobj(zlib.Z_BEST_SPEED, wbits=GZIP)
    return compressor.compress(lines) + compressor.flush()


def stored(lines: bytes) -> bytes:
    """Return a member that holds the lines as they are."""
    parts = [_HEADER]
    starts = range(0, max(len(lines), 1), _LARGEST_BLOCK)
    for start, end in pairwise((*starts, len(lines))):
        size = end - start
        parts += (struct.pack("<BHH", end == len(lines), size, size ^ 0xFFFF), lines[start:end])
    parts.append(struct.pack("<II", zlib.crc32(lines), len(lines) & 0xFFFFFFFF))
    return b"".join(parts)
