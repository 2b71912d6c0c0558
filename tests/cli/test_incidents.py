"""Ten incidents: alert, status and health each say what happened and what to do next."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.stack.chaos_proxy import ChaosProxy, html, status
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.loopback import Answer, Request
from tests.stack.receiver import Receiver
from tests.stack.spreadsheet import Cell
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

SHEET, TAB = "spreadsheet-of-the-office", "Listings"
HEADERS: list[Cell] = ["Property Number", "Price", "Address"]
ROWS: list[list[Cell]] = [
    [f"AA{number:05}", 10_000_000 + number * 1000, f"港区{number}"] for number in range(30)
]


@dataclass
class Printed:
    code: int
    out: str
    err: str


@dataclass
class Office:
    """One installation with its services, and the commands that somebody on duty has."""

    google: LoopbackGoogle
    supabase: ChaosProxy
    chat: Receiver
    settings: dict[str, str]
    before_exec: Callable[[], None] | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> Printed:
        done = subprocess.run(
            [sys.executable, "-m", "listing_sync", *arguments],
            env=self.settings | self.extra,
            preexec_fn=self.before_exec,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        return Printed(done.returncode, done.stdout, done.stderr)

    def alerts(self) -> str:
        """Return what the chat was told, as it shows it."""
        return "\n".join(json.loads(request.body)["text"] for request in self.chat.requests)


@pytest.fixture
def office(project: SupabaseLite, google: LoopbackGoogle, tmp_path: Path) -> Iterator[Office]:
    google.put_tab(SHEET, TAB, [HEADERS, *ROWS])
    google.share(SHEET)
    with ChaosProxy(project.url) as supabase, Receiver() as chat:
        settings = {
            "PYTHONPATH": str(Path.cwd()),
            "SUPABASE_URL": supabase.url,
            "SUPABASE_SERVICE_ROLE_KEY": project.secret_key,
            "GOOGLE_SHEETS_API_ENDPOINT": google.url,
            "GOOGLE_SERVICE_ACCOUNT_JSON": google.key_json(),
            "SYNC_SPREADSHEET_ID": SHEET,
            "SYNC_STATE_DIR": str(tmp_path / "state"),
            "SYNC_ALERT_WEBHOOK_URL": chat.url,
            "SYNC_ALERT_AFTER_FAILURES": "1",
            "SYNC_RETRY_DELAY": "1",
            "SYNC_RATE_LIMIT": "0",
        }
        yield Office(google, supabase, chat, settings)


# -- what goes wrong ------------------------------------------------------------------------------


def revoke_key(office: Office) -> None:
    office.extra["SUPABASE_SERVICE_ROLE_KEY"] = "sb_secret_revoked"


def pause_project(office: Office) -> None:
    office.supabase.schedule = lambda *_: html(540)


def rename_header(office: Office) -> None:
    office.google.set_cell(SHEET, TAB, "A1", "Number of Property")


def sort_one_column(office: Office) -> None:
    assert office.run("sync", "all").code == 0
    for row, (_, price, _) in enumerate(reversed(ROWS), start=2):
        office.google.set_cell(SHEET, TAB, f"B{row}", price)


def unshare_sheet(office: Office) -> None:
    office.google.unshare(SHEET)


def break_column(office: Office) -> None:
    for row in range(2, len(ROWS) + 2):
        office.google.set_cell(SHEET, TAB, f"B{row}", "#REF!")


def fill_database_disk(office: Office) -> None:
    body = json.dumps(
        {"code": "25006", "message": "cannot execute INSERT in a read-only transaction"}
    )
    read_only = status(405, body)
    office.supabase.schedule = lambda _, method, __: None if method == "GET" else read_only


def fill_local_disk() -> None:
    """Let no file grow, as on a full disk; pipes go on."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def use_up_quota(office: Office) -> None:
    error = {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}
    answer = Answer(
        429, (("Content-Type", "application/json"),), json.dumps({"error": error}).encode()
    )

    def refuse(request: Request) -> Answer | None:
        return answer if request.path.startswith("/v4/") else None

    office.google.before_request(refuse)


