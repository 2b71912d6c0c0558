"""Every kind of sign-in to Google, by the real google-auth, under Google's real names.

All goes through a proxy that inspects TLS, as in an office: a token that were asked for elsewhere,
or without the environment's authority, would not be given.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from google.auth.compute_engine import _metadata

from listing_sync.cells.mapping import SheetMapping, parse_mapping
from listing_sync.errors import PermanentError, RemoteError, TransientError
from listing_sync.sheets.google import GoogleSheet
from listing_sync.sheets.google_account import GoogleAccount
from listing_sync.sheets.google_api import SheetsApi
from listing_sync.sheets.google_credentials import Wishes, account_of, account_of_machine
from listing_sync.sheets.google_http import connect
from tests.stack.google_front import GoogleFront
from tests.stack.google_refusals import refusal, with_reason
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.google_sign_in import FEDERATED, MACHINE, POOL, read_only
from tests.stack.google_token import READ_ONLY_SCOPE, SERVICE_ACCOUNT
from tests.stack.loopback import Answer

T = TypeVar("T")

SHEET = "1Federated"
READER = "reader@loopback.iam.gserviceaccount.com"
PERSON = "tanaka@office.example"
CLOUD = frozenset({"https://www.googleapis.com/auth/cloud-platform"})
IMPERSONATION_URL = (
    f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{READER}"
    ":generateAccessToken"
)
MAPPING: SheetMapping = parse_mapping(
    """
table = "property_listings"
key = "property_number"
[columns.property_number]
header = "Property Number"
type = "text"
""",
    name="mapping",
)


class Office:
    """A machine of an office behind its proxy, and what it reads with."""

    def __init__(self, google: LoopbackGoogle, front: GoogleFront, folder: Path) -> None:
        self.google = google
        self.front = front
        self.folder = folder

    def title_as(self, account: GoogleAccount) -> str:
        """Return the title of the tab, read by this account."""
        http = connect(account, timeout_s=5, connect_timeout_s=5, on_bytes=lambda _: None)
        api = SheetsApi(
            SHEET,
            http,
            endpoint="https://sheets.googleapis.com",
            call=_once,
            now=lambda: datetime.now(UTC),
            timeout_s=5,
        )
        try:
            return GoogleSheet(api, MAPPING).describe().tab
        finally:
            http.close()

    def by(self, document: dict[str, Any], **wishes: str) -> GoogleAccount:
        """Return the account of a credentials file."""
        return account_of(json.dumps(document), name="KEY", wishes=Wishes(**wishes))

    def key(self) -> dict[str, Any]:
        """Return the key as Google gives it."""
        return {**self.google.key(), "token_uri": "https://oauth2.googleapis.com/token"}

    def federated(self, place: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return a file of gcloud iam workload-identity-pools create-cred-config."""
        return {
            "type": "external_account",
            "universe_domain": "googleapis.com",
            "audience": POOL,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": place,
            "service_account_impersonation_url": IMPERSONATION_URL,
            **more,
        }

    def token_file(self, text: str = "subject-1") -> dict[str, Any]:
        """Write the token of the office's identity provider; return where it is."""
        path = self.folder / "subject-token"
        path.write_text(text, encoding="utf-8")
        return {"file": str(path)}


def _once(send: Callable[[], T], what: str, /) -> T:
    return send()


def person(**more: Any) -> dict[str, Any]:
    return {
        "type": "authorized_user",
        "client_id": "1.apps.googleusercontent.com",
        "client_secret": "SECRET",
        "refresh_token": "1//refresh",
        **more,
    }


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with LoopbackGoogle() as google, GoogleFront(google, tmp_path) as front:
        google.put_tab(SHEET, "Listings", [["Property Number"], ["AA1"]])
        google.readers = {SERVICE_ACCOUNT, READER, PERSON, MACHINE}
        google.sign_in.subject_tokens = {"subject-1"}
        google.sign_in.people = {"1//refresh": (PERSON, read_only())}
        google.sign_in.impersonators = {READER: {SERVICE_ACCOUNT, FEDERATED, PERSON, MACHINE}}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in front.environment.items():
            monkeypatch.setenv(name, value)
        for name in ("GCE_METADATA_IP", "GCE_METADATA_HOST"):
            monkeypatch.setenv(name, google.url.removeprefix("http://"))
        importlib.reload(_metadata)  # which reads them when it is imported
        yield Office(google, front, tmp_path)
    monkeypatch.delenv("GCE_METADATA_HOST")
    importlib.reload(_metadata)


