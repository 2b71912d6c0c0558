"""Make google-auth's credentials of a credentials file of any kind, or of this machine.

google-auth's own loader asks Cloud Resource Manager for a project, and runs programs that a file
names; here each kind is built by itself, and nothing is contacted or run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from listing_sync.errors import SettingsError
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.proxies import is_link_local
from listing_sync.sheets.google_account import WAYS, GoogleAccount, SignInKind
from listing_sync.sheets.google_key import (
    READ_ONLY_SCOPE,
    UNIVERSE,
    is_safe,
    key_credentials,
    other_kind,
    read_document,
)

_CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings ask of any sign-in: whom to impersonate, and for whom to sign."""

    impersonate: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """One impersonation; `url` is the address that the file names for it."""

    account: str
    url: str | None = None
    delegates: Sequence[str] = ()
    lifetime_s: int | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """What vouches for us in the first place, without a scope, and whom it impersonates."""

    credentials: Any
    kind: SignInKind
    address: str | None = None
    steps: tuple[_Step, ...] = ()


def account_of(text: str, *, name: str, wishes: Wishes | None = None) -> GoogleAccount:
    """Return who reads, of a credentials file given as JSON or base64 of it; contacts nobody.

    Raises:
        SettingsError: names `name` and what is wrong, and quotes nothing of the file.
    """
    return _account(_source(read_document(text, name), name), wishes or Wishes())


def account_of_machine(wishes: Wishes | None = None) -> GoogleAccount:
    """Return the service account that this machine runs as; contacts nobody yet.

    Raises:
        SettingsError: the wishes cannot be met.
    """
    from google.auth.compute_engine import Credentials  # noqa: PLC0415 - heavy

    # Without the universe it would ask for it, over requests, when it is impersonated.
    credentials = Credentials(universe_domain=UNIVERSE)  # type: ignore[no-untyped-call]  # google-auth is untyped
    return _account(_Source(credentials, SignInKind.MACHINE), wishes or Wishes())


def _account(source: _Source, wishes: Wishes) -> GoogleAccount:
    steps = source.steps
    if wishes.impersonate:
        steps = (*steps, _Step(wishes.impersonate))
    credentials = source.credentials
    if steps:
        credentials = _impersonating(credentials, steps, wishes.subject)
    elif hasattr(credentials, "with_scopes"):
        credentials = credentials.with_scopes([READ_ONLY_SCOPE])
    if wishes.subject and not steps:
        if not hasattr(credentials, "with_subject"):
            raise _wrong(
                f"SYNC_GOOGLE_SUBJECT: a {WAYS[source.kind]} cannot sign for somebody else by"
                " itself; name the service account with domain-wide delegation in"
                " SYNC_GOOGLE_IMPERSONATE"
            )
        credentials = credentials.with_subject(wishes.subject)
    impersonated = steps[-1].account if steps else None
    return GoogleAccount(credentials, source.kind, source.address, impersonated, wishes.subject)


def _impersonating(credentials: Any, steps: tuple[_Step, ...], subject: str | None) -> Any:
    from google.auth.impersonated_credentials import Credentials  # noqa: PLC0415 - heavy

    for number, step in enumerate(steps, 1):
        is_last = number == len(steps)
        credentials = Credentials(  # type: ignore[no-untyped-call]  # google-auth is untyped
            credentials,
            step.account,
            [READ_ONLY_SCOPE if is_last else _CLOUD_SCOPE],
            delegates=list(step.delegates) or None,
            lifetime=step.lifetime_s,
            subject=subject if is_last else None,
            iam_endpoint_override=step.url,
        )
    return credentials


def _source(document: Mapping[str, Any], name: str) -> _Source:
    match document.get("type"):
        case "service_account":
            return _Source(
                key_credentials(document, name), SignInKind.KEY, document["client_email"]
            )
        case "authorized_user":
            return _person(document, name)
        case "external_account_authorized_user":
            return _workforce(document, name)
        case "external_account":
            return _workload(document, name)
        case "impersonated_service_account":
            return _impersonated(document, name)
        case _:
            raise _wrong(f"{name}: {other_kind(document)}")


def _person(document: Mapping[str, Any], name: str) -> _Source:
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - heavy

    _require(document, ("client_id", "client_secret", "refresh_token"), name)
    token_uri = document.get("token_uri") or _TOKEN_URI
    _require_safe({"token_uri": token_uri}, name)
    # Without scopes the token has those that the person agreed to; asking for another is refused.
    credentials = Credentials(  # type: ignore[no-untyped-call]  # google-auth is untyped
        None,
        refresh_token=document["refresh_token"],
        token_uri=token_uri,
        client_id=document["client_id"],
        client_secret=document["client_secret"],
        quota_project_id=document.get("quota_project_id"),
        account=document.get("account") or "",
    )
    return _Source(credentials, SignInKind.PERSON, document.get("account"))


