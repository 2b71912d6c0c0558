"""Read a CSV file as one row of texts for each row that a spreadsheet would show.

A row whose fields do not line up with the headers is not guessed at: a comma in 29,800,000 that is
not quoted moves every value behind it by two columns, and most of these would be read. Such a row
is handed on as unreadable as a whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from listing_sync.errors import SourceError
from listing_sync.language.sentences import phrase, phrase_number
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.csv_encoding import decoded
from listing_sync.sheets.file_limits import LARGEST_FIELD, check_grid
from listing_sync.sheets.xlsx_values import LAST_COLUMN, LAST_ROW

if TYPE_CHECKING:
    from _csv import Reader

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_DELIMITERS = ",;\t"
_QUOTED_AFTER_BLANK = re.compile(r'[ \t]+".*', re.DOTALL)


@dataclass(frozen=True, slots=True)
class CsvRows:
    """The rows of a file, header rows among them; `faults` say by index which do not line up."""

    rows: Sequence[Sequence[str]]
    faults: dict[int, str]


def csv_rows(content: bytes, name: str, first_row: int, encoding: str | None = None) -> CsvRows:
    """Return the rows; `first_row` is the sheet row of the first listing.

    Raises:
        SourceError: an encoding that is not certain, a quotation or a last line that breaks off.
    """
    text = decoded(content, name, encoding)
    csv.field_size_limit(LARGEST_FIELD)
    stated = _SEPARATOR_LINE.match(text)
    if stated:  # Excel's own note on the delimiter, no row of the sheet
        text = text[stated.end() :]
    delimiter = stated[1] if stated else _delimiter(text, first_row - 1)
    reader = _reader(text, delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(reader)  # those before a broken one stay in it
    except csv.Error as error:
        row, line = len(rows) + 1, reader.line_num
        if "end of data" in str(error) or "field limit" in str(error):
            raise SourceError(
                phrase(
                    "{name}: row {row} has a quotation mark that is never closed, up to"
                    " line {line}, or a field of more than {most:,} characters",
                    name=name,
                    row=row,
                    line=line,
                    most=LARGEST_FIELD,
                )
            ) from error
        raise SourceError(
            phrase(
                "{name}: broken quotation marks in row {row}, in or before line {line}: {error}",
                name=name,
                row=row,
                line=line,
                error=error,
            )
        ) from error
    check_grid(rows, name, LAST_ROW, LAST_COLUMN)
    if not text.endswith(("\n", "\r")):
        _refuse_cut(rows, name, first_row)
    return CsvRows(rows, _faults(rows, first_row, delimiter))


def _refuse_cut(rows: Sequence[Sequence[str]], name: str, first_row: int) -> None:
    """Refuse a file whose last line has no end and breaks off: of which nobody knows the rest.

    Raises:
        SourceError: it has fewer fields than the longest other row.
    """
    filled = [row for _, row in _enumerated(rows, first_row - 1) if any(row)]
    if not filled or filled[-1] is not rows[-1]:
        return
    width = max(map(len, rows[: first_row - 1]), default=0)
    named = max(map(_named_width, rows[: first_row - 1]), default=0)
    whole = min(width, max(map(len, filled[:-1]), default=named))
    if len(filled[-1]) < whole:
        raise SourceError(
            phrase(
                "{name}: cut off: its last line has {count} of {width} fields and no"
                " line end; save or copy the file again",
                name=name,
                count=len(filled[-1]),
                width=width,
            )
        )


def without_habits(field: str) -> str:
    """Return a field without what exporters put around digits to keep them as they are.

    ="0123", a leading apostrophe ('0123), or a leading tab or unit separator.
    """
    field = field.lstrip("\t\x1f")
    if field.startswith('="') and field.endswith('"') and len(field) > 2:  # noqa: PLR2004
        return field[2:-1].replace('""', '"')
    if field.startswith("'") and not field.endswith("'"):
        return field[1:]
    return field


def _faults(rows: Sequence[Sequence[str]], first_row: int, delimiter: str) -> dict[int, str]:
    """Return why rows do not line up with the headers, by index.

    A row has as many fields as the headers. Beside that two habits of exporters are taken, when
    the whole file has them: every row longer, by blank fields at its end; and rows shorter, their
    blank fields at the end left out. The latter is a habit when no row ends in a blank field and
    every second one at least is short.
    """
    headers = rows[: first_row - 1]
    width = max(map(len, headers), default=0)
    if not width:
        return {}
    filled = [(at, row) for at, row in _enumerated(rows, first_row - 1) if any(row)]
    lengths = {len(row) for _, row in filled}
    named = max(map(_named_width, headers))
    longer = width
    if len(lengths) == 1 and not any(any(row[width:]) for _, row in filled):
        longer = max(width, *lengths)
    short = sum(len(row) < width for _, row in filled)
    leaves_out = short > 1 and len(filled) <= 2 * short and all(row[-1] for _, row in filled)
    only_named = len(lengths) == 1 and min(lengths) >= named
    faults = {}
    for at, row in filled:
        count = len(row)
        if count > longer or (count < width and not leaves_out and not only_named):
            faults[at] = _reason(count, width, delimiter)
        elif any(map(_QUOTED_AFTER_BLANK.fullmatch, row)):
            faults[at] = phrase(
                "a quotation mark after a blank quotes nothing; expected no blank before it",
                code="quotation_mark",
            )
    return faults


def _reason(count: int, width: int, delimiter: str) -> str:
    name = _NAMES.get(delimiter, repr(delimiter))
    if count > width:
        return phrase_number(
            "this row has {count} field, the header {width}: {delimiter} inside a value must be "
            "quoted",
            "this row has {count} fields, the header {width}: {delimiter} inside a value must be "
            "quoted",
            count,
            code="too_many_fields",
            width=width,
            delimiter=name,
        )
    return phrase_number(
        "this row has {count} field, the header {width}: it breaks off, or a line end inside a "
        "value is not quoted",
        "this row has {count} fields, the header {width}: it breaks off, or a line end inside a "
        "value is not quoted",
        count,
        code="too_few_fields",
        width=width,
    )


def _named_width(row: Sequence[str]) -> int:
    return max((at + 1 for at, field in enumerate(row) if field.strip()), default=0)


def _enumerated(rows: Sequence[Sequence[str]], start: int) -> Iterator[tuple[int, Sequence[str]]]:
    return enumerate(islice(rows, start, None), start)


def _delimiter(text: str, header_row: int) -> str:
    """Return what parts the header row into most fields."""
    counts: dict[str, int] = dict.fromkeys(_DELIMITERS, 0)
    for delimiter in _DELIMITERS:
        rows = _reader(text, delimiter, strict=False)
        with suppress(csv.Error):  # a field without end is told when the rows are read
            counts[delimiter] = len(next(islice(rows, header_row - 1, None), ()))
    return max(_DELIMITERS, key=lambda delimiter: counts[delimiter])


def _reader(text: str, delimiter: str, *, strict: bool) -> Reader:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
