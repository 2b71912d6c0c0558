"""Keep what runs replaced and wrote, and what came of it: lines in gzip, one file a run.

The changes of a batch are on disk before the write, a line with what became of them follows with
its answer, and the first, `{"types":{..}}`, tells how the columns were mapped then. Each group of
lines is a gzip member of its own, so a killed process can cut off only what was never sent, and
`zcat` reads the file.

Rows that are new, and what the database made of them, are stored as they are: they come by the
thousand, once, and packing them would take longer than all the rest.
"""

from __future__ import annotations

import errno
import re
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.changes.undo_log import Logged
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.machine.appended import Appended
from listing_sync.machine.gzip_member import GZIP, packed, stored
from listing_sync.machine.sequence import UNDO_FOLDER, next_sequence, numbered, sequence_of
from listing_sync.machine.snapshots import kept_snapshots
from listing_sync.machine.state_dir import (
    StateDir,
    encode_json,
    read_as_ours,
)
from listing_sync.machine.undo_first import first_done_in
from listing_sync.machine.undo_lines import changes_in, encoded, lines_of
from listing_sync.machine.undo_of_one import changes_of_one
from listing_sync.ports import KeyedRows, Replaced, SnapshotMeta
from listing_sync.regular_file import open_regular

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_SUFFIX = ".jsonl.gz"
_NAME = re.compile(r"(?:[0-9]+-)?[0-9]{8}T[0-9]{6}\.[0-9]{6}Z_[^/]*\.jsonl\.gz")
LARGEST_BATCH_BYTES = 64 * 1024 * 1024
"""Unpacked; a hundred times what a batch of long listings takes."""
_FIRST_LINE_BYTES = 1024 * 1024
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class RunFile:
    """The file of one run."""

    run_id: str
    started_at: datetime
    path: Path


