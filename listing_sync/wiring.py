"""Settings in, World out: the only place that builds real things, each when first asked for."""

from __future__ import annotations

import gc
import getpass
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from threading import Timer
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from listing_sync import __version__, logs
from listing_sync.cells.mapping import Mapping as ColumnMapping
from listing_sync.changes.undo_log import written_types
from listing_sync.clock import Stop, SystemClock, end_by_itself
from listing_sync.errors import Service, SettingsError
from listing_sync.history.sources import Source, unread
from listing_sync.loading import load
from listing_sync.machine.alert_memory import AlertMemoryFile
from listing_sync.machine.breaker_file import BreakerFile
from listing_sync.machine.given_back import GivenBackFile
from listing_sync.machine.header_memory import HeaderMemoryFile
from listing_sync.machine.hold import HoldFile
from listing_sync.machine.journal import JournalFiles
from listing_sync.machine.lock import FileLock
from listing_sync.machine.process import is_there, this_process
from listing_sync.machine.snapshots import SnapshotFiles
from listing_sync.machine.source_file import SourceFile
from listing_sync.machine.state_dir import StateDir, find_state_dir, target_folder
from listing_sync.machine.undo import UndoFiles
from listing_sync.ports import Database, Identity, Ports, Sheet, SnapshotMeta, Written
from listing_sync.reliability.breaker import Breaker, BreakerState
from listing_sync.reliability.guard import BreakerStore, Guard, GuardSettings, Patience, Retry
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.rate_limit import Pace, TokenBucket, Window
from listing_sync.settings import Settings
from listing_sync.sheets.file import FileSheet
from listing_sync.sheets.grid import parse_spreadsheet_reference

# Google allows 60 reads a minute and account; a run leaves some to others (`health`).
_GOOGLE_READS = 50
# Google's 503 lasts for 15 s and more: waits of 1, 4 and 16 s outlive it, 1, 2 and 4 s do not.
_GOOGLE_GROWTH = 4
# For what a stopped run still does: its record, alerts, pings and page.
_LAST_WORDS_S = 30.0

if TYPE_CHECKING:
    from listing_sync.signals.heartbeat import HealthchecksHeartbeat
    from listing_sync.signals.metrics_file import PrometheusFile
    from listing_sync.signals.webhook import SlackWebhook
    from listing_sync.supabase.holds import SupabaseHolds
    from listing_sync.supabase.migrations import AppliedMigrations
    from listing_sync.supabase.rest import Rest
    from listing_sync.supabase.run_records import SupabaseRunRecords
    from listing_sync.supabase.table import SupabaseTable


class _ReadBreakerFile(BreakerFile):
    """The breaker as it was left, for what looks at it and does not move it."""

    def save(self, breaker: Breaker) -> None:  # noqa: ARG002 - it is not saved
        return


class _OwnBreaker:
    """A breaker that starts closed, and nobody else learns of."""

    def load(self) -> Breaker:
        return Breaker()

    def save(self, breaker: Breaker) -> None:  # noqa: ARG002 - it is not saved
        return


class _GuardedCall(Protocol):
    def __call__(self, send: Callable[[], Any], what: str, patience: Patience = ...) -> Any: ...


