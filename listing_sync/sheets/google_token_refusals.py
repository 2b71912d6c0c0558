"""Tell why the endpoints for tokens gave none: oauth2.googleapis.com and sts.googleapis.com.

Source: RFC 6749 section 5.2; cloud.google.com/iam/docs/reference/sts/rest.
"""

from __future__ import annotations

from listing_sync.errors import ListingSyncError
from listing_sync.language.sentences import Marked, joined, phrase, spoken
from listing_sync.sheets.google_account import WAYS, GoogleAccount, SignInKind
from listing_sync.sheets.google_advice import (
    DELEGATION,
    FOR_FEDERATED,
    FOR_KEY,
    FOR_PERSON,
    OTHER_AUDIENCE,
    RENEWED,
)
from listing_sync.sheets.google_failures import permanent, transient

_PASSES = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})


def name_of(account: GoogleAccount) -> str:
    """Return whom Google does not know: an address, or what stands for one."""
    return account.reader or phrase("this {way}", way=WAYS[account.kind])


def token_refused(code: str, description: str, account: GoogleAccount) -> ListingSyncError:
    """Return our error for the code and the description of an answer without a token."""
    if code in _PASSES:
        return transient(phrase("Google cannot sign in for the moment ({error})", error=code))
    text: str
    if "reasonable timeframe" in description:
        text = phrase(
            "this machine's clock is wrong: compare `date -u` with the real time and set it"
        )
    elif account.subject and code in {"unauthorized_client", "access_denied"}:
        text = phrase(
            "Google does not let the service account sign in for {subject} ({error})",
            subject=account.subject,
            error=code,
        )
        text = joined(": ", (text, spoken(DELEGATION)))
    elif account.subject and "Invalid email or User ID" in description:
        text = phrase(
            "there is no user {subject} (SYNC_GOOGLE_SUBJECT) in the Workspace"
            " domain ({description})",
            subject=account.subject,
            description=description,
        )
    else:
        tell = _BY_KIND.get(account.kind, _of_key)
        text = tell(code, description, account)
    return permanent(text, code=code)


def _of_key(code: str, description: str, account: GoogleAccount) -> str:
    who = account.source or name_of(account)
    if "account not found" in description:
        return phrase(
            "the service account {who} does not exist (any more), or is disabled:"
            " look in the Cloud console (IAM & Admin, Service Accounts); enable it,"
            " or make a new key",
            who=who,
        )
    if "Robot is disabled" in description:
        return phrase(
            "the service account {who} is disabled (Robot is disabled); enable it"
            " in the Cloud console (IAM & Admin, Service Accounts), or make a key"
            " of another one",
            who=who,
        )
    if "Invalid JWT Signature" in description:
        return phrase("the key of {who} was deleted or replaced; make a new one", who=who)
    return _with_advice(_turned_away(who, code, description), FOR_KEY.get(code))


def of_person(code: str, description: str, account: GoogleAccount) -> str:
    """Return why somebody who signed in is not let in any more."""
    who = account.source or phrase("the person who signed in")
    if "rapt" in description.lower() or "reauth" in description.lower():
        return phrase(
            "the session of {who} has ended ({description}): the Workspace domain"
            " asks for a new sign-in after some hours; sign in again, or use a"
            " service account",
            who=who,
            description=description,
        )
    if code == "invalid_grant":
        return phrase(
            "the sign-in of {who} has ended ({description}): it was revoked, or a"
            " password changed, or the OAuth app stands on Testing, where sign-ins"
            " end after 7 days (set it to Internal or publish it: Google Auth"
            " platform, Audience); then sign in again (`listing-sync init --login`,"
            " or gcloud auth application-default login)",
            who=who,
            description=description or code,
        )
    advice = {**FOR_KEY, **FOR_PERSON}.get(code)
    return _with_advice(_turned_away(who, code, description), advice)


def _of_workload(code: str, description: str, _: GoogleAccount) -> str:
    advice: Marked | None
    if code == "invalid_grant" and any(
        word in description.lower() for word in ("stale", "expired", "not yet valid")
    ):
        advice = RENEWED
    elif code == "invalid_grant" and "audience" in description.lower():
        advice = OTHER_AUDIENCE
    else:
        advice = FOR_FEDERATED.get(code)
    what = phrase(
        "Google does not take this machine's identity ({error}): {description}",
        error=code,
        description=description,
    )
    return _with_advice(what, advice)


def _turned_away(who: str, code: str, description: str) -> str:
    return phrase(
        "Google does not sign in {who} ({error}): {description}",
        who=who,
        error=code,
        description=description,
    )


def _with_advice(text: str, advice: Marked | None) -> str:
    return joined("; ", (text, spoken(advice))) if advice else text


_BY_KIND = {
    SignInKind.KEY: _of_key,
    SignInKind.PERSON: of_person,
    SignInKind.WORKFORCE: of_person,
    SignInKind.FEDERATED: _of_workload,
}
