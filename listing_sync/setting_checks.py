"""Check single settings; a ValueError says what is wrong, and shows no secret."""

from __future__ import annotations

import base64
import binascii
import re
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.regular_file import read_regular

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S")
_BETWEEN_ADDRESSES = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)|\s+")


def checked_url(text: str) -> str:
    """Return the URL when it is https, or http to this machine; a problem names no secret."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # its text quotes the address
        is_url = False
    if not is_url or len(text.split()) > 1:
        raise ValueError("not a URL; expected https://...")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError("http is accepted for this machine only; use https://...")
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def checked_base_url(text: str) -> str:
    """Return the URL of a server, which is scheme and host alone."""
    url = checked_url(text).rstrip("/")
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment or parts.username:
        port = f":{parts.port}" if parts.port else ""
        raise ValueError(
            f"has more than scheme and host; expected {parts.scheme}://{parts.hostname}{port}"
        )
    return url


def checked_urls(text: str) -> str:
    """Return URLs with commas between them, each checked."""
    return ",".join(checked_url(part) for part in text.split(",") if part.strip())


def whole_percent(value: Any) -> Any:
    """Return a percentage without its sign."""
    return value.strip().removesuffix("%") if isinstance(value, str) else value


def readable_file(path: Path) -> Path:
    """Return the path of a file that holds a key, if it can be read."""
    key_in(path)
    return path


def key_in(path: Path) -> str:
    """Return the one text that a file holds."""
    try:
        return read_regular(path).decode("utf-8-sig").strip()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {path}: not UTF-8 text") from None


def checked_key(key: SecretStr | None) -> SecretStr | None:
    """Return a Supabase key, if it is one that may write."""
    problem = None if key is None else _key_problem(key.get_secret_value())
    if problem:
        raise ValueError(problem)
    return key


def checked_db_url(url: SecretStr | None) -> SecretStr | None:
    """Return the URL unless a part of its password would be taken for the host, or be lost."""
    scheme, found, rest = (url.get_secret_value() if url else "").partition("://")
    if not found:
        return url  # psycopg says what is wrong
    before, question, after = rest.partition("?")
    authority = before.partition("/")[0]
    if before.count("@") > 1:
        raise ValueError("the user or password holds a bare @: write it as %40")
    if "#" in before or ("@" in before) > ("@" in authority) or (question and "@" in after):
        raise ValueError(
            "the password holds a bare /, ? or #: write them as %2F, %3F and %23 (expected"
            f" {scheme}://user:password@host:5432/postgres)"
        )
    return url


def checked_address(text: str) -> str:
    """Return the address of an account."""
    name, found, domain = text.strip().partition("@")
    if not (found and name and "." in domain) or len(text.split()) > 1:
        raise ValueError("not an address; expected name@domain")
    return text


def notify_urls_in(text: str) -> tuple[str, ...]:
    """Return the addresses, which stand apart by white space or commas and may hold commas."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    parts = _BETWEEN_ADDRESSES.split(" ".join(lines))
    return tuple(part.strip(" ,") for part in parts if part.strip(" ,"))


def checked_notify_urls(urls: SecretStr | None) -> SecretStr | None:
    """Return addresses of Apprise, if they can be such."""
    if urls is not None and (problem := _notify_problem(urls.get_secret_value())):
        raise ValueError(problem)
    return urls


def checked_notify_file(path: Path) -> Path:
    """Return the path of a file of such addresses."""
    if problem := _notify_problem(key_in(path)):
        raise ValueError(problem)
    return path


def _notify_problem(text: str) -> str | None:
    """Return what is wrong with addresses of Apprise, as far as it can be told without it."""
    for position, url in enumerate(notify_urls_in(text), 1):
        if not _ADDRESS.match(url):
            return (
                f"address {position} is none: expected service://..., as mailtos:// or slack://"
                " (docs/monitoring/README.md)"
            )
    if find_spec("apprise") is None:
        return "needs Apprise, which is not installed: pip install 'listing-sync[notify]'"
    return None


def _key_problem(key: str) -> str | None:
    """Return what is wrong with a Supabase key, without showing it.

    Source: Supabase docs, "Understanding API keys".
    """
    if not key:
        return "required: the project's secret key, sb_secret_... (Settings > API keys)"
    if not key.isascii() or any(not char.isprintable() or char == " " for char in key):
        return "holds a space, line break or other character that no key has; copy it again"
    wrong_kind = (
        "is a {} key, which may not write; use the secret key, sb_secret_... (Settings > API keys)"
    )
    if key.startswith("sb_publishable_"):
        return wrong_kind.format("publishable")
    role = jwt_claims(key).get("role")
    if role is not None and role != "service_role":
        return wrong_kind.format(f"legacy {role!r}")
    return None


def jwt_claims(key: str) -> dict[str, object]:
    """Return what a legacy key says of itself, nothing for other keys."""
    parts = key.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        return {}
    try:
        claims = read_foreign_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
