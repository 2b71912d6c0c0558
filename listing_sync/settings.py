"""Give every setting its name, type, default and range.

Source: docs/contract.md section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

from annotated_types import Ge, Le
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from listing_sync.given_settings import GivenSettings
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


class Settings(BaseSettings):
    """All settings. Secrets are SecretStr, so that no repr shows them; `*_s` are seconds."""

    model_config = SettingsConfigDict(
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
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is handed over: environment and file were read before, once."""
        return (init_settings,)

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


def given_secrets(given: GivenSettings) -> tuple[str, ...]:
    """Return the secrets of environment and file before they are checked, as they are written."""
    secret = [name.upper() for name, each in Settings.model_fields.items() if is_secret(each)]
    return with_parts(given.texts[name] for name in secret if name in given.texts)


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting is never to be shown."""
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def key_expires_at(settings: Settings) -> float | None:
    """Return the `exp` of a legacy JWT key in seconds since 1970, None for other keys."""
    expires = jwt_claims(settings.service_key).get("exp")
    return float(expires) if isinstance(expires, int | float) else None
