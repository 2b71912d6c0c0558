"""Take the usual cells out of a tab's text; the rest is for the parser of XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Container

from listing_sync.cells.listings import Unreadable
from listing_sync.language.sentences import phrase
from listing_sync.sheets.xlsx_package import Book, DamageError
from listing_sync.sheets.xlsx_values import (
    EXACT_DIGITS,
    LAST_ROW,
    Raw,
    StoredCell,
    column_of,
    missing_text,
    number_value,
)

_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,5})")?(?: t="([ns])")?><v>([^<&]+)</v></c>'
)
_CELLS_END = b"</sheetData>"
_EMPTY_CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"[^<>]*/>')
_EMPTY_ROW = re.compile(
    rb'<row r="[1-9][0-9]{0,5}"[^<>]*(?:/>|>(?:<c r="[A-Z]{1,3}[0-9]{1,7}"[^<>]*/>)*+</row>)'
)
_UNSURE = re.compile(rb'<(?:!|\?(?!xml )|(?:c|row)(?:>|/>|\s(?!r=")))')


class Shortcut:
    """Take cells out of the text of the part that need no parser: most of a usual file.

    Empty ones, and rows of them, are dropped (`has_dropped`), which sheets hold by the million;
    numbers and shared texts in the form in which all usual writers have them are read. The rest
    goes to the parser. Only as long as every cell says where it is, and no comment or CDATA may
    look like one.
    """

    def __init__(
        self,
        book: Book,
        last_header: int,
        wanted: Callable[[], Container[int] | None],
        take: Callable[[int, int, StoredCell], None],
    ) -> None:
        self._last_header = last_header
        self._wanted = wanted
        self._put = take
        self._texts = book.texts
        self._is_sure = True
        self._is_over = self.has_dropped = False
        self._places: dict[bytes, int] = {}
        self._styles: dict[bytes, tuple[int, bool, bool]] = {}
        self._speaks = (book.speaks, book.speaks_of_text)

    def thin(self, piece: bytes) -> bytes:
        """Return what is left of a piece of the part for the parser."""
        if not self._is_sure or self._is_over:
            return piece
        if _UNSURE.search(piece):
            self._is_sure = False
            return piece
        before, end, after = piece.partition(_CELLS_END)
        self._is_over = bool(end)
        before, rows = _EMPTY_ROW.subn(b"", before)
        before, cells = _EMPTY_CELL.subn(b"", before)
        self.has_dropped = self.has_dropped or rows + cells > 0
        wanted = self._wanted()
        if wanted is not None:  # the headers are known, and so the columns
            self._take(before, wanted)
            before = _CELL.sub(b"", before)
        return before + end + after

    def _take(self, piece: bytes, wanted: Container[int]) -> None:
        places = self._places
        take, texts, last_header = self._put, self._texts, self._last_header
        row_text, row = b"", 0
        for letters, at, style, kind, value in _CELL.findall(piece):
            if at != row_text:
                row_text, row = at, int(at)
                if not 1 <= row <= LAST_ROW:
                    raise DamageError(
                        phrase("it has a row {row}, beyond the last one of Excel", row=row)
                    )
            column = places.get(letters)
            if column is None:
                column = places[letters] = column_of(letters.decode(), (letters + at).decode())
            if row > last_header and column not in wanted:
                continue
            number, speaks, speaks_of_text = self._style(style)
            raw: Raw | None
            if kind == b"s":
                index = int(value) if value.isdigit() else len(texts)
                raw = texts[index] if index < len(texts) else missing_text()
                speaks = speaks_of_text and isinstance(raw, str)
            elif value.isdigit() and len(value) <= EXACT_DIGITS:
                raw = int(value)
            else:
                raw = number_value(value.decode("utf-8", "replace"))
                speaks = speaks and not isinstance(raw, Unreadable)
            if raw is not None and raw != "":
                take(row, column, (raw, number) if speaks else raw)

    def _style(self, text: bytes) -> tuple[int, bool, bool]:
        known = self._styles.get(text)
        if known is None:
            number = int(text or b"0")
            speaks, speaks_of_text = (each(number) for each in self._speaks)
            known = self._styles[text] = (number, speaks, speaks_of_text)
        return known
