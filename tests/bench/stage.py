"""One wide sheet, its empty table and the settings between them, for measured runs."""

from __future__ import annotations

import http.client
import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.program import HERE, ROOT, Program
from tests.bench.replay import Recorded
from tests.stack import wide_sheet
from tests.stack.chaos_proxy import ChaosProxy
from tests.stack.google_sheets import DEFAULT_SPREADSHEET
from tests.stack.spreadsheet import cell_to_json
from tests.stack.supabase_lite import SupabaseLite

_TAB = "Listings"
# Settings of whoever measures; and what would have every start compile sources that have changed.
_NOT_PASSED_ON = (
    *("SYNC_", "SUPABASE_", "GOOGLE_", "STATE_DIRECTORY"),
    "PYTHONDONTWRITEBYTECODE",
)
_PRICE_COLUMN = "I"


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process used, from its start to its end."""

    wall_s: float
    cpu_s: float
    peak_mib: float


class Stage:
    """A sheet behind Google and its table behind Supabase; `settings` name both."""

    def __init__(
        self, supabase: SupabaseLite, settings: Mapping[str, str], numbers: list[str], folder: Path
    ) -> None:
        self.settings = settings
        self.numbers = numbers
        self._supabase = supabase
        self._google_url = settings["GOOGLE_SHEETS_API_ENDPOINT"]
        self._folder = folder
        self._edits = 0

    def empty(self) -> None:
        """Empty the table, and forget every run."""
        self._supabase.truncate()

    def warm_up(self) -> None:
        """Let the loopback Google have its answers at hand: making them takes it seconds."""
        self.run("sync", "all", "--dry-run")

    def edit(self, share: float) -> None:
        """Give a share of the listings another price."""
        self._edit(range(0, len(self.numbers), round(1 / share)))

    def edit_one(self) -> None:
        """Give one listing in the middle another price."""
        self._edit((len(self.numbers) // 2,))

    def _edit(self, rows: Iterable[int]) -> None:
        self._edits += 1
        address = urlsplit(self._google_url).netloc
        connection = http.client.HTTPConnection(address)
        for index in rows:
            edit = {
                "spreadsheetId": DEFAULT_SPREADSHEET,
                "tab": _TAB,
                "cell": f"{_PRICE_COLUMN}{index + 2}",
                "value": 1_000_000 + self._edits,
            }
            connection.request("POST", "/_edit", json.dumps(edit))
            connection.getresponse().read()
        connection.close()
        self.warm_up()

    def record(self, settings: Mapping[str, str]) -> Path:
        """Return a file of the requests that a first run makes to read and to write listings."""
        self.empty()
        with ChaosProxy(self._supabase.url) as supabase, ChaosProxy(self._google_url) as google:
            through = {"SUPABASE_URL": supabase.url, "GOOGLE_SHEETS_API_ENDPOINT": google.url}
            self.run("sync", "all", settings={**settings, **through})
            reads = [each for each in google.requests if "/values:" in each.path]
            writes = [
                each
                for each in supabase.requests
                if each.method == "POST" and each.path.endswith(wide_sheet.TABLE)
            ]
        path = self._folder / "recorded"
        with path.open("wb") as file:
            for url, requests in ((self._google_url, reads), (self._supabase.url, writes)):
                for each in requests:
                    headers = {k: v for k, v in each.headers.items() if k != "host"}
                    port = urlsplit(url).port or 0
                    recorded = Recorded(port, each.method, each.target, headers, each.body)
                    pickle.dump(recorded, file)
        return path

    def replay(self, recorded: Path) -> Usage:
        """Send recorded requests again, and nothing else."""
        return self._measured(HERE, "tests.bench.replay", str(recorded), settings={})

    def run(
        self,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        program: Program = HERE,
    ) -> Usage:
        """Run one command of a build of the program, which must succeed."""
        state = {"SYNC_STATE_DIR": str(self._folder / f"state-{program.name}")}
        return self._measured(
            program, "listing_sync", *arguments, settings={**state, **(settings or {})}
        )

    def metric(self, name: str) -> int:
        """Return a figure of the last run, as it says in its own record."""
        [(count,)] = self._supabase.execute(
            "select (metrics ->> %s)::bigint from sync_state order by started_at desc limit 1",
            (name,),
        )
        return int(count)

    def _measured(
        self, program: Program, module: str, *arguments: str, settings: Mapping[str, str]
    ) -> Usage:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
        with tempfile.NamedTemporaryFile(mode="r", dir=self._folder) as usage:
            folder = str(program.folder)
            launch = [sys.executable, "-m", "tests.bench.launch", usage.name, folder]
            command = [program.python, "-m", module, *arguments]
            subprocess.run(
                [*launch, *command],
                cwd=ROOT,
                env={**environment, **self.settings, **settings},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            code, wall_s, cpu_s, peak_kib = usage.read().split()
        if code != "0":
            raise RuntimeError(f"{' '.join(arguments)}: exit code {code}")
        return Usage(float(wall_s), float(cpu_s), int(peak_kib) / 1024)


@contextmanager
def staged(supabase: SupabaseLite, listings: int, columns: int) -> Iterator[Stage]:
    """Yield the stage of a sheet with `listings` rows, its table empty."""
    rows = wide_sheet.listings(listings, columns)
    cells = [[cell_to_json(cell) for cell in row] for row in rows]
    content = {"spreadsheetId": DEFAULT_SPREADSHEET, "tabs": [{"title": _TAB, "rows": cells}]}
    supabase.execute(wide_sheet.table_sql(columns))
    supabase.restart()
    with tempfile.TemporaryDirectory(prefix="listing-sync-bench-") as name:
        folder = Path(name)
        spreadsheet, key_file, mapping = (
            folder / each for each in ("spreadsheet.json", "key.json", "mapping.toml")
        )
        spreadsheet.write_text(json.dumps(content), encoding="utf-8")
        mapping.write_text(wide_sheet.mapping_text(columns), encoding="utf-8")
        files = ("--spreadsheet", str(spreadsheet), "--key-file", str(key_file))
        with server("tests.stack.google_sheets", *files) as google_url:
            settings = {
                "SUPABASE_URL": supabase.url,
                "SUPABASE_SERVICE_ROLE_KEY": supabase.secret_key,
                "GOOGLE_APPLICATION_CREDENTIALS": str(key_file),
                "GOOGLE_SHEETS_API_ENDPOINT": google_url,
                "SYNC_SPREADSHEET_ID": DEFAULT_SPREADSHEET,
                "SYNC_SHEET_NAME": _TAB,
                "SYNC_MAPPING_FILE": str(mapping),
            }
            stage = Stage(supabase, settings, [str(row[0]) for row in rows[1:]], folder)
            stage.warm_up()
            yield stage


@contextmanager
def server(module: str, *arguments: str) -> Iterator[str]:
    """Run a server that prints its address; yield it."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline().strip() if process.stdout else ""
    if not line:
        raise RuntimeError(f"{process.args!r} did not start")
    return line
