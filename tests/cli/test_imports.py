"""What commands import by their end: cron pays for it 288 times a day."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.agency import Agency, house

pytestmark = pytest.mark.stack

NEVER = frozenset(
    {"pyparsing", "httplib2", "storage3", "realtime", "supabase_auth", "supabase", "h2"}
)
"""Parts of our libraries that nothing here calls."""
NO_NEWS = frozenset(
    {*NEVER, "rich", "requests", "prometheus_client", "openpyxl", "psycopg"}
    | {"starlette", "uvicorn", "listing_sync.serve"}
)
OF_GOOGLE = frozenset({"googleapiclient", "google", "cryptography"})
OF_SUPABASE = frozenset({"postgrest", "httpx"})
OWN = frozenset(
    f"listing_sync.{name}"
    for name in ("commands.health", "commands.cutover", "sheets.file", "page.status_page")
)


def imported(agency: Agency, *command: str, code: int = 0, **settings: Any) -> set[str]:
    """Return the modules that a command imported in a process of its own."""
    with agency.start(*command, PYTHONPROFILEIMPORTTIME="1", **settings) as process:
        _, told = process.communicate()
    assert process.returncode == code, told
    names = {
        line.rsplit("|", 1)[1].strip()
        for line in told.splitlines()
        if line.startswith("import time:")
    }
    assert "listing_sync.cli.app" in names
    return names


def test_an_unchanged_run_imports_what_it_calls_alone(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2))
    assert agency.run("sync", "all").code == 0
    names = imported(agency, "sync", "all")
    assert sorted(names & (NO_NEWS | OWN)) == []
    assert names >= {"postgrest", "googleapiclient.model", "google.oauth2.service_account"}


def test_status_imports_nothing_of_google(agency: Agency) -> None:
    names = imported(agency, "status")
    unused = NO_NEWS | OF_GOOGLE | OWN | {"listing_sync.sheets.google"}
    assert sorted(names & unused) == []


def test_health_imports_no_part_that_nothing_calls(agency: Agency) -> None:
    agency.sheet_is(house(1))
    assert agency.run("sync", "all").code == 0
    assert sorted(imported(agency, "health", code=0) & NEVER) == []


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("sync", "all", "--help")])
def test_help_imports_no_library_but_the_command_lines(
    agency: Agency, command: tuple[str, ...]
) -> None:
    names = imported(agency, *command)
    assert sorted(names & {*NO_NEWS, *OF_GOOGLE, *OF_SUPABASE, "pydantic_settings"}) == []
