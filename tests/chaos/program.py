"""The real program as its own process, between a Google and a Supabase behind chaos proxies."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.stack.chaos_proxy import ChaosProxy
from tests.stack.google_sheets import DEFAULT_SPREADSHEET, LoopbackGoogle
from tests.stack.loopback import Request, Wire
from tests.stack.spreadsheet import Cell
from tests.stack.supabase_lite import SupabaseLite

TAB = "Listings"
MAPPING = """
table = "property_listings"
key = "property_number"
[columns.property_number]
header = "Property Number"
type = "text"
required = true
pattern = '^[A-Z]{2}[0-9]+$'
[columns.price]
header = "Price"
type = "money"
"""
_OURS = ("SYNC_", "SUPABASE_", "GOOGLE_", "STATE_DIRECTORY", "COVERAGE_")
_HANGS_AFTER_S = 60

QUICK = {
    "SYNC_RETRY_DELAY": "10",
    "SYNC_RATE_LIMIT": "0",
    "SYNC_BATCH_SIZE": "5",
    "SYNC_CHANGE_LIMIT": "100",
    "SYNC_REQUEST_TIMEOUT": "10000",
    "SYNC_CIRCUIT_BREAKER_TIMEOUT": "0",
}
"""Settings that make a run short; faults last as long as they say."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended; `code` is negative for a signal that killed it."""

    code: int
    out: str
    err: str
    took_s: float


class Running:
    """A process of the program under way."""

    def __init__(
        self, command: Sequence[str], folder: Path, *, largest_file_bytes: int | None = None
    ) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if largest_file_bytes is not None:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (largest_file_bytes,) * 2)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def finish(self) -> Finished:
        """Wait for its end; a program that hangs is killed and fails the test."""
        try:
            out, err = self._process.communicate(timeout=_HANGS_AFTER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        return Finished(self._process.returncode, out, err, time.monotonic() - self._began)


class CountingProxy(ChaosProxy):
    """Knows how many requests it is still busy with."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.busy = 0
        self._busy_lock = threading.Lock()

    def serve(self, request: Request, wire: Wire) -> None:
        with self._busy_lock:
            self.busy += 1
        try:
            super().serve(request, wire)
        finally:
            with self._busy_lock:
                self.busy -= 1


class Site:
    """One sheet, one table and a folder with the settings of the program.

    Attributes:
        google: the sheet's owner's view; `google_proxy` is what the program sees of it.
        supabase: the database as superuser; `supabase_proxy` is what the program sees of it.
    """

    def __init__(self, folder: Path, supabase: SupabaseLite) -> None:
        self.folder = folder
        self.supabase = supabase
        self.google = LoopbackGoogle()
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        enter = self._exits.enter_context
        enter(self.google)
        self.google_proxy = enter(CountingProxy(self.google.url))
        self.supabase_proxy = enter(CountingProxy(self.supabase.url))
        key = self.google.key() | {"token_uri": f"{self.google_proxy.url}/token"}
        self._key_file = self.folder / "key.json"
        self._key_file.write_text(json.dumps(key), encoding="utf-8")
        (self.folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")
        self.secrets = (self.supabase.secret_key, key["private_key"].splitlines()[1], "ya29.")
        return self

    def __exit__(self, *error: object) -> None:
        self._exits.close()

    # The world

    def put(self, listings: Mapping[str, Cell]) -> None:
        """Let the sheet hold these listings: number -> price."""
        rows: list[list[Cell]] = [["Property Number", "Price"]]
        rows += [[number, price] for number, price in listings.items()]
        self.google.put_tab(DEFAULT_SPREADSHEET, TAB, rows)

    def prices(self) -> dict[str, int | None]:
        """Return what the table holds."""
        rows = self.supabase.execute("select property_number, price from property_listings")
        return {number: None if price is None else int(price) for number, price in rows}

    def runs(self) -> list[dict[str, Any]]:
        """Return the rows of sync_state, oldest first."""
        rows = self.supabase.execute("select to_jsonb(r) from sync_state r order by started_at")
        return [row for (row,) in rows]

    def fill(self, listings: Mapping[str, int]) -> None:
        """Let the table hold these listings: number -> price."""
        self.supabase.execute(
            "insert into property_listings (property_number, price)"
            " select * from unnest(%s::text[], %s::numeric[])",
            (list(listings), list(listings.values())),
        )

    def proceed(self) -> None:
        """Let both services work without faults, once they have done what they were asked."""
        self.google_proxy.schedule = self.supabase_proxy.schedule = None
        until(lambda: self.google_proxy.busy == self.supabase_proxy.busy == 0)

    # The program

    def settings(self, **changed: str) -> dict[str, str]:
        """Return the settings; `changed` by name, in lower case."""
        return {
            "SUPABASE_URL": self.supabase_proxy.url,
            "SUPABASE_SERVICE_ROLE_KEY": self.supabase.secret_key,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self._key_file),
            "GOOGLE_SHEETS_API_ENDPOINT": self.google_proxy.url,
            "SYNC_SPREADSHEET_ID": DEFAULT_SPREADSHEET,
            "SYNC_MAPPING_FILE": str(self.folder / "mapping.toml"),
            "SYNC_STATE_DIR": str(self.folder / "state"),
            **QUICK,
            **{name.upper(): value for name, value in changed.items()},
        }

    def start(
        self, *arguments: str, largest_file_bytes: int | None = None, **changed: str
    ) -> Running:
        """Start the program; `changed` settings are by name, in lower case.

        A file that would grow above `largest_file_bytes` cannot be written, as on a full disk.
        """
        lines = [f"{name}={value}\n" for name, value in self.settings(**changed).items()]
        env_file = self.folder / f"{time.monotonic_ns()}.env"
        env_file.write_text("".join(lines), encoding="utf-8")
        command = [sys.executable, "-m", "listing_sync", "--env-file", str(env_file), *arguments]
        return Running(command, self.folder, largest_file_bytes=largest_file_bytes)

    def run(
        self, *arguments: str, largest_file_bytes: int | None = None, **changed: str
    ) -> Finished:
        """Run the program to its end; as `start`."""
        return self.start(*arguments, largest_file_bytes=largest_file_bytes, **changed).finish()

    def journal(self) -> list[Path]:
        """Return what waits for delivery."""
        return list((self.folder / "state").glob("*/journal/*.json"))


def until(is_so: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "it never came about"
        time.sleep(0.005)
