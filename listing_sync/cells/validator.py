"""Divide the rows of a sheet into listings and rejections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta, timezone, tzinfo
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from listing_sync.cells.a1 import column_index
from listing_sync.cells.cell_texts import compared_text, shown_text
from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.dates import limit_problem
from listing_sync.cells.error_cells import LOADING
from listing_sync.cells.keys import NO_LISTING, number_parser
from listing_sync.cells.listings import (
    REPEATED,
    Cell,
    Checked,
    Listing,
    Problem,
    Rejection,
    SheetColumn,
    SheetContents,
    SheetRow,
    Unreadable,
    Value,
)
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.parsing import is_blank, parsed, parser_for
from listing_sync.cells.patterns import longest_tried
from listing_sync.cells.spelling import normalise
from listing_sync.errors import SettingsError
from listing_sync.language.sentences import code_of, phrase, phrase_number, spoken

_BLOCK_ROWS = 1_000
_NAMED_DUPLICATES = 10
_FILLED_FOR_LOADING_COLUMN = 2
_FIXED_ZONE = re.compile(r"GMT([-+])(\d{1,2}):(\d{2})", re.ASCII)


def normalise_number(text: str) -> str:
    """Return a property number as it is compared: trimmed and NFKC-normalised.

    Source: docs/contract.md section 5.
    """
    return normalise(text)


def validate(contents: SheetContents, mapping: SheetMapping, *, default_zone: tzinfo) -> Checked:
    """Return the listings and the rejections of a sheet; every row is one or has some.

    A row is ignored when it says nothing but unchecked check boxes. `default_zone` is that of
    date-times in a source without one. Never raises for what the cells hold.

    Raises:
        SettingsError: a limit of the mapping is no time in the zone of the sheet.

    Source: docs/contract.md section 5.
    """
    return _Validation(contents, mapping, default_zone).checked()


def loading_columns(contents: SheetContents) -> tuple[SheetColumn, ...]:
    """Return the columns that a half-loaded sheet shows: every filled cell says Loading...

    Source: docs/contract.md section 7; such cells heal by themselves.
    """
    return tuple(
        column
        for index, column in enumerate(contents.columns)
        if _is_loading([cells[index] for _, cells in contents.rows])
    )


def _is_loading(cells: Sequence[Cell]) -> bool:
    if LOADING not in cells:
        return False
    filled = [cell for cell in cells if cell not in {None, ""}]
    enough = len(filled) >= _FILLED_FOR_LOADING_COLUMN or len(filled) == len(cells)
    return enough and all(cell == LOADING for cell in filled)


class _Validation:
    """One pass over the rows, block by block and in each column by column."""

    def __init__(
        self, contents: SheetContents, mapping: SheetMapping, default_zone: tzinfo
    ) -> None:
        self._contents = contents
        self._columns = contents.columns
        self._ignore = mapping.ignore
        self._key = next(
            index for index, known in enumerate(self._columns) if known.column.name == mapping.key
        )
        zone = _zone(contents.time_zone, default_zone)
        _check_limits(mapping, zone)
        self._parsers = [parser_for(known.column, zone) for known in self._columns]
        self._parsers[self._key] = number_parser(self._columns[self._key].column)
        self._listings: list[Listing] = []
        self._rejections: list[tuple[int, Rejection]] = []
        self._rows_of: dict[str, list[int]] = {}
        self._rejected_rows: set[int] = set()
        self._numbers: set[str] = set()
        self._unknown_numbers = False
        self._total_rows = 0

    def checked(self) -> Checked:
        for block in _blocks(self._listing_rows()):
            self._read(block)
        repeated = {number: rows for number, rows in self._rows_of.items() if len(rows) > 1}
        for number, rows in repeated.items():
            self._reject_repeated(number, rows)
        self._rejections.sort(key=lambda pair: pair[0])  # stable: by row, then by column
        return Checked(
            columns=self._columns,
            listings=tuple(
                listing for listing in self._listings if listing.property_number not in repeated
            ),
            rejections=tuple(rejection for _, rejection in self._rejections),
            numbers=frozenset(self._numbers),
            unknown_numbers=self._unknown_numbers,
            total_rows=self._total_rows,
            rejected_rows=len(self._rejected_rows),
            repeated=tuple((number, tuple(rows)) for number, rows in repeated.items()),
        )

    def _listing_rows(self) -> Sequence[SheetRow]:
        """Return the rows but for those that the mapping ignores, such as totals.

        It is their number that is looked at; where that is blank, their first filled cell. Of
        a long text its beginning counts.
        """
        ignore = self._ignore
        if ignore is None:
            return self._contents.rows
        longest = longest_tried(ignore, is_searched=True)
        order = sorted(
            range(len(self._columns)),
            key=lambda at: (at != self._key, column_index(self._columns[at].letter)),
        )
        return [
            row
            for row in self._contents.rows
            if not ignore.search(
                next(filter(None, (compared_text(row[1][at]) for at in order)), "")[:longest]
            )
        ]

    def _read(self, block: Sequence[SheetRow]) -> None:
        columns = zip(*(cells for _, cells in block), strict=True)
        by_column = list(map(parsed, self._parsers, columns))
        faulty = {
            index
            for values in by_column
            if Problem in map(type, values)
            for index, value in enumerate(values)
            if type(value) is Problem
        }
        for index, values in enumerate(zip(*by_column, strict=True)):
            sheet_row, cells = block[index]
            if index in faulty:
                self._take_faulty(sheet_row, cells, values)
            else:
                self._take(sheet_row, values)

    def _take(self, sheet_row: int, values: tuple[Value, ...]) -> None:
        number = str(values[self._key])
        self._total_rows += 1
        self._numbers.add(number)
        self._rows_of.setdefault(number, []).append(sheet_row)
        self._listings.append(Listing(number, sheet_row, values))

    def _take_faulty(
        self, sheet_row: int, cells: tuple[Cell, ...], values: tuple[Value, ...]
    ) -> None:
        key_cell = cells[self._key]
        has_number = not is_blank(self._columns[self._key].column, key_cell)
        if not has_number and all(
            is_blank(known.column, cell) for known, cell in zip(self._columns, cells, strict=True)
        ):
            return
        self._total_rows += 1
        self._rejected_rows.add(sheet_row)
        parsed_number = values[self._key]
        number = None if isinstance(parsed_number, Problem) else str(parsed_number)
        if number is not None:
            self._numbers.add(number)
            self._rows_of.setdefault(number, []).append(sheet_row)
        elif parsed_number is not NO_LISTING:
            self._unknown_numbers = True
            if isinstance(key_cell, str) and has_number:
                self._numbers.add(normalise_number(key_cell))
        if isinstance(key_cell, Unreadable) and key_cell.whole_row:
            self._reject_row(None, sheet_row, spoken(key_cell.reason))
            return
        for index, value in enumerate(values):
            if not isinstance(value, Problem):
                continue
            if index == self._key and not has_number:
                reason = phrase(
                    "no property number, although other cells are filled", code="no_number"
                )
                self._reject_row(None, sheet_row, reason)
            else:
                self._reject_cell(number, sheet_row, index, cells[index], value)

    def _reject_cell(
        self, number: str | None, sheet_row: int, index: int, cell: Cell, problem: Problem
    ) -> None:
        row = self._row_rejection(number, sheet_row, index, str(problem))
        rejection = replace(row, column=self._columns[index].header, value=shown_text(cell))
        self._rejections.append((sheet_row, rejection))

    def _reject_row(self, number: str | None, sheet_row: int, reason: str) -> None:
        self._rejections.append(
            (sheet_row, self._row_rejection(number, sheet_row, self._key, reason))
        )

    def _row_rejection(
        self, number: str | None, sheet_row: int, index: int, reason: str
    ) -> Rejection:
        cell, link = self._contents.place(self._columns[index], sheet_row)
        return Rejection(
            property_number=number,
            sheet_row=sheet_row,
            column=None,
            cell=cell,
            value=None,
            reason=reason,
            link=link,
            code=code_of(reason),
        )

    def _reject_repeated(self, number: str, rows: list[int]) -> None:
        self._rejected_rows.update(rows)
        for position, sheet_row in enumerate(rows):
            named = list(
                islice(
                    (row for other, row in enumerate(rows) if other != position), _NAMED_DUPLICATES
                )
            )
            self._reject_row(number, sheet_row, _repeated(named, len(rows) - 1 - len(named)))


def _repeated(rows: list[int], more: int) -> str:
    """Return why a row is rejected whose number stands on these others, and on `more`."""
    named = ", ".join(map(str, rows))
    if more:
        return phrase(
            "the property number is also on rows {rows} and {more} more; expected once",
            code=REPEATED,
            rows=named,
            more=more,
        )
    return phrase_number(
        "the property number is also on row {rows}; expected once",
        "the property number is also on rows {rows}; expected once",
        len(rows),
        code=REPEATED,
        rows=named,
    )


def _check_limits(mapping: SheetMapping, zone: tzinfo | None) -> None:
    problems = tuple(
        f"{mapping.name}: columns.{column.name}.{option}: {problem}"
        for column in mapping.columns
        if column.type is ColumnType.DATETIME
        for option, limit in (("min", column.minimum), ("max", column.maximum))
        if (problem := limit_problem(limit, zone)) is not None
    )
    if problems:
        raise SettingsError(problems)


def _blocks(rows: Sequence[SheetRow]) -> Iterator[Sequence[SheetRow]]:
    for start in range(0, len(rows), _BLOCK_ROWS):
        yield rows[start : start + _BLOCK_ROWS]


def _zone(name: str | None, default: tzinfo) -> tzinfo | None:
    """Return the zone of a spreadsheet, None when it is not known here.

    Google has names of the IANA data base and offsets such as GMT-07:00.
    """
    if name is None:
        return default
    if fixed := _FIXED_ZONE.fullmatch(name):
        offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
        return timezone(-offset if fixed[1] == "-" else offset) if offset.days == 0 else None
    try:
        return ZoneInfo(name)  # reads the machine's table of zones, once
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
