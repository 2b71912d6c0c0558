"""Google without a key, through the program: what the settings say is how the sheet is read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.agency import SHEET, Agency, cron, house
from tests.stack.google_front import GoogleFront
from tests.stack.google_sign_in import FEDERATED, POOL
from tests.stack.google_token import SERVICE_ACCOUNT

pytestmark = pytest.mark.stack

READER = "reader@loopback.iam.gserviceaccount.com"


@pytest.fixture
def keyless(agency: Agency) -> Iterator[Agency]:
    """An agency in a pool of workload identities, behind the office's proxy."""
    agency.project.truncate()
    agency.sheet_is(house(1))
    sign_in = agency.google.sign_in
    sign_in.subject_tokens = {"of the job"}
    sign_in.impersonators = {READER: {FEDERATED}}
    agency.google.readers = {READER}
    (agency.folder / "token").write_text("of the job")
    pool = {
        "type": "external_account",
        "audience": POOL,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(agency.folder / "token")},
    }
    (agency.folder / "pool.json").write_text(json.dumps(pool))
    for name in ("GOOGLE_SERVICE_ACCOUNT_JSON", "GOOGLE_SHEETS_API_ENDPOINT"):
        del agency.settings[name]
    with GoogleFront(agency.google, agency.folder) as front:
        agency.settings |= {
            **front.environment,
            "GOOGLE_APPLICATION_CREDENTIALS": str(agency.folder / "pool.json"),
            "SYNC_GOOGLE_IMPERSONATE": READER,
            "SYNC_SPREADSHEET_ID": SHEET,
        }
        yield agency
    agency.google.readers = {SERVICE_ACCOUNT}
    sign_in.sts_refusal = None


def test_a_workload_syncs_and_health_says_as_whom(keyless: Agency) -> None:
    assert keyless.run("sync", "all").code == 0
    checks = {each["name"]: each for each in keyless.run("health", "--json").document["checks"]}
    assert checks["sheet"]["detail"].endswith(
        f"read as {READER} (workload identity federation, impersonating {READER})"
    )


def test_a_share_that_is_lacking_names_the_account_that_reads(keyless: Agency) -> None:
    keyless.google.readers = set()
    done = keyless.run("sync", "all")
    assert (done.code, f"not shared with {READER}" in done.err) == (3, True)


def test_a_pool_that_is_gone_ends_the_run_at_once(keyless: Agency) -> None:
    keyless.google.sign_in.sts_refusal = {"error": "invalid_target", "error_description": "gone"}
    asked = len(keyless.google.requests)
    done = keyless.run("sync", "all")
    assert done.code == 3
    assert "the workload identity pool or its provider is deleted or disabled" in done.err
    assert len(keyless.google.requests) == asked + 1


def test_a_machine_of_nobody_ends_at_once_and_only_when_asked(keyless: Agency) -> None:
    del keyless.settings["GOOGLE_APPLICATION_CREDENTIALS"]
    nowhere = keyless.google.url.removeprefix("http://")  # its metadata server is off
    done = cron(keyless, "sync", "all", SYNC_GOOGLE_AUTH="adc", GCE_METADATA_IP=nowhere)
    assert (done.code, "no metadata server answers here" in done.err) == (3, True)
    asked = len(keyless.google.requests)
    done = cron(keyless, "sync", "all", GCE_METADATA_IP=nowhere)
    assert (done.code, "or SYNC_GOOGLE_AUTH=adc" in done.err) == (78, True)
    assert len(keyless.google.requests) == asked
