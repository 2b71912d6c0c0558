"""Keep whole tables on this disk, compressed and checksummed, and read them back.

The file holds gzip'd lines: first what it is of, then one JSON array of values a row. Beside it
stands its checksum, as sha256sum writes it; it comes last, so that without it there is no snapshot.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.cells.listings import Value
from listing_sync.errors import RefusedError
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.machine.sequence import SNAPSHOT_FOLDER, next_sequence, numbered
from listing_sync.machine.state_dir import (
    StateDir,
    decode_json,
    encode_json,
    read_as_ours,
    sync_folder,
    write_atomically,
)
from listing_sync.ports import SnapshotMeta
from listing_sync.regular_file import open_regular, read_regular

_SUFFIX = ".jsonl.gz"
LARGEST_LINE_BYTES = 32 * 1024 * 1024
"""Unpacked: a row holds less than the request that wrote it."""


class SnapshotFiles:
    """The snapshots of one target; kept until somebody deletes them."""

    def __init__(self, state: StateDir, target: str) -> None:
        self._state = state
        self._folder = state.path / SNAPSHOT_FOLDER
        self._target = target

    def take(
        self,
        *,
        taken_at: datetime,
        last_heard_at: datetime | None = None,
        columns: tuple[str, ...],
        first: bool,
        pages: Iterable[Sequence[Mapping[str, Value]]],
    ) -> SnapshotMeta:
        """Write a snapshot, a page at a time; one that was cut short is never seen."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kind = "first" if first else "later"
        sequence = next_sequence(self._state.path)
        stamp = f"{taken_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
        name = f"{stamp}-{numbered(sequence)}-{kind}{_SUFFIX}"
        meta = SnapshotMeta(
            name,
            self._target,
            taken_at,
            columns,
            first,
            sequence=sequence,
            last_heard_at=last_heard_at,
        )
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                rows = _write(file, meta, pages)
                file.flush()
                os.fsync(file.fileno())
            digest = _sha256(Path(temporary))
            Path(temporary).replace(self._folder / name)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
        sync_folder(self._folder)
        write_atomically(_checksum_path(self._folder / name), f"{digest}  {name}\n".encode())
        return replace(meta, rows=rows)

    def all(self) -> tuple[SnapshotMeta, ...]:
        """Return the snapshots of this target, newest first; damaged ones are left out."""
        return kept_snapshots(self._state)

    def find(self, path: Path) -> SnapshotMeta:
        """Return what the file is, and how many rows it has, after checking every byte of it.

        Raises:
            RefusedError: it is not there, damaged, or of another target.
        """
        path = path.resolve() if path.exists() else self._folder / path
        meta = self._checked(path)
        with read_as_ours(path):
            return replace(meta, name=str(path), rows=sum(1 for _ in _lines(path)) - 1)

    def path_of(self, meta: SnapshotMeta) -> Path:
        """Return the file of a snapshot."""
        return self._folder / meta.name

    def rows(self, meta: SnapshotMeta) -> Iterator[Mapping[str, Value]]:
        """Yield the rows, after checking the file as `find` does."""
        path = self.path_of(meta)
        columns = self._checked(path).columns
        with read_as_ours(path):
            lines = _lines(path)
            next(lines)
            for line in lines:
                yield dict(zip(columns, decode_json(line, frames=1), strict=True))

    def _checked(self, path: Path) -> SnapshotMeta:
        try:
            checksum = read_regular(_checksum_path(path)).decode("utf-8", "replace")
            if checksum.split()[:1] != [_sha256(path)]:
                raise RefusedError(
                    phrase("{path} is damaged: its checksum does not fit", path=path)
                )
        except OSError as error:
            raise RefusedError(
                phrase(
                    "{path} and its checksum {checksum} cannot be read ({why}): `migrate"
                    " rollback` lists the snapshots there are",
                    path=path,
                    checksum=_checksum_path(path).name,
                    why=system_words(error),
                )
            ) from error
        meta = _read_meta(path)
        if meta.target != self._target:
            raise RefusedError(
                phrase(
                    "{path} is a snapshot of {its}, not of {ours}",
                    path=path,
                    its=meta.target,
                    ours=self._target,
                )
            )
        return meta


def kept_snapshots(state: StateDir) -> tuple[SnapshotMeta, ...]:
    """Return the snapshots in the folder of a target, newest first; damaged ones are left out."""
    try:
        paths = sorted((state.path / SNAPSHOT_FOLDER).iterdir(), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    found = []
    for path in paths:
        if path.name.endswith(_SUFFIX) and _checksum_path(path).exists():
            with suppress(RefusedError):
                found.append(_read_meta(path))
    return tuple(sorted(found, key=lambda meta: (meta.sequence or 0, meta.taken_at), reverse=True))


def _write(file: Any, meta: SnapshotMeta, pages: Iterable[Sequence[Mapping[str, Value]]]) -> int:
    header = {
        "target": meta.target,
        "taken_at": meta.taken_at.isoformat(),
        "columns": meta.columns,
        "first": meta.first,
        "sequence": meta.sequence,
        "last_heard_at": meta.last_heard_at and meta.last_heard_at.isoformat(),
    }
    rows = 0
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
        packed.write(encode_json(header) + b"\n")
        for page in pages:
            packed.writelines(
                encode_json([row[name] for name in meta.columns]) + b"\n" for row in page
            )
            rows += len(page)
    return rows


def _lines(path: Path) -> Iterator[bytes]:
    with open_regular(path) as packed, gzip.open(packed, "rb") as file:
        while line := file.readline(LARGEST_LINE_BYTES + 1):
            if len(line) > LARGEST_LINE_BYTES:
                raise ValueError("a line without an end")
            yield line


def _read_meta(path: Path) -> SnapshotMeta:
    try:
        header = read_foreign_json(next(_lines(path)))
        heard = header.get("last_heard_at")
        return SnapshotMeta(
            name=path.name,
            target=header["target"],
            taken_at=datetime.fromisoformat(header["taken_at"]),
            columns=tuple(header["columns"]),
            first=header["first"],
            sequence=header.get("sequence"),
            last_heard_at=heard and datetime.fromisoformat(heard),
        )
    except (OSError, EOFError, StopIteration, KeyError, TypeError, ValueError, zlib.error) as error:
        raise RefusedError(
            phrase("{path} is not a snapshot of listing-sync, or is damaged", path=path)
        ) from error


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
