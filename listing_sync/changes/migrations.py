"""Find the files of sql/ that are still to be applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One migration. `checksum` is the SHA-256 of its text, in hex."""

    name: str
    text: str
    checksum: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file to apply; `changed`: it was applied before, with another text."""

    file: SqlFile
    changed: bool


def pending_files(files: Iterable[SqlFile], applied: Mapping[str, str]) -> tuple[PendingFile, ...]:
    """Return the files that are not applied as they are now; `applied` is name -> checksum."""
    return tuple(
        PendingFile(file, changed=file.name in applied)
        for file in files
        if applied.get(file.name) != file.checksum
    )


def statements_of(file: SqlFile) -> tuple[str, ...]:
    """Return the statements of the file and, last, the one that records it as applied."""
    record = (  # names and checksums are our own, not somebody's input
        "insert into public.sync_migrations (name, checksum)"  # noqa: S608
        f" values ('{file.name}', '{file.checksum}')"
        " on conflict (name) do update"
        " set checksum = excluded.checksum, applied_at = now();"
    )
    return (*file.statements, record)


def script_of(pending: Iterable[PendingFile]) -> str:
    """Return the SQL to paste into an SQL editor: the same statements, file by file."""
    return "\n\n".join(
        "\n\n".join((f"-- {item.file.name}", *statements_of(item.file))) for item in pending
    )
