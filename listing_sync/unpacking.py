"""Unpack an answer while it comes, by small pieces: a few bytes of it may stand for gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from listing_sync.language.sentences import phrase

ASKED_PACKING = "gzip"
"""What every request says that it can unpack, whatever its library would offer."""

_UNPACKED = frozenset({"", "identity"})
_PACKINGS = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_PIECE_BYTES = 64 * 1024


class UnaskedPackingError(ValueError):
    """A Content-Encoding names what was not asked for, or one packing upon another."""


def unpacked(encoding: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a Content-Encoding packed, never more than 64 KiB at once.

    Source: RFC 1952 section 2.2 (members may follow each other).

    Raises:
        UnaskedPackingError: it is not to be unpacked at all.
        ValueError: it is not so packed, or ends early.
    """
    name = encoding.strip().lower()
    if name in _UNPACKED:
        yield from parts
        return
    unpacker = None
    for part in parts:
        if name not in _PACKINGS:
            shown = name[:40].encode("ascii", "backslashreplace").decode()
            raise UnaskedPackingError(
                phrase("it is packed as {shown!r}, which was not asked for", shown=shown)
            )
        rest = part
        while rest:
            unpacker = unpacker or zlib.decompressobj(_GZIP_OR_ZLIB)
            yield from _pieces(unpacker, rest)
            rest = unpacker.unused_data
            if unpacker.eof:
                unpacker = None
    if unpacker is not None:
        raise ValueError(phrase("its packing ends early"))


def _pieces(unpacker: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    rest, piece = packed, b"."
    while (rest or len(piece) == _PIECE_BYTES) and not unpacker.eof:
        try:
            piece = unpacker.decompress(rest, _PIECE_BYTES)
        except zlib.error as error:
            raise ValueError(phrase("its packing is damaged")) from error
        rest = unpacker.unconsumed_tail
        if piece:
            yield piece
