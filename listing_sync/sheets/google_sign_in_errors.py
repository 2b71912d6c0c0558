"""Tell why Google gave no token, by the kind of sign-in, with the way on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.errors import ListingSyncError
from listing_sync.language.sentences import phrase
from listing_sync.sheets.google_account import WAYS, GoogleAccount, SignInKind
from listing_sync.sheets.google_answers import Refusal, refusal_in
from listing_sync.sheets.google_failures import MESSAGE_LENGTH, permanent, transient
from listing_sync.sheets.google_token_refusals import name_of, of_person, token_refused

if TYPE_CHECKING:
    from google.auth.exceptions import GoogleAuthError

_CREATOR = "Service Account Token Creator"


def not_signed_in(error: GoogleAuthError, account: GoogleAccount) -> ListingSyncError:
    """Return our error for any failure of google-auth's; quotes no token.

    Source: RFC 6749 section 5.2; google.aip.dev/193; cloud.google.com/iam/docs/reference/sts/rest.
    """
    match _answer_in(error.args):
        case {"error": dict(failure)}:
            return _refused_by_api(refusal_in(failure), account)
        case {"error": str(code), **more}:
            return token_refused(
                code, str(more.get("error_description", ""))[:MESSAGE_LENGTH], account
            )
        case _:
            return _not_answered(error, account)


def no_metadata_server() -> ListingSyncError:
    """Return the error of a machine that is not one of Google's."""
    return permanent(
        phrase(
            "no metadata server answers here, and there is no credentials file:"
            " SYNC_GOOGLE_AUTH=adc needs Compute Engine, Cloud Run or GKE, or"
            " `gcloud auth application-default login`; elsewhere name a file in"
            " GOOGLE_APPLICATION_CREDENTIALS"
        )
    )


def scope_missing(account: GoogleAccount) -> str:
    """Say what gives a sign-in the scope for reading sheets."""
    match account.kind:
        case SignInKind.MACHINE if not account.impersonated:
            return phrase(
                "this machine's access scopes do not reach to sheets: give it the"
                " scope cloud-platform and set SYNC_GOOGLE_IMPERSONATE to its own"
                " service account"
            )
        case SignInKind.PERSON | SignInKind.WORKFORCE if not account.impersonated:
            return phrase(
                "sign in again for this scope:"
                " https://www.googleapis.com/auth/spreadsheets.readonly (`listing-sync"
                " init --login`, or gcloud's --scopes)"
            )
        case _:
            return ""


def not_shared(account: GoogleAccount) -> str:
    """Say with whom the spreadsheet has to be shared."""
    if account.reader is not None:
        who = account.reader
        return phrase(
            "the spreadsheet is not shared with {who}; share it with it (Viewer)", who=who
        )
    if account.kind is SignInKind.FEDERATED:
        return phrase(
            "no spreadsheet can be shared with a federated identity itself: let it impersonate a"
            " service account (SYNC_GOOGLE_IMPERSONATE), and share the spreadsheet with that"
        )
    return phrase("the spreadsheet is not shared with the person who signed in; share it (Viewer)")


def token_not_accepted(account: GoogleAccount) -> str:
    """Say what to look at when a token that Google gave is not taken."""
    match account.kind:
        case SignInKind.KEY if not account.impersonated:
            return phrase(
                "Google does not accept the service account's token; check that the"
                " key is still active and that this machine's clock is right",
            )
        case SignInKind.FEDERATED if account.reader is None:
            return phrase(
                "Google does not accept the token of a federated identity; name a service"
                " account that it may impersonate in SYNC_GOOGLE_IMPERSONATE",
            )
        case _:
            return phrase(
                "Google does not accept the token ({how}); check that this machine's clock is"
                " right",
                how=account.how,
            )


def _answer_in(args: tuple[Any, ...]) -> Mapping[str, Any]:
    """Return the body of an answer that google-auth put into its error."""
    for part in args:
        if isinstance(part, dict):
            return part
        if isinstance(part, str) and part.lstrip().startswith("{"):
            try:
                body = read_foreign_json(part)
            except ValueError:
                continue
            if isinstance(body, dict):
                return body
    return {}


def _refused_by_api(refusal: Refusal, account: GoogleAccount) -> ListingSyncError:
    code = refusal.reason or refusal.status
    target = account.impersonated
    if target is None:
        text = phrase(
            "Google does not sign in {who}: {refusal}",
            who=name_of(account),
            refusal=refusal.in_words,
        )
    elif refusal.reason == "SERVICE_DISABLED" or "has not been used in project" in refusal.message:
        text = phrase(
            "the IAM Service Account Credentials API is not enabled, without which"
            " nobody impersonates {target} (gcloud services enable"
            " iamcredentials.googleapis.com): {refusal}",
            target=target,
            refusal=refusal.in_words,
        )
    elif refusal.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT" or "scopes" in refusal.message:
        text = phrase(
            "the sign-in ({way}) may not impersonate {target}: it lacks the scope"
            " cloud-platform; {refusal}",
            way=WAYS[account.kind],
            target=target,
            refusal=refusal.in_words,
        )
    elif refusal.status == "NOT_FOUND":
        text = phrase(
            "the service account {target} does not exist: {refusal}",
            target=target,
            refusal=refusal.in_words,
        )
    elif refusal.status == "PERMISSION_DENIED":
        role = (
            phrase(
                "{role} or {other}",
                role="Workload Identity User",
                other=_CREATOR,
            )
            if account.kind is SignInKind.FEDERATED
            else _CREATOR
        )
        text = phrase(
            "the sign-in ({way}) may not impersonate {target}; grant it the role"
            " {role} on that service account, and wait some minutes: {refusal}",
            way=WAYS[account.kind],
            target=target,
            role=role,
            refusal=refusal.in_words,
        )
    else:
        text = phrase(
            "Google does not let {target} be impersonated: {refusal}",
            target=target,
            refusal=refusal.in_words,
        )
    return permanent(text, code=code)


def _not_answered(error: GoogleAuthError, account: GoogleAccount) -> ListingSyncError:
    """Return the error where google-auth itself gave up, or the answer was none of Google's."""
    said = str(error.args[0] if error.args else error)[:MESSAGE_LENGTH]
    if "Reauthentication is needed" in said:
        return permanent(of_person("invalid_grant", said, account))
    if account.kind is SignInKind.MACHINE:
        return transient(
            phrase("the metadata server of this machine gave no token: {said}", said=said)
        )
    if account.kind is SignInKind.FEDERATED and said.startswith(_OF_THIS_MACHINE):
        return permanent(
            phrase(
                "the token of this machine's identity provider cannot be had: {said};"
                " see `credential_source` in the credentials file",
                said=said,
            )
        )
    return transient(phrase("the sign-in to Google was not answered by Google"))


_OF_THIS_MACHINE = ("File ", "Unable to", "Missing subject_token", "cannot read ")
"""How google-auth begins what it says of a subject token."""
