"""How Google gives tokens: OAuth, Security Token Service, IAM Credentials, the metadata server.

Whose token it is and what it may do is known afterwards, so that the Sheets API can tell who asks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from tests.stack.google_refusals import refusal, with_reason
from tests.stack.google_token import (
    READ_ONLY_SCOPE,
    SERVICE_ACCOUNT,
    RefusedError,
    check_assertion,
    sign,
)
from tests.stack.loopback import Answer, Request

IAM_SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/iam",
        "https://www.googleapis.com/auth/cloud-platform",
    }
)
CONSENTER = "sato@office.example"
"""Who sits at the browser."""
MACHINE = "machine@loopback.iam.gserviceaccount.com"
POOL = (
    "//iam.googleapis.com/projects/5/locations/global/workloadIdentityPools/offices/providers/oidc"
)
FEDERATED = "principal://offices/subject"
"""Who a subject token of the pool is."""

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_POOL_GONE = (
    'The target service indicated by the "audience" parameters is invalid. This might either be '
    "because the pool or provider is disabled or deleted or because it doesn't exist."
)
_NOT_DELEGATED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized "
    "for any of the scopes requested."
)


@dataclass(frozen=True, slots=True)
class Grant:
    """An access token's end (time.time()), whose it is, and its scopes."""

    ends_at: float
    who: str
    scopes: frozenset[str]


