"""What runs replaced and wrote: compressed lines, one file a run, on disk before the write.

A line is `["AA12345",old,new]`. Each batch is a gzip member of its own, so a killed process can cut
off only the batch that was never sent, and `zcat` reads the file.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from listing_sync.core.json_exact import decode
from listing_sync.local.state_dir import StateDir, encode_json, sync_folder
from listing_sync.ports import Replaced

_FOLDER = "undo"
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_SUFFIX = ".jsonl.gz"
_GZIP = 31
_CHUNK_BYTES = 1 << 16


class UndoFiles:
    """The undo files of one target."""

    def __init__(self, state: StateDir) -> None:
        self._state = state
        self._folder = state.path / _FOLDER
        self._lock = threading.Lock()

    def record(self, run_id: str, started_at: datetime, changes: Iterable[Replaced]) -> None:
        """Append what a batch will replace and write; raises OSError when it cannot be kept."""
        lines = b"".join(
            encode_json([change.property_number, change.old, change.new]) + b"\n"
            for change in changes
        )
        if lines:
            compressor = zlib.compressobj(1, wbits=_GZIP)
            member = compressor.compress(lines) + compressor.flush()
            name = f"{started_at.astimezone(UTC):{_STAMP}}_{run_id}{_SUFFIX}"
            with self._lock:
                _append(self._folder / name, member)

    def read(self, run_id: str) -> Iterator[Replaced]:
        """Yield what a run did, in order; nothing when it has no file."""
        for path in self._paths():
            if _run_id(path) == run_id:
                for lines in self._batches(path):
                    yield from map(_change, lines.splitlines())

    def runs(self) -> tuple[tuple[str, datetime], ...]:
        """Return (run_id, started_at) of the runs that have a file, newest first."""
        return tuple((_run_id(path), _started_at(path)) for path in self._paths())

    def changes_of(
        self, property_number: str, limit: int
    ) -> tuple[tuple[str, datetime, Replaced], ...]:
        """Return (run_id, started_at, change) of one listing, newest first, at most `limit`."""
        # Most batches do not have the listing: they are searched as text, and not read as JSON.
        start = encode_json([property_number])[:-1] + b","
        found: list[tuple[str, datetime, Replaced]] = []
        for path in self._paths():
            if len(found) >= limit:
                break
            changes = [
                _change(line)
                for lines in self._batches(path)
                if start in lines
                for line in lines.splitlines()
                if line.startswith(start)
            ]
            found += [(_run_id(path), _started_at(path), change) for change in reversed(changes)]
        return tuple(found[:limit])

    def delete_older(self, before: datetime, *, keep: int) -> None:
        """Delete the files of runs started before `before`, but never the newest `keep`."""
        for path in self._paths()[keep:]:
            if _started_at(path) < before:
                path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        try:
            return sorted(
                (path for path in self._folder.iterdir() if path.name.endswith(_SUFFIX)),
                reverse=True,
            )
        except FileNotFoundError:
            return []

    def _batches(self, path: Path) -> Iterator[bytes]:
        """Yield the lines of each batch; what a killed process left half-written is dropped."""
        with path.open("rb") as file:
            yield from self._members(path, iter(lambda: file.read(_CHUNK_BYTES), b""))

    def _members(self, path: Path, chunks: Iterable[bytes]) -> Iterator[bytes]:
        decompressor = zlib.decompressobj(wbits=_GZIP)
        parts: list[bytes] = []
        for chunk in chunks:
            rest = chunk
            while rest:
                try:
                    parts.append(decompressor.decompress(rest))
                except zlib.error:
                    self._state.warn(f"{path} is damaged: what follows in it cannot be undone")
                    return
                rest = decompressor.unused_data
                if decompressor.eof:
                    yield b"".join(parts)
                    parts = []
                    decompressor = zlib.decompressobj(wbits=_GZIP)


def _append(path: Path, member: bytes) -> None:
    is_new = not path.exists()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        try:
            with open(handle, "wb", closefd=False) as file:
                file.write(member)
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)  # half a batch would hide those that follow
            raise
    finally:
        os.close(handle)
    if is_new:
        sync_folder(path.parent)


def _change(line: bytes) -> Replaced:
    return Replaced(*decode(line.decode("utf-8", "surrogatepass"), frames=2))


def _run_id(path: Path) -> str:
    return path.name.removesuffix(_SUFFIX).partition("_")[2]


def _started_at(path: Path) -> datetime:
    return datetime.strptime(path.name.partition("_")[0], _STAMP).replace(tzinfo=UTC)