def lose_dns(office: Office) -> None:
    office.extra["SUPABASE_URL"] = "https://listing-sync-test.invalid"


@dataclass(frozen=True)
class Incident:
    """`says` is what alert, status and health all say, `exit_code` how `sync all` ends."""

    cause: Callable[[Office], None]
    says: tuple[str, ...]
    verdict: str = "UNHEALTHY"
    exit_code: int = 3


INCIDENTS = {
    "key revoked": Incident(revoke_key, ("SUPABASE_SERVICE_ROLE_KEY is refused", "secret key")),
    "project paused": Incident(pause_project, ("the project is paused", "dashboard")),
    "header renamed": Incident(rename_header, ('"Property Number"', "ename")),
    "column sorted": Incident(
        sort_one_column, ("30 of 30 listings", "'Price'", "looks sorted alone"), "DEGRADED"
    ),
    "sheet unshared": Incident(unshare_sheet, ("not shared with listing-sync@", "share it")),
    "database disk full": Incident(fill_database_disk, ("read-only", "disk", "dashboard")),
    "quota": Incident(use_up_quota, ("quota", "less often")),
    "DNS": Incident(lose_dns, ("Name or service not known", "SUPABASE_URL", "DNS")),
}


@pytest.mark.parametrize("incident", INCIDENTS.values(), ids=INCIDENTS)
def test_alert_status_and_health_tell_what_happened_and_what_to_do(
    office: Office, incident: Incident
) -> None:
    incident.cause(office)
    assert office.run("sync", "all").code == incident.exit_code
    run_id = re.search(r"listing-sync status ([0-9a-f-]{36})", office.alerts())
    assert run_id is not None
    with ThreadPoolExecutor() as pool:
        health = pool.submit(office.run, "health")
        status = pool.submit(office.run, "status", run_id[1])
    assert health.result().out.startswith(incident.verdict)
    for source in (office.alerts(), status.result().out, health.result().out):
        for words in incident.says:
            assert words in _joined(source)


def test_a_whole_column_of_errors_is_told_with_its_cells(office: Office) -> None:
    break_column(office)
    assert office.run("sync", "all").code == 1
    assert office.alerts().startswith("*listing-sync: Price: 30 of 30 cells #REF!, the first")
    assert "Price: 30 of 30 cells #REF!, the first <https://" in office.alerts()
    assert "|Listings!B2>" in office.alerts()
    health = office.run("health")
    assert health.code == 2
    assert health.out.startswith("UNHEALTHY - last run: partial")
    assert "Price: 30 of 30 cells #REF!, the first Listings!B2" in health.out.partition("\n")[0]
    run_id = re.search(r"listing-sync status ([0-9a-f-]{36})", _joined(health.out))
    assert run_id is not None
    assert "Listings!B2" in office.run("status", run_id[1]).out
    assert "#REF!" in office.run("status", "--listing", "AA00000").out


def test_a_full_disk_here_ends_a_run_before_anything_is_asked(office: Office) -> None:
    office.before_exec = fill_local_disk
    synced = office.run("sync", "all")
    assert synced.code == 78
    assert "SYNC_STATE_DIR" in synced.err
    assert office.supabase.requests == []


def test_cron_needs_neither_path_nor_locale_nor_home(office: Office) -> None:
    assert set(office.settings) & {"PATH", "LANG", "LC_ALL", "HOME", "TERM"} == set()
    office.google.set_cell(SHEET, TAB, "B1", "価格")
    office.google.set_cell(SHEET, TAB, "B2", "応相談")
    synced = office.run("sync", "all")
    assert synced.code == 1
    assert '価格 "応相談": not a number' in _joined(synced.err)


def _joined(text: str) -> str:
    """Return text without the line breaks that 80 columns make."""
    return " ".join(text.split())
