"""One agency with its Google, its Supabase and its machine; the program run as its users run it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from listing_sync.cli.app import run
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.spreadsheet import Cell
from tests.stack.supabase_lite import SupabaseLite

SHEET, TAB = "1AgencySheet", "Listings"
HEADERS = ("Property Number", "種別", "Price", "●特記")
MAPPING = """
table = "property_listings"
key = "property_number"
[columns.property_number]
header = ["Property Number", "物件番号"]
type = "text"
required = true
pattern = '^[A-Z]{2}\\d+$'
[columns.property_type]
header = "種別"
type = "text"
[columns.price]
header = ["Price", "価格"]
type = "money"
scale = 0
[columns.special_notes]
header = "●特記"
type = "text"
"""
OURS = ("SYNC_", "SUPABASE_", "GOOGLE_", "STATE_DIRECTORY", "JOURNAL_STREAM", "NO_COLOR", "CI")


def house(number: int, price: Cell = 30_000_000, note: Cell = None) -> list[Cell]:
    """Return one row of the sheet."""
    return [f"AA{10_000 + number}", "戸建", price, note]


@dataclass(frozen=True)
class Printed:
    """What a run of the program printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


class Agency:
    """`settings` are its environment; `sheet_is` sets its rows."""

    def __init__(
        self,
        google: LoopbackGoogle,
        project: SupabaseLite,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.google = google
        self.project = project
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.settings = {
            "SUPABASE_URL": project.url,
            "SUPABASE_SERVICE_ROLE_KEY": project.secret_key,
            "GOOGLE_SHEETS_API_ENDPOINT": google.url,
            "GOOGLE_SERVICE_ACCOUNT_JSON": google.key_json(),
            "SYNC_SPREADSHEET_ID": SHEET,
            "SYNC_STATE_DIR": str(folder / "state"),
            "SYNC_MAPPING_FILE": str(folder / "mapping.toml"),
            "SYNC_RATE_LIMIT": "0",
            "SYNC_RETRY_DELAY": "10",
        }

        self.map(MAPPING)

    def map(self, mapping: str) -> None:
        """Write the mapping file."""
        (self.folder / "mapping.toml").write_text(mapping, encoding="utf-8")

    def sheet_is(self, *rows: Sequence[Cell], headers: Sequence[Cell] = HEADERS) -> None:
        """Put the rows below the headers into the tab."""
        self.google.put_tab(SHEET, TAB, [headers, *rows])

    def set_cell(self, cell: str, value: Cell) -> None:
        """Edit one cell of the sheet."""
        self.google.set_cell(SHEET, TAB, cell, value)

    def table(self) -> dict[str, Any]:
        """Return the price of every listing in the table, by number."""
        return dict(
            self.project.execute("select property_number, price from property_listings order by 1")
        )

    def run(self, *arguments: str, **settings: str) -> Printed:
        """Run the program in this process, without a terminal."""
        with self._monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(OURS)]:
                patch.delenv(name)
            patch.delenv("COLUMNS", raising=False)  # of the terminal that the tests are run in
            for name, value in {**self.settings, **settings}.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["listing-sync", *arguments])
            self._capsys.readouterr()
            with pytest.raises(SystemExit) as exit_:
                run()
        printed = self._capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return Printed(exit_.value.code, printed.out, printed.err)

    def start(
        self,
        *arguments: str,
        terminal: int | None = None,
        within: Sequence[str] = (),
        **settings: str,
    ) -> subprocess.Popen[str]:
        """Start the program in a process of its own: as cron does, or with `terminal` as stderr.

        `within` is the command that starts it.
        """
        bare = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LOGNAME": "agency"}
        coverage = {n: v for n, v in os.environ.items() if n.startswith("COVERAGE_")}
        return subprocess.Popen(
            [*within, sys.executable, "-m", "listing_sync", *arguments],
            cwd=self.folder,
            env={**bare, **coverage, "PYTHONPATH": _ROOT, **self.settings, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            encoding="utf-8",
        )

    def on_a_terminal(self, *arguments: str, columns: int = 80, **settings: str) -> Printed:
        """Run the program in a process of its own, all it prints going to a terminal."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = self.start(*arguments, terminal=its, **{"TERM": "xterm-256color", **settings})
        os.close(its)
        screen = b"".join(_all_of(ours))
        os.close(ours)
        return Printed(process.wait(timeout=30), screen.decode(), "")


_ROOT = str(Path(__file__).parents[2])


def _all_of(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # EIO: the last process has closed it
            return
        if not part:
            return
        yield part


def cron(agency: Agency, *arguments: str, **settings: Any) -> Printed:
    """Run the program in a process of its own, without a terminal."""
    process = agency.start(*arguments, **settings)
    out, err = process.communicate(timeout=60)
    return Printed(process.returncode, out, err)


def masked(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the document with the values of these keys taken out."""
    assert set(names) <= document.keys()
    return {name: "..." if name in names else value for name, value in document.items()}
