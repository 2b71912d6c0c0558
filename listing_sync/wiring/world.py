"""Put the outside world together from settings, and close it at the end."""

from __future__ import annotations

import gc
import getpass
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlsplit

from listing_sync import __version__, logs
from listing_sync.cells.mapping import SheetMapping
from listing_sync.clock import Stop, SystemClock
from listing_sync.errors import Service
from listing_sync.given_settings import GivenSettings
from listing_sync.history.sources import Source
from listing_sync.language.sentences import english_of
from listing_sync.loading import load
from listing_sync.machine.header_memory import HeaderMemoryFile
from listing_sync.machine.process import this_process
from listing_sync.machine.source_file import SourceFile
from listing_sync.machine.state_dir import StateDir, target_folder
from listing_sync.ports import Identity, Probes, Sheet
from listing_sync.settings import Settings
from listing_sync.sheets.google_account import GoogleAccount
from listing_sync.wiring.guards import Ask, Guards
from listing_sync.wiring.machine import ThisMachine, state_root
from listing_sync.wiring.sheet import file_sheet, google_sheet, spelled_source
from listing_sync.wiring.signals import SignalsSent
from listing_sync.wiring.target import SupabaseTarget

_YOUNG_OBJECTS = 50_000
"""Made between two looks for garbage; 700 without a word."""


class World:
    """Every port of ports.Ports, for real."""

    def __init__(
        self,
        settings: Settings,
        mapping: SheetMapping,
        *,
        stop: Stop,
        trigger: str,
        google_account: GoogleAccount | None,
        moves_breakers: bool,
        run_id: str | None = None,
    ) -> None:
        self.settings = settings
        self.mapping = mapping
        self.stop = stop
        self.clock = SystemClock(stop)
        self.signals = SignalsSent(settings)
        self._trigger = trigger
        self._run_id = run_id
        self._google_account = google_account
        self._moves_breakers = moves_breakers
        self._only_looks = False
        self._project_host = urlsplit(settings.supabase_url).netloc
        self._closers: list[Callable[[], None]] = []

    @cached_property
    def identity(self) -> Identity:
        """Return who runs, from what to what."""
        source = self._sources.load(spelled_source(self.settings))
        return Identity(
            source=source.names[0],
            target=self._target_name,
            host=socket.gethostname(),
            pid=os.getpid(),
            user=_user(),
            version=__version__,
            trigger=self._trigger,
            process=this_process(),
            sources=source,
            run_id=self._run_id,
        )

    def learn_source(self, source: Source, *, keep: bool) -> None:
        """Go by the names of what was read, and remember them if they are to be kept."""
        self.__dict__["identity"] = replace(self.identity, source=source.names[0], sources=source)
        self.target.records.go_by(source)
        if keep:
            try:
                self._sources.store(source)
            except OSError as error:  # the next run learns it again
                logs.event(
                    "info", "source_unkept", f"the sheet's name was not kept: {english_of(error)}"
                )

    @cached_property
    def sheet(self) -> Sheet:
        """Return the source."""
        return self._build_sheet(self._ask(Service.GOOGLE))

    @cached_property
    def target(self) -> SupabaseTarget:
        """Return the table, the records, and the ways to them."""
        return self._build_target(self._ask(Service.SUPABASE))

    @cached_property
    def machine(self) -> ThisMachine:
        """Return what is kept on this disk."""
        machine = ThisMachine(
            self.settings,
            self.mapping,
            self._state,
            self._guards,
            self.stop,
            target=self._target_name,
        )
        self._closers.append(machine.close)
        return machine

    def probing(self) -> Probes:
        """Return sheet and target with one try a request, which no breaker refuses or counts."""
        return _Probes(
            lambda: self._build_sheet(self._guards.of(Service.GOOGLE).probe),
            lambda: self._build_target(self._guards.of(Service.SUPABASE).probe),
        )

    def looking(self) -> World:
        """Return this world for somebody who only looks: every request is a probe."""
        looking = copy(self)
        looking._only_looks = True  # noqa: SLF001 - one of its own kind
        return looking

    def _ask(self, service: Service) -> Ask:
        guard = self._guards.of(service)
        return guard.probe if self._only_looks else guard.call

    def close(self) -> None:
        """Close every connection."""
        self._guards.close()
        for close in self._closers:
            close()

    @property
    def _target_name(self) -> str:
        return f"{self._project_host}/{self.mapping.table}"

    @cached_property
    def _state(self) -> StateDir:
        """Return the folder of this target in SYNC_STATE_DIR; it may not exist yet."""
        root = state_root(self.settings.sync_state_dir)
        return StateDir(
            root=root,
            path=root / target_folder(self._project_host, self.mapping.table),
            clock=self.clock,
            warn=lambda text: logs.event("warning", "state_damaged", text),
        )

    @cached_property
    def _sources(self) -> SourceFile:
        return SourceFile(self._state)

    @cached_property
    def _guards(self) -> Guards:
        return Guards(self.settings, self._state, self.stop, moves_breakers=self._moves_breakers)

    def _build_sheet(self, ask: Ask) -> Sheet:
        if file := file_sheet(self.settings, self.mapping):
            return file
        sheet, close = google_sheet(
            self.settings,
            self.mapping,
            cast("GoogleAccount", self._google_account),  # without one settings are refused
            ask=ask,
            memory=HeaderMemoryFile(self._state, keeps=self._moves_breakers),
            meter=self._guards.meter,
            stop=self.stop,
        )
        self._closers.append(close)
        return sheet

    def _build_target(self, ask: Ask) -> SupabaseTarget:
        target = SupabaseTarget(
            self.settings,
            self.mapping,
            lambda: self.identity,
            self._guards,
            ask=ask,
            now=self.clock.now,
        )
        self._closers.append(target.close)
        return target


class _Probes:
    """Sheet and target, each built when it is asked for."""

    def __init__(self, sheet: Callable[[], Sheet], target: Callable[[], SupabaseTarget]) -> None:
        self._sheet = sheet
        self._target = target

    @cached_property
    def sheet(self) -> Sheet:
        return self._sheet()

    @cached_property
    def target(self) -> SupabaseTarget:
        return self._target()


@contextmanager
def open_world(
    given: GivenSettings,
    *,
    flags: Mapping[str, Any],
    needs_sheet: bool,
    stop: Stop,
    trigger: str,
    moves_breakers: bool,
    run_id: str | None = None,
) -> Iterator[World]:
    """Load settings, mapping and Google account; every problem of the three at once.

    `run_id` is the name of the run to come, None for one that it makes itself.

    Raises:
        SettingsError: with all of them.
    """
    settings, mapping, google_account = load(given, flags, needs_sheet=needs_sheet)
    world = World(
        settings,
        mapping,
        stop=stop,
        trigger=trigger,
        google_account=google_account,
        moves_breakers=moves_breakers,
        run_id=run_id,
    )
    # What was imported stays to the end, and rows of texts form no cycles: looking at them again
    # and again took a tenth of a run.
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    gc.enable()
    try:
        yield world
    finally:
        world.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return str(os.getuid())