def test_a_key_signs_in_and_everything_goes_through_the_proxy(office: Office) -> None:
    account = office.by(office.key())
    assert office.title_as(account) == "Listings"
    assert office.front.tunnels == ["oauth2.googleapis.com", "sheets.googleapis.com"]
    assert account.in_words == f"as {SERVICE_ACCOUNT} (service account key)"


@pytest.mark.parametrize(
    "place",
    [
        pytest.param({}, id="text"),
        pytest.param(
            {"format": {"type": "json", "subject_token_field_name": "access_token"}}, id="JSON"
        ),
    ],
)
def test_a_token_in_a_file_is_exchanged_and_impersonates(
    office: Office, place: dict[str, Any]
) -> None:
    text = json.dumps({"access_token": "subject-1"}) if place else "subject-1"
    account = office.by(office.federated({**office.token_file(text), **place}))
    assert office.title_as(account) == "Listings"
    assert office.front.tunnels == [
        "sts.googleapis.com",
        "iamcredentials.googleapis.com",
        "sheets.googleapis.com",
    ]
    assert account.reader == READER
    assert account.how == f"workload identity federation, impersonating {READER}"


def github(url: str) -> dict[str, Any]:
    return {
        "url": url,
        "headers": {"Authorization": "bearer of the job"},
        "format": {"type": "json", "subject_token_field_name": "value"},
    }


def azure(url: str) -> dict[str, Any]:
    return {
        "url": url,
        "headers": {"Metadata": "True"},
        "format": {"type": "json", "subject_token_field_name": "access_token"},
    }


@pytest.mark.parametrize(
    ("place", "answer", "sent"),
    [
        pytest.param(
            github, {"count": 1, "value": "subject-1"}, ("authorization", "bearer of the job"),
            id="GitHub Actions",
        ),
        pytest.param(azure, {"access_token": "subject-1"}, ("metadata", "True"), id="Azure"),
    ],
)  # fmt: skip
def test_a_token_at_an_address_is_exchanged(
    office: Office, place: Any, answer: dict[str, str], sent: tuple[str, str]
) -> None:
    def provider(request: Any) -> Answer | None:
        if request.path != "/subject":
            return None
        assert request.headers[sent[0]] == sent[1]
        return Answer(body=json.dumps(answer).encode())

    office.google.before_request(provider)
    file = office.federated(place("https://token.office.example/subject"))
    assert office.title_as(office.by(file)) == "Listings"
    near = office.federated(place(f"{office.google.url}/subject"))
    assert office.title_as(office.by(near)) == "Listings"
    assert office.front.tunnels.count("token.office.example") == 1


def aws(url: str) -> dict[str, Any]:
    return {
        "environment_id": "aws1",
        "region_url": f"{url}/latest/meta-data/placement/availability-zone",
        "url": f"{url}/latest/meta-data/iam/security-credentials",
        "imdsv2_session_token_url": f"{url}/latest/api/token",
        "regional_cred_verification_url": (
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
        ),
    }


def amazon(request: Any) -> Answer | None:
    """Answer as the metadata service of EC2, version 2."""
    if request.path == "/latest/api/token" and request.method == "PUT":
        return Answer(body=b"session")
    if not request.path.startswith("/latest/"):
        return None
    assert request.headers["x-aws-ec2-metadata-token"] == "session"
    match request.path.rpartition("/")[2]:
        case "availability-zone":
            return Answer(body=b"ap-northeast-1a")
        case "security-credentials":
            return Answer(body=b"role")
        case _:
            keys = {"AccessKeyId": "AKIA", "SecretAccessKey": "hush", "Token": "session"}
            return Answer(body=json.dumps(keys).encode())


