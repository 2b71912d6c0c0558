"""Read every setting from environment and file, or name every problem at once.

Source: docs/contract.md section 3, which gives every name, default and range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

from annotated_types import Ge, Le
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as PydanticSettingsError

from listing_sync.cells.near import near_matches
from listing_sync.errors import SettingsError
from listing_sync.language.choice import Language
from listing_sync.proxies import proxy_secrets
from listing_sync.redaction import parts_of_url
from listing_sync.setting_checks import (
    checked_address,
    checked_base_url,
    checked_db_url,
    checked_key,
    checked_notify_file,
    checked_notify_urls,
    checked_url,
    checked_urls,
    jwt_claims,
    key_in,
    notify_urls_in,
    readable_file,
    whole_percent,
)
from listing_sync.settings_file import DEFAULT_ENV_FILE, given_texts, texts_of

_ADDRESS = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")


class GoogleAuth(StrEnum):
    """Where the sign-in to Google comes from."""

    FILE = "file"
    """the credentials file that is named, of whatever kind"""
    ADC = "adc"
    """as Google's own tools find it: that file, gcloud's, the metadata server"""


Address = Annotated[str, BeforeValidator(checked_address)]
BaseUrl = Annotated[str, BeforeValidator(checked_base_url)]
SecretUrl = Annotated[SecretStr, BeforeValidator(checked_url)]
SecretUrls = Annotated[SecretStr, BeforeValidator(checked_urls)]
Percent = Annotated[float, BeforeValidator(whole_percent), Ge(0), Le(100)]


class _SettingsFile(PydanticBaseSettingsSource):
    """The texts of the file as they are written there; `path` is None where none is read."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path | None) -> None:
        super().__init__(settings_cls)
        self._texts = {} if path is None or not path.is_file() else texts_of(path)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Return the text of one setting."""
        return self._texts.get(field_name.upper()), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every text that is given."""
        given = ((name, self._texts.get(name.upper())) for name in self.settings_cls.model_fields)
        return {name: text for name, text in given if text}


class Settings(BaseSettings):
    """All settings. Secrets are SecretStr, so that no repr shows them; `*_s` are seconds."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    supabase_url: BaseUrl = Field(description="the project URL, https://xyz.supabase.co")
    supabase_service_role_key: Annotated[SecretStr | None, AfterValidator(checked_key)] = Field(
        default=SecretStr(""), validate_default=True
    )
    supabase_service_role_key_file: Annotated[Path, AfterValidator(readable_file)] | None = None
    supabase_db_url: Annotated[SecretStr | None, AfterValidator(checked_db_url)] = None
    supabase_access_token: SecretStr | None = None
    supabase_management_url: BaseUrl = "https://api.supabase.com"
    supabase_project_ref: str | None = None
    google_application_credentials: Path | None = None
    google_service_account_json: SecretStr | None = None
    sync_google_auth: GoogleAuth = GoogleAuth.FILE
    sync_google_impersonate: Address | None = None
    sync_google_subject: Address | None = None
    google_sheets_api_endpoint: BaseUrl = "https://sheets.googleapis.com"
    sync_spreadsheet_id: str | None = None
    sync_sheet_name: str | None = None
    sync_sheet_file: Path | None = None
    sync_header_row: Annotated[int, Ge(1), Le(1000)] = 1
    sync_mapping_file: Path | None = None
    sync_batch_size: Annotated[int, Ge(1), Le(1000)] = 100
    sync_rate_limit: Annotated[int, Ge(0), Le(1000)] = 10
    sync_concurrency: Annotated[int, Ge(1), Le(16)] = 4
    sync_request_timeout: Annotated[int, Ge(100), Le(600000)] = 30000
    sync_google_timeout: Annotated[int, Ge(100), Le(600000)] = 180000
    sync_retry_attempts: Annotated[int, Ge(0), Le(10)] = 3
    sync_retry_delay: Annotated[int, Ge(0), Le(60000)] = 1000
    sync_circuit_breaker_threshold: Annotated[int, Ge(1), Le(100)] = 5
    sync_circuit_breaker_timeout: Annotated[int, Ge(0), Le(3600000)] = 60000
    sync_prune: bool = False
    sync_prune_limit: Percent = 10
    sync_change_limit: Annotated[float, BeforeValidator(whole_percent), Ge(1), Le(100)] = 50
    sync_rollout_percent: Percent = 100
    sync_time_limit: Annotated[int, Ge(0), Le(86400)] = 1800
    sync_lock_timeout: Annotated[int, Ge(0), Le(86400)] = 300
    sync_state_dir: Path | None = None
    sync_full_read_hours: Annotated[int, Ge(0), Le(168)] = 24
    sync_stale_after: Annotated[int, Ge(60)] = 86400
    sync_egress_warn_gb: Annotated[float, Ge(0), Le(1_000_000)] = 4
    sync_history_days: Annotated[int, Ge(1), Le(3650)] = 90
    sync_alert_webhook_url: SecretUrls | None = None
    sync_notify_urls: Annotated[SecretStr | None, AfterValidator(checked_notify_urls)] = None
    sync_notify_urls_file: Annotated[Path, AfterValidator(checked_notify_file)] | None = None
    sync_alert_after_failures: Annotated[int, Ge(1), Le(1000)] = 3
    sync_heartbeat_url: SecretUrl | None = None
    sync_metrics_file: Path | None = None
    sync_status_page: Path | None = None
    sync_language: Language | None = None
    sync_serve_tokens_file: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let a flag win over the environment, which wins over the file."""
        path: Path | None = getattr(dotenv_settings, "env_file", None)
        return init_settings, env_settings, _SettingsFile(settings_cls, path)

    @model_validator(mode="before")
    @classmethod
    def _read_key_file(cls, values: dict[str, Any]) -> dict[str, Any]:
        path = values.get("supabase_service_role_key_file")
        if not path:
            return values
        try:
            key: str | None = key_in(Path(path))
        except ValueError:  # the file's own validator says so
            key = None
        return {**values, "supabase_service_role_key": key}

    @property
    def service_key(self) -> str:
        """Return the project's secret key."""
        key = self.supabase_service_role_key
        return key.get_secret_value() if key else ""

    @property
    def request_timeout_s(self) -> float:
        """Return the bound of one request as a whole, in seconds."""
        return self.sync_request_timeout / 1000

    @property
    def google_timeout_s(self) -> float:
        """Return how long Google may take to compute a sheet and send it, in seconds."""
        return self.sync_google_timeout / 1000

    @property
    def retry_delay_s(self) -> float:
        """Return the wait before the first retry, in seconds."""
        return self.sync_retry_delay / 1000

    @property
    def breaker_timeout_s(self) -> float:
        """Return how long an open breaker waits before its probe, in seconds."""
        return self.sync_circuit_breaker_timeout / 1000

    @property
    def webhook_urls(self) -> tuple[str, ...]:
        """Return the addresses of SYNC_ALERT_WEBHOOK_URL."""
        if self.sync_alert_webhook_url is None:
            return ()
        return tuple(filter(None, self.sync_alert_webhook_url.get_secret_value().split(",")))

    @property
    def notify_urls(self) -> tuple[str, ...]:
        """Return the addresses for Apprise; those of the file win."""
        if self.sync_notify_urls_file is not None:
            return notify_urls_in(key_in(self.sync_notify_urls_file))
        return notify_urls_in(
            self.sync_notify_urls.get_secret_value() if self.sync_notify_urls else ""
        )

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value that is set, with its parts, for the one redaction."""
        values = (getattr(self, name) for name in type(self).model_fields)
        texts = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return with_parts((*texts, *self.notify_urls))


def with_parts(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return secrets with the parts of those that are addresses, and the passwords of proxies."""
    whole = list(filter(None, secrets))
    # A key of Google's holds addresses too, but begins with none: its hosts are no secrets.
    addresses = [each for text in whole if _ADDRESS.match(text) for each in text.split(",") if each]
    parts = [part for each in addresses for part in parts_of_url(each)]
    return tuple(dict.fromkeys((*whole, *addresses, *parts, *proxy_secrets())))


