"""Load settings, mapping and Google key, or name every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from listing_sync.cells.mapping import SheetMapping, parse_mapping
from listing_sync.errors import SettingsError
from listing_sync.settings import Settings, given_texts, load_settings
from listing_sync.sheets.grid import parse_spreadsheet_reference

T = TypeVar("T")


def load(
    env_file: Path | None, flags: Mapping[str, Any], *, needs_sheet: bool
) -> tuple[Settings, SheetMapping, Any]:
    """Return settings, mapping and Google credentials (None where a file is the source).

    Raises:
        SettingsError: with every problem of the three.
    """
    given = given_texts(env_file)
    problems: list[str] = []

    def tried(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except SettingsError as error:
            problems.extend(error.problems)
            return None

    settings = tried(lambda: load_settings(env_file, flags=flags, needs_sheet=needs_sheet))
    mapping = tried(lambda: _load_mapping(given.get("SYNC_MAPPING_FILE")))
    google_key = None
    if needs_sheet and "SYNC_SHEET_FILE" not in given:
        google_key = tried(lambda: _load_google_key(given))
        tried(lambda: _check_spreadsheet(given.get("SYNC_SPREADSHEET_ID")))
    if settings is None or mapping is None or problems:
        raise SettingsError(tuple(problems))
    return settings, mapping, google_key


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
    return parse_mapping(_text_of("SYNC_MAPPING_FILE", path, "UTF-8 text"), name=path)


def _load_google_key(given: Mapping[str, str]) -> Any:
    """Return the credentials, None when nothing names them, which the settings complain of."""
    from listing_sync.sheets.google_key import parse_key  # noqa: PLC0415 - only for Google

    if key := given.get("GOOGLE_SERVICE_ACCOUNT_JSON"):
        return parse_key(key)
    name = "GOOGLE_APPLICATION_CREDENTIALS"
    path = given.get(name)
    if path is None:
        return None
    return parse_key(_text_of(name, path, "a JSON key file"), name=name)


def _text_of(name: str, path: str, expected: str) -> str:
    """Return the text of the file that a setting names; `expected` is what it should be."""
    try:
        if Path(path).exists() and not Path(path).is_file():  # a named pipe may never end
            raise SettingsError((f"{name}: cannot read {path}: not a regular file",))
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError((f"{name}: cannot read {path}: {error.strerror}",)) from None
    except UnicodeDecodeError:
        raise SettingsError((f"{name}: {path} is not {expected}",)) from None
