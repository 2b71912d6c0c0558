"""Find the columns of the mapping and the rows in the cells of any spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

from listing_sync.cells.a1 import column_index, column_letter
from listing_sync.cells.columns import Column
from listing_sync.cells.keys import PropertyNumber, whole_float_reader
from listing_sync.cells.listings import Cell, SheetColumn, SheetRow
from listing_sync.cells.mapping import SheetMapping, normalise_header
from listing_sync.cells.near import near_matches
from listing_sync.errors import SourceError
from listing_sync.language.sentences import joined, phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.headers import (
    all_quoted,
    in_its_unit,
    is_plain,
    joined_headers,
    measured_column,
    quoted,
)

_SPREADSHEET_ID = re.compile(r"[A-Za-z0-9_-]+")
_TABS_NAMED = 50


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of a spreadsheet; `gid` and `row_count` are None where the source has none."""

    title: str
    hidden: bool = False
    gid: int | None = None
    row_count: int | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A mapped column that several sheet columns bear."""

    column: Column
    found: tuple[SheetColumn, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What the header rows mean: `columns` in the order of the mapping, the rest as found."""

    row: int
    columns: tuple[SheetColumn, ...]
    missing: tuple[Column, ...]
    unmapped: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]
    rows: int = 1

    @property
    def first_row(self) -> int:
        """Return the sheet row of the first listing."""
        return self.row + self.rows


def parse_spreadsheet_reference(text: str) -> tuple[str, int | None]:
    """Return (spreadsheet ID, gid) of an ID or of the address a browser shows.

    Raises:
        ValueError: neither an ID nor the address of a Google spreadsheet; says what is expected.
    """
    text = text.strip()
    if _SPREADSHEET_ID.fullmatch(text):
        return text, None
    url = urlsplit(text if "//" in text else f"https://{text}")
    match = re.search(r"/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]+)", url.path)
    if match is None or match[1] == "e":  # /d/e/... is a published copy, not a spreadsheet
        raise ValueError(
            "not a spreadsheet ID; expected the ID or the address of the spreadsheet as the "
            "browser shows it: https://docs.google.com/spreadsheets/d/.../edit#gid=0"
        )
    gids = parse_qs(url.fragment).get("gid") or parse_qs(url.query).get("gid") or [""]
    return match[1], int(gids[0]) if re.fullmatch(r"[0-9]+", gids[0]) else None


def choose_tab(tabs: Sequence[Tab], *, title: str | None, gid: int | None) -> Tab:
    """Return the tab of that title, else of that gid, else the only visible one.

    Raises:
        SourceError: there is none, or no way to choose; names the tabs.
    """
    if not tabs:
        raise SourceError(phrase("the spreadsheet has no tab that holds cells"))
    if title is not None:
        # Settings lose the spaces around them, which a tab may have.
        chosen = [tab for tab in tabs if tab.title == title] or [
            tab for tab in tabs if tab.title.strip() == title
        ]
        wanted = phrase("the spreadsheet has no tab {title}", title=quoted(title))
    elif gid is not None:
        chosen = [tab for tab in tabs if tab.gid == gid]
        wanted = phrase("the spreadsheet has no tab with gid={gid} (SYNC_SPREADSHEET_ID)", gid=gid)
    else:
        chosen = [tab for tab in tabs if not tab.hidden]
        wanted = phrase("the spreadsheet has {many} visible tabs", many=len(chosen))
    if len(chosen) == 1:
        return chosen[0]
    near = near_matches(title, (tab.title for tab in tabs)) if title is not None else ()
    more = len(tabs) - _TABS_NAMED
    raise SourceError(
        phrase(
            "{wanted}; set SYNC_SHEET_NAME to one of its tabs: {tabs}{more}{near}",
            wanted=wanted,
            tabs=joined(", ", [_named(tab) for tab in tabs[:_TABS_NAMED]]),
            more=phrase(" and {more} more", more=more) if more > 0 else "",
            near=phrase("; probably meant: {near}", near=all_quoted(near)) if near else "",
        )
    )


def _named(tab: Tab) -> str:
    title = quoted(tab.title)
    return phrase("{title} (hidden)", title=title) if tab.hidden else title


def read_header(mapping: SheetMapping, row: int, rows: Sequence[Sequence[object]]) -> Header:
    """Return which columns the headers in sheet row `row` and those below it stand for.

    `rows` are as many as `mapping.header_rows`, ragged and fewer where the sheet ends.
    """
    header = match_header(mapping, row, joined_headers(rows))
    return replace(header, rows=mapping.header_rows)


