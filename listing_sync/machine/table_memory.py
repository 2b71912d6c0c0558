"""Keep on this disk what the last comparisons saw of the table, one file a source.

Of the checked file one line is the head as JSON, the other by bucket its keys and digests. A file
that is damaged, foreign, of another version or mapping counts as none: then the table is read
whole, and the file is written anew.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from listing_sync.changes.seen import DIGEST_BYTES, Bucket, Remembered, Seen
from listing_sync.machine.checked_file import name_of, read_checked, write_checked
from listing_sync.machine.state_dir import StateDir

_FORM: Final = b"listing-sync table memory 1"


class TableMemoryFiles:
    """Never raises but OSError in `store`: without a memory all is read."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self, source: str, identity: str) -> Remembered | None:
        """Return what was seen for exactly this source and identity, None when nothing was."""
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            return _decoded(read_checked(self._path(source), _FORM), source, identity)
        return None

    def store(self, source: str, identity: str, remembered: Remembered) -> None:
        """Replace what is remembered for a source; raises OSError."""
        write_checked(self._path(source), _FORM, _encoded(source, identity, remembered))

    def _path(self, source: str) -> Path:
        return self._state.path / name_of("table-seen", source)


def _encoded(source: str, identity: str, remembered: Remembered) -> bytes:
    head = {
        "source": source,
        "identity": identity,
        "read_whole_at": remembered.read_whole_at.isoformat(),
    }
    buckets = [None if bucket is None else _document(bucket) for bucket in remembered.seen]
    return b"\n".join(json.dumps(part).encode() for part in (head, buckets))


def _document(bucket: Bucket) -> list[object]:
    return [
        bucket.content,
        list(bucket.rows),
        [digest.hex() for digest in bucket.rows.values()],
        sorted(bucket.marked),
    ]


def _decoded(content: bytes, source: str, identity: str) -> Remembered | None:
    first, second = content.split(b"\n", 1)
    head = json.loads(first)
    if (head["source"], head["identity"]) != (source, identity):
        return None
    seen: Seen = tuple(each and _bucket(each) for each in json.loads(second))
    return Remembered(datetime.fromisoformat(head["read_whole_at"]), seen)


def _bucket(document: Any) -> Bucket:
    content, keys, digests, marked = document
    rows = dict(zip(keys, map(bytes.fromhex, digests), strict=True))
    if any(len(digest) not in {0, DIGEST_BYTES} for digest in rows.values()):
        raise ValueError("not a digest")
    return Bucket(content, rows, frozenset(marked))
