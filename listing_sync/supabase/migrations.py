"""Find over REST which of the files of sql/ are applied."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from listing_sync.changes.migrations import SqlFile
from listing_sync.errors import PermanentError
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.sql_files import migration_files

_TABLE: Final = "sync_migrations"
_NOT_THERE: Final = frozenset({"PGRST205", "42P01"})
_NOT_GRANTED: Final = "42501"


class AppliedMigrations:
    """ports.Migrations over the REST API."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    @cached_property
    def files(self) -> tuple[SqlFile, ...]:
        """Return the files of sql/ in the order in which they are applied."""
        return migration_files()

    def applied(self) -> dict[str, str]:
        """Return name -> checksum of the applied files.

        Empty also when the key may not read the record: the file that grants it is then to be
        applied (again).
        """
        query = self._rest.table(_TABLE).select("name,checksum").order("name")
        try:
            page = self._rest.read(query, "reading which SQL files are applied")
        except PermanentError as error:
            if error.code in _NOT_THERE or error.code == _NOT_GRANTED:
                return {}
            raise
        return {str(row["name"]): str(row["checksum"]) for row in page.rows}