def _workforce(document: Mapping[str, Any], name: str) -> _Source:
    from google.auth.external_account_authorized_user import (  # noqa: PLC0415 - heavy
        Credentials,
    )

    needed = ("audience", "client_id", "client_secret", "refresh_token", "token_url")
    _require(document, needed, name)
    _require_safe({"token_url": document["token_url"]}, name)
    fields = (*needed, "quota_project_id")
    credentials = Credentials(**{each: document.get(each) for each in fields})  # type: ignore[no-untyped-call]  # google-auth is untyped
    return _Source(credentials, SignInKind.WORKFORCE)


def _workload(document: Mapping[str, Any], name: str) -> _Source:
    """Return a workload of a pool: the token of another identity provider, exchanged at Google's.

    A program that the file names to get that token is never run: whoever may write the file could
    run anything as this user.

    Source: google.aip.dev/auth/4117.
    """
    from google.auth import aws, identity_pool  # noqa: PLC0415 - heavy
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - heavy

    _require(document, ("audience", "subject_token_type", "token_url"), name)
    place = document.get("credential_source")
    if not isinstance(place, Mapping):
        raise _wrong(f"{name}: the field credential_source is missing")
    _require_safe({"token_url": document["token_url"]}, name)
    _require_near(place, name)
    kind = aws.Credentials if "environment_id" in place else identity_pool.Credentials
    kept = {
        field: value
        for field, value in document.items()
        if not field.startswith("service_account_impersonation")
    }
    try:
        credentials = kind.from_info(kept)  # type: ignore[no-untyped-call]  # google-auth is untyped
    except (ValueError, TypeError, AttributeError, GoogleAuthError):
        raise _wrong(
            f"{name}: credential_source is not whole; make the file again (gcloud iam"
            " workload-identity-pools create-cred-config)"
        ) from None
    url = document.get("service_account_impersonation_url")
    if not url:
        return _Source(credentials, SignInKind.FEDERATED)
    options = document.get("service_account_impersonation")
    lifetime = options.get("token_lifetime_seconds") if isinstance(options, Mapping) else None
    step = _step(url, name, lifetime_s=lifetime if isinstance(lifetime, int) else None)
    return _Source(credentials, SignInKind.FEDERATED, steps=(step,))


def _impersonated(document: Mapping[str, Any], name: str) -> _Source:
    inner = document.get("source_credentials")
    if not isinstance(inner, Mapping):
        raise _wrong(f"{name}: the field source_credentials is missing")
    source = _source(inner, f"{name} (source_credentials)")
    delegates = document.get("delegates") or ()
    if not isinstance(delegates, Sequence) or not all(isinstance(one, str) for one in delegates):
        raise _wrong(f"{name}: delegates is not a list of service accounts")
    step = _step(document.get("service_account_impersonation_url"), name, delegates=delegates)
    return replace(source, steps=(*source.steps, step))


def _step(
    url: object, name: str, *, delegates: Sequence[str] = (), lifetime_s: int | None = None
) -> _Step:
    field = "service_account_impersonation_url"
    account, found, _ = str(url).rpartition("/")[2].partition(":generateAccessToken")
    if not found or "@" not in account:
        raise _wrong(f"{name}: {field} names no service account")
    _require_safe({field: url}, name)
    return _Step(account, str(url), delegates, lifetime_s)


def _wrong(problem: str) -> SettingsError:
    return SettingsError((problem,))


def _require(document: Mapping[str, Any], fields: Sequence[str], name: str) -> None:
    problems = tuple(
        f"{name}: the field {field} is missing or not a text; make the file again"
        for field in fields
        if not (isinstance(document.get(field), str) and document[field])
    )
    if problems:
        raise SettingsError(problems)


def _require_safe(urls: Mapping[str, object], name: str) -> None:
    wrong = [field for field, url in urls.items() if not is_safe(str(url))]
    if wrong:
        raise SettingsError(tuple(f"{name}: {field} is not an https address" for field in wrong))


_ADDRESSES = ("url", "region_url", "imdsv2_session_token_url", "regional_cred_verification_url")


def _require_near(place: Mapping[str, Any], name: str) -> None:
    """Raise unless a token comes from a file, over https, or from this machine's surroundings."""
    if "executable" in place:
        raise _wrong(
            f"{name}: the file has a program run for the token (credential_source.executable),"
            " which this does not do; let a timer write the token to a file and name that"
            " (credential_source.file)"
        )
    if "certificate" in place:
        raise _wrong(
            f"{name}: X.509 certificates as identity (credential_source.certificate) are not"
            " supported; use a file or an address that gives an OIDC token"
        )
    wrong = tuple(
        f"{name}: credential_source.{field} is neither https nor of this machine"
        for field in _ADDRESSES
        if field in place and not is_safe(str(place[field]), near=is_link_local)
    )
    if wrong:
        raise SettingsError(wrong)
