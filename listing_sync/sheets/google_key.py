"""Make google-auth credentials of a service-account key, or name every reason why not."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from listing_sync.errors import SettingsError

if TYPE_CHECKING:
    from google.oauth2.service_account import Credentials

READ_ONLY_SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"

_NEEDED = ("client_email", "private_key", "token_uri")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOW = (
    "expected the JSON key of a service account (Google Cloud console: IAM & Admin, Service "
    "Accounts, Keys, Add key, JSON)"
)


def parse_key(text: str, *, name: str = "GOOGLE_SERVICE_ACCOUNT_JSON") -> Credentials:
    r"""Return read-only credentials of a key given as JSON or base64 of it; contacts nobody.

    A private key whose line breaks were escaped twice (`\\n`) is repaired.

    Raises:
        SettingsError: names `name` and every problem, and quotes nothing of the key.
    """
    document = _document(text, name)
    if document.get("type") != "service_account":
        raise SettingsError((f"{name}: {_other_kind(document)}; {_HOW}",))
    problems = tuple(
        f"{name}: the field {field} is missing or not a text; {_HOW}"
        for field in _NEEDED
        if not (isinstance(document.get(field), str) and document[field])
    )
    if problems:
        raise SettingsError(problems)
    if not _is_safe(str(document["token_uri"])):
        raise SettingsError((f"{name}: token_uri is not an https address; download a new key",))
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - heavy
    from google.oauth2.service_account import Credentials  # noqa: PLC0415 - heavy

    pem = str(document["private_key"]).replace("\\n", "\n")
    try:
        credentials: Credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # google-auth is untyped
            {**document, "private_key": pem}, scopes=[READ_ONLY_SCOPE]
        )
    except (ValueError, TypeError, GoogleAuthError):
        # Without `from`: the library's message may hold parts of the key.
        raise SettingsError(
            (f"{name}: private_key is not a whole RSA key in PEM format; download a new key",)
        ) from None
    return credentials


def _is_safe(url: str) -> bool:
    try:
        endpoint = urlsplit(url)
    except ValueError:
        return False
    return endpoint.scheme == "https" or endpoint.hostname in _LOOPBACK


def _document(text: str, name: str) -> dict[str, object]:
    text = text.strip().removeprefix("\ufeff")
    if not text.startswith(("{", "[", '"')):
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode("utf-8-sig")
        except (binascii.Error, ValueError):
            raise SettingsError((f"{name}: neither JSON nor base64 of JSON; {_HOW}",)) from None
    try:
        document = json.loads(text)
    except ValueError as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise SettingsError((f"{name}: broken JSON{where}; {_HOW}",)) from None
    except RecursionError:
        raise SettingsError((f"{name}: broken JSON; {_HOW}",)) from None
    if not isinstance(document, dict):
        raise SettingsError((f"{name}: JSON, but not an object; {_HOW}",))
    return document


def _other_kind(document: dict[str, object]) -> str:
    if "installed" in document or "web" in document:
        return "this is an OAuth client, which signs in people"
    match document.get("type"):
        case "authorized_user":
            return "these are a person's own credentials (authorized_user)"
        case (
            "external_account" | "external_account_authorized_user" | "impersonated_service_account"
        ):
            return "this is a federated or impersonated account, which is not supported"
        case _:
            return "this is not a service account's key (the field type says otherwise)"
