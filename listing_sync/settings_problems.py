"""Make settings of what is given, or name every problem at once.

Source: docs/contract.md section 3, which gives every name, default and range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, get_args

from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from listing_sync.cells.near import near_matches
from listing_sync.errors import SettingsError
from listing_sync.given_settings import GivenSettings
from listing_sync.settings import GoogleAuth, Settings


def load_settings(
    given: GivenSettings,
    *,
    flags: Mapping[str, Any] | None = None,
    needs_sheet: bool = True,
) -> Settings:
    """Return the settings from flags and what is given, in this order of precedence.

    `flags` are by field name; those that are None count as not given.

    Raises:
        SettingsError: with every problem, by name.
    """
    problems = _unknown_names(given.texts)
    if needs_sheet:
        problems += _missing_source(given.texts)
    by_flag = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        settings = Settings(**_by_field(given) | by_flag)
    except ValidationError as error:
        problems += _problems(error)
    if problems:
        raise SettingsError(_with_file(problems, given))
    return settings


def usable_settings(given: GivenSettings) -> Settings:
    """Return the settings with every wrong one at its default, to tell that they are wrong.

    Raises:
        SettingsError: there is no such default.
    """
    kept: dict[str, Any] = {
        "supabase_url": "https://unknown.invalid",
        "supabase_service_role_key": "unknown",
        "supabase_service_role_key_file": None,
    }
    for _ in range(2):
        try:
            return Settings(**_by_field(given) | kept)
        except ValidationError as error:
            wrong = {str(item["loc"][0]) for item in error.errors()}
            kept |= {name: Settings.model_fields[name].default for name in wrong}
    raise SettingsError(("the settings cannot be read",))


def _by_field(given: GivenSettings) -> dict[str, Any]:
    named = ((name, given.texts.get(name.upper())) for name in Settings.model_fields)
    return {name: text for name, text in named if text is not None}


def _with_file(problems: Iterable[str], given: GivenSettings) -> tuple[str, ...]:
    """Say also that no settings file was found, where even the project is not named."""
    if "SUPABASE_URL" in given.texts or given.is_named or given.path.exists():
        return tuple(problems)
    missing = (
        f"{given.path.absolute()}: there is no such settings file: `listing-sync init` writes one,"
        " --env-file names another"
    )
    return missing, *problems


def _unknown_names(names: Iterable[str]) -> list[str]:
    known = [name.upper() for name in Settings.model_fields]
    problems = []
    for name in sorted(names):
        if name.startswith("SYNC_") and name not in known:
            near = near_matches(name, known)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            problems.append(f"{name}: unknown setting{hint}")
    return problems


def _missing_source(given: Mapping[str, str]) -> list[str]:
    if "SYNC_SHEET_FILE" in given:
        return []
    problems = []
    if "SYNC_SPREADSHEET_ID" not in given:
        problems.append(
            "SYNC_SPREADSHEET_ID: required: the spreadsheet's ID or URL (or set SYNC_SHEET_FILE)"
        )
    files = {"GOOGLE_SERVICE_ACCOUNT_JSON", "GOOGLE_APPLICATION_CREDENTIALS"}
    is_found = given.get("SYNC_GOOGLE_AUTH", "").strip() == GoogleAuth.ADC
    if not is_found and not files & given.keys():
        problems.append(
            "GOOGLE_APPLICATION_CREDENTIALS: required: path of the service account's key file"
            " (or set GOOGLE_SERVICE_ACCOUNT_JSON, or SYNC_GOOGLE_AUTH=adc)"
        )
    return problems


def _problems(error: ValidationError) -> list[str]:
    return [_problem(item["type"], item["loc"], item["msg"]) for item in error.errors()]


def _listed(field: FieldInfo) -> str:
    kinds = (field.annotation, *get_args(field.annotation))
    words = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StrEnum))
    return " or ".join(words)


def _problem(kind: str, place: tuple[int | str, ...], text: str) -> str:
    field = Settings.model_fields[str(place[0])]
    name = str(place[0]).upper()
    if kind == "missing":
        return f"{name}: required: {field.description}"
    if kind == "value_error":
        return f"{name}: {text.removeprefix('Value error, ')}"
    if kind == "enum":
        return f"{name}: expected {_listed(field)}"
    if kind.startswith("bool"):
        return f"{name}: expected true or false"
    low = next((item.ge for item in field.metadata if isinstance(item, Ge)), None)
    high = next((item.le for item in field.metadata if isinstance(item, Le)), None)
    if low is not None:
        noun = "a whole number" if field.annotation is int else "a number"
        limits = f"{low} or more" if high is None else f"{low} to {high}"
        return f"{name}: expected {noun}, {limits}"
    return f"{name}: {text}"
