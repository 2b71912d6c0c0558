"""The one redaction: what the settings hold, its parts, and the shapes of services' tokens."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.errors import SettingsError
from listing_sync.given_settings import read_given
from listing_sync.redaction import REDACTED, Redaction, parts_of_url
from listing_sync.settings import given_secrets, with_parts
from listing_sync.settings_problems import load_settings

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc=\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "secret",
    [
        "ya29.a0AfB_byC-x1",
        "1//0gAbCdEfGhIjKlMn",
        JWT,
        PEM,
        PEM[:40],
        "sb_secret_N7UND0UgjKTVK",
        "sbp_0123456789abcdef0123",
        "GOCSPX-abc_def-123",
        "AIzaSyA1234567890abcdefghijklmnopqrstu",
    ],
)
def test_a_token_is_known_by_its_shape(secret: str) -> None:
    told = Redaction()(f"refused: {secret} (401)")
    assert told.startswith("refused: [secret]")
    assert secret[6:] not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql://postgres:hush@db/x", "postgresql://[secret]@db/x"),
        ("write http://user:password@host:port in HTTPS_PROXY", None),
        ("https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/[secret]"),
        ("Authorization: Bearer abcdefgh12", "Authorization: Bearer [secret]"),
        ("share it with a@b.iam.gserviceaccount.com", None),
        ("3/1//2024 and https://office.example/a", None),
        ("run 0b8f3a52-0000-4000-8000-000000000000", None),
    ],
)
def test_what_is_none_stays(text: str, told: str | None) -> None:
    assert Redaction()(text) == (told or text)


@pytest.mark.parametrize("password", ["p@ss/word", "p%40ssword", "鍵の束です", 'quo"te\\x'])
def test_a_password_alone_is_taken_out_in_each_form(password: str) -> None:
    url = f"postgresql://postgres:{quote(password, safe='')}@db.example:5432/postgres"
    redact = Redaction(with_parts((url,)))
    for form in (password, quote(password, safe=""), json.dumps(password)[1:-1]):
        assert redact(f"it said {form} here") == f"it said {REDACTED} here"


def test_the_path_and_the_token_of_a_webhook_are_secrets_by_themselves() -> None:
    url = "https://chat.office.example/hooks/abcdefgh12345?token=hidden&x=1"
    redact = Redaction(with_parts((url,)))
    for text in (url, "POST /hooks/abcdefgh12345 404", "abcdefgh12345", "token hidden"):
        assert "abcdefgh12345" not in redact(text)
        assert "hidden" not in redact(text)
    assert "chat.office.example" in redact("chat.office.example answers 404")


def test_the_hosts_that_a_key_of_googles_names_are_no_secrets() -> None:
    key = {
        "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE",
        "token_uri": "https://oauth2.g.com/token",
    }
    redact = Redaction(with_parts((json.dumps(key),)))
    text = "no answer from Google (oauth2.g.com): /token"
    assert redact(text) == text
    assert redact(json.dumps(key)) == REDACTED


def test_no_part_is_so_short_that_every_text_would_lose_it() -> None:
    assert parts_of_url("postgresql://a:b@db/x") == ()
    assert parts_of_url("http://[broken") == ()


def test_secrets_are_known_before_the_settings_are_checked(tmp_path, monkeypatch) -> None:
    file = tmp_path / ".env"
    file.write_text("SUPABASE_ACCESS_TOKEN=plain-token-1\nSYNC_BATCH_SIZE=x\n", encoding="utf-8")
    monkeypatch.setenv("SUPABASE_DB_URL", "postgresql://postgres:in-the-way@db/postgres")
    found = given_secrets(read_given(file))
    assert {"plain-token-1", "in-the-way"} <= set(found)
    assert "x" not in found


@given(secret=st.text(min_size=6, max_size=30).filter(str.strip), around=st.text(max_size=10))
def test_no_secret_survives_whatever_stands_around_it(secret: str, around: str) -> None:
    told = Redaction([secret])(f"{around}{secret}{around}")
    assert secret not in told or secret in REDACTED * 3 or secret in around * 2


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://postgres:p@ss@db.example/postgres", "bare @"),
        ("postgresql://postgres:p/ss@db.example/postgres", "bare /"),
        ("postgresql://postgres:p?ss@db.example/postgres", "bare /"),
        ("postgresql://postgres:p#ss@db.example/postgres", "bare /"),
    ],
)
def test_a_password_that_is_not_escaped_is_told_and_not_printed(monkeypatch, url, words) -> None:
    monkeypatch.setenv("SUPABASE_DB_URL", url)
    with pytest.raises(SettingsError) as caught:
        load_settings(read_given(None), needs_sheet=False)
    (told,) = [text for text in caught.value.problems if text.startswith("SUPABASE_DB_URL")]
    assert words in told
    assert "ss@" not in told