def test_a_machine_of_amazons_signs_in(office: Office) -> None:
    office.google.before_request(amazon)
    file = office.federated(
        aws(office.google.url),
        subject_token_type="urn:ietf:params:aws:token-type:aws4_request",
    )
    assert office.title_as(office.by(file)) == "Listings"


def test_a_person_signs_in(office: Office) -> None:
    account = office.by(person(account=PERSON))
    assert office.title_as(account) == "Listings"
    assert account.in_words == f"as {PERSON} (sign-in of a person)"


def test_the_project_that_pays_for_a_person_is_named(office: Office) -> None:
    office.title_as(office.by(person(quota_project_id="office-project")))
    read = office.google.requests[-1]
    assert read.headers["x-goog-user-project"] == "office-project"


def test_a_person_impersonates_from_a_laptop(office: Office) -> None:
    office.google.sign_in.people = {"1//refresh": (PERSON, CLOUD)}
    account = office.by(
        {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": IMPERSONATION_URL,
            "source_credentials": person(),
            "delegates": [],
        }
    )
    assert office.title_as(account) == "Listings"
    assert account.in_words == f"as {READER} (sign-in of a person, impersonating {READER})"


def test_a_workforce_sign_in_impersonates(office: Office) -> None:
    file = {
        **person(),
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/office/providers/sso",
        "token_url": "https://sts.googleapis.com/v1/oauthtoken",
    }
    granted = {"access_token": office.google.sign_in.grant(PERSON, CLOUD), "expires_in": 3600}

    def sts(request: Any) -> Answer | None:
        is_it = request.path == "/v1/oauthtoken"
        return Answer(body=json.dumps(granted).encode()) if is_it else None

    office.google.before_request(sts)
    assert office.title_as(office.by(file, impersonate=READER)) == "Listings"


def test_a_key_impersonates_at_the_settings_wish(office: Office) -> None:
    account = office.by(office.key(), impersonate=READER)
    assert office.title_as(account) == "Listings"
    assert account.reader == READER
    issued = [grant.who for grant in office.google.sign_in.grants.values()]
    assert issued == [SERVICE_ACCOUNT, READER]


def test_one_impersonated_account_impersonates_the_next(office: Office) -> None:
    last = "last@loopback.iam.gserviceaccount.com"
    office.google.sign_in.impersonators[last] = {READER}
    office.google.readers = {last}
    file = office.federated(office.token_file())
    assert office.title_as(office.by(file, impersonate=last)) == "Listings"


def test_a_key_with_domain_wide_delegation_reads_as_the_person(office: Office) -> None:
    office.google.readers = {PERSON}
    office.google.sign_in.delegated = {SERVICE_ACCOUNT: {PERSON}}
    account = office.by(office.key(), subject=PERSON)
    assert office.title_as(account) == "Listings"
    assert account.reader == PERSON


def test_delegation_without_a_key_is_signed_by_google(office: Office) -> None:
    office.google.readers = {PERSON}
    office.google.sign_in.delegated = {READER: {PERSON}}
    account = office.by(office.federated(office.token_file()), subject=PERSON)
    assert office.title_as(account) == "Listings"
    assert any(request.path.endswith(":signJwt") for request in office.google.requests)


def test_a_machine_of_googles_reads_as_its_own_account(office: Office) -> None:
    office.google.sign_in.machine_scopes = CLOUD
    office.google.sign_in.honours_scopes = True  # as Cloud Run does
    account = account_of_machine()
    assert account.reader is None
    assert office.title_as(account) == "Listings"
    assert account.in_words == f"as {MACHINE} (metadata server of this machine)"


def test_a_virtual_machine_reads_by_impersonating(office: Office) -> None:
    office.google.sign_in.machine_scopes = CLOUD
    with pytest.raises(PermanentError, match=r"access scopes.*SYNC_GOOGLE_IMPERSONATE"):
        office.title_as(account_of_machine())
    assert office.title_as(account_of_machine(Wishes(impersonate=READER))) == "Listings"


