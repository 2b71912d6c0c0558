"""Build what is kept on this disk, and what ends the process by itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Timer

from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.undo_log import written_types
from listing_sync.clock import Stop, end_by_itself
from listing_sync.errors import Service
from listing_sync.machine.alert_memory import AlertMemoryFile, MailMemoryFile
from listing_sync.machine.hold import HoldFile
from listing_sync.machine.journal import JournalFiles
from listing_sync.machine.json_memory import JsonMemoryFile
from listing_sync.machine.lock import FileLock
from listing_sync.machine.process import is_there
from listing_sync.machine.quiet_memory import QuietMemoryFiles
from listing_sync.machine.snapshots import SnapshotFiles
from listing_sync.machine.state_dir import StateDir, find_state_dir
from listing_sync.machine.table_memory import TableMemoryFiles
from listing_sync.machine.undo import UndoFiles
from listing_sync.ports import SnapshotMeta, Written
from listing_sync.reliability.breaker import BreakerState
from listing_sync.settings import Settings
from listing_sync.wiring.guards import Guards

# For what a stopped run still does: its record, alerts, pings and page.
_LAST_WORDS_S = 30.0


def state_root(setting: Path | None) -> Path:
    """Return the folder of all state, as SYNC_STATE_DIR or else the environment says."""
    return find_state_dir(setting, os.environ)


class ThisMachine:
    """The port Machine over SYNC_STATE_DIR; nothing is made before it is needed."""

    def __init__(
        self,
        settings: Settings,
        mapping: SheetMapping,
        state: StateDir,
        guards: Guards,
        stop: Stop,
        *,
        target: str,
    ) -> None:
        self.state = state
        self._settings = settings
        self._mapping = mapping
        self._guards = guards
        self._stop = stop
        self._target = target
        self._closers: list[Callable[[], None]] = []

    def close(self) -> None:
        """Let nothing end the process any more."""
        for close in self._closers:
            close()

    def require_state_dir(self) -> None:
        """Raise SettingsError unless SYNC_STATE_DIR can be written."""
        self.state.require_writable()

    @cached_property
    def lock(self) -> FileLock:
        """Return the lock of this target."""
        return FileLock(self.state)

    @cached_property
    def journal(self) -> JournalFiles:
        """Return the runs that wait for delivery."""
        return JournalFiles(self.state, timedelta(days=self._settings.sync_history_days))

    @cached_property
    def undo(self) -> UndoFiles:
        """Return what runs replaced."""
        return UndoFiles(self.state, written_types(self._mapping))

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
        return SnapshotFiles(self.state, self._target)

    @cached_property
    def alert_memory(self) -> AlertMemoryFile:
        """Return what alerting remembers."""
        return AlertMemoryFile(self.state)

    @cached_property
    def mail_memory(self) -> MailMemoryFile:
        """Return which troubles mails have told."""
        return MailMemoryFile(self.state)

    @cached_property
    def page_memory(self) -> JsonMemoryFile:
        """Return what the page remembers."""
        return JsonMemoryFile(self.state, "page.json")

    @cached_property
    def table_memory(self) -> TableMemoryFiles:
        """Return what was seen of the table."""
        return TableMemoryFiles(self.state)

    @cached_property
    def quiet_memory(self) -> QuietMemoryFiles:
        """Return what the last run with nothing to do concluded."""
        return QuietMemoryFiles(self.state)

    @cached_property
    def given_back(self) -> JsonMemoryFile:
        """Return what is remembered of what the table makes of values."""
        return JsonMemoryFile(self.state, "given_back.json")

    def breaker_state(self, service: Service) -> BreakerState:
        """Return the state of a service's breaker."""
        return self._guards.of(service).breaker_state()

    def is_process_there(self, pid: int, started: str) -> bool:
        """Return whether this space of processes has one of that number that began then."""
        return is_there(pid, started)

    def request_metrics(self) -> dict[str, object]:
        """Return what the requests of this process were, for sync_state.metrics."""
        return dict(self._guards.meter.snapshot())

    def limit_time(self) -> None:
        """Let the run stop by itself after SYNC_TIME_LIMIT."""
        limit_s = self._settings.sync_time_limit
        if limit_s:
            timer = Timer(limit_s, self._stop.request, (None,))
            timer.daemon = True
            timer.start()
            self._closers.append(timer.cancel)
            # Requests in flight may end, and the record be closed, before all ends.
            grace_s = self._settings.request_timeout_s + _LAST_WORDS_S
            self._closers.append(end_by_itself(limit_s + grace_s))
