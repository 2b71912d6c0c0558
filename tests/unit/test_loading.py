"""Where the sign-in to Google is found: a file that is named, gcloud's, the machine itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from listing_sync.given_settings import read_given
from listing_sync.loading import load
from listing_sync.sheets.google_account import GoogleAccount, SignInKind
from tests.unit.sheets.test_google_credentials import PERSON, WORKLOAD

SETTINGS = {
    "SUPABASE_URL": "https://xyz.supabase.co",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdefghijklmnopqrst",
    "SYNC_SPREADSHEET_ID": "1abc",
    "SYNC_GOOGLE_AUTH": "adc",
}


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("SYNC_", "SUPABASE_", "GOOGLE_", "CLOUDSDK_")
    for name in [name for name in os.environ if name.startswith(ours)]:
        monkeypatch.delenv(name)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def account() -> GoogleAccount:
    found = load(read_given(None), {}, needs_sheet=True)[2]
    assert found is not None
    return found


def sign_in_with_gcloud(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "application_default_credentials.json").write_text(json.dumps(PERSON))


def test_a_machine_without_a_file_signs_in_as_itself() -> None:
    assert account().kind is SignInKind.MACHINE


def test_without_a_home_it_does_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert account().kind is SignInKind.MACHINE


def test_the_sign_in_of_gcloud_is_found(tmp_path: Path) -> None:
    sign_in_with_gcloud(tmp_path / ".config" / "gcloud")
    assert account().kind is SignInKind.PERSON


def test_gcloud_may_keep_it_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in_with_gcloud(tmp_path / "elsewhere")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "elsewhere"))
    assert account().kind is SignInKind.PERSON


def test_a_file_that_is_named_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in_with_gcloud(tmp_path / ".config" / "gcloud")
    (tmp_path / "google.json").write_text(json.dumps(WORKLOAD))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "google.json")
    assert account().kind is SignInKind.FEDERATED


def test_the_wishes_of_the_settings_hold_for_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_GOOGLE_IMPERSONATE", "reader@office.iam.gserviceaccount.com")
    assert account().reader == "reader@office.iam.gserviceaccount.com"
    monkeypatch.setenv("SYNC_GOOGLE_SUBJECT", "tanaka@office.example")
    assert account().reader == "tanaka@office.example"
