"""`init --login` as somebody at an office PC runs it: the browser agrees, the sheet is read."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.agency import SHEET, TAB, Agency, Printed, cron, house
from tests.stack.google_front import GoogleFront
from tests.stack.google_sign_in import CONSENTER
from tests.stack.google_token import SERVICE_ACCOUNT

pytestmark = pytest.mark.stack
pytest.importorskip("google_auth_oauthlib", reason="the extra [login]")

BROWSER = Path(__file__).parents[1] / "stack" / "browser.py"
CLIENT = {
    "installed": {
        "client_id": "1.apps.googleusercontent.com",
        "project_id": "office",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "client_secret": "GOCSPX-secret",
        "redirect_uris": ["http://localhost"],
    }
}
HEADERS = ("物件番号", "種別", "価格")


@pytest.fixture
def office(agency: Agency) -> Iterator[Agency]:
    """An agency whose person may read the sheet, behind the office's proxy."""
    agency.project.truncate()
    (agency.folder / "mapping.toml").unlink()
    (agency.folder / "secret").write_text(agency.project.secret_key)
    (agency.folder / "client.json").write_text(json.dumps(CLIENT))
    agency.google.put_tab(SHEET, TAB, [HEADERS, *(house(n)[:3] for n in range(5))])
    agency.google.readers = {CONSENTER}
    with GoogleFront(agency.google, agency.folder) as front:
        agency.settings = {
            "SYNC_STATE_DIR": str(agency.folder / "state"),
            "SYNC_RATE_LIMIT": "0",
            "BROWSER": f"{sys.executable} {BROWSER} %s &",
            **front.environment,
        }
        yield agency
    agency.google.readers = {SERVICE_ACCOUNT}
    agency.google.sign_in.agrees = True


def init(office: Agency, *more: str) -> Printed:
    return cron(
        office,
        *("init", "--url", office.project.url, "--supabase-key-file", "secret", "--sheet", SHEET),
        *("--login", "--yes", *more),
    )


def test_who_agrees_in_the_browser_reads_the_sheet_from_then_on(office: Agency) -> None:
    printed = init(office, "--oauth-client", "client.json")
    assert (printed.code, printed.err) == (0, "")
    login = office.folder / "google-login.json"
    assert stat.S_IMODE(login.stat().st_mode) == 0o600
    assert json.loads(login.read_text())["type"] == "authorized_user"
    assert json.loads(login.read_text())["refresh_token"] not in printed.out
    assert cron(office, "sync", "all").code == 0
    assert len(office.table()) == 5
    sheet = next(
        check
        for check in json.loads(cron(office, "health", "--json").out)["checks"]
        if check["name"] == "sheet"
    )
    assert "read by sign-in of a person" in str(sheet)


def test_who_does_not_agree_leaves_no_file(office: Agency) -> None:
    office.google.sign_in.agrees = False
    printed = init(office, "--oauth-client", "client.json")
    assert printed.code == 3
    assert "Google was not given the consent (access_denied)" in printed.err
    assert not (office.folder / "google-login.json").exists()
    assert not (office.folder / ".env").exists()


def test_a_client_that_is_lacking_or_none_is_told_before_the_browser_opens(office: Agency) -> None:
    lacking = init(office)
    assert (lacking.code, "--oauth-client" in lacking.err) == (2, True)
    (office.folder / "client.json").write_text(json.dumps({"web": CLIENT["installed"]}))
    another = init(office, "--oauth-client", "client.json")
    assert another.code == 78
    assert "not the OAuth client of a desktop app" in another.err
    assert not office.google.sign_in.codes