def filled_down(columns: Sequence[SheetColumn], rows: Sequence[SheetRow]) -> Sequence[SheetRow]:
    """Return the rows with the blank cells of columns that `fill_down` as the cell above them.

    Of all rows from the top on, before any are chosen: a vertically merged cell holds its value in
    its first row alone.
    """
    filled = [index for index, found in enumerate(columns) if found.column.fill_down]
    if not filled:
        return rows
    above: dict[int, Cell] = {}
    whole = []
    for sheet_row, cells in rows:
        row = list(cells)
        for index in filled:
            if row[index] is None or row[index] == "":
                row[index] = above.get(index)
            above[index] = row[index]
        whole.append((sheet_row, tuple(row)))
    return whole


def with_numbers(
    columns: Sequence[SheetColumn], rows: Sequence[SheetRow], key: str, number_of: PropertyNumber
) -> Sequence[SheetRow]:
    """Return the rows with their keys as the numbers that they mean, see keys.py.

    The same rows where no key is a number with decimals.
    """
    at = next((index for index, found in enumerate(columns) if found.column.name == key), -1)
    if at < 0 or number_of("1.0") == "1.0":
        return rows
    whole = []
    for sheet_row, cells in rows:
        cell = cells[at]
        number = number_of(cell) if isinstance(cell, str) else cell
        whole.append((sheet_row, (*cells[:at], number, *cells[at + 1 :])))
    return whole


def whole_keys(
    columns: Sequence[SheetColumn], rows: Sequence[SheetRow], key: str
) -> Sequence[SheetRow]:
    """Return all rows of a sheet with keys such as 1001.0 as 1001, where all are whole numbers."""
    at = next((index for index, found in enumerate(columns) if found.column.name == key), -1)
    keys = [cells[at] for _, cells in rows] if at >= 0 else []
    texts = [cell for cell in keys if isinstance(cell, str)]
    return with_numbers(columns, rows, key, whole_float_reader(texts))


def match_header(mapping: SheetMapping, row: int, cells: Sequence[object]) -> Header:
    """Return which columns the headers in sheet row `row` stand for.

    A header that is a mapped one with a unit in brackets, 価格（万円）, stands for it where no
    other does, and its bare numbers are in that unit.
    """
    names: dict[str, list[SheetColumn]] = {column.name: [] for column in mapping.columns}
    measured: dict[str, list[SheetColumn]] = {column.name: [] for column in mapping.columns}
    mapped = {normalise_header(text): c for c in mapping.columns for text in c.headers}
    unmapped = {}
    for index, cell in enumerate(cells):
        text = "" if cell is None else str(cell)
        key = normalise_header(text)
        if not key:
            continue
        if key in mapped:
            column = in_its_unit(mapped[key], text)
            names[column.name].append(SheetColumn(column, text, column_letter(index)))
            continue
        unmapped[index] = text
        if found := measured_column(mapped, text):
            measured[found.name].append(SheetColumn(found, text, column_letter(index)))
    for name, others in measured.items():
        plain = [each for each in others if is_plain(each.column)] or others
        if not names[name] and others:
            names[name] = plain
            for each in plain:
                del unmapped[column_index(each.letter)]
    found_columns = [(column, tuple(names[column.name])) for column in mapping.columns]
    return Header(
        row=row,
        columns=tuple(columns[0] for _, columns in found_columns if columns),
        missing=tuple(column for column, columns in found_columns if not columns),
        unmapped=tuple(unmapped.values()),
        duplicates=tuple(Duplicate(c, columns) for c, columns in found_columns if len(columns) > 1),
    )


def spans(indexes: Iterable[int], at_most: int | None = None) -> tuple[tuple[int, int], ...]:
    """Return the (first, last) of each run of neighbours; the smallest gaps close to fit `at_most`.

    (0, 1, 3, 9) -> (0, 1), (3, 3), (9, 9); at most 2 -> (0, 3), (9, 9).
    """
    ordered = sorted(set(indexes))
    gaps = [(right - left, left, right) for left, right in pairwise(ordered) if right > left + 1]
    if at_most is not None:
        gaps = sorted(sorted(gaps, reverse=True)[: at_most - 1], key=lambda gap: gap[1])
    starts = ordered[:1] + [right for _, _, right in gaps]
    ends = [left for _, left, _ in gaps] + ordered[-1:]
    return tuple(zip(starts, ends, strict=True))
