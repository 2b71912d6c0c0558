"""A sign-in in the browser: who agrees, who does not, and what is no client."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from listing_sync.errors import PermanentError, RefusedError, SettingsError
from listing_sync.sheets.google_login import log_in
from tests.stack.loopback import Answer
from tests.stack.receiver import Receiver

Person = Callable[[dict[str, str]], dict[str, str]]
"""What the browser brings back, of what was asked for."""


class Browser:
    """Goes back to this machine with what the person answered, if anything."""

    def __init__(self, person: Person | None) -> None:
        self._person = person

    def open(self, url: str, **_: object) -> bool:
        if self._person is not None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
            address = f"{asked['redirect_uri']}?{urlencode(self._person(asked))}"
            threading.Thread(target=httpx.get, args=(address,), daemon=True).start()
        return True


@pytest.fixture
def google() -> Iterator[Receiver]:
    with Receiver(Answer(body=json.dumps({"refresh_token": "1//r"}).encode())) as google:
        yield google


def client(google: Receiver, **more: str) -> str:
    return json.dumps(
        {
            "installed": {
                "client_id": "1.apps.googleusercontent.com",
                "client_secret": "hush",
                "auth_uri": "https://accounts.google.com/o/oauth2/auth",
                "token_uri": f"{google.url}/token",
                **more,
            }
        }
    )


def signed_in(
    google: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    person: Person | None,
    agrees_within_s: float = 10,
) -> Any:
    pytest.importorskip("google_auth_oauthlib", reason="the extra [login]")
    monkeypatch.setattr("webbrowser.get", lambda *_: Browser(person))
    text = log_in(client(google), name="CLIENT", agrees_within_s=agrees_within_s)
    return json.loads(text)


def agrees(asked: dict[str, str]) -> dict[str, str]:
    return {"state": asked["state"], "code": "4/code"}


def test_who_agrees_is_signed_in_by_one_request(
    google: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = signed_in(google, monkeypatch, agrees)
    assert document["type"] == "authorized_user"
    assert document["refresh_token"] == "1//r"
    [asked] = google.requests
    form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    assert form["grant_type"] == "authorization_code"
    assert form["code"] == "4/code"
    assert form["redirect_uri"].startswith("http://127.0.0.1:")
    assert len(form["code_verifier"]) >= 43


@pytest.mark.parametrize(
    ("person", "words"),
    [
        pytest.param(
            lambda asked: {"state": asked["state"], "error": "access_denied"},
            r"not given the consent \(access_denied\)",
            id="no",
        ),
        pytest.param(
            lambda _: {"state": "other", "code": "4/x"}, "not for this sign-in", id="another's"
        ),
    ],
)
def test_who_does_not_agree_is_not_signed_in(
    google: Receiver, monkeypatch: pytest.MonkeyPatch, person: Person, words: str
) -> None:
    with pytest.raises(PermanentError, match=words):
        signed_in(google, monkeypatch, person)
    assert not google.requests


def test_nobody_is_waited_for_for_ever(google: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedError, match="nobody agreed in the browser within"):
        signed_in(google, monkeypatch, None, agrees_within_s=0.05)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            Answer(400, body=b'{"error": "invalid_grant", "error_description": "Bad code"}'),
            r"gave no token \(invalid_grant: Bad code\)",
            id="refused",
        ),
        pytest.param(Answer(200, body=b'{"access_token": "x"}'), r"no token \(200\)", id="short"),
        pytest.param(Answer(200, body=b"<html>"), "gave no token", id="page"),
    ],
)
def test_a_token_that_does_not_come_is_told(
    google: Receiver, monkeypatch: pytest.MonkeyPatch, answer: Answer, words: str
) -> None:
    google.reply = answer
    with pytest.raises(PermanentError, match=words):
        signed_in(google, monkeypatch, agrees)


def test_without_the_extra_it_says_how_to_get_it(
    google: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google_auth_oauthlib.flow", None)
    with pytest.raises(SettingsError, match=r"pip install 'listing-sync\[login\]'"):
        log_in(client(google), name="CLIENT")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"token_uri": "http://far.example/token"}, "is not an https address"),
        ({"client_id": None}, "not the OAuth client of a desktop app"),
    ],
)
def test_what_is_no_client_is_refused_before_the_browser_opens(
    google: Receiver, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        log_in(client(google, **more), name="CLIENT")
