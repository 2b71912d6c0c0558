"""Make a first mapping file of the headers of a sheet: bundled blocks, and drafts for the rest."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from listing_sync.cells.columns import Column
from listing_sync.cells.draft_mapping import UnmappedColumn, draft_mapping
from listing_sync.cells.mapping import normalise_header
from listing_sync.cells.near import near_matches
from listing_sync.cells.spelling import normalise
from listing_sync.lazy_dataclasses import dataclass

_BLOCK = re.compile(r"^\[columns\.(\w+)\]\n(?:(?!\[).*\n?)*", re.MULTILINE)
_PATTERN = re.compile(r"^(?:pattern|example) = .*\n", re.MULTILINE)
_NAME = re.compile(r"^\[columns\.(\w+)\]$", re.MULTILINE)
_TYPE = re.compile(r'^type = "\w+"\n(?:scale = .*\n|blank = .*\n)*', re.MULTILINE)
_TITLE = "# Drafted from headers and cells: check each name and type.\n"
_NUMBER_HEADER = re.compile(r"番号|コード|\bid\b|\bno\b|number|code|管理", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A column of the bundled mapping that the sheet has, with some cells as a person sees them."""

    column: Column
    header: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirstMapping:
    """A mapping file; `key_header` tells the listings apart, `drafted` counts columns to check."""

    text: str
    key_header: str
    drafted: int


def key_candidates(columns: Iterable[UnmappedColumn]) -> tuple[UnmappedColumn, ...]:
    """Return the columns whose cells can tell listings apart, the likeliest first.

    Every cell of the sample is filled and no two are alike.
    """
    telling = [column for column in columns if _tells_apart(column.cells)]
    return tuple(
        sorted(telling, key=lambda each: not _NUMBER_HEADER.search(normalise(each.header)))
    )


def find_header(columns: Sequence[UnmappedColumn], wanted: str) -> UnmappedColumn | tuple[str, ...]:
    """Return the column of that header, compared as mappings do, else the headers near it."""
    spelling = normalise_header(wanted)
    for column in columns:
        if normalise_header(column.header) == spelling:
            return column
    return near_matches(wanted, [column.header for column in columns])


def first_mapping(
    bundled: str,
    known: Sequence[KnownColumn],
    others: Sequence[UnmappedColumn],
    *,
    table: str,
    key: KnownColumn | UnmappedColumn,
    duplicates: Collection[str] = (),
) -> FirstMapping:
    """Return the file: the blocks of the bundled one for `known`, drafted ones for `others`.

    A pattern that cells of the sheet do not have is left
    out. `key` is one of either kind; a drafted key becomes required text.
    """
    blocks = {found[1]: found[0].rstrip() + "\n" for found in _BLOCK.finditer(bundled)}
    parts = [_fitting(blocks[each.column.name], each) for each in known]
    names = [each.column.name for each in known]
    if isinstance(key, KnownColumn):
        key_name = key.column.name
        draft = draft_mapping(others, names, duplicates)
    else:
        rest = [column for column in others if column is not key]
        draft = draft_mapping([key, *rest], names, duplicates)
        key_name = str(_NAME.findall(draft)[0])
        draft = _TYPE.sub('type = "text"\nrequired = true\n', draft, count=1)
    draft = _TITLE + draft.partition("\n")[2] if draft else ""
    head = f'table = "{table}"\nkey = "{key_name}"\n'
    return FirstMapping("\n".join(filter(None, (head, *parts, draft))), key.header, len(others))


def _fitting(block: str, known: KnownColumn) -> str:
    pattern = known.column.pattern
    filled = [normalise(cell) for cell in known.cells if normalise(cell)]
    if pattern is None or all(pattern.fullmatch(cell) for cell in filled):
        return block
    return _PATTERN.sub("", block)


def _tells_apart(cells: Sequence[str]) -> bool:
    filled = [normalise(cell) for cell in cells]
    return bool(filled) and all(filled) and len(set(filled)) == len(filled)