def test_a_token_that_is_withdrawn_is_fetched_again(office: Office) -> None:
    account = office.by(office.federated(office.token_file()))
    office.title_as(account)
    grants = office.google.sign_in.grants
    for token in [token for token, grant in grants.items() if grant.who == READER]:
        del grants[token]
    assert office.title_as(account) == "Listings"


# -- failures -------------------------------------------------------------------------------------


def failure(office: Office, account: GoogleAccount) -> RemoteError:
    with pytest.raises(RemoteError) as failed:
        office.title_as(account)
    assert "SECRET" not in str(failed.value)
    assert "subject-1" not in str(failed.value)
    return failed.value


def test_a_machine_of_nobody_is_told_so_within_the_time(office: Office) -> None:
    told = failure(office, account_of_machine())
    assert isinstance(told, PermanentError)
    assert "no metadata server answers here" in str(told)


def said(code: str, description: str) -> dict[str, Any]:
    return {"error": code, "error_description": description}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            said("invalid_target", 'The target service indicated by the "audience" parameters is'),
            ["pool or its provider is deleted or disabled", "30 days"],
            id="pool deleted",
        ),
        pytest.param(
            said("invalid_grant", "ID Token issued at 1735689600 is stale to sign-in."),
            ["is stale to sign-in", "renewed before each run"],
            id="stale",
        ),
        pytest.param(
            said("invalid_grant", "The audience in ID Token [x] does not match the expected."),
            ["for the audience of the provider"],
            id="audience",
        ),
        pytest.param(
            said("unauthorized_client", "The given credential is rejected by the attribute"),
            ["attribute condition of the provider"],
            id="condition",
        ),
        pytest.param(said("invalid_request", "Invalid value"), ["create-cred-config"], id="file"),
    ],
)
def test_a_refused_workload_is_told_with_the_way_on(
    office: Office, answer: dict[str, Any], words: list[str]
) -> None:
    office.google.sign_in.sts_refusal = answer
    told = failure(office, office.by(office.federated(office.token_file())))
    assert isinstance(told, PermanentError)
    for word in words:
        assert word in str(told)


def test_a_missing_or_broken_subject_token_is_told_with_its_file(office: Office) -> None:
    place = office.token_file()
    account = office.by(office.federated(place))
    Path(place["file"]).unlink()
    assert "subject-token' was not found" in str(failure(office, account))
    Path(place["file"]).mkdir()
    assert "cannot read" in str(failure(office, account))
    Path(place["file"]).rmdir()
    as_json: dict[str, Any] = {**office.token_file("no JSON"), "format": {"type": "json"}}
    as_json["format"]["subject_token_field_name"] = "value"
    told = failure(office, office.by(office.federated(as_json)))
    assert "Unable to parse subject_token" in str(told)


def test_an_identity_provider_that_refuses_is_told(office: Office) -> None:
    office.google.before_request(
        lambda request: Answer(403, body=b"no") if request.path == "/subject" else None
    )
    told = failure(office, office.by(office.federated({"url": f"{office.google.url}/subject"})))
    assert "Unable to retrieve Identity Pool subject token" in str(told)


IAM_OFF = (
    "IAM Service Account Credentials API has not been used in project 5 before or it is disabled."
)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            with_reason(403, "SERVICE_DISABLED", IAM_OFF),
            ["Credentials API is not enabled", "gcloud services enable"],
            id="API off",
        ),
        pytest.param(
            with_reason(403, "IAM_PERMISSION_DENIED", "Permission 'iam.x' denied on resource"),
            ["may not impersonate", READER, "Workload Identity User"],
            id="role missing",
        ),
        pytest.param(
            with_reason(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficient"),
            ["lacks the scope cloud-platform"],
            id="scope",
        ),
        pytest.param(
            refusal(404, "Not found; Gaia id not found"),
            ["does not exist", READER],
            id="no account",
        ),
        pytest.param(refusal(400, "Bad lifetime"), ["Bad lifetime"], id="other"),
    ],
)
def test_a_refused_impersonation_is_told_with_the_way_on(
    office: Office, answer: dict[str, Any], words: list[str]
) -> None:
    office.google.sign_in.iam_refusal = answer
    told = str(failure(office, office.by(office.federated(office.token_file()))))
    for word in words:
        assert word in told