class World:
    """One of each of ports.Ports, for real."""

    def __init__(
        self,
        settings: Settings,
        mapping: ColumnMapping,
        *,
        stop: Stop,
        trigger: str,
        google_key: Any,
        moves_breakers: bool,
    ) -> None:
        self.settings = settings
        self.mapping = mapping
        self.stop = stop
        self.clock = SystemClock(stop)
        self._trigger = trigger
        self._google_key = google_key
        self._moves_breakers = moves_breakers
        self._meter = Meter()
        self._guards: dict[Service, Guard] = {}
        self._closers: list[Callable[[], None]] = []
        self._is_probing = False

    # -- who and where -------------------------------------------------------------------------

    @cached_property
    def identity(self) -> Identity:
        """Return who runs, from what to what."""
        source = self._sources.load(self._spelled_source())
        return Identity(
            source=source.names[0],
            target=f"{self._project_host}/{self.mapping.table}",
            host=socket.gethostname(),
            pid=os.getpid(),
            user=_user(),
            version=__version__,
            trigger=self._trigger,
            process=this_process(),
            sources=source,
        )

    def learn_source(self, source: Source, *, keep: bool) -> None:
        """Go by the names of what was read, and remember them if they are to be kept."""
        self.__dict__["identity"] = replace(self.identity, source=source.names[0], sources=source)
        self.records.go_by(source)
        if keep:
            try:
                self._sources.store(source)
            except OSError as error:  # the next run learns it again
                logs.event("info", "source_unkept", f"the sheet's name was not kept: {error}")

    @property
    def _project_host(self) -> str:
        return urlsplit(self.settings.supabase_url).netloc

    def _spelled_source(self) -> Source:
        """Return the source as the settings name it."""
        settings = self.settings
        tab = settings.sync_sheet_name
        if settings.sync_sheet_file is not None:
            base = f"file:{settings.sync_sheet_file.resolve()}"
        elif not settings.sync_spreadsheet_id:
            return Source("")
        else:
            spreadsheet_id, gid = parse_spreadsheet_reference(settings.sync_spreadsheet_id)
            base = f"google:{spreadsheet_id}"
            tab = tab or (None if gid is None else f"gid={gid}")
        return unread(f"{base}#{tab}" if tab else base, base)

    # -- patience ------------------------------------------------------------------------------

    def _call(self, service: Service) -> _GuardedCall:
        guard = self._guard(service)
        if not self._is_probing:
            return guard.call

        def probe(
            send: Callable[[], Any],
            what: str,
            patience: Patience = Patience.PROBE,  # noqa: ARG001 - a probe is a probe
        ) -> Any:
            return guard.call(send, what, Patience.PROBE)

        return probe

    def _guard(self, service: Service) -> Guard:
        if service not in self._guards:
            kind = BreakerFile if self._moves_breakers else _ReadBreakerFile
            store = kind(self.state, service)
            self._guards[service] = self._new_guard(service, store)
        return self._guards[service]

    def _new_guard(self, service: Service, store: BreakerStore) -> Guard:
        from listing_sync.transport import deadline

        settings = self.settings
        is_google = service is Service.GOOGLE
        pace: Pace | None = Window(_GOOGLE_READS, 60) if is_google else None
        if not is_google and settings.sync_rate_limit:
            pace = TokenBucket.full(settings.sync_rate_limit)
        return Guard(
            service,
            GuardSettings(
                retries=settings.sync_retry_attempts,
                first_delay_s=settings.retry_delay_s,
                timeout_s=settings.google_timeout_s if is_google else settings.request_timeout_s,
                threshold=settings.sync_circuit_breaker_threshold,
                breaker_timeout_s=settings.breaker_timeout_s,
                growth=_GOOGLE_GROWTH if is_google else 2,
            ),
            store=store,
            bucket=pace,
            clock=self.clock,
            patient_clock=SystemClock(Stop()),
            bounded=deadline,
            meter=self._meter,
            on_retry=_log_retry,
            chance=Random().random,  # noqa: S311 - it guards nothing
        )

    def breaker_state(self, service: Service) -> BreakerState:
        """Return the state of a service's breaker."""
        return self._guard(service).breaker_state()

    def request_metrics(self) -> dict[str, object]:
        """Return what the requests of this process were, for sync_state.metrics."""
        return dict(self._meter.snapshot())

    def probing(self) -> Ports:
        """Return the same world, with one try a request that no breaker refuses or counts."""
        world = World(
            self.settings,
            self.mapping,
            stop=self.stop,
            trigger=self._trigger,
            google_key=self._google_key,
            moves_breakers=self._moves_breakers,
        )
        world._is_probing = True
        world._guards = self._guards
        world._closers = self._closers
        return world

    # -- in ------------------------------------------------------------------------------------

    @cached_property
    def sheet(self) -> Sheet:
        """Return the source."""
        return self.sheet_for(self.mapping)

    def sheet_for(self, mapping: ColumnMapping) -> Sheet:
        """Return the same tab under another mapping."""
        settings = self.settings
        if settings.sync_sheet_file is not None:
            return FileSheet(
                settings.sync_sheet_file,
                mapping,
                tab_title=settings.sync_sheet_name,
                header_row=settings.sync_header_row,
            )
        from listing_sync.sheets.google import GoogleSheet
        from listing_sync.sheets.google_api import SheetsApi
        from listing_sync.sheets.google_http import connect

        spreadsheet_id, gid = parse_spreadsheet_reference(settings.sync_spreadsheet_id or "")
        http = connect(
            self._google_key,
            settings.google_sheets_api_endpoint,
            timeout_s=settings.google_timeout_s,
            connect_timeout_s=settings.request_timeout_s,
            on_bytes=self._meter.add_bytes,
            # A sheet that computes for minutes does not keep a stopped run longer than others.
            gives_up=lambda waited_s: (
                waited_s > settings.request_timeout_s and self.stop.is_requested()
            ),
        )
        self._closers.append(http.close)
        api = SheetsApi(
            spreadsheet_id,
            http,
            endpoint=settings.google_sheets_api_endpoint,
            client_email=self._google_key.service_account_email,
            call=self._call(Service.GOOGLE),
            now=self.clock.now,
            timeout_s=settings.google_timeout_s,
        )
        return GoogleSheet(
            api,
            mapping,
            tab_title=settings.sync_sheet_name,
            gid=gid,
            header_row=settings.sync_header_row,
            memory=HeaderMemoryFile(self.state, keeps=self._moves_breakers),
        )

    # -- out -----------------------------------------------------------------------------------

    @cached_property
    def _rest(self) -> Rest:
        from listing_sync.supabase.rest import Rest
        from listing_sync.transport import build_client

        settings = self.settings
        http = build_client(
            settings.supabase_url,
            timeout_s=settings.request_timeout_s,
            connections=settings.sync_concurrency + 2,
            on_bytes=self._meter.add_bytes,
        )
        self._closers.append(http.close)
        return Rest(
            settings.supabase_url,
            settings.service_key,
            http=http,
            call=self._call(Service.SUPABASE),
            now=self.clock.now,
        )

    @cached_property
    def table(self) -> SupabaseTable:
        """Return the target table."""
        from listing_sync.supabase.table import SupabaseTable

        return SupabaseTable(self._rest, self.mapping)

    @cached_property
    def records(self) -> SupabaseRunRecords:
        """Return sync_state and sync_errors."""
        from listing_sync.supabase.run_records import SupabaseRunRecords

        who = self.identity
        return SupabaseRunRecords(self._rest, source=who.spelling, target=who.target)

    @cached_property
    def holds(self) -> SupabaseHolds:
        """Return the holds that every machine sees."""
        from listing_sync.supabase.holds import SupabaseHolds

        who = self.identity
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
        settings = self.settings
        guard = self._new_guard(Service.SUPABASE, _OwnBreaker())
        if settings.supabase_db_url is not None:
            try:
                from listing_sync.supabase.postgres import PostgresDatabase
            except ImportError:
                problem = "SUPABASE_DB_URL: needs psycopg: pip install 'listing-sync[postgres]'"
                raise SettingsError((problem,)) from None

            url = settings.supabase_db_url.get_secret_value()
            return PostgresDatabase(url, call=guard.call)
        if settings.supabase_access_token is not None:
            from listing_sync.supabase.management import ManagementApi, project_ref

            return ManagementApi(
                settings.supabase_management_url,
                project_ref(settings.supabase_url, settings.supabase_project_ref),
                settings.supabase_access_token.get_secret_value(),
                timeout_s=settings.request_timeout_s,
                call=guard.call,
                now=self.clock.now,
            )
        return None

    # -- machine -------------------------------------------------------------------------------

    @cached_property
    def state(self) -> StateDir:
        """Return the folder of this target in SYNC_STATE_DIR; it may not exist yet."""
        root = find_state_dir(self.settings.sync_state_dir, os.environ)
        return StateDir(
            root=root,
            path=root / target_folder(self._project_host, self.mapping.table),
            clock=self.clock,
            warn=lambda text: logs.event("warning", "state_damaged", text),
        )

    @cached_property
    def lock(self) -> FileLock:
        """Return the lock of this target."""
        return FileLock(self.state)

    def require_state_dir(self) -> None:
        """Raise SettingsError unless SYNC_STATE_DIR can be written."""
        self.state.require_writable()

    @cached_property
    def journal(self) -> JournalFiles:
        """Return the runs that wait for delivery."""
        return JournalFiles(self.state, timedelta(days=self.settings.sync_history_days))

    @cached_property
    def undo(self) -> UndoFiles:
        """Return what runs replaced."""
        return UndoFiles(self.state, written_types(self.mapping))

    def written_since(
        self, beginning: SnapshotMeta | str | None
    ) -> AbstractContextManager[Written]:
        """Return what our runs did after a snapshot, from a run on, or ever."""
        from listing_sync.machine.written import written_since

        return written_since(self.undo, beginning)

    @cached_property
    def hold(self) -> HoldFile:
        """Return the file that pauses cron."""
        return HoldFile(self.state.root, self.state.path)

    @cached_property
    def snapshots(self) -> SnapshotFiles:
        """Return the snapshots of this target."""
        return SnapshotFiles(self.state, self.identity.target)

    @cached_property
    def _sources(self) -> SourceFile:
        return SourceFile(self.state)

    @cached_property
    def alert_memory(self) -> AlertMemoryFile:
        """Return what alerting remembers."""
        return AlertMemoryFile(self.state)

    @cached_property
    def given_back(self) -> GivenBackFile:
        """Return what is remembered of what the table makes of values."""
        return GivenBackFile(self.state)

    def is_process_there(self, pid: int, started: str) -> bool:
        """Return whether this space of processes has one of that number that began then."""
        return is_there(pid, started)

    # -- signals -------------------------------------------------------------------------------

    @cached_property
    def heartbeat(self) -> HealthchecksHeartbeat:
        """Return the pings of SYNC_HEARTBEAT_URL."""
        from listing_sync.signals.heartbeat import HealthchecksHeartbeat

        url = self.settings.sync_heartbeat_url
        return HealthchecksHeartbeat(url.get_secret_value() if url else None)

    @cached_property
    def webhook(self) -> SlackWebhook:
        """Return the addresses of SYNC_ALERT_WEBHOOK_URL."""
        from listing_sync.signals.webhook import SlackWebhook

        return SlackWebhook(self.settings.webhook_urls)

    @cached_property
    def metrics_file(self) -> PrometheusFile:
        """Return the file of SYNC_METRICS_FILE."""
        from listing_sync.signals.metrics_file import PrometheusFile

        return PrometheusFile(self.settings.sync_metrics_file)

    # -- its own end ---------------------------------------------------------------------------

    def limit_time(self) -> None:
        """Let the run stop by itself after SYNC_TIME_LIMIT."""
        if self.settings.sync_time_limit:
            timer = Timer(self.settings.sync_time_limit, self.stop.request, (None,))
            timer.daemon = True
            timer.start()
            self._closers.append(timer.cancel)
            # Requests in flight may end, and the record be closed, before all ends.
            grace_s = self.settings.request_timeout_s + _LAST_WORDS_S
            self._closers.append(end_by_itself(self.settings.sync_time_limit + grace_s))

    def close(self) -> None:
        """Close every connection."""
        for guard in self._guards.values():
            guard.close()
        for close in self._closers:
            close()


@contextmanager
def open_world(
    env_file: Path | None,
    *,
    flags: Mapping[str, Any],
    needs_sheet: bool,
    stop: Stop,
    trigger: str,
    moves_breakers: bool,
) -> Iterator[World]:
    """Load settings, mapping and key; every problem of the three at once.

    Raises:
        SettingsError: with all of them.
    """
    settings, mapping, google_key = load(env_file, flags, needs_sheet=needs_sheet)
    world = World(
        settings,
        mapping,
        stop=stop,
        trigger=trigger,
        google_key=google_key,
        moves_breakers=moves_breakers,
    )
    # What was imported stays to the end: looking at it again took a tenth of a run.
    gc.freeze()
    try:
        yield world
    finally:
        world.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return str(os.getuid())


def _log_retry(retry: Retry) -> None:
    logs.event(
        "info",
        "retry",
        f"failed while {retry.what} ({retry.cause}); try {retry.attempt + 1} of {retry.attempts}"
        f" in {retry.wait_s:g} s",
        service=str(retry.service),
        attempt=retry.attempt,
        wait_s=retry.wait_s,
    )
