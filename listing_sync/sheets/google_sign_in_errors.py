"""Tell why Google gave no token, by the kind of sign-in, with the way on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.errors import ListingSyncError
from listing_sync.language.sentences import phrase
from listing_sync.sheets.google_account import GoogleAccount, SignInKind
from listing_sync.sheets.google_answers import Refusal, refusal_in
from listing_sync.sheets.google_failures import MESSAGE_LENGTH, permanent, transient

if TYPE_CHECKING:
    from google.auth.exceptions import GoogleAuthError

_PASSES = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})
_ADVICE = {
    "deleted_client": "the client of this key was deleted; make a key of another service account",
    "disabled_client": "Google, or an administrator, disabled the client of this key; see the"
    " notifications of its project in the Cloud console",
    "admin_policy_enforced": "an administrator of the Workspace domain forbids this access; ask"
    " there to allow the service account (Admin console: Security, API controls)",
    "org_internal": "the account may be used within its own organisation only",
    "unauthorized_client": "the service account may not sign in for somebody else; ask an"
    " administrator for domain-wide delegation",
}
_PERSONS_ADVICE = {
    "deleted_client": "the OAuth client was deleted; sign in again with another one",
    "disabled_client": "the OAuth client was disabled; sign in again with another one",
    "invalid_client": "the OAuth client is not known, or its secret was replaced; sign in again"
    " with its present file",
    "unauthorized_client": "the refresh token belongs to another OAuth client; sign in again",
}
_DELEGATION = (
    "an administrator allows it in the Admin console (Security, API controls, Domain-wide"
    " delegation): the client ID of the service account, with the scope"
    " https://www.googleapis.com/auth/spreadsheets.readonly"
)
_FEDERATED_ADVICE = {
    "invalid_target": "the workload identity pool or its provider is deleted or disabled, or the"
    " `audience` of the credentials file names another; a deleted one can be restored for 30 days",
    "unauthorized_client": "this identity fails the attribute condition of the provider; compare"
    " the condition with the claims of the token",
    "invalid_request": "make the credentials file again (gcloud iam workload-identity-pools"
    " create-cred-config)",
}


def not_signed_in(error: GoogleAuthError, account: GoogleAccount) -> ListingSyncError:
    """Return our error for any failure of google-auth's; quotes no token.

    Source: RFC 6749 section 5.2; google.aip.dev/193; cloud.google.com/iam/docs/reference/sts/rest.
    """
    match _answer_in(error.args):
        case {"error": dict(failure)}:
            return _refused_by_api(refusal_in(failure), account)
        case {"error": str(code), **more}:
            return _refused(code, str(more.get("error_description", ""))[:MESSAGE_LENGTH], account)
        case _:
            return _not_answered(error, account)


def no_metadata_server() -> ListingSyncError:
    """Return the error of a machine that is not one of Google's."""
    return permanent(
        "no metadata server answers here, and there is no credentials file: SYNC_GOOGLE_AUTH=adc"
        " needs Compute Engine, Cloud Run or GKE, or `gcloud auth application-default login`;"
        " elsewhere name a file in GOOGLE_APPLICATION_CREDENTIALS"
    )


