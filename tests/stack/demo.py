"""The main job on a stack of its own: `make demo`, and with --keep `make demo-up`."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stack import sample_sheet
from tests.stack.chaos_proxy import ChaosProxy
from tests.stack.google_sheets import DEFAULT_SPREADSHEET, LoopbackGoogle
from tests.stack.postgres import PostgresServer
from tests.stack.spreadsheet import Cell, Shown
from tests.stack.supabase_lite import SupabaseLite

_TABLE = "property_listings"
_REJECTED = sample_sheet.number(41)  # its contract date is 01/02/2024
_EDITED = sample_sheet.number(2)
_OURS = ("SYNC_", "SUPABASE_", "GOOGLE_", "STATE_DIRECTORY")


@dataclass(frozen=True, slots=True)
class Demo:
    """The running stack, and a folder with the .env that points at it."""

    supabase: SupabaseLite
    google: LoopbackGoogle
    proxy: ChaosProxy
    folder: Path

    @property
    def env_file(self) -> Path:
        """The settings of the tool."""
        return self.folder / ".env"

    def write_settings(self) -> None:
        """Write .env and the key file, as a person would for a real project."""
        key_file = self.google.write_key_file(self.folder / "service-account.json")
        settings = {
            "SUPABASE_URL": self.proxy.url,
            "SUPABASE_SERVICE_ROLE_KEY": self.supabase.secret_key,
            "GOOGLE_APPLICATION_CREDENTIALS": str(key_file),
            "GOOGLE_SHEETS_API_ENDPOINT": self.google.url,
            "SYNC_SPREADSHEET_ID": DEFAULT_SPREADSHEET,
            "SYNC_SHEET_NAME": sample_sheet.TAB,
            "SYNC_STATE_DIR": str(self.folder / "state"),
        }
        self.env_file.touch(mode=0o600)
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        self.env_file.write_text("".join(lines), encoding="utf-8")

    def run(self, *arguments: str, expected: int) -> None:
        """Run one command of the tool in the folder of its .env, as its user sees it."""
        print(f"\n$ listing-sync {shlex.join(arguments)}", flush=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        command = [sys.executable, "-m", "listing_sync", *arguments]
        status = subprocess.run(command, cwd=self.folder, env=environment, check=False).returncode
        print(f"(exit code {status})", flush=True)
        if status != expected:
            raise SystemExit(f"the demo expected exit code {expected}")

    def edit(self, property_number: str, header: str, value: Cell) -> None:
        """Change a cell of the sheet, as a colleague would."""
        cell = sample_sheet.cell_of(sample_sheet.rows(), property_number, header)
        self.google.set_cell(DEFAULT_SPREADSHEET, sample_sheet.TAB, cell, value)
        text = value.formatted if isinstance(value, Shown) else value
        print(f"  {cell} ({property_number}, {header}) now says {text}")

    def show_table(self, listings: int, price: int) -> None:
        """Print what the table holds; fails unless it is as many listings, and that price."""
        [(count,)] = self.supabase.execute(f"select count(*) from {_TABLE}")
        [(found,)] = self.supabase.execute(
            f"select price from {_TABLE} where property_number = %s", (_EDITED,)
        )
        print(f"The table holds {count} listings; the price of {_EDITED} is {found:,}.")
        if (count, found) != (listings, price):
            raise SystemExit(f"the demo expected {listings} listings and the price {price:,}")

    def writes(self) -> int:
        """Return how many requests have written to the table so far."""
        return sum(
            each.request.method != "GET" and each.request.path == f"/rest/v1/{_TABLE}"
            for each in self.proxy.log
        )


@contextmanager
def running() -> Iterator[Demo]:
    """Start the stack; nothing of it is left afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="listing-sync-demo-") as folder,
        PostgresServer() as postgres,
        SupabaseLite(postgres) as supabase,
        LoopbackGoogle() as google,
        ChaosProxy(supabase.url) as proxy,
    ):
        sample_sheet.put_sample(google, DEFAULT_SPREADSHEET)
        demo = Demo(supabase, google, proxy, Path(folder))
        demo.write_settings()
        yield demo


