"""Look at a sheet for the first time, and draft the mapping that it needs."""

from __future__ import annotations

from collections.abc import Sequence

from listing_sync.cells.draft_mapping import UnmappedColumn, unique_headers
from listing_sync.cells.first_mapping import (
    FirstMapping,
    KnownColumn,
    find_header,
    first_mapping,
    key_candidates,
)
from listing_sync.cells.mapping import normalise_header
from listing_sync.commands.migrate_plan import sampled
from listing_sync.errors import SourceError
from listing_sync.language.sentences import joined, phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What the sheet is; `key` is the bundled mapping's, None where the sheet lacks it."""

    title: str
    tab: str
    known: tuple[KnownColumn, ...]
    others: tuple[UnmappedColumn, ...]
    duplicates: tuple[str, ...]
    key: KnownColumn | None


def look(ports: Ports) -> FirstLook:
    """Read headers and first cells, under the bundled mapping.

    Raises:
        SourceError: the tab cannot be told, or it has no headers.
        RemoteError: Google cannot be asked.
    """
    sheet = ports.sheet.describe()
    once, often = unique_headers(sheet.unmapped)
    columns = sampled(ports, sheet, [*(found.header for found in sheet.columns), *once])
    cells = {column.header: column.cells for column in columns}
    known = tuple(
        KnownColumn(found.column, found.header, cells.get(found.header, ()))
        for found in sheet.columns
    )
    key = next((each for each in known if each.column.name == ports.mapping.key), None)
    return FirstLook(
        sheet.title,
        sheet.tab,
        known,
        tuple(column for column in columns if column.header in once),
        (*often, *sheet.duplicates),
        key,
    )


def draft(
    found: FirstLook, bundled: str, *, table: str, key_header: str | None
) -> FirstMapping | None:
    """Return the mapping file for the sheet, None where the bundled one serves as it is.

    Raises:
        SourceError: no column tells the listings apart, or none has the header asked for.
    """
    key = _key(found, key_header)
    made = first_mapping(
        bundled, found.known, found.others, table=table, key=key, duplicates=found.duplicates
    )
    adds_nothing = key is found.key and not found.others and not found.duplicates
    return None if adds_nothing and _is_part_of(made.text, bundled) else made


def _is_part_of(text: str, bundled: str) -> bool:
    """Return whether every line of a mapping stands in the bundled one, patterns among them."""
    return set(text.splitlines()) <= set(bundled.splitlines()) and (
        text.count("pattern = ") == bundled.count("pattern = ")
    )


def _key(found: FirstLook, key_header: str | None) -> KnownColumn | UnmappedColumn:
    if key_header is None and found.key is not None:
        return found.key
    if key_header is not None:
        named = find_header(found.others, key_header)
        if isinstance(named, UnmappedColumn):
            return named
        if found.key and normalise_header(key_header) == normalise_header(found.key.header):
            return found.key
        message = phrase(
            "no column of the sheet has the header {key_header!r} (--key-header)",
            key_header=key_header,
        )
        near = _near(named)
        told = joined(". ", (message, near)) if near else message
        raise SourceError(told, recorded=message)
    candidates = key_candidates(found.others)
    if not candidates:
        raise SourceError(
            phrase(
                "no column of the sheet tells its listings apart: each needs a number"
                " of its own, on every row, in a column whose header --key-header names"
            )
        )
    return candidates[0]


def _near(headers: Sequence[str]) -> str:
    return phrase("Near it: {headers}", headers=", ".join(map(repr, headers))) if headers else ""