@dataclass
class SignIn:
    """The tokens given so far, and the rules by which they are given.

    Attributes:
        clock_skew_s: added to this machine's clock when a token is asked for.
        lifetime_s: how long an access token is accepted.
        token_refusal: what the OAuth endpoint answers instead of a token (TOKEN_REFUSALS).
        sts_refusal: what the Security Token Service answers instead.
        iam_refusal: what IAM Credentials answers instead.
        agrees: whether the person in the browser agrees.
        codes: what was asked for, by the code that the browser brought back.
        people: refresh token -> (address, scopes agreed to).
        subject_tokens: what the pool's identity provider has issued.
        impersonators: service account -> who may impersonate it.
        delegated: service account -> the people of the domain for whom it may sign.
        machine_scopes: the access scopes of the machine; None: there is no metadata server.
        honours_scopes: as Cloud Run does: a token has the scopes asked for.
    """

    clock_skew_s: float = 0.0
    lifetime_s: float = 3599.0
    token_refusal: dict[str, Any] | None = None
    sts_refusal: dict[str, Any] | None = None
    iam_refusal: dict[str, Any] | None = None
    agrees: bool = True
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    people: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    subject_tokens: set[str] = field(default_factory=set)
    impersonators: dict[str, set[str]] = field(default_factory=dict)
    delegated: dict[str, set[str]] = field(default_factory=dict)
    machine_scopes: frozenset[str] | None = None
    honours_scopes: bool = False
    grants: dict[str, Grant] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer | None:
        """Return the answer of any endpoint for tokens; None where the path is none of theirs."""
        match [request.method, *request.path.lstrip("/").split("/")]:
            case ["POST", "token"]:
                return self._oauth(_form(request))
            case ["POST", "v1", "token"]:
                return self._exchange(_form(request))
            case ["POST", "v1", "projects", "-", "serviceAccounts", call]:
                account, _, method = call.partition(":")
                return self._iam(request, account, method)
            case ["GET", "computeMetadata", "v1", "instance", "service-accounts", _, *rest]:
                return self._metadata(request, rest)
            case ["GET", "o", "oauth2", "auth"]:
                return self._consent(request)
            case ["GET", ""]:
                return self._machine(Answer(200, body=b"computeMetadata/"))
            case _:
                return None

    def grant(self, who: str, scopes: frozenset[str]) -> str:
        """Return a new access token."""
        token = f"ya29.loopback-{len(self.grants)}-{int(time.time() + self.clock_skew_s)}"
        self.grants[token] = Grant(time.time() + self.lifetime_s, who, scopes)
        return token

    def granted(self, request: Request) -> Grant | None:
        """Return what the bearer of a request may do, None where its token is not accepted."""
        found = self.grants.get(request.headers.get("authorization", "").partition(" ")[2])
        return found if found and time.time() < found.ends_at else None

    # accounts.google.com, in the browser

    def _consent(self, request: Request) -> Answer:
        """Send the browser back with a code, as if the person had agreed at once."""
        asked = {name: values[0] for name, values in request.query.items()}
        answer = {"state": asked["state"]}
        if self.agrees:
            answer |= {"code": f"4/{len(self.codes)}", "scope": asked["scope"]}
            self.codes[answer["code"]] = asked
        else:
            answer["error"] = "access_denied"
        return Answer(302, (("Location", f"{asked['redirect_uri']}?{urlencode(answer)}"),))

    # oauth2.googleapis.com

    def _code(self, form: Mapping[str, str]) -> Answer:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return _refused("invalid_grant", "Malformed auth code.")
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if challenge != asked.get("code_challenge"):
            return _refused("invalid_grant", "Missing code verifier.")
        scopes = frozenset(asked["scope"].split())
        granted = json.loads(self._token(CONSENTER, scopes).body)
        if asked.get("prompt") == "consent" and asked.get("access_type") == "offline":
            granted["refresh_token"] = f"1//{form['code']}"
            self.people[granted["refresh_token"]] = (CONSENTER, scopes)
        return _json(200, granted)

    def _oauth(self, form: Mapping[str, str]) -> Answer:
        if self.token_refusal is not None:
            is_object = isinstance(self.token_refusal["error"], dict)
            return _json(403 if is_object else 400, self.token_refusal)
        match form.get("grant_type"):
            case "authorization_code":
                return self._code(form)
            case "refresh_token":
                person = self.people.get(form.get("refresh_token", ""))
                if person is None:
                    return _refused("invalid_grant", "Token has been expired or revoked.")
                return self._token(*person)
            case grant_type if grant_type == _JWT_GRANT:
                return self._assertion(form.get("assertion", ""))
            case grant_type:
                return _refused("unsupported_grant_type", f"Invalid grant_type: {grant_type}")

    def _assertion(self, assertion: str) -> Answer:
        known = {SERVICE_ACCOUNT, *self.impersonators}
        try:
            claims = check_assertion(assertion, time.time() + self.clock_skew_s, known)
        except RefusedError as error:
            return _refused(error.code, error.description)
        who, subject = claims["iss"], claims.get("sub") or claims["iss"]
        if subject != who and subject not in self.delegated.get(who, ()):
            return _refused("unauthorized_client", _NOT_DELEGATED)
        return self._token(subject, frozenset(claims["scope"].split()))

    def _token(self, who: str, scopes: frozenset[str]) -> Answer:
        granted = {
            "access_token": self.grant(who, scopes),
            "expires_in": int(self.lifetime_s),
            "token_type": "Bearer",
        }
        return _json(200, granted)

    # sts.googleapis.com

    def _exchange(self, form: Mapping[str, str]) -> Answer:
        if self.sts_refusal is not None:
            return _json(400, self.sts_refusal)
        if form.get("grant_type") != _EXCHANGE_GRANT:
            return _refused("invalid_request", "Invalid grant_type.")
        if form.get("audience") != POOL:
            return _refused("invalid_target", _POOL_GONE)
        token = form.get("subject_token", "")
        if not (token in self.subject_tokens or _is_signed_for_aws(token)):
            return _refused("invalid_grant", "ID Token issued at 1735689600 is stale to sign-in.")
        return self._token(FEDERATED, frozenset(form.get("scope", "").split()))

    # iamcredentials.googleapis.com

    def _iam(self, request: Request, account: str, method: str) -> Answer:
        if self.iam_refusal is not None:
            return _json(self.iam_refusal["error"]["code"], self.iam_refusal)
        bearer = self.granted(request)
        if bearer is None:
            return _json(401, refusal(401, "Request had invalid authentication credentials."))
        if not bearer.scopes & IAM_SCOPES:
            message = "Request had insufficient authentication scopes."
            return _json(403, with_reason(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", message))
        if account not in self.impersonators:
            return _json(404, refusal(404, f"Not found; Gaia id not found for email {account}"))
        if bearer.who not in self.impersonators[account]:
            right = "signJwt" if method == "signJwt" else "getAccessToken"
            message = (
                f"Permission 'iam.serviceAccounts.{right}' denied on resource (or it may not exist)"
            )
            return _json(403, with_reason(403, "IAM_PERMISSION_DENIED", message))
        asked = json.loads(request.body)
        if method == "signJwt":
            return _json(200, {"keyId": "k", "signedJwt": sign(json.loads(asked["payload"]))})
        ends = datetime.now(UTC) + timedelta(seconds=self.lifetime_s)
        return _json(
            200,
            {
                "accessToken": self.grant(account, frozenset(asked["scope"])),
                "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )

    # metadata.google.internal

    def _metadata(self, request: Request, rest: list[str]) -> Answer:
        if self.machine_scopes is None or request.headers.get("metadata-flavor") != "Google":
            return Answer(403)
        if rest == ["token"]:
            asked = frozenset(",".join(request.query.get("scopes", [])).split(",")) - {""}
            scopes = asked if self.honours_scopes and asked else self.machine_scopes
            return self._machine(self._token(MACHINE, scopes))
        about = {"aliases": ["default"], "email": MACHINE, "scopes": sorted(self.machine_scopes)}
        return self._machine(_json(200, about))

    def _machine(self, answer: Answer) -> Answer:
        if self.machine_scopes is None:
            return Answer(404)
        headers = (*answer.headers, ("Metadata-Flavor", "Google"))
        return Answer(answer.status, headers, answer.body)


def _is_signed_for_aws(token: str) -> bool:
    """Say whether it is a GetCallerIdentity request, signed for our pool.

    Source: cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token.
    """
    try:
        asked = json.loads(unquote(token))
        headers = {each["key"].lower(): each["value"] for each in asked["headers"]}
    except (ValueError, KeyError, TypeError):
        return False
    return (
        "Action=GetCallerIdentity" in asked["url"]
        and headers.get("x-goog-cloud-target-resource") == POOL
        and headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=")
    )


def read_only() -> frozenset[str]:
    """Return the scopes of who may read sheets."""
    return frozenset({READ_ONLY_SCOPE})


def _form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def _json(status: int, content: Any) -> Answer:
    body = json.dumps(content, indent=2).encode()
    return Answer(status, (("Content-Type", "application/json; charset=UTF-8"),), body)


def _refused(code: str, description: str) -> Answer:
    return _json(400, {"error": code, "error_description": description})
