"""The bytes of a CSV file in, rows of texts out: one row for each row a spreadsheet would show."""

from __future__ import annotations

import csv
import io
import sys
from itertools import islice
from typing import TYPE_CHECKING

from listing_sync.errors import SourceError

if TYPE_CHECKING:
    from _csv import Reader

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def csv_rows(content: bytes, name: str, header_row: int) -> list[list[str]]:
    """Return the rows; a header row without a comma decides on semicolons or tabs.

    Raises:
        SourceError: neither UTF-8 nor CP932, or a quotation does not end; names the line.
    """
    text = _decoded(content, name)
    csv.field_size_limit(sys.maxsize)  # 128 KiB otherwise; here the file is the limit
    reader = _reader(text, _delimiter(text, header_row), strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise SourceError(
            f"{name}: broken quotation marks in or before line {reader.line_num}: {error}"
        ) from error


def _delimiter(text: str, header_row: int) -> str:
    for delimiter in ",;\t":
        rows = _reader(text, delimiter, strict=False)
        if len(next(islice(rows, header_row - 1, None), ())) > 1:
            return delimiter
    return ","


def _reader(text: str, delimiter: str, *, strict: bool) -> Reader:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)


def _decoded(content: bytes, name: str) -> str:
    if content.startswith(_UTF16):
        raise SourceError(f'{name}: UTF-16 is not read; save it as "CSV UTF-8"')
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        damage = error
    # Japanese UTF-8 with one broken byte would pass as nonsense in CP932, whose own texts break
    # off as UTF-8 at once.
    if not any(character >= "\u0800" for character in content[: damage.start].decode("utf-8-sig")):
        try:
            return content.decode("cp932")
        except UnicodeDecodeError as error:
            damage = error
    line = content.count(b"\n", 0, damage.start) + 1
    raise SourceError(
        f"{name}: a character in line {line} is neither UTF-8 nor CP932 (Shift JIS); "
        'save it as "CSV UTF-8"'
    )
