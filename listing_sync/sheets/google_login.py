"""Sign a person in to Google in the browser, with the office's own OAuth client.

google-auth-oauthlib writes the address to open and takes the browser's answer on this machine; the
token is asked for over our own connections, as every other is.
"""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.errors import RefusedError, SettingsError
from listing_sync.language.sentences import phrase
from listing_sync.sheets.google_failures import MESSAGE_LENGTH, permanent
from listing_sync.sheets.google_key import READ_ONLY_SCOPE, is_safe, read_document
from listing_sync.transport import LARGEST_TOKEN_BYTES, build_client, deadline

_HERE = "127.0.0.1"
_PROMPT = (
    "Agree in the browser to reading spreadsheets. Where none opens, open there, on this"
    " machine:\n{url}"
)
_DONE = "Signed in: go back to the terminal; this page can be closed."


def log_in(
    client_text: str, *, name: str, timeout_s: float = 30, agrees_within_s: float = 300
) -> str:
    """Return the credentials file (authorized_user) of the person who agrees in the browser.

    `client_text` is the client's JSON as the Cloud console gives it, `name` where it comes from.

    Raises:
        SettingsError: it is no client of a desktop app, or the extra is not installed.
        RefusedError: nobody agreed in time.
        PermanentError: Google refused.
    """
    client = _desktop_client(client_text, name)
    try:
        from google_auth_oauthlib.flow import InstalledAppFlow  # noqa: PLC0415 - an extra
    except ImportError:
        problem = "--login: needs google-auth-oauthlib: pip install 'listing-sync[login]'"
        raise SettingsError((problem,)) from None

    class Flow(InstalledAppFlow):  # type: ignore[misc]  # untyped
        def fetch_token(self, *, authorization_response: str, **_: object) -> dict[str, Any]:
            form = {
                "grant_type": "authorization_code",
                "code": _code_in(authorization_response, self.oauth2session._state),  # noqa: SLF001
                "redirect_uri": self.redirect_uri,
                "client_id": client["client_id"],
                "client_secret": client.get("client_secret", ""),
                "code_verifier": self.code_verifier,
            }
            token = _token(client["token_uri"], form, timeout_s)
            self.oauth2session.token = {"access_token": "", **token, "expires_at": 0}
            return token

    # Up to 1.2.2 nothing proves who asked for the code unless that is asked for (RFC 7636).
    flow = Flow.from_client_config(
        {"installed": client}, [READ_ONLY_SCOPE], autogenerate_code_verifier=True
    )
    try:
        person = flow.run_local_server(
            host=_HERE,
            port=0,
            open_browser=_has_browser(),
            authorization_prompt_message=_PROMPT,
            success_message=_DONE,
            timeout_seconds=agrees_within_s,
            prompt="consent",  # without it a second sign-in gets no refresh token
        )
    except AttributeError:  # WSGITimeoutError is one
        raise RefusedError(
            phrase(
                "nobody agreed in the browser within {minutes:g} minutes; try again",
                minutes=agrees_within_s / 60,
            )
        ) from None
    return json.dumps(
        {
            "type": "authorized_user",
            "client_id": person.client_id,
            "client_secret": person.client_secret,
            "refresh_token": person.refresh_token,
            "token_uri": client["token_uri"],
        },
        indent=2,
    )


def _desktop_client(text: str, name: str) -> Mapping[str, Any]:
    document = read_document(text, name)
    client = document.get("installed")
    needed = ("client_id", "auth_uri", "token_uri")
    if not isinstance(client, Mapping) or not all(isinstance(client.get(n), str) for n in needed):
        problem = (
            f"{name}: not the OAuth client of a desktop app; make one in the Cloud console (Google"
            " Auth platform, Clients, Create client, Desktop app) and download its JSON"
        )
        raise SettingsError((problem,))
    if not all(is_safe(client[each]) for each in ("auth_uri", "token_uri")):
        raise SettingsError((f"{name}: auth_uri or token_uri is not an https address",))
    return client


def _has_browser() -> bool:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _code_in(address: str, state: str) -> str:
    """Return the code that the browser brought back."""
    answer = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    if answer.get("state") != state:
        raise permanent(phrase("the browser's answer was not for this sign-in; try again"))
    if "code" not in answer:
        why = answer.get("error", "no reason given")[:MESSAGE_LENGTH]
        raise permanent(
            phrase("nobody is signed in: Google was not given the consent ({why})", why=why)
        )
    return answer["code"]


def _token(uri: str, form: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
    with (
        build_client(
            timeout_s=timeout_s,
            connections=1,
            on_bytes=lambda _: None,
            largest_bytes=LARGEST_TOKEN_BYTES,
        ) as http,
        deadline(timeout_s),
    ):
        try:
            answer = http.post(uri, data=form)
            token = read_foreign_json(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise permanent(f"Google gave no token ({error})"[:MESSAGE_LENGTH]) from error
    if not isinstance(token, dict) or "refresh_token" not in token:
        said = token if isinstance(token, dict) else {}
        why = ": ".join(str(said[each]) for each in ("error", "error_description") if each in said)
        raise permanent(f"Google gave no token ({why or answer.status_code})"[:MESSAGE_LENGTH])
    return token
