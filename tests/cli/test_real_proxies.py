"""The program behind the proxies of offices, where they are installed; else it is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.cli.agency import SHEET, Agency, cron, house
from tests.stack import real_proxies
from tests.stack.google_front import GoogleFront
from tests.stack.google_token import SERVICE_ACCOUNT
from tests.stack.receiver import Receiver

pytestmark = pytest.mark.stack

USER = "anna"
PASSWORDS = {"squid": "w@rd:1", "tinyproxy": "w.rd-1"}  # tinyproxy's own file takes no @


@pytest.fixture(params=["tinyproxy", "squid"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if not real_proxies.is_installed(name):
        pytest.skip(f"{name} is not installed here (Debian: apt-get install {name})")
    return name


@pytest.fixture
def office(agency: Agency) -> Agency:
    """An agency that asks the real names of Google's."""
    agency.project.truncate()
    agency.sheet_is(house(1), house(2))
    agency.google.readers = {SERVICE_ACCOUNT}
    del agency.settings["GOOGLE_SHEETS_API_ENDPOINT"]
    agency.settings["GOOGLE_SERVICE_ACCOUNT_JSON"] = agency.google.key_json().replace(
        agency.google.url, "https://oauth2.googleapis.com"
    )
    agency.settings["SYNC_SPREADSHEET_ID"] = SHEET
    return agency


@pytest.fixture
def front(agency: Agency) -> Iterator[GoogleFront]:
    with GoogleFront(agency.google, agency.folder) as internet:
        yield internet


def port_of(front: GoogleFront) -> int:
    return int(front.url.rpartition(":")[2])


def authority(front: GoogleFront) -> str:
    return front.environment["SSL_CERT_FILE"]


@pytest.mark.parametrize("has_password", [False, True], ids=["open", "with a password"])
def test_everything_goes_through_it(
    kind: str, office: Agency, front: GoogleFront, *, has_password: bool
) -> None:
    who = (USER, PASSWORDS[kind]) if has_password else (None, "")
    written = f"http://{USER}:{quote(PASSWORDS[kind])}@" if has_password else ""
    with real_proxies.running(kind, port_of(front), *who) as proxy, Receiver() as monitor:
        done = cron(
            office,
            *("sync", "all"),
            ALL_PROXY=f"{written}{proxy.address}",
            REQUESTS_CA_BUNDLE=authority(front),
            SYNC_HEARTBEAT_URL=monitor.url,
        )
        assert (done.code, done.out, done.err) == (0, "", "")
        log = proxy.log
        for host in (
            *("sheets.googleapis.com:443", "oauth2.googleapis.com:443"),
            *(office.project.url.removeprefix("http://"), monitor.url.removeprefix("http://")),
        ):
            assert host in log
    assert len(office.table()) == 2
    assert [each.path for each in monitor.requests] == ["/start", "/"]


@pytest.mark.parametrize(
    ("written", "words"),
    [("", "wants user and password"), ("anna:topsecret@", "does not take the user and password")],
    ids=["no password", "a wrong one"],
)
def test_its_refusal_is_of_the_whole_run_and_shows_no_password(
    kind: str, office: Agency, front: GoogleFront, written: str, words: str
) -> None:
    with real_proxies.running(kind, port_of(front), USER, PASSWORDS[kind]) as proxy:
        done = cron(
            office,
            *("sync", "all"),
            HTTPS_PROXY=f"http://{written}{proxy.address}",
            SSL_CERT_FILE=authority(front),
        )
    assert done.code == 3
    # Against RFC 9110, section 15.5.2, tinyproxy answers 401 to a wrong password: of a request that
    # is no tunnel it would be the host's, so that the project of this machine is asked directly.
    assert re.search(
        rf"the proxy http://{proxy.address} {words}.*\(HTTP 40[17]\).* on the way to Google"
        rf" \([a-z0-9]+\.googleapis\.com through the proxy http://{proxy.address}"
        r" \(HTTPS_PROXY\)\)",
        done.err,
    )
    assert "check SUPABASE_URL" not in done.err
    assert "topsecret" not in done.err
    assert front.tunnels == []
    assert office.table() == {}


def test_hosts_of_no_proxy_are_asked_directly(
    kind: str, office: Agency, front: GoogleFront
) -> None:
    google = office.google.url.replace("127.0.0.1", "localhost")
    with real_proxies.running(kind, port_of(front), USER, PASSWORDS[kind]) as proxy:
        done = cron(
            office,
            *("sync", "all"),
            HTTP_PROXY=f"http://anna:wrong@{proxy.address}",
            NO_PROXY="example.com, .localhost, 127.0.0.0/8",
            GOOGLE_SHEETS_API_ENDPOINT=google,
            GOOGLE_SERVICE_ACCOUNT_JSON=office.google.key_json(),
        )
        assert (done.code, done.err) == (0, "")
    assert len(office.table()) == 2
