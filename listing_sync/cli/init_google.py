"""Ask how to sign in to Google, and what the settings file says for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from listing_sync.cli.asking import Given

LOGIN_NAME = "google-login.json"
CLIENT_OPTION = "--oauth-client"
FILE_SETTING = "GOOGLE_APPLICATION_CREDENTIALS"

KeyPath = Annotated[
    Path | None,
    typer.Option(help="Credentials file of Google's: a key, or another kind.", metavar="PATH"),
]
Adc = Annotated[bool, typer.Option("--adc", help="Sign in as gcloud or this machine does.")]
Login = Annotated[bool, typer.Option("--login", help="Sign in yourself, in the browser.")]
ClientPath = Annotated[
    Path | None,
    typer.Option(help="JSON of the office's OAuth client, for --login.", metavar="PATH"),
]
Impersonated = Annotated[
    str | None, typer.Option(help="Service account as which to read.", metavar="ADDRESS")
]
Subject = Annotated[
    str | None, typer.Option(help="Person of the domain as whom to read.", metavar="ADDRESS")
]


@dataclass(frozen=True, slots=True)
class GoogleOptions:
    """What the command line says of the sign-in."""

    key: Path | None
    adc: bool
    login: bool
    client: Path | None
    impersonate: str | None
    subject: str | None


@dataclass(slots=True)
class GoogleAnswers:
    """Settings by name; `login` is the file that a sign-in in the browser gave, not yet written."""

    texts: dict[str, str] = field(default_factory=dict)
    login: str | None = None

    def to_look(self) -> Mapping[str, str]:
        """Return what lets the sheet be looked at before anything is written."""
        if self.login is None:
            return self.texts
        return {**self.texts, "GOOGLE_SERVICE_ACCOUNT_JSON": self.login}


def ask_google(options: GoogleOptions, given: Given, folder: Path) -> GoogleAnswers:
    """Return the answers; a sign-in in the browser happens last, when nothing else is lacking."""
    answers = GoogleAnswers()
    if sum((options.key is not None, options.adc, options.login)) > 1:
        raise typer.BadParameter("--google-key, --adc and --login: choose one")
    client = None
    if options.login:
        client = given.path(
            CLIENT_OPTION,
            phrase("Path of the OAuth client's JSON"),
            options.client,
            setting=CLIENT_OPTION,
        )
        answers.texts[FILE_SETTING] = str(folder / LOGIN_NAME)
    elif options.adc:
        answers.texts["SYNC_GOOGLE_AUTH"] = "adc"
    else:
        answers.texts[FILE_SETTING] = given.path(
            "--google-key",
            phrase("Path of Google's credentials file"),
            options.key,
            setting=FILE_SETTING,
        )
    if options.impersonate:
        answers.texts["SYNC_GOOGLE_IMPERSONATE"] = options.impersonate
    if options.subject:
        answers.texts["SYNC_GOOGLE_SUBJECT"] = options.subject
    given.refuse_missing()
    if client is not None:
        answers.login = _log_in(Path(client))
    return answers


def _log_in(client: Path) -> str:
    from listing_sync.wiring.login import log_in_with

    return log_in_with(client)
