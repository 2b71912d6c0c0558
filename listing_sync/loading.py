"""Load settings, mapping and Google account, or name every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from listing_sync.cells.mapping import SheetMapping, parse_mapping
from listing_sync.certificates import certificate_problems
from listing_sync.errors import SettingsError
from listing_sync.given_settings import GivenSettings
from listing_sync.proxies import proxy_problems
from listing_sync.regular_file import read_regular
from listing_sync.settings import GoogleAuth, Settings
from listing_sync.settings_problems import load_settings
from listing_sync.sheets.google_account import GoogleAccount
from listing_sync.sheets.grid import parse_spreadsheet_reference

T = TypeVar("T")


def load(
    given: GivenSettings, flags: Mapping[str, Any], *, needs_sheet: bool
) -> tuple[Settings, SheetMapping, GoogleAccount | None]:
    """Return settings, mapping and who reads the sheet (None where a file is the source).

    Raises:
        SettingsError: with every problem of the three.
    """
    texts = given.texts
    problems = [*proxy_problems(), *certificate_problems()]

    def tried(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except SettingsError as error:
            problems.extend(error.problems)
            return None

    settings = tried(lambda: load_settings(given, flags=flags, needs_sheet=needs_sheet))
    mapping = tried(lambda: _load_mapping(texts.get("SYNC_MAPPING_FILE")))
    account = None
    if needs_sheet and "SYNC_SHEET_FILE" not in texts:
        account = tried(lambda: _load_google_account(texts))
        tried(lambda: _check_spreadsheet(texts.get("SYNC_SPREADSHEET_ID")))
    if settings is None or mapping is None or problems:
        raise SettingsError(tuple(problems))
    return settings, mapping, account


def _check_spreadsheet(reference: str | None) -> None:
    if reference is None:
        return
    try:
        parse_spreadsheet_reference(reference)
    except ValueError as error:
        raise SettingsError((f"SYNC_SPREADSHEET_ID: {error}",)) from None


def _load_mapping(path: str | None) -> SheetMapping:
    """Return the mapping of a file, or the bundled one.

    Raises:
        SettingsError: it cannot be read, or every problem in it.
    """
    if path is None:
        bundled = resources.files("listing_sync") / "mapping.toml"
        return parse_mapping(bundled.read_text(encoding="utf-8"), name="the bundled mapping")
    return parse_mapping(text_of("SYNC_MAPPING_FILE", path, "UTF-8 text"), name=path)


def _load_google_account(given: Mapping[str, str]) -> GoogleAccount | None:
    """Return who reads, None when nothing names a credentials file, which the settings report."""
    from listing_sync.sheets.google_credentials import (  # noqa: PLC0415 - only for Google
        Wishes,
        account_of,
        account_of_machine,
    )

    wishes = Wishes(given.get("SYNC_GOOGLE_IMPERSONATE"), given.get("SYNC_GOOGLE_SUBJECT"))
    if key := given.get("GOOGLE_SERVICE_ACCOUNT_JSON"):
        return account_of(key, name="GOOGLE_SERVICE_ACCOUNT_JSON", wishes=wishes)
    name = "GOOGLE_APPLICATION_CREDENTIALS"
    path = given.get(name)
    if given.get("SYNC_GOOGLE_AUTH", "").strip() == GoogleAuth.ADC and path is None:
        gcloud = _gcloud_file(given)
        if gcloud is None:
            return account_of_machine(wishes)
        name, path = str(gcloud), str(gcloud)
    if path is None:
        return None
    text = text_of(name, path, "a JSON credentials file")
    return account_of(text, name=name, wishes=wishes)


def _gcloud_file(given: Mapping[str, str]) -> Path | None:
    """Return the file of `gcloud auth application-default login`, None where nobody signed in.

    Source: google.aip.dev/auth/4110.
    """
    folder = given.get("CLOUDSDK_CONFIG")
    if folder is None and "HOME" in given:
        folder = f"{given['HOME']}/.config/gcloud"
    path = Path(folder or "") / "application_default_credentials.json"
    return path if folder and path.is_file() else None


def text_of(name: str, path: str, expected: str) -> str:
    """Return the text of the file that a setting names; `expected` is what it should be."""
    try:
        return read_regular(Path(path)).decode("utf-8-sig")
    except OSError as error:
        raise SettingsError((f"{name}: cannot read {path}: {error.strerror}",)) from None
    except UnicodeDecodeError:
        raise SettingsError((f"{name}: {path} is not {expected}",)) from None