def given_secrets(env_file: Path | None) -> tuple[str, ...]:
    """Return the secrets of environment and file before they are checked, as they are written."""
    try:
        given = given_texts(env_file)
    except SettingsError:
        return with_parts(())
    secret = [name.upper() for name, each in Settings.model_fields.items() if is_secret(each)]
    return with_parts(given[name] for name in secret if name in given)


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting is never to be shown."""
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def key_expires_at(settings: Settings) -> float | None:
    """Return the `exp` of a legacy JWT key in seconds since 1970, None for other keys."""
    expires = jwt_claims(settings.service_key).get("exp")
    return float(expires) if isinstance(expires, int | float) else None


def load_settings(
    env_file: Path | None = None,
    *,
    flags: Mapping[str, Any] | None = None,
    needs_sheet: bool = True,
) -> Settings:
    """Return the settings from flags, the environment and the file, in this order of precedence.

    `flags` are by field name; those that are None count as not given.

    Raises:
        SettingsError: with every problem, by name.
    """
    given = given_texts(env_file)
    problems = _unknown_names(given)
    if needs_sheet:
        problems += _missing_source(given)
    by_flag = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        settings = Settings(_env_file=env_file or DEFAULT_ENV_FILE, **by_flag)  # type: ignore[call-arg]
    except PydanticSettingsError as error:
        raise SettingsError((*problems, str(error))) from None
    except ValidationError as error:
        raise SettingsError(_with_file((*problems, *_problems(error)), given, env_file)) from None
    if problems:
        raise SettingsError(_with_file(tuple(problems), given, env_file))
    return settings


def _with_file(
    problems: tuple[str, ...], given: Mapping[str, str], env_file: Path | None
) -> tuple[str, ...]:
    """Say also that no settings file was found, where even the project is not named."""
    if "SUPABASE_URL" in given or env_file is not None or DEFAULT_ENV_FILE.exists():
        return problems
    path = Path.cwd() / DEFAULT_ENV_FILE
    missing = (
        f"{path}: there is no such settings file: `listing-sync init` writes one, --env-file"
        " names another"
    )
    return missing, *problems


def usable_settings(env_file: Path | None) -> Settings:
    """Return the settings with every wrong one at its default, to tell that they are wrong.

    Raises:
        SettingsError: the file cannot be read at all.
    """
    given_texts(env_file)
    given: dict[str, Any] = {
        "supabase_url": "https://unknown.invalid",
        "supabase_service_role_key": "unknown",
        "supabase_service_role_key_file": None,
    }
    for _ in range(2):
        try:
            return Settings(_env_file=env_file or DEFAULT_ENV_FILE, **given)  # type: ignore[call-arg]
        except ValidationError as error:
            wrong = {str(item["loc"][0]) for item in error.errors()}
            given |= {name: Settings.model_fields[name].default for name in wrong}
        except PydanticSettingsError as error:
            raise SettingsError((str(error),)) from None
    raise SettingsError(("the settings cannot be read",))


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
