"""Read a credentials file of Google's, and make credentials of a service account's key."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from listing_sync.errors import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from google.oauth2.service_account import Credentials

READ_ONLY_SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
UNIVERSE = "googleapis.com"

_NEEDED = ("client_email", "private_key", "token_uri")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOW = (
    "expected the JSON key of a service account (Google Cloud console: IAM & Admin, Service "
    "Accounts, Keys, Add key, JSON), or another kind of docs/google-access.md"
)


def key_credentials(document: Mapping[str, Any], name: str) -> Credentials:
    r"""Return the credentials of a service account's key, without a scope; contacts nobody.

    A private key whose line breaks were escaped twice (`\\n`) is repaired.

    Raises:
        SettingsError: names `name` and every problem, and quotes nothing of the key.
    """
    problems = tuple(
        f"{name}: the field {field} is missing or not a text; {_HOW}"
        for field in _NEEDED
        if not (isinstance(document.get(field), str) and document[field])
    )
    if problems:
        raise SettingsError(problems)
    if not is_safe(str(document["token_uri"])):
        raise SettingsError((f"{name}: token_uri is not an https address; download a new key",))
    from google.auth.crypt import RSASigner  # noqa: PLC0415 - heavy
    from google.oauth2.service_account import Credentials  # noqa: PLC0415 - heavy

    pem = str(document["private_key"]).replace("\\n", "\n")
    key = _rsa_key(pem)
    if key is None:
        raise SettingsError(
            (f"{name}: private_key is not a whole RSA key in PEM format; download a new key",)
        )
    return Credentials(  # type: ignore[no-untyped-call]  # google-auth is untyped
        RSASigner(key, document.get("private_key_id")),  # type: ignore[no-untyped-call]
        service_account_email=document["client_email"],
        token_uri=document["token_uri"],
        project_id=document.get("project_id"),
        universe_domain=document.get("universe_domain") or UNIVERSE,
    )


def _rsa_key(pem: str) -> RSAPrivateKey | None:
    """Return the key of a text; None when it is none, or its numbers do not belong together.

    The library's own check looks for primes, which takes a fifteenth of a quiet run; a number that
    was damaged does not belong to the others.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric.rsa import (  # noqa: PLC0415 - heavy
        RSAPrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - heavy
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        return None
    return key if isinstance(key, RSAPrivateKey) and _belong_together(key) else None


def _belong_together(key: RSAPrivateKey) -> bool:
    """Say whether the numbers of a key are those of one key.

    Source: RFC 8017, section 3.2.
    """
    private = key.private_numbers()
    public, p, q = private.public_numbers, private.p, private.q
    return (
        min(p, q) > 1
        and p * q == public.n
        and public.e * private.dmp1 % (p - 1) == 1
        and public.e * private.dmq1 % (q - 1) == 1
        and private.d % (p - 1) == private.dmp1
        and private.d % (q - 1) == private.dmq1
        and private.iqmp * q % p == 1
    )


def is_safe(url: str, *, near: Callable[[str], bool] = lambda _: False) -> bool:
    """Say whether a secret may go to an address: https, this machine, or a host that is `near`."""
    try:
        endpoint = urlsplit(url)
    except ValueError:
        return False
    host = endpoint.hostname or ""
    return endpoint.scheme == "https" or host in _LOOPBACK or near(host)


def read_document(text: str, name: str) -> dict[str, Any]:
    """Return the object of a credentials file, given as JSON or base64 of it.

    Raises:
        SettingsError: it is neither.
    """
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


def other_kind(document: Mapping[str, Any]) -> str:
    """Say what a file is that is no credentials of a kind that can sign in."""
    if "installed" in document or "web" in document:
        return (
            "this is an OAuth client, which signs in nobody by itself; sign in with it:"
            " listing-sync init --login --oauth-client PATH"
        )
    return f"this is no credentials file of Google's (the field type says otherwise); {_HOW}"