class UndoFiles:
    """The undo files of one target; `types` are those of the columns that its runs write."""

    def __init__(self, state: StateDir, types: Mapping[str, ColumnType] | None = None) -> None:
        self._state = state
        self._folder = state.path / UNDO_FOLDER
        self._types = types or {}
        self._lock = threading.Lock()
        self._writing: dict[str, Path] = {}
        self._file: Appended | None = None

    # -- writing ---------------------------------------------------------------------------------

    def record(
        self,
        run_id: str,
        started_at: datetime,
        changes: Iterable[Replaced | KeyedRows],
        *,
        undoes: Mapping[str, Value] | None = None,
    ) -> None:
        """Append what a batch will replace and write; raises OSError when it cannot be kept.

        The first line tells what a rollback `undoes`: {"run": its id} or {"since": a sequence}.
        """
        found = tuple(changes)
        lines = b"".join(lines_of(found))
        if not lines:
            return
        pack = stored if isinstance(found[0], KeyedRows) else packed
        with self._lock:
            path = self._writing.get(run_id)
            if len(lines) >= LARGEST_BATCH_BYTES - _FIRST_LINE_BYTES:
                raise OSError(errno.EFBIG, "more than a batch may hold", str(self._folder))
            if path is None:
                first = {"types": self._types} | ({"undoes": undoes} if undoes else {})
                lines = encode_json(first) + b"\n" + lines
                path = self._new_path(run_id, started_at)
            self._file_of(path).append(pack(lines), is_needed=True)
            self._writing[run_id] = path

    def conclude(
        self,
        run_id: str,
        *,
        done: Sequence[str] = (),
        refused: Sequence[str] = (),
        made: Mapping[str, Mapping[str, Value]] | None = None,
        spelled: Mapping[str, str] | None = None,
        beside: KeyedRows | None = None,
    ) -> None:
        """Append what came of changes of a run: those done, and those refused for certain.

        `made` holds by number what the database made of values where that is not what was sent,
        `spelled` how it spells the number, `beside` what else stands in rows, which are done. It
        does nothing for a run that recorded nothing.
        """
        parts: dict[str, object] = {
            "done": done,
            "refused": refused,
            "made": made,
            "spelled": spelled,
        }
        if beside is not None:
            parts["beside"] = {"columns": beside.columns, "rows": beside.rows}
        line = encoded({name: part for name, part in parts.items() if part})
        with self._lock:
            path = self._writing.get(run_id)
            if path is not None and len(line) > len(b"{}\n"):
                member = (stored if beside else packed)(line)
                self._file_of(path).append(member, is_needed=False)

    def _file_of(self, path: Path) -> Appended:
        """Return the file, which stays open: a run has many batches."""
        if self._file is None or self._file.path != path:
            self._file = Appended(path)
        return self._file

    def _new_path(self, run_id: str, started_at: datetime) -> Path:
        known = next((path for path in self._paths() if _run_id(path) == run_id), None)
        stamp = f"{started_at.astimezone(UTC):{_STAMP}}"
        sequence = numbered(next_sequence(self._state.path))
        return known or self._folder / f"{sequence}-{stamp}_{run_id}{_SUFFIX}"

    # -- reading ---------------------------------------------------------------------------------

    def read(self, run_id: str) -> Iterator[Replaced]:
        """Yield what a run recorded, in order; nothing when it has no file."""
        for path in self._paths():
            if _run_id(path) == run_id:
                for line in self.lines(path):
                    yield from changes_in(line)

    def first_done(self, run_id: str, limit: int) -> tuple[Replaced, ...]:
        """Return at most `limit` changes that the database took of a run, in order."""
        for path in self._paths():
            if _run_id(path) == run_id:
                with read_as_ours(path):
                    return first_done_in(self._batches(path), limit)
        return ()

    def runs(self) -> tuple[tuple[str, datetime], ...]:
        """Return (run_id, started_at) of the runs that have a file, newest first."""
        return tuple((_run_id(path), _started_at(path)) for path in self._paths())

    def changes_of(self, property_number: str, limit: int) -> tuple[Logged, ...]:
        """Return what our runs did to one listing, newest first, at most `limit` changes.

        Those that the database refused are left out.
        """
        found: list[Logged] = []
        for path in self._paths():
            if len(found) >= limit:
                break
            run = Logged(property_number, None, None, _run_id(path), _started_at(path))
            with read_as_ours(path):
                found += reversed(changes_of_one(self._batches(path), run, property_number))
        return tuple(found[:limit])

    def since(self, beginning: SnapshotMeta | str | None) -> Iterator[RunFile]:
        """Yield the files of the runs after a snapshot, from a run on, or of all, oldest first."""
        paths = self._paths()
        if isinstance(beginning, str):
            at = next((at for at, path in enumerate(paths) if _run_id(path) == beginning), -1)
            paths = paths[: at + 1]
        elif beginning is not None:
            paths = [path for path in paths if _is_since(path, beginning)]
        for path in reversed(paths):
            yield RunFile(_run_id(path), _started_at(path), path)

    def lines(self, path: Path) -> Iterator[bytes]:
        """Yield the lines of a file, but what a killed process left half-written."""
        for lines in self._batches(path):
            yield from lines.splitlines()

    def delete_older(self, before: datetime, *, keep: int) -> None:
        """Delete the files of runs started before `before`, but never the newest `keep`.

        Nor those of runs since the oldest snapshot that is kept: the way back to it needs them.
        """
        snapshots = kept_snapshots(self._state)
        for path in self._paths()[keep:]:
            is_needed = any(_is_since(path, snapshot) for snapshot in snapshots)
            if _started_at(path) < before and not is_needed:
                path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        """Return the files, newest first by their numbers; those without one are the oldest.

        What somebody put beside them under another name is none of ours.
        """
        try:
            paths = [path for path in self._folder.iterdir() if _is_ours(path)]
        except FileNotFoundError:
            return []
        return sorted(
            paths, key=lambda path: (sequence_of(path.name) or 0, path.name), reverse=True
        )

    def _batches(self, path: Path) -> Iterator[bytes]:
        """Yield the lines of each batch; what a killed process left half-written is dropped."""
        with open_regular(path) as file:
            yield from self._members(path, iter(lambda: file.read(_CHUNK_BYTES), b""))

    def _members(self, path: Path, chunks: Iterable[bytes]) -> Iterator[bytes]:
        decompressor = zlib.decompressobj(wbits=GZIP)
        parts: list[bytes] = []
        left = LARGEST_BATCH_BYTES
        for chunk in chunks:
            rest = chunk
            while rest:
                try:
                    parts.append(decompressor.decompress(rest, left))
                    left -= len(parts[-1])
                    is_damaged = left <= 0
                except zlib.error:
                    is_damaged = True
                if is_damaged:
                    self._state.warn(
                        phrase("{path} is damaged: what follows in it cannot be undone", path=path)
                    )
                    return
                rest = decompressor.unused_data
                if decompressor.eof:
                    yield b"".join(parts)
                    parts, left = [], LARGEST_BATCH_BYTES
                    decompressor = zlib.decompressobj(wbits=GZIP)


def _is_ours(path: Path) -> bool:
    try:
        return _NAME.fullmatch(path.name) is not None and bool(_started_at(path))
    except ValueError:
        return False


def _is_since(path: Path, snapshot: SnapshotMeta) -> bool:
    sequence = sequence_of(path.name)
    if snapshot.sequence is None:
        return sequence is not None or _started_at(path) >= snapshot.taken_at
    return sequence is not None and sequence > snapshot.sequence


def _run_id(path: Path) -> str:
    return path.name.removesuffix(_SUFFIX).partition("_")[2]


def _started_at(path: Path) -> datetime:
    stamp = path.name.partition("_")[0].rpartition("-")[2]
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
