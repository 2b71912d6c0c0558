"""Say who reads the spreadsheet: credentials of some kind, and the account behind them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from listing_sync.language.sentences import joined, marked, phrase, spoken
from listing_sync.lazy_dataclasses import dataclass


class SignInKind(StrEnum):
    """What vouches for this program at Google."""

    KEY = "key"
    FEDERATED = "federated"
    PERSON = "person"
    WORKFORCE = "workforce"
    MACHINE = "machine"


WAYS = {
    SignInKind.KEY: marked("service account key"),
    SignInKind.FEDERATED: marked("workload identity federation"),
    SignInKind.PERSON: marked("sign-in of a person"),
    SignInKind.WORKFORCE: marked("workforce sign-in"),
    SignInKind.MACHINE: marked("metadata server of this machine"),
}
"""What vouches for this program, in words."""


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """Credentials of google-auth.

    `source` is the address of what vouches for us, where it has one. `impersonated` is the service
    account for which they get a token in the end; `subject` the person for whom that one signs.
    """

    credentials: Any
    kind: SignInKind
    source: str | None = None
    impersonated: str | None = None
    subject: str | None = None

    @property
    def reader(self) -> str | None:
        """Return the address of who reads; None where nobody can tell, or not yet."""
        if self.subject or self.impersonated:
            return self.subject or self.impersonated
        # The metadata server tells the address with the first token.
        address = self.source or getattr(self.credentials, "service_account_email", None)
        return None if address == "default" else address

    @property
    def how(self) -> str:
        """Return by which way it signs in."""
        steps: list[str] = [spoken(WAYS[self.kind])]
        if self.impersonated:
            steps.append(phrase("impersonating {account}", account=self.impersonated))
        if self.subject:
            steps.append(phrase("for {person} by domain-wide delegation", person=self.subject))
        return joined(", ", steps)

    @property
    def in_words(self) -> str:
        """Return who reads and how."""
        if self.reader is None:
            return phrase("by {how}", how=self.how)
        return phrase("as {reader} ({how})", reader=self.reader, how=self.how)
