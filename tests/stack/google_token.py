"""The service account's key, and the check of what it signs."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SERVICE_ACCOUNT = "listing-sync@loopback.iam.gserviceaccount.com"
READ_ONLY_SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
_SCOPES = {
    READ_ONLY_SCOPE,
    "https://www.googleapis.com/auth/iam",
    "https://www.googleapis.com/auth/cloud-platform",
}

_AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth's, whatever the token_uri
_CLOCK = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


@cache
def _private_key() -> rsa.RSAPrivateKey:
    """Return the key of this process: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_key_pem() -> str:
    """Return the private key as key files hold it."""
    return (
        _private_key()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


class RefusedError(Exception):
    """A token that is refused, in the words of Google's endpoint."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


def check_assertion(
    assertion: str, now: float, accounts: Collection[str] = (SERVICE_ACCOUNT,)
) -> dict[str, Any]:
    """Return the claims of a fresh JWT of one of our service accounts, signed.

    Raises:
        RefusedError: it is none, or asks for more than reading and impersonating.
    """
    try:
        head, body, signature = (_unpadded(part) for part in assertion.split("."))
        header, claims = json.loads(head), json.loads(body)
    except ValueError as error:
        raise RefusedError("invalid_grant", "Bad Request") from error
    if header.get("alg") != "RS256" or not _is_signed(assertion, signature):
        raise RefusedError("invalid_grant", "Invalid JWT Signature.")
    if claims.get("iss") not in accounts:
        raise RefusedError("invalid_grant", "Invalid grant: account not found")
    if claims.get("aud") != _AUDIENCE:
        raise RefusedError("invalid_grant", "Invalid JWT: Failed audience check.")
    issued, expires = claims.get("iat", 0), claims.get("exp", 0)
    if not (issued - 300 <= now < expires <= issued + 3600):
        raise RefusedError("invalid_grant", _CLOCK)
    if claims.get("scope") not in _SCOPES:
        description = "Invalid OAuth scope or ID token audience provided."
        raise RefusedError("invalid_scope", description)
    return dict(claims)


def sign(claims: Mapping[str, Any]) -> str:
    """Return a JWT of these claims, signed as every service account here signs."""
    head = _padded(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    signed = f"{head}.{_padded(json.dumps(claims).encode())}"
    signature = _private_key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_padded(signature)}"


def _padded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _is_signed(assertion: str, signature: bytes) -> bool:
    signed = assertion.rpartition(".")[0].encode()
    try:
        _private_key().public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
