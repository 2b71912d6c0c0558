"""Write changes to lines of an undo file, and read them again.

A change is a line `["AA12345",old,new]`. Inserts, which come many at a time, share one:
`{"columns":["price",..],"inserted":{"AA12345":[3000,..],..}}`. What came of changes is a line
`{"done":["AA12345"],"refused":[..],"made":{"AA12345":{"price":3000.5}}}`; of inserts, whose rows
hold more than was sent, `{"beside":{"columns":["id",..],"rows":{"AA12345":[7,..],..}}}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from listing_sync.cells.json_exact import encode_finite
from listing_sync.cells.listings import Value
from listing_sync.machine.state_dir import decode_json, encode_json, on_one_line
from listing_sync.ports import KeyedRows, Replaced

INSERTED: Final = b'{"columns":'
"""How a line of inserts begins."""


def lines_of(changes: Iterable[Replaced | KeyedRows]) -> Iterator[bytes]:
    """Yield the lines of changes; inserts that follow one another name their columns once."""
    columns: tuple[str, ...] = ()
    inserted: dict[str, tuple[Value, ...]] = {}
    for change in changes:
        if isinstance(change, KeyedRows):
            yield _line_of_inserts(change.columns, change.rows)
            continue
        names = tuple(change.new or ())
        is_insert = change.old is None and change.new is not None
        is_with_those = is_insert and names == columns and change.property_number not in inserted
        if inserted and not is_with_those:
            yield _line_of_inserts(columns, inserted)
            inserted = {}
        if is_insert:
            columns = names
            inserted[change.property_number] = tuple((change.new or {}).values())
        else:
            yield _line_of(change)
    if inserted:
        yield _line_of_inserts(columns, inserted)


def _line_of(change: Replaced) -> bytes:
    return encoded([change.property_number, change.old, change.new])


def _line_of_inserts(columns: Sequence[str], rows: Mapping[str, Sequence[Value]]) -> bytes:
    return encoded({"columns": columns, "inserted": rows})


def encoded(document: object) -> bytes:
    """Return a document as a line."""
    return on_one_line(encode_finite(document) or encode_json(document)) + b"\n"


def is_change(line: bytes) -> bool:
    """Return whether a line holds changes, not what is said of changes."""
    return line.startswith((b"[", INSERTED))


def changes_in(line: bytes) -> Iterator[Replaced]:
    """Yield the changes that a line holds; none where it holds what is said of changes."""
    if line.startswith(b"["):
        yield change_of(line)
    elif line.startswith(INSERTED):
        found = decode_json(line, frames=3)
        for number, values in found["inserted"].items():
            yield Replaced(number, None, dict(zip(found["columns"], values, strict=True)))


def lines_by_number(line: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (number, line of its own) for each change that a line holds; it reads no more of it."""
    if line.startswith(b"["):
        text = line.decode("utf-8", "surrogatepass")
        yield json.decoder.scanstring(text, len('["'))[0], line  # type: ignore[attr-defined]  # C
        return
    for change in changes_in(line):
        yield change.property_number, _line_of(change)


def change_of(line: bytes) -> Replaced:
    """Return the change that a line of its own holds.

    Raises:
        ValueError: it holds none.
    """
    match decode_json(line, frames=2):
        case [str(number), dict() | None as old, dict() | None as new]:
            return Replaced(number, old, new)
        case _:
            raise ValueError("no change")


def done_in(said: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Value] | None]]:
    """Yield (number, what the database made of its row) of the changes that a line calls done.

    None: nothing else than was sent, as far as is known.
    """
    made = said.get("made", {})
    for number in said.get("done", ()):
        yield number, made.get(number)
    beside = said.get("beside", {"columns": (), "rows": {}})
    for number, values in beside["rows"].items():
        found = zip(beside["columns"], values, strict=True)
        yield number, {**dict(found), **made.get(number, {})}
