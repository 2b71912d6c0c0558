"""Say how large a file of the office may be, packed and unpacked, and count while it is read.

Each limit grows with the file, so that what a usual file holds is never refused, and what a small
one unpacks to stays small: of a file of 1 MB at most 300 MiB of memory and 10 s are made.
"""

from __future__ import annotations

from sys import getsizeof
from typing import Final

from listing_sync.errors import SourceError
from listing_sync.language.sentences import phrase

LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes; a hundred times what ten thousand listings take."""
LARGEST_CELL: Final = 100_000
"""Characters; Excel has 32,767, Google 50,000."""
LARGEST_FIELD: Final = 1024 * 1024
"""Characters of a .csv field, read or not: of so many a quotation mark was left open."""
MOST_PARTS: Final = 10_000
MOST_FORMATS: Final = 5_000
"""Number formats of a workbook's own; Excel has 250."""
LONGEST_MARK: Final = 1024 * 1024
"""Bytes of XML without a tag."""

_MIB = 1024 * 1024
_LARGEST_UNPACKED, _FIRST_UNPACKED, _UNPACKED_RATIO = 1024 * _MIB, 16 * _MIB, 100
_FIRST_TAGS, _TAGS_RATIO = 1_000_000, 3
_FIRST_TEXTS, _TEXTS_RATIO = 16 * _MIB, 20


class TooLargeError(Exception):
    """The file unpacks to more than it may; says what and how much, for people."""


class Unpacking:
    """What one workbook has been unpacked to so far, whatever its directory says of itself."""

    def __init__(self, packed_bytes: int) -> None:
        self._bytes = min(_LARGEST_UNPACKED, _FIRST_UNPACKED + _UNPACKED_RATIO * packed_bytes)
        self._tags = _FIRST_TAGS + _TAGS_RATIO * packed_bytes
        self._texts = _FIRST_TEXTS + _TEXTS_RATIO * packed_bytes
        self._limits = (self._bytes, self._tags, self._texts)

    def count_bytes(self, size: int) -> None:
        """Count what was inflated; raises TooLargeError."""
        self._bytes -= size
        if self._bytes < 0:
            raise TooLargeError(
                phrase("it unpacks to more than {most} MiB", most=self._limits[0] // _MIB)
            )

    def count_tags(self, number: int) -> None:
        """Count what the parser of XML is to read; raises TooLargeError."""
        self._tags -= number
        if self._tags < 0:
            raise TooLargeError(
                phrase("it holds more than {most:,} elements of XML", most=self._limits[1])
            )

    def count_text(self, text: str) -> None:
        """Count a text that is kept; raises TooLargeError."""
        self._texts -= getsizeof(text)
        if self._texts < 0:
            raise TooLargeError(
                phrase("its texts take more than {most} MiB", most=self._limits[2] // _MIB)
            )


def check_grid(rows: list[list[str]], name: str, last_row: int, last_column: int) -> None:
    """Refuse more rows or columns than a spreadsheet has.

    Raises:
        SourceError: naming the limit, and the row.
    """
    if len(rows) > last_row:
        raise SourceError(
            phrase(
                "{name}: too large: more than {most:,} rows, the most of a sheet",
                name=name,
                most=last_row,
            )
        )
    for at, row in enumerate(rows, 1):
        if len(row) > last_column:
            raise SourceError(
                phrase(
                    "{name}: too large: row {row} has {count:,} fields, a sheet at most {most:,}",
                    name=name,
                    row=at,
                    count=len(row),
                    most=last_column,
                )
            )