def scope_missing(account: GoogleAccount) -> str:
    """Say what gives a sign-in the scope for reading sheets."""
    match account.kind:
        case SignInKind.MACHINE if not account.impersonated:
            return (
                "this machine's access scopes do not reach to sheets: give it the scope"
                " cloud-platform and set SYNC_GOOGLE_IMPERSONATE to its own service account"
            )
        case SignInKind.PERSON | SignInKind.WORKFORCE if not account.impersonated:
            return (
                "sign in again for this scope: https://www.googleapis.com/auth/"
                "spreadsheets.readonly (`listing-sync init --login`, or gcloud's --scopes)"
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
    clock = "this machine's clock is right"
    match account.kind:
        case SignInKind.KEY if not account.impersonated:
            return (
                "Google does not accept the service account's token; check that the key is"
                f" still active and that {clock}"
            )
        case SignInKind.FEDERATED if account.reader is None:
            return f"Google does not accept the token of a federated identity; {_impersonate()}"
        case _:
            return f"Google does not accept the token ({account.how}); check that {clock}"


def _impersonate() -> str:
    return "name a service account that it may impersonate in SYNC_GOOGLE_IMPERSONATE"


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


def _who(account: GoogleAccount) -> str:
    return account.reader or f"this {account.kind}"


# -- the endpoints for tokens: oauth2.googleapis.com and sts.googleapis.com ------------------------


def _refused(code: str, description: str, account: GoogleAccount) -> ListingSyncError:
    if code in _PASSES:
        return transient(f"Google cannot sign in for the moment ({code})")
    if "reasonable timeframe" in description:
        text = "this machine's clock is wrong: compare `date -u` with the real time and set it"
    elif account.subject and code in {"unauthorized_client", "access_denied"}:
        text = f"Google does not let the service account sign in for {account.subject} ({code})"
        text += f": {_DELEGATION}"
    elif account.subject and "Invalid email or User ID" in description:
        text = (
            f"there is no user {account.subject} (SYNC_GOOGLE_SUBJECT) in the Workspace domain"
            f" ({description})"
        )
    else:
        tell = _BY_KIND.get(account.kind, _of_key)
        text = tell(code, description, account)
    return permanent(text, code=code)


def _of_key(code: str, description: str, account: GoogleAccount) -> str:
    who = account.source or _who(account)
    if "account not found" in description:
        return (
            f"the service account {who} does not exist (any more), or is disabled: look"
            " in the Cloud console (IAM & Admin, Service Accounts); enable it, or make a new key"
        )
    if "Robot is disabled" in description:
        return (
            f"the service account {who} is disabled (Robot is disabled); enable it in the"
            " Cloud console (IAM & Admin, Service Accounts), or make a key of another one"
        )
    if "Invalid JWT Signature" in description:
        return f"the key of {who} was deleted or replaced; make a new one"
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    return f"Google does not sign in {who} ({code}): {description}{advice}"


def _of_person(code: str, description: str, account: GoogleAccount) -> str:
    who = account.source or "the person who signed in"
    if "rapt" in description.lower() or "reauth" in description.lower():
        return (
            f"the session of {who} has ended ({description}): the Workspace domain asks for a new"
            " sign-in after some hours; sign in again, or use a service account"
        )
    if code == "invalid_grant":
        return (
            f"the sign-in of {who} has ended ({description or code}): it was revoked, or a"
            " password changed, or the OAuth app stands on Testing, where sign-ins end after 7"
            " days (set it to Internal or publish it: Google Auth platform, Audience); then sign"
            " in again (`listing-sync init --login`, or gcloud auth application-default login)"
        )
    advice = {**_ADVICE, **_PERSONS_ADVICE}.get(code, "")
    return f"Google does not sign in {who} ({code}): {description}{advice and f'; {advice}'}"


def _of_workload(code: str, description: str, _: GoogleAccount) -> str:
    if code == "invalid_grant" and any(
        word in description.lower() for word in ("stale", "expired", "not yet valid")
    ):
        advice = (
            "the token of this machine's identity provider is too old: it must be renewed before"
            " each run; look at what writes it, and at the clock"
        )
    elif code == "invalid_grant" and "audience" in description.lower():
        advice = "let the identity provider issue the token for the audience of the provider"
    else:
        advice = _FEDERATED_ADVICE.get(code, "")
    what = f"Google does not take this machine's identity ({code}): {description}"
    return f"{what}{advice and f'; {advice}'}"


_BY_KIND = {
    SignInKind.KEY: _of_key,
    SignInKind.PERSON: _of_person,
    SignInKind.WORKFORCE: _of_person,
    SignInKind.FEDERATED: _of_workload,
}


# -- IAM Credentials, and what stands on this machine ----------------------------------------------


def _refused_by_api(refusal: Refusal, account: GoogleAccount) -> ListingSyncError:
    code = refusal.reason or refusal.status
    target = account.impersonated
    if target is None:
        text = f"Google does not sign in {_who(account)}: {refusal.in_words}"
    elif refusal.reason == "SERVICE_DISABLED" or "has not been used in project" in refusal.message:
        text = (
            f"the IAM Service Account Credentials API is not enabled, without which nobody"
            f" impersonates {target} (gcloud services enable iamcredentials.googleapis.com):"
            f" {refusal.in_words}"
        )
    elif refusal.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT" or "scopes" in refusal.message:
        text = (
            f"the sign-in ({account.kind}) may not impersonate {target}: it lacks the scope"
            f" cloud-platform; {refusal.in_words}"
        )
    elif refusal.status == "NOT_FOUND":
        text = f"the service account {target} does not exist: {refusal.in_words}"
    elif refusal.status == "PERMISSION_DENIED":
        role = (
            "Workload Identity User or Service Account Token Creator"
            if account.kind is SignInKind.FEDERATED
            else "Service Account Token Creator"
        )
        text = (
            f"the sign-in ({account.kind}) may not impersonate {target}; grant it the role {role}"
            f" on that service account, and wait some minutes: {refusal.in_words}"
        )
    else:
        text = f"Google does not let {target} be impersonated: {refusal.in_words}"
    return permanent(text, code=code)


def _not_answered(error: GoogleAuthError, account: GoogleAccount) -> ListingSyncError:
    """Return the error where google-auth itself gave up, or the answer was none of Google's."""
    said = str(error.args[0] if error.args else error)[:MESSAGE_LENGTH]
    if "Reauthentication is needed" in said:
        return permanent(_of_person("invalid_grant", said, account))
    if account.kind is SignInKind.MACHINE:
        return transient(f"the metadata server of this machine gave no token: {said}")
    if account.kind is SignInKind.FEDERATED and said.startswith(_OF_THIS_MACHINE):
        return permanent(
            f"the token of this machine's identity provider cannot be had: {said}; see"
            " `credential_source` in the credentials file"
        )
    return transient("the sign-in to Google was not answered by Google")


_OF_THIS_MACHINE = ("File ", "Unable to", "Missing subject_token", "cannot read ")
"""How google-auth begins what it says of a subject token."""
