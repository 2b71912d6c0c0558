"""Build as much of the world as tells that settings are wrong."""

from __future__ import annotations

import os
import socket
from functools import cached_property
from pathlib import Path

from listing_sync import __version__, logs
from listing_sync.clock import Stop, SystemClock
from listing_sync.machine.alert_memory import AlertMemoryFile, MailMemoryFile
from listing_sync.machine.process import this_process
from listing_sync.machine.state_dir import StateDir
from listing_sync.ports import Identity
from listing_sync.settings import Settings
from listing_sync.wiring.machine import state_root
from listing_sync.wiring.signals import SignalsSent

_FOLDER = "unstarted"


class Unstarted:
    """The port Telling from the settings that are right; the target may not be known."""

    def __init__(self, settings: Settings, env_file: Path, *, trigger: str) -> None:
        self.settings = settings
        self.clock = SystemClock(Stop())
        self.signals = SignalsSent(settings)
        self.machine = self
        self.identity = Identity(
            source=str(env_file.absolute()),
            target="",
            host=socket.gethostname(),
            pid=os.getpid(),
            user="",
            version=__version__,
            trigger=trigger,
            process=this_process(),
        )

    @cached_property
    def alert_memory(self) -> AlertMemoryFile:
        """Return what alerting remembers."""
        return AlertMemoryFile(self._state)

    @cached_property
    def mail_memory(self) -> MailMemoryFile:
        """Return which troubles mails have told."""
        return MailMemoryFile(self._state)

    @cached_property
    def _state(self) -> StateDir:
        root = state_root(self.settings.sync_state_dir)
        return StateDir(
            root=root,
            path=root / _FOLDER,
            clock=self.clock,
            warn=lambda text: logs.event("warning", "state_damaged", text),
        )
