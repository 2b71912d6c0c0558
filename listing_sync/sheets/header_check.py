"""Refuse a header row with which no listing can be read, and say what to do about it."""

from __future__ import annotations

from listing_sync.cells.a1 import quote_tab
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.near import near_matches
from listing_sync.errors import SourceError
from listing_sync.language.sentences import joined, phrase
from listing_sync.sheets.grid import Duplicate, Header
from listing_sync.sheets.headers import all_quoted, quoted, unit_problem

_HEADERS_NAMED = 50


def check_header(header: Header, mapping: SheetMapping, tab: str) -> None:
    """Refuse a header row with which no listing can be read.

    Raises:
        SourceError: it is blank, lacks a required column, or has a mapped one twice.
    """
    if not header.columns and not header.unmapped:
        raise SourceError(
            phrase(
                "row {row} of the tab {tab} has no headers: the tab is empty, or its headers are"
                " in another row (set SYNC_HEADER_ROW)",
                row=header.row,
                tab=quoted(tab),
            )
        )
    problems = [unit_problem(each, tab, header.row) for each in header.columns]
    problems = (
        [problem for problem in problems if problem]
        + [_duplicate_problem(duplicate, tab, header.row) for duplicate in header.duplicates]
        + [
            _missing_problem(column, header, tab)
            for column in header.missing
            if column.required or column.name == mapping.key
        ]
    )
    if problems:
        names = [each.header for each in header.columns] + list(header.unmapped)
        rest = len(names) - _HEADERS_NAMED
        found = phrase(
            "Found: {headers}{more}",
            headers=all_quoted(names[:_HEADERS_NAMED]),
            more=phrase(" and {more} more", more=rest) if rest > 0 else "",
        )
        message = joined("\n", problems)
        raise SourceError(joined(". ", [message, found]), recorded=message)


def _duplicate_problem(duplicate: Duplicate, tab: str, row: int) -> str:
    cells = [
        f"{quoted(column.header)} in {quote_tab(tab)}!{column.letter}{row}"
        for column in duplicate.found
    ]
    return phrase(
        "the column {name} stands in the sheet {times} times: {cells}; rename or delete all but"
        " one",
        name=duplicate.column.name,
        times=len(cells),
        cells=joined(phrase(" and "), cells),
    )


def _missing_problem(column: Column, header: Header, tab: str) -> str:
    near = dict.fromkeys(
        match for text in column.headers for match in near_matches(text, header.unmapped)
    )
    return phrase(
        "row {row} of the tab {tab} has no header for the required column {name}; expected"
        " {expected}{near}. Rename it, add its spelling to the mapping, or set SYNC_HEADER_ROW",
        row=header.row,
        tab=quoted(tab),
        name=column.name,
        expected=joined(phrase(" or "), [quoted(text) for text in column.headers]),
        near=phrase("; probably meant: {near}", near=all_quoted(near))
        if near
        else _only_other(header),
    )


def _only_other(header: Header) -> str:
    """Return which header was renamed, it seems, where all others are right."""
    if len(header.missing) != 1 or len(header.unmapped) != 1:
        return ""
    return phrase(
        "; every other header is right, and {header} is the only one that is not in the mapping"
        " (renamed?)",
        header=all_quoted(header.unmapped),
    )
