"""Keep who may enter: the name, the role and the hash of each token, in a file."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile

from listing_sync.cells.wording import plain, utc_text
from listing_sync.errors import SettingsError
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.regular_file import read_regular

_VERSION = 1
_MARK = "lsync"
_COST, _BLOCK_SIZE, _PARALLEL = 2**14, 8, 1
"""Of scrypt: 16 MiB and some 50 ms a try."""
_SALT_BYTES, _SECRET_BYTES, _ID_BYTES = 16, 32, 6


class Role(StrEnum):
    """What a token is good for; who may run may read."""

    READ = "read"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the file keeps it: its public half, and what is left of its secret one."""

    name: str
    role: Role
    token_id: str
    hashed: str
    created_at: str


def new_token(name: str, role: Role, now: datetime) -> tuple[Token, str]:
    """Return a token for the file, and its text, which is kept nowhere."""
    token_id = secrets.token_hex(_ID_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    salt = secrets.token_bytes(_SALT_BYTES)
    costs = f"{_COST}${_BLOCK_SIZE}${_PARALLEL}"
    hashed = f"scrypt${costs}${_text(salt)}${_text(_scrypt(secret, salt))}"
    return Token(name, role, token_id, hashed, utc_text(now)), f"{_MARK}_{token_id}_{secret}"


def matching(tokens: Iterable[Token], text: str) -> Token | None:
    """Return the token whose text this is; it takes as long where there is none.

    Source: RFC 7914 (scrypt).
    """
    _, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    found = next((each for each in tokens if each.token_id == token_id), None)
    hashed = found.hashed if found else _NOBODYS
    *_, salt, wanted = hashed.split("$")
    costs = [int(number) for number in hashed.split("$")[1:4]]
    is_right = hmac.compare_digest(_scrypt(secret, _bytes(salt), *costs), _bytes(wanted))
    return found if is_right else None


def _scrypt(
    secret: str, salt: bytes, n: int = _COST, r: int = _BLOCK_SIZE, p: int = _PARALLEL
) -> bytes:
    memory = 2 * 128 * n * r
    return hashlib.scrypt(secret.encode(), salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=32)


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


_NOBODYS = f"scrypt${_COST}${_BLOCK_SIZE}${_PARALLEL}${_text(bytes(16))}${_text(bytes(32))}"


class TokensFile:
    """The file of SYNC_SERVE_TOKENS_FILE; what is changed in it counts from the next look on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[object, ...] | None = None
        self._tokens: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Return the tokens, in the order in which they were added; none where there is no file.

        Raises:
            SettingsError: the file cannot be read, is another's to change, or is no such file.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._wrong(str(error.strerror)) from None
        seen = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode, status.st_uid)
        if seen != self._seen:
            self._require_ours(status)
            self._tokens, self._seen = self._read(), seen
        return self._tokens

    def add(self, name: str, role: Role, now: datetime) -> str:
        """Keep a new token and return its text.

        Raises:
            SettingsError: the name is taken, or the file cannot be written.
        """
        tokens = self.all()
        if any(each.name == name for each in tokens):
            raise self._wrong(
                f"there is a token {plain(name)!r} already: remove it first"
                f" (`listing-sync serve token remove {plain(name)}`)"
            )
        token, text = new_token(name, role, now)
        self._write((*tokens, token))
        return text

    def remove(self, name: str) -> bool:
        """Forget a token; return whether there was one.

        Raises:
            SettingsError: the file cannot be read or written.
        """
        tokens = self.all()
        left = tuple(each for each in tokens if each.name != name)
        if len(left) == len(tokens):
            return False
        self._write(left)
        return True

    def _read(self) -> tuple[Token, ...]:
        try:
            document = json.loads(read_regular(self.path))
            return tuple(_token(each) for each in document["tokens"])
        except OSError as error:
            raise self._wrong(str(error.strerror)) from None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._wrong(
                "it is no file of `listing-sync serve token add`: name one that is, or one that"
                " is not there yet"
            ) from None

    def _require_ours(self, status: os.stat_result) -> None:
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise self._wrong(f"others can let themselves in: chmod go-w {plain(str(self.path))}")

    def _write(self, tokens: Iterable[Token]) -> None:
        document = {"version": _VERSION, "tokens": [asdict(each) for each in tokens]}
        temporary: Path | None = None
        try:
            with NamedTemporaryFile(
                "w", encoding="utf-8", dir=self.path.parent, prefix=".tokens.", delete=False
            ) as file:  # 0600 from its first byte on
                temporary = Path(file.name)
                json.dump(document, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            raise self._wrong(f"cannot be written: {error.strerror}") from None

    def _wrong(self, why: str) -> SettingsError:
        return SettingsError((f"SYNC_SERVE_TOKENS_FILE {plain(str(self.path))}: {why}",))


def _token(stored: dict[str, str]) -> Token:
    token = Token(
        stored["name"],
        Role(stored["role"]),
        stored["token_id"],
        stored["hashed"],
        stored["created_at"],
    )
    # Other costs than ours, such as a later version might choose, would be an endless wait.
    scheme, *costs, salt, wanted = token.hashed.split("$")
    if scheme != "scrypt" or [int(each) for each in costs] != [_COST, _BLOCK_SIZE, _PARALLEL]:
        raise ValueError("hashed otherwise")
    _bytes(salt), _bytes(wanted)
    return token
