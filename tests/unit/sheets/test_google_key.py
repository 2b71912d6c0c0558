"""Service-account keys, whole and broken."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from listing_sync.errors import SettingsError
from listing_sync.sheets.google_credentials import account_of
from listing_sync.sheets.google_key import READ_ONLY_SCOPE
from tests.stack.google_sheets import LoopbackGoogle


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    with LoopbackGoogle() as google:
        return {**google.key(), "token_uri": "https://oauth2.googleapis.com/token"}


def encoded(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(json.dumps, id="json"),
        pytest.param(lambda key: "\ufeff" + json.dumps(key, indent=2), id="json with BOM"),
        pytest.param(lambda key: encoded(json.dumps(key)), id="base64 over lines"),
        pytest.param(
            lambda key: json.dumps({**key, "private_key": key["private_key"].replace("\n", "\\n")}),
            id="line breaks escaped twice",
        ),
    ],
)
def test_a_whole_key_becomes_read_only_credentials(key: dict[str, Any], spell: Any) -> None:
    account = account_of(spell(key), name="KEY")
    assert account.reader == key["client_email"]
    assert account.credentials.scopes == [READ_ONLY_SCOPE]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"client_email": None}, ["client_email"], id="field missing"),
        pytest.param(
            {"client_email": "", "token_uri": 5}, ["client_email", "token_uri"], id="two fields"
        ),
        pytest.param({"type": None}, ["no credentials file"], id="no type"),
        pytest.param({"type": None, "installed": {}}, ["OAuth client"], id="OAuth client"),
        pytest.param({"private_key": "SECRETSECRET"}, ["private_key"], id="no PEM"),
        pytest.param(
            {"private_key": "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"},
            ["private_key"],
            id="broken PEM",
        ),
        pytest.param({"token_uri": "http://example.com/token"}, ["https"], id="token over http"),
        pytest.param({"token_uri": "https://[::1"}, ["https"], id="half an address"),
    ],
)
def test_a_broken_key_says_what_is_wrong_and_quotes_nothing(
    key: dict[str, Any], change: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(SettingsError) as refusal:
        account_of(json.dumps({**key, **change}), name="KEY")
    for word in words:
        assert word in str(refusal.value)
    assert "SECRET" not in str(refusal.value)
    assert "SECRET" not in repr(refusal.value.__cause__)
    assert all(problem.startswith("KEY: ") for problem in refusal.value.problems)


def test_a_cut_off_private_key_is_noticed(key: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="private_key"):
        account_of(json.dumps({**key, "private_key": key["private_key"][:-400]}), name="KEY")


@pytest.mark.parametrize("name", ["p", "q", "d", "dmp1", "dmq1", "iqmp", "e", "n"])
def test_a_key_whose_numbers_do_not_belong_together_is_noticed(
    key: dict[str, Any], name: str
) -> None:
    unlike = damaged(key["private_key"], name)
    with pytest.raises(SettingsError, match="not a whole RSA key"):
        account_of(json.dumps({**key, "private_key": unlike}), name="KEY")


def damaged(pem: str, name: str) -> str:
    """Return a key of which one number has two other bits."""
    whole = load_pem_private_key(pem.encode(), None)
    assert isinstance(whole, RSAPrivateKey)
    private = whole.private_numbers()
    value = getattr(private if hasattr(private, name) else private.public_numbers, name)
    size = (value.bit_length() + 7) // 8
    der = whole.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    head = b"\x02\x03" if size == 3 else b""  # three bytes may stand elsewhere as well
    before, after = (head + each.to_bytes(size, "big") for each in (value, value ^ 6))
    assert der.count(before) == 1
    changed = der.replace(before, after)
    text = base64.encodebytes(changed).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{text}-----END PRIVATE KEY-----\n"


def test_a_key_of_another_kind_is_noticed(key: dict[str, Any]) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(SettingsError, match="not a whole RSA key"):
        account_of(json.dumps({**key, "private_key": other.decode()}), name="KEY")


def test_an_encrypted_key_is_noticed(key: dict[str, Any]) -> None:
    whole = load_pem_private_key(key["private_key"].encode(), None)
    locked = whole.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"SECRET")
    )
    with pytest.raises(SettingsError, match="not a whole RSA key"):
        account_of(json.dumps({**key, "private_key": locked.decode()}), name="KEY")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{'type': 'service_account'}", "broken JSON at line 1", id="not JSON"),
        pytest.param("[]", "not an object", id="list"),
        pytest.param('"text"', "not an object", id="text"),
        pytest.param("/etc/key.json", "neither JSON nor base64", id="a path"),
        pytest.param(encoded("hello"), "broken JSON", id="base64 of something else"),
        pytest.param(encoded("x")[:-2] + "é", "neither JSON nor base64", id="no base64"),
        pytest.param("{" * 100_000, "broken JSON", id="deep"),
        pytest.param("[" * 100_000, "broken JSON", id="too deep"),
        pytest.param("", "JSON", id="empty"),
    ],
)
def test_what_is_no_key_at_all_is_refused(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        account_of(text, name="KEY")
