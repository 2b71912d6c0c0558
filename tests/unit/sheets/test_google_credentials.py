"""Credentials files that cannot be used, and whom those that can be used sign in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from listing_sync.errors import SettingsError
from listing_sync.sheets.google_credentials import Wishes, account_of, account_of_machine

READER = "reader@office.iam.gserviceaccount.com"
IMPERSONATION_URL = (
    f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{READER}"
    ":generateAccessToken"
)
PERSON: dict[str, Any] = {
    "type": "authorized_user",
    "client_id": "1.apps.googleusercontent.com",
    "client_secret": "SECRET",
    "refresh_token": "SECRET",
}
WORKLOAD: dict[str, Any] = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/5/locations/global/workloadIdentityPools/p",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/run/token"},
}
IMPERSONATED: dict[str, Any] = {
    "type": "impersonated_service_account",
    "service_account_impersonation_url": IMPERSONATION_URL,
    "source_credentials": PERSON,
}
AWS: dict[str, Any] = {"environment_id": "aws1"}


def problem_of(document: dict[str, Any], wishes: Wishes | None = None) -> str:
    with pytest.raises(SettingsError) as refusal:
        account_of(json.dumps(document), name="KEY", wishes=wishes)
    told = str(refusal.value)
    assert "KEY" in told or "SYNC_GOOGLE" in told
    assert "SECRET" not in told
    return told


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param({**PERSON, "refresh_token": ""}, "refresh_token is missing", id="no token"),
        pytest.param({**PERSON, "token_uri": "http://far.example"}, "not an https", id="http"),
        pytest.param({**WORKLOAD, "audience": 5}, "audience is missing", id="no audience"),
        pytest.param(
            {**WORKLOAD, "token_url": "http://sts.example"}, "token_url is not an https", id="STS"
        ),
        pytest.param(
            {**WORKLOAD, "credential_source": None}, "credential_source is missing", id="no source"
        ),
        pytest.param(
            {**WORKLOAD, "credential_source": {}}, "credential_source is not whole", id="empty"
        ),
        pytest.param({**WORKLOAD, "credential_source": AWS}, "is not whole", id="half of AWS"),
        pytest.param(
            {**WORKLOAD, "credential_source": {"executable": {"command": "/bin/SECRET"}}},
            "which this does not do; let a timer write",
            id="a program",
        ),
        pytest.param(
            {**WORKLOAD, "credential_source": {"certificate": {}}}, "X.509", id="certificate"
        ),
        pytest.param(
            {**WORKLOAD, "credential_source": {"url": "http://far.example/token"}},
            "credential_source.url is neither https nor of this machine",
            id="token over http",
        ),
        pytest.param(
            {**WORKLOAD, "service_account_impersonation_url": "https://iam.example/x"},
            "names no service account",
            id="no account",
        ),
        pytest.param(
            {**IMPERSONATED, "source_credentials": 1}, "source_credentials is missing", id="source"
        ),
        pytest.param(
            {**IMPERSONATED, "source_credentials": {"type": "gdch"}},
            "no credentials file",
            id="strange source",
        ),
        pytest.param({**IMPERSONATED, "delegates": [1]}, "delegates is not a list", id="delegates"),
        pytest.param(
            {
                **IMPERSONATED,
                "service_account_impersonation_url": IMPERSONATION_URL.replace("https", "http"),
            },
            "service_account_impersonation_url is not an https",
            id="impersonation over http",
        ),
    ],
)
def test_a_file_that_cannot_sign_in_says_why(document: dict[str, Any], words: str) -> None:
    assert words in problem_of(document)


@pytest.mark.parametrize("document", [PERSON, WORKLOAD], ids=["person", "workload"])
def test_only_a_service_account_signs_for_somebody_else(document: dict[str, Any]) -> None:
    told = problem_of(document, Wishes(subject="tanaka@office.example"))
    assert "SYNC_GOOGLE_IMPERSONATE" in told
    named = Wishes(subject="tanaka@office.example", impersonate=READER)
    account = account_of(json.dumps(document), name="KEY", wishes=named)
    assert account.reader == "tanaka@office.example"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param(PERSON, "by sign-in of a person", id="person"),
        pytest.param(
            {**WORKLOAD, "service_account_impersonation_url": IMPERSONATION_URL},
            f"as {READER} (workload identity federation, impersonating {READER})",
            id="workload",
        ),
        pytest.param(
            IMPERSONATED, f"as {READER} (sign-in of a person, impersonating {READER})", id="laptop"
        ),
    ],
)
def test_who_reads_is_said_before_anybody_is_asked(document: dict[str, Any], words: str) -> None:
    assert account_of(json.dumps(document), name="KEY").in_words == words


def test_the_lifetime_of_a_token_is_that_of_the_file() -> None:
    file = {
        **WORKLOAD,
        "service_account_impersonation_url": IMPERSONATION_URL,
        "service_account_impersonation": {"token_lifetime_seconds": 600},
    }
    assert account_of(json.dumps(file), name="KEY").credentials._lifetime == 600


def test_a_machine_cannot_sign_for_somebody_else_by_itself() -> None:
    with pytest.raises(SettingsError, match="metadata server of this machine cannot sign"):
        account_of_machine(Wishes(subject="tanaka@office.example"))