def test_who_may_not_impersonate_is_told_which_role_is_lacking(office: Office) -> None:
    office.google.sign_in.impersonators = {READER: set()}
    told = str(failure(office, office.by(office.key(), impersonate=READER)))
    assert "grant it the role Service Account Token Creator" in told
    assert READER in told


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            said("invalid_grant", "Token has been expired or revoked."),
            [PERSON, "revoked", "after 7 days", "init --login"],
            id="revoked",
        ),
        pytest.param(
            {**said("invalid_grant", "reauth related error"), "error_subtype": "invalid_rapt"},
            ["session", "sign in again"],
            id="session",
        ),
        pytest.param(said("deleted_client", "gone"), ["OAuth client was deleted"], id="client"),
        pytest.param(said("invalid_client", "?"), ["secret was replaced"], id="secret"),
        pytest.param(said("org_internal", "?"), ["own organisation only"], id="internal"),
    ],
)
def test_a_refused_person_is_told_with_the_way_on(
    office: Office, answer: dict[str, Any], words: list[str]
) -> None:
    office.google.sign_in.token_refusal = answer
    told = str(failure(office, office.by(person(account=PERSON))))
    for word in words:
        assert word in told


def test_a_person_without_the_scope_is_told_which(office: Office) -> None:
    office.google.sign_in.people = {"1//refresh": (PERSON, CLOUD)}
    assert f"sign in again for this scope: {READ_ONLY_SCOPE}" in str(
        failure(office, office.by(person()))
    )


def test_a_delegation_that_is_not_allowed_is_told_with_the_place(office: Office) -> None:
    told = str(failure(office, office.by(office.key(), subject=PERSON)))
    assert "Domain-wide delegation" in told
    assert PERSON in told


def test_a_delegated_person_who_is_not_there_is_told(office: Office) -> None:
    office.google.sign_in.token_refusal = said("invalid_grant", "Invalid email or User ID")
    told = str(failure(office, office.by(office.key(), subject=PERSON)))
    assert f"there is no user {PERSON}" in told


@pytest.mark.parametrize(
    ("account", "words"),
    [
        pytest.param(lambda o: o.by(o.key()), f"not shared with {SERVICE_ACCOUNT}", id="key"),
        pytest.param(lambda o: o.by(person()), "not shared with the person", id="person"),
        pytest.param(
            lambda o: o.by(o.federated(o.token_file())), f"not shared with {READER}", id="workload"
        ),
        pytest.param(lambda _: account_of_machine(), f"not shared with {MACHINE}", id="machine"),
    ],
)
def test_the_hint_names_the_account_that_really_reads(
    office: Office, account: Callable[[Office], GoogleAccount], words: str
) -> None:
    office.google.sign_in.machine_scopes = read_only()
    office.google.readers = set()
    assert words in str(failure(office, account(office)))


def test_a_federated_identity_alone_reads_nothing_and_is_told_why(office: Office) -> None:
    file = office.federated(office.token_file())
    del file["service_account_impersonation_url"]
    assert "SYNC_GOOGLE_IMPERSONATE" in str(failure(office, office.by(file)))


def test_a_busy_endpoint_for_tokens_is_tried_again_by_the_guard(office: Office) -> None:
    office.google.before_request(lambda _: Answer(503, body=b"busy"))
    for account in (office.by(office.key()), office.by(office.federated(office.token_file()))):
        assert isinstance(failure(office, account), TransientError)


def test_a_page_instead_of_a_token_is_tried_again(office: Office) -> None:
    office.google.before_request(lambda _: Answer(200, body=b"<html>Please log in</html>"))
    for account in (office.by(office.key()), office.by(office.federated(office.token_file()))):
        assert isinstance(failure(office, account), TransientError)