def explain(text: str) -> None:
    """Print what comes next, apart from what the tool prints."""
    print(f"\n--- {text}", flush=True)


def tell(demo: Demo) -> None:
    """Show the main job from the first run to the question why a listing is not on the site."""
    explain(
        "A Google Sheet of 200 listings and an empty Supabase table, both on this machine.\n"
        "    Nine rows of the sheet are broken the way people break them. The first run inserts\n"
        "    the good ones and says of the others which cell is wrong and why (exit code 1)."
    )
    demo.run("-v", "sync", "all", expected=1)
    demo.show_table(191, 65_100_000)

    explain("What the tool did is recorded in Supabase, beside the table.")
    demo.run("status", expected=0)

    explain(
        "The same again: nothing differs, so nothing is written. In cron it prints nothing\n"
        "    either, as nothing is new (the exit code still says that some listings are rejected)."
    )
    before = demo.writes()
    demo.run("sync", "all", expected=1)
    written = demo.writes() - before
    print(f"Requests of that run that wrote to {_TABLE}: {written}")
    if written:
        raise SystemExit("the demo expected none")

    explain("Somebody works on the sheet:")
    demo.edit(_EDITED, "Price", Shown("¥51,200,000", 51_200_000))
    demo.edit(sample_sheet.number(5), "状況", "商談中")
    demo.edit(sample_sheet.number(16), "Price", "4,980万円")

    explain("--dry-run shows what would change and writes nothing.")
    demo.run("sync", "all", "--dry-run", expected=1)

    explain("Now for real: two updates, and the listing whose price was no number gets in.")
    demo.run("-v", "sync", "all", expected=1)
    demo.show_table(192, 51_200_000)

    explain(f"Why is {_REJECTED} not on the website?")
    demo.run("status", "--listing", _REJECTED, expected=0)


def keep(demo: Demo) -> None:
    """Print what to try with the stack, and hold it until Ctrl-C."""
    tool = Path(sys.executable).with_name("listing-sync")
    cell = sample_sheet.cell_of(sample_sheet.rows(), _EDITED, "Price")
    edit = (
        f'{{"spreadsheetId": "{DEFAULT_SPREADSHEET}", "tab": "{sample_sheet.TAB}",'
        f' "cell": "{cell}", "value": "5,120万円"}}'
    )
    print(f"The stack runs. Its settings, in {demo.env_file}:\n")
    print(demo.env_file.read_text(encoding="utf-8"))
    print(f"Try, in another terminal:\n\n  cd {demo.folder}")
    for arguments in ("health", "sync all --dry-run", "sync all", "status"):
        print(f"  {tool} {arguments}")
    print(f"  {tool} status --listing {_REJECTED}")
    print("\nChange a cell of the sheet, then sync again:\n")
    print(f"  curl -d '{edit}' {demo.google.url}/_edit")
    print("\nLook into the table:\n")
    query = f"{_TABLE}?select=property_number,price&limit=3"
    print(f"  curl -H 'apikey: {demo.supabase.secret_key}' '{demo.proxy.url}/rest/v1/{query}'")
    print("\nCtrl-C stops everything and leaves nothing behind.", flush=True)
    signal.pause()


def main() -> None:
    """Run the demo, or hold its stack with --keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.stack.demo")
    parser.add_argument("--keep", action="store_true", help="hold the stack until Ctrl-C")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    print("Starting PostgreSQL, Supabase Lite and a loopback Google ...", flush=True)
    with running() as demo:
        if options.keep:
            keep(demo)
        else:
            tell(demo)
    explain("That was all; everything that was started is stopped. `make demo-up` keeps it.")


if __name__ == "__main__":
    main()
