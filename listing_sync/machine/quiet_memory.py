"""Keep on this disk what the last run with nothing to do concluded, one file a source.

Each is a checked file that holds one JSON document. One that is damaged, foreign, of another
version or mapping counts as none: then all is understood anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Checked, Rejection, SheetColumn, SheetContents
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.plan import Plan
from listing_sync.changes.quiet import Fetched, Quiet
from listing_sync.errors import Category
from listing_sync.language.records import recalled, record_of
from listing_sync.language.sentences import english_of
from listing_sync.machine.checked_file import name_of, read_checked, write_checked
from listing_sync.machine.state_dir import StateDir

_FORM: Final = b"listing-sync quiet run 1"
_REJECTION: Final = tuple(field.name for field in fields(Rejection))


class QuietMemoryFiles:
    """Never raises but OSError in `store`: without a memory all is understood."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self, source: str, identity: str, mapping: SheetMapping) -> Quiet | None:
        """Return what was concluded for exactly this source and identity, None when nothing was."""
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            document = json.loads(read_checked(self._path(source), _FORM))
            if (document["source"], document["identity"]) == (source, identity):
                return _quiet(document, {column.name: column for column in mapping.columns})
        return None

    def store(self, source: str, identity: str, quiet: Quiet) -> None:
        """Replace what is remembered for a source; raises OSError.

        A rejection whose reason a record cannot tell in both languages is not to be gone by.
        """
        if not all(_is_told(each) for each in quiet.checked.rejections):
            return
        document = {"source": source, "identity": identity, **_document(quiet)}
        write_checked(self._path(source), _FORM, json.dumps(document).encode())

    def _path(self, source: str) -> Path:
        return self._state.path / name_of("quiet", source)


def _document(quiet: Quiet) -> dict[str, object]:
    contents, checked, plan = quiet.contents, quiet.checked, quiet.plan
    return {
        "fetched": [
            [each.what, each.request, dict(each.headers), each.digest] for each in quiet.fetched
        ],
        "fingerprints": quiet.fingerprints,
        "read_whole_at": quiet.read_whole_at.isoformat(),
        "known": quiet.known,
        "tab": contents.tab,
        "link_base": contents.link_base,
        "time_zone": contents.time_zone,
        "columns": [
            [each.column.name, each.column.unit, each.header, each.letter]
            for each in contents.columns
        ],
        "missing": [column.name for column in contents.missing],
        "unmapped": contents.unmapped,
        "rejections": [
            [[getattr(each, name) for name in _REJECTION], record_of(each.reason)]
            for each in checked.rejections
        ],
        "unknown_numbers": checked.unknown_numbers,
        "total_rows": checked.total_rows,
        "rejected_rows": checked.rejected_rows,
        "repeated": checked.repeated,
        "payloads": list(quiet.payloads.items()),
        "unchanged": plan.unchanged,
        "unlisted": plan.unlisted,
        "table_size": plan.table_size,
        "filled": plan.filled,
        "unseen": sorted(plan.unseen),
        "has_rows": plan.has_rows,
    }


def _quiet(document: Mapping[str, Any], mapped: Mapping[str, Column]) -> Quiet:
    columns = tuple(
        SheetColumn(replace(mapped[name], unit=unit), header, letter)
        for name, unit, header, letter in document["columns"]
    )
    return Quiet(
        fetched=tuple(Fetched(*each) for each in document["fetched"]),
        fingerprints=tuple(document["fingerprints"]),
        read_whole_at=datetime.fromisoformat(document["read_whole_at"]),
        known=document["known"],
        contents=SheetContents(
            tab=document["tab"],
            link_base=document["link_base"],
            time_zone=document["time_zone"],
            columns=columns,
            rows=(),
            missing=tuple(mapped[name] for name in document["missing"]),
            unmapped=tuple(document["unmapped"]),
        ),
        checked=Checked(
            columns=columns,
            listings=(),
            rejections=tuple(map(_rejection, document["rejections"])),
            numbers=frozenset(),
            unknown_numbers=document["unknown_numbers"],
            total_rows=document["total_rows"],
            rejected_rows=document["rejected_rows"],
            repeated=tuple((number, tuple(rows)) for number, rows in document["repeated"]),
        ),
        payloads=dict(document["payloads"]),
        plan=Plan(
            columns=columns,
            inserts=(),
            updates=(),
            unchanged=document["unchanged"],
            unlisted=tuple(document["unlisted"]),
            removals=(),
            table_size=document["table_size"],
            filled=tuple(document["filled"]),
            blanked=(0,) * len(columns),
            unseen=frozenset(document["unseen"]),
            has_rows=document["has_rows"],
        ),
    )


def _rejection(kept: list[Any]) -> Rejection:
    values, record = kept
    given = dict(zip(_REJECTION, values, strict=True))
    rejection = Rejection(**{**given, "category": Category(given["category"])})
    reason = recalled(record, rejection.code)
    return rejection if reason is None else replace(rejection, reason=reason)


def _is_told(rejection: Rejection) -> bool:
    reason = rejection.reason
    told = recalled(record_of(reason), rejection.code) or str.__str__(reason)
    return (told, english_of(told)) == (reason, english_of(reason))
