"""Read the stored cells of the columns asked for out of a tab's part, row by row.

A stream: what a cell costs is paid for cells that hold something in a column that is read. Rows
and cells may stand in any order, and a row in several elements, as other readers take them.

Source: ECMA-376 part 1, 18.3.1.4 (c), 18.3.1.73 (row).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from typing import Final
from xml.parsers.expat import XMLParserType

from listing_sync.cells.listings import Cell, SheetRow, Unreadable
from listing_sync.language.sentences import marked, phrase
from listing_sync.sheets.file_limits import LARGEST_CELL, Unpacking
from listing_sync.sheets.xlsx_links import TabLinks
from listing_sync.sheets.xlsx_package import Attributes, Book, DamageError, Package, local_name
from listing_sync.sheets.xlsx_shortcut import Shortcut
from listing_sync.sheets.xlsx_values import (
    LAST_COLUMN,
    LAST_ROW,
    Raw,
    StoredCell,
    column_of,
    stored_value,
    whole_number,
)

TopRows = dict[int, list[StoredCell | None]]
"""By row of the sheet, all its cells."""

Read = Callable[[StoredCell], Cell]
Columns = Sequence[tuple[int, Read]]
"""The columns to read, counted from 0, each with what reads its cells."""

_Rows = dict[int, list[Cell]]

_NO_VALUE: Final = marked(
    "the formula has no stored value; open and save the file in Excel", code="formula_without_value"
)
_STALE: Final = marked(
    "the formula was never calculated: the file says its results are stale; open and save the "
    "file in Excel",
    code="formula_without_value",
)
_TWO_CELLS: Final = Unreadable(
    "",
    marked(
        "this cell stands twice in the file; open and save the file in Excel", code="file_damaged"
    ),
)
_TWO_VALUES: Final = Unreadable(
    "",
    marked(
        "this cell holds two values in the file; open and save the file in Excel",
        code="file_damaged",
    ),
)
_NOWHERE: Final = "some of its rows or cells say where they are, others do not"
_PICTURE: Final = marked(
    "a picture or a function of Google, whose value the file does not hold", code="picture"
)
_IMAGES = re.compile(r"IMAGE\(|DUMMYFUNCTION\(", re.IGNORECASE)


class CellReader:
    """Read one tab of a book."""

    def __init__(self, package: Package, book: Book, path: str) -> None:
        self._package = package
        self._book = book
        self._path = path
        self.links = TabLinks()
        self._top: dict[int, dict[int, StoredCell]] = {}

    def read(self, last_header: int, choose: Callable[[TopRows], Columns]) -> list[SheetRow]:
        """Return the rows below the headers that hold something in the columns chosen.

        `choose` is given the rows up to `last_header`, as far as known; at last with all of them.
        """
        rows, is_late = self._read(last_header, lambda: choose(self._whole_top()))
        complete = choose(self._whole_top())
        if is_late:  # headers below the rows that they head: now all are known
            rows, _ = self._read(last_header, lambda: complete)
        found = []
        for row in sorted(rows):
            cells = tuple(rows.pop(row))
            if cells.count(None) < len(cells):
                found.append((row, cells))
        return found

    def _whole_top(self) -> TopRows:
        return {
            row: [cells.get(column) for column in range(max(cells) + 1)]
            for row, cells in sorted(self._top.items())
        }

    def _read(self, last: int, choose: Callable[[], Columns]) -> tuple[_Rows, bool]:
        """Return the rows below the headers, and whether a header came after one of them."""
        places: dict[int, tuple[int, Read]] = {}
        width = 0
        has_begun = is_late = False
        rows: _Rows = {}
        top = self._top = {}

        def begin() -> Container[int]:
            nonlocal width, has_begun
            has_begun = True
            columns = choose()
            width = len(columns)
            places.update({column: (at, read) for at, (column, read) in enumerate(columns)})
            return places

        def take(row: int, column: int, cell: StoredCell) -> None:
            nonlocal is_late
            if row <= last:
                is_late = is_late or has_begun
                above = top.setdefault(row, {})
                above[column] = _TWO_CELLS if column in above else cell
                return
            cells = rows.get(row)
            if cells is None:
                cells = rows[row] = [None] * width
            place, read = places[column]
            cells[place] = read(cell) if cells[place] is None else _TWO_CELLS

        links = self.links = TabLinks()
        cells = _Pass(self._book, self._package.unpacking, last, begin, take, links)
        shortcut = Shortcut(self._book, last, lambda: cells.wanted, take)
        cells.must_say_where = lambda: shortcut.has_dropped
        self._package.parse(
            self._path, cells.start, cells.end, prepare=cells.prepare, thin=shortcut.thin
        )
        return rows, is_late


class _Pass:
    """The handlers of one pass over the part."""

    def __init__(
        self,
        book: Book,
        unpacking: Unpacking,
        last_header: int,
        begin: Callable[[], Container[int]],
        take: Callable[[int, int, StoredCell], None],
        links: TabLinks,
    ) -> None:
        self._book = book
        self._links = links
        self._unpacking = unpacking
        self.last_header = last_header
        self._begin_listings = begin
        self.take = take
        self.wanted: Container[int] | None = None
        self._is_header = True
        self.must_say_where: Callable[[], bool] = lambda: False
        self._names: dict[str, str | None] = {}
        self._letters: dict[str, int] = {}
        self._row, self._row_text, self._column = 0, "0", -1
        self._attributes: Attributes = {}
        self._value: list[str] = []
        self._formula: list[str] = []
        self._has_value = self._has_formula = self._is_read = self._in_cell = False
        self._is_twice = False
        self._aside = 0

    def prepare(self, parser: XMLParserType) -> None:
        self._parser = parser

    def start(self, name: str, attributes: Attributes) -> None:
        names = self._names
        kind = names[name] if name in names else names.setdefault(name, local_name(name))
        if kind == "c":
            self._in_cell = True
            self._is_read = self._begin(attributes)
        elif not self._in_cell:
            if kind == "row":
                self._begin_row(attributes)
            elif kind == "hyperlink":
                self._links.take_element(attributes)
        elif not self._is_read:
            return
        elif kind == "v" or (kind == "t" and not self._aside):
            self._is_twice = self._is_twice or (kind == "v" and self._has_value)
            self._has_value = True
            self._parser.CharacterDataHandler = self._value.append
        elif kind == "f":
            self._has_formula = True
            self._parser.CharacterDataHandler = self._formula.append
        elif kind == "rPh":
            self._aside += 1

    def end(self, name: str) -> None:
        kind = self._names[name]
        if kind == "c":
            self._in_cell = False
            if self._is_read and (self._has_value or self._has_formula):
                self._finish()
        elif self._is_read:
            if kind == "rPh":
                self._aside -= 1
            self._parser.CharacterDataHandler = None

    def _begin_row(self, attributes: Attributes) -> None:
        text = attributes.get("r")
        if text is None and self.must_say_where():
            raise DamageError(_NOWHERE)
        self._row = self._row + 1 if text is None else whole_number(text, f"row {text[:20]}")
        if not 1 <= self._row <= LAST_ROW:
            raise DamageError(
                phrase("it has a row {row}, beyond the last one of Excel", row=self._row)
            )
        self._row_text = str(self._row)
        self._column = -1
        self._is_header = self._row <= self.last_header
        if not self._is_header and self.wanted is None:
            self.wanted = self._begin_listings()

    def _begin(self, attributes: Attributes) -> bool:
        """Find out where a cell is, and return whether it is read."""
        reference = attributes.get("r")
        if reference is None:
            if self.must_say_where():
                raise DamageError(_NOWHERE)
            self._column += 1
        else:
            letters = reference.rstrip("0123456789")
            if reference[len(letters) :] != self._row_text:  # the cell knows better
                self._begin_row({"r": reference[len(letters) :]})
            column = self._letters.get(letters)
            if column is None:
                column = self._letters[letters] = column_of(letters, reference)
            self._column = column
        if self._column >= LAST_COLUMN or not self._row:
            raise DamageError(
                phrase(
                    "it has a cell {reference}, beyond the last one of Excel", reference=reference
                )
            )
        if not self._is_header and self._column not in self.wanted:  # type: ignore[operator]
            return False
        self._attributes = attributes
        self._value.clear()
        self._formula.clear()
        self._has_value = self._has_formula = self._is_twice = False
        return True

    def _finish(self) -> None:
        if self._formula:
            self._links.take_formula(self._row, self._column, "".join(self._formula))
        text = self._value[0] if len(self._value) == 1 else "".join(self._value)
        if len(text) > LARGEST_CELL:
            reason = phrase(
                "longer than {length:,} characters", code="too_long", length=LARGEST_CELL
            )
            cell = Unreadable(text[:200], reason)
            self.take(self._row, self._column, cell)
            return
        kind = self._attributes.get("t", "n")
        raw = (
            self._of_formula(kind, text)
            if self._has_formula
            else stored_value(kind, text, self._book.texts)
        )
        if self._is_twice:
            raw = _TWO_VALUES
        if raw is not None and raw != "":
            style = whole_number(self._attributes.get("s", "0"), "style")
            speaks = self._book.speaks_of_text if isinstance(raw, str) else self._book.speaks
            is_read_with = not isinstance(raw, bool | Unreadable) and speaks(style)
            if isinstance(raw, str):
                self._unpacking.count_text(raw)
            self.take(self._row, self._column, (raw, style) if is_read_with else raw)

    def _of_formula(self, kind: str, text: str) -> Raw | None:
        if self._book.recalculates:
            return self._without_value(_STALE)
        if not text and (kind != "str" or not self._has_value):
            return self._without_value(_NO_VALUE)
        if not text and _IMAGES.search("".join(self._formula)):
            return self._without_value(_PICTURE)
        return stored_value(kind, text, self._book.texts)

    def _without_value(self, reason: str) -> Unreadable:
        return Unreadable("=" + "".join(self._formula), reason)
