"""Build what is on the other side: the table, the records, and the ways to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from listing_sync.cells.mapping import SheetMapping
from listing_sync.errors import Service, SettingsError
from listing_sync.ports import Database, Identity
from listing_sync.settings import Settings
from listing_sync.wiring.guards import Ask, Guards

if TYPE_CHECKING:
    from listing_sync.supabase.holds import SupabaseHolds
    from listing_sync.supabase.migrations import AppliedMigrations
    from listing_sync.supabase.rest import Rest
    from listing_sync.supabase.run_records import SupabaseRunRecords
    from listing_sync.supabase.table import SupabaseTable

_LARGEST_PAGE_BYTES = 64 * 1024 * 1024
"""Of the table, or of anything else that PostgREST answers."""


def refused_by_supabase(url: str, key: str) -> str | None:
    """Return what Supabase's own client says against an address or a key, None when nothing."""
    from listing_sync.supabase import whole_client

    return whole_client.refused_by_supabase(url, key)


class SupabaseTarget:
    """The port Target over one project; every request goes through `ask`."""

    def __init__(
        self,
        settings: Settings,
        mapping: SheetMapping,
        identity: Callable[[], Identity],
        guards: Guards,
        *,
        ask: Ask,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._mapping = mapping
        self._identity = identity
        self._guards = guards
        self._ask = ask
        self._now = now
        self._closers: list[Callable[[], None]] = []

    def close(self) -> None:
        """Close every connection."""
        for close in self._closers:
            close()

    @cached_property
    def _rest(self) -> Rest:
        from listing_sync.supabase.rest import Rest
        from listing_sync.transport import build_client

        settings = self._settings
        http = build_client(
            timeout_s=settings.request_timeout_s,
            connections=settings.sync_concurrency + 2,
            on_bytes=self._guards.meter.add_bytes,
            on_received=partial(self._guards.meter.add_received, Service.SUPABASE),
            on_head=partial(self._guards.meter.add_head, Service.SUPABASE),
            largest_bytes=_LARGEST_PAGE_BYTES,
        )
        self._closers.append(http.close)
        return Rest(
            settings.supabase_url,
            settings.service_key,
            http=http,
            call=self._ask,
            now=self._now,
        )

    @cached_property
    def table(self) -> SupabaseTable:
        """Return the target table."""
        from listing_sync.supabase.table import SupabaseTable

        return SupabaseTable(self._rest, self._mapping)

    @cached_property
    def records(self) -> SupabaseRunRecords:
        """Return sync_state and sync_errors."""
        from listing_sync.supabase.run_records import SupabaseRunRecords

        who = self._identity()
        return SupabaseRunRecords(self._rest, source=who.spelling, target=who.target)

    @cached_property
    def holds(self) -> SupabaseHolds:
        """Return the holds that every machine sees."""
        from listing_sync.supabase.holds import SupabaseHolds

        who = self._identity()
        return SupabaseHolds(self._rest, target=who.target, version=who.version)

    @cached_property
    def migrations(self) -> AppliedMigrations:
        """Return the files of sql/ and those applied."""
        from listing_sync.supabase.migrations import AppliedMigrations

        return AppliedMigrations(self._rest)

    @cached_property
    def database(self) -> Database | None:
        """Return the way to PostgreSQL itself, None when none is set up.

        Its failures are not those of the REST API, whose breaker they leave alone.
        """
        settings = self._settings
        ask = self._guards.apart(Service.SUPABASE).call
        if settings.supabase_db_url is not None:
            try:
                from listing_sync.supabase.postgres import PostgresDatabase
            except ImportError:
                problem = "SUPABASE_DB_URL: needs psycopg: pip install 'listing-sync[postgres]'"
                raise SettingsError((problem,)) from None

            return PostgresDatabase(settings.supabase_db_url.get_secret_value(), call=ask)
        if settings.supabase_access_token is not None:
            from listing_sync.supabase.management import ManagementApi, project_ref

            return ManagementApi(
                settings.supabase_management_url,
                project_ref(settings.supabase_url, settings.supabase_project_ref),
                settings.supabase_access_token.get_secret_value(),
                timeout_s=settings.request_timeout_s,
                call=ask,
                now=self._now,
            )
        return None
