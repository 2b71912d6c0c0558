"""Find what one run did to one listing among the lines of its undo file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.changes.undo_log import Logged
from listing_sync.machine.state_dir import decode_json, encode_json
from listing_sync.machine.undo_lines import INSERTED, changes_in, done_in

_TYPES = b'{"types":'


def changes_of_one(batches: Iterable[bytes], run: Logged, property_number: str) -> list[Logged]:
    """Return what a run did to a listing, oldest first; what the database refused is left out.

    `run` tells whose the changes are.
    """
    # Most batches do not have the listing: they are searched as text, and not read as JSON.
    name = encode_json(property_number)
    start = b"[" + name + b","
    types: dict[str, ColumnType] = {}
    found: list[Logged] = []
    settled = 0
    for at, lines in enumerate(batches):
        if at == 0 and lines.startswith(_TYPES):
            types = types_of(decode_json(lines.split(b"\n", 1)[0], frames=3).get("types", {}))
        if name not in lines:
            continue
        for line in lines.splitlines():
            if line.startswith((start, INSERTED)):
                found += [
                    replace(
                        run, property_number=property_number, old=it.old, new=it.new, types=types
                    )
                    for it in changes_in(line)
                    if it.property_number == property_number
                ]
            elif line.startswith(b"{") and name in line:
                outcome = decode_json(line, frames=3)
                if property_number in outcome.get("refused", ()):
                    del found[settled:]
                for made in (
                    made for number, made in done_in(outcome) if number == property_number
                ):
                    found[settled:] = [
                        replace(each, is_certain=True, made=made) for each in found[settled:]
                    ]
                settled = len(found)
    return found


def types_of(said: Mapping[str, Value]) -> dict[str, ColumnType]:
    """Return the types of columns as a file tells them; those of other versions are left out."""
    known = {item.value: item for item in ColumnType}
    return {name: known[str(kind)] for name, kind in said.items() if str(kind) in known}
