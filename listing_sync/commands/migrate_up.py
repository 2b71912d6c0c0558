"""Apply the files of sql/ that are not applied, and wait until REST sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from listing_sync.changes.migrations import PendingFile, pending_files, statements_of
from listing_sync.errors import NotSetUpError
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Database, Ports, Progress

VISIBLE_WITHIN_S: Final = 120.0
_STEP_S: Final = 2.0
_IS_THERE: Final = "select to_regclass('public.sync_migrations') is not null as is_there"
_APPLIED: Final = "select name, checksum from public.sync_migrations"


@dataclass(frozen=True, slots=True)
class Applied:
    """What `up` did; `visible` is False when REST did not see the tables in time."""

    files: tuple[PendingFile, ...]
    visible: bool


def find_pending(ports: Ports) -> tuple[PendingFile, ...]:
    """Return what is to apply, as PostgreSQL itself says where it can be asked, else REST."""
    database = ports.target.database
    applied = ports.target.migrations.applied() if database is None else _applied(database)
    return pending_files(ports.target.migrations.files, applied)


def _applied(database: Database) -> Mapping[str, str]:
    if not database.query(_IS_THERE)[0]["is_there"]:
        return {}
    return {str(row["name"]): str(row["checksum"]) for row in database.query(_APPLIED)}


def apply(
    ports: Ports, database: Database, pending: Sequence[PendingFile], progress: Progress
) -> Applied:
    """Apply the files in order, each with its record; safe to repeat after a failure."""
    progress.phase("Applying SQL", len(pending))
    for item in pending:
        database.apply(statements_of(item.file))
        progress.advance(1)
    progress.phase("Waiting for REST", None)
    return Applied(tuple(pending), _wait_until_visible(ports, pending))


def _wait_until_visible(ports: Ports, applied: Sequence[PendingFile]) -> bool:
    """Return whether the API sees the tables in time.

    Source: PostgREST docs/references/schema_cache.rst: it reloads seconds after a notification,
    which may get lost.
    """
    ends_at = ports.clock.monotonic() + VISIBLE_WITHIN_S
    while not _is_visible(ports, applied):
        if ports.clock.monotonic() >= ends_at:
            return False
        ports.clock.sleep(_STEP_S)
    return True


def _is_visible(ports: Ports, applied: Sequence[PendingFile]) -> bool:
    try:
        ports.target.records.recent(1)
    except NotSetUpError:
        return False
    if not ports.target.migrations.applied():
        return False
    has_listings = any(f"public.{ports.mapping.table} " in item.file.text for item in applied)
    return not has_listings or ports.target.table.describe().exists
