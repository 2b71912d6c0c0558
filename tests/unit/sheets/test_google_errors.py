"""Every failure of Google, its token endpoint and the way there, and what is made of it."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime

import httplib2
import httpx
import pytest
from google.api.error_reason_pb2 import ErrorReason
from google.auth.exceptions import RefreshError, TransportError
from googleapiclient.errors import HttpError

from listing_sync.errors import (
    Category,
    ListingSyncError,
    PermanentError,
    QuotaError,
    Service,
    SlowError,
    SourceError,
    TransientError,
)
from listing_sync.sheets.google_account import GoogleAccount, SignInKind
from listing_sync.sheets.google_errors import google_failure

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EMAIL = "reader@project.iam.gserviceaccount.com"
ACCOUNT = GoogleAccount(None, SignInKind.KEY, EMAIL)
TOKEN_URL = "https://sheets.googleapis.com/v4/spreadsheets/1Secret?access_token=ya29.secret"


def failure_of(error: Exception) -> ListingSyncError:
    return google_failure(error, account=ACCOUNT, now=NOW)


def http_error(
    http_status: int,
    message: str = "",
    status: str = "",
    *,
    body: bytes | None = None,
    retry_after: str | None = None,
) -> HttpError:
    head = {"status": str(http_status)} | ({"retry-after": retry_after} if retry_after else {})
    error = {"error": {"code": http_status, "message": message, "status": status}}
    return HttpError(httplib2.Response(head), body or json.dumps(error).encode(), uri=TOKEN_URL)


def refused(code: str, description: str = "") -> RefreshError:
    answer = {"error": code, "error_description": description}
    return RefreshError(f"{code}: {description}", answer)


@pytest.mark.parametrize("http_status", [408, 425, 429, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("body", [None, b"<html>busy</html>", b"[]"], ids=["json", "html", "list"])
def test_busy_services_are_tried_again(http_status: int, body: bytes | None) -> None:
    failure = failure_of(http_error(http_status, body=body))
    assert isinstance(failure, TransientError)
    assert failure.service is Service.GOOGLE
    assert failure.http_status == http_status
    wanted = Category.RATE_LIMIT if http_status == 429 else Category.NETWORK
    assert failure.category is wanted


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("30", 30.0),
        ("Sun, 01 Mar 2026 09:00:45 GMT", 45.0),
        ("Sun, 01 Mar 2026 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, wait_s: float | None) -> None:
    failure = failure_of(http_error(503, retry_after=header))
    assert isinstance(failure, TransientError)
    assert failure.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(
            http_error(403, "The caller does not have permission", "PERMISSION_DENIED"),
            f"share it with it (Viewer)|{EMAIL}",
            id="not shared",
        ),
        pytest.param(
            http_error(403, "Forbidden", "PERMISSION_DENIED"), EMAIL, id="not shared in other words"
        ),
        pytest.param(
            http_error(
                403,
                "Google Sheets API has not been used in project 5 before or it is disabled. "
                "Enable it by visiting https://console.developers.google.com/x?project=5",
                "PERMISSION_DENIED",
            ),
            "not enabled|https://console.developers.google.com/x?project=5",
            id="API not enabled",
        ),
        pytest.param(
            http_error(403, "Request had insufficient authentication scopes.", "PERMISSION_DENIED"),
            "scopes",
            id="scope",
        ),
        pytest.param(http_error(403, body=b"<html>no</html>"), "403", id="403 of a proxy"),
        pytest.param(http_error(404, "Requested entity"), "SYNC_SPREADSHEET_ID", id="no such ID"),
        pytest.param(http_error(401, "invalid"), "key|clock", id="token refused"),
        pytest.param(
            http_error(
                400, "This operation is not supported for this document", "FAILED_PRECONDITION"
            ),
            "Save as Google Sheets|SYNC_SHEET_FILE",
            id="Excel file on Drive",
        ),
        pytest.param(http_error(400, "Invalid value"), "400|Invalid value", id="other 400"),
        pytest.param(http_error(302, body=b""), "redirected|302", id="redirect"),
        pytest.param(
            refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.",
            ),
            "clock|date -u",
            id="clock",
        ),
        pytest.param(
            refused("invalid_grant", "Invalid grant: account not found"),
            f"does not exist|{EMAIL}",
            id="account deleted",
        ),
        pytest.param(
            refused("invalid_grant", "Invalid JWT Signature."), "deleted or replaced", id="key gone"
        ),
        pytest.param(
            refused("invalid_scope", "bad scope"), "invalid_scope|bad scope", id="other refusal"
        ),
        pytest.param(
            httpx.LocalProtocolError(f"Illegal header value b'{TOKEN_URL}'"),
            "GOOGLE_SHEETS_API_ENDPOINT",
            id="illegal header",
        ),
        pytest.param(
            httpx.UnsupportedProtocol(TOKEN_URL), "GOOGLE_SHEETS_API_ENDPOINT", id="no http"
        ),
        pytest.param(httpx.InvalidURL(TOKEN_URL), "GOOGLE_SHEETS_API_ENDPOINT", id="no URL"),
    ],
)
def test_what_another_try_cannot_mend_says_what_to_do(error: Exception, words: str) -> None:
    failure = failure_of(error)
    assert isinstance(failure, PermanentError)
    for word in words.split("|"):
        assert word in str(failure)
    assert "ya29" not in str(failure)
    assert "1Secret" not in str(failure)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RefreshError("<html>502</html>", "<html>502</html>"), id="token: HTML"),
        pytest.param(RefreshError("No access token in response.", {}), id="token: nothing in it"),
        pytest.param(refused("internal_failure"), id="token: internal failure"),
        pytest.param(refused("temporarily_unavailable"), id="token: unavailable"),
        pytest.param(TransportError("DNS"), id="token: no connection"),
        pytest.param(httpx.ConnectError("[Errno -2] Name or service not known"), id="DNS"),
        pytest.param(httpx.ConnectTimeout("slow"), id="connect time-out"),
        pytest.param(httpx.ReadTimeout("slow"), id="read time-out"),
        pytest.param(httpx.ReadError("reset"), id="reset"),
        pytest.param(httpx.RemoteProtocolError("peer closed"), id="truncated"),
        pytest.param(httpx.ProxyError("502"), id="proxy"),
        pytest.param(httpx.DecodingError("not gzip"), id="broken compression"),
    ],
)
def test_failures_on_the_way_are_of_the_moment(error: Exception) -> None:
    failure = failure_of(error)
    assert isinstance(failure, TransientError)
    assert failure.category is Category.NETWORK


@pytest.mark.parametrize(
    "message", ["Unable to parse range: 'Old'!A1", "Range (Old!A9:B) exceeds grid limits."]
)
def test_a_tab_that_went_away_in_between_is_an_edit(message: str) -> None:
    failure = failure_of(http_error(400, message, "INVALID_ARGUMENT"))
    assert isinstance(failure, SourceError)
    assert "edited" in str(failure)


def test_an_untrusted_certificate_is_permanent() -> None:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    assert isinstance(failure_of(error), PermanentError)


# -- reasons, quotas and slow sheets ----------------------------------------------------------

HELP = "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=5"
DISABLED = (
    "Google Sheets API has not been used in project 5 before or it is disabled. Enable it by "
    f"visiting {HELP} then retry. If you enabled this API recently, wait a few minutes for the "
    "action to propagate to our systems and retry."
)


def with_details(
    http_status: int, status: str, reason: str, message: str, metadata: dict[str, str] | None = None
) -> HttpError:
    """A refusal as Google's front end writes it: ErrorInfo, LocalizedMessage and Help."""
    kind = "type.googleapis.com/google.rpc."
    details = [
        {
            "@type": f"{kind}ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": {"service": "sheets.googleapis.com", **(metadata or {})},
        },
        {"@type": f"{kind}LocalizedMessage", "locale": "en-US", "message": message},
        {"@type": f"{kind}Help", "links": [{"description": "Console", "url": HELP}]},
    ]
    error = {"code": http_status, "message": message, "status": status, "details": details}
    return http_error(http_status, body=json.dumps({"error": error}).encode())


REASONS = [name for name in ErrorReason.keys() if name != "ERROR_REASON_UNSPECIFIED"]  # noqa: SIM118 - no dict


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(
    ("http_status", "status"),
    [
        (400, "INVALID_ARGUMENT"),
        (400, "FAILED_PRECONDITION"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (429, "RESOURCE_EXHAUSTED"),
    ],
)
@pytest.mark.parametrize("message", [DISABLED, "The caller does not have permission", ""])
def test_the_sentence_holds_every_reason_of_googles(
    reason: str, http_status: int, status: str, message: str
) -> None:
    text = str(failure_of(with_details(http_status, status, reason, message)))
    assert reason in text
    assert "share it" not in text
    assert "  " not in text
    assert " :" not in text


def test_a_refusal_says_googles_message_whole_its_link_once_and_what_to_do() -> None:
    failure = failure_of(with_details(403, "PERMISSION_DENIED", "SERVICE_DISABLED", DISABLED))
    assert isinstance(failure, PermanentError)
    assert str(failure) == (
        "the Google Sheets API is not enabled for the key's project: "
        f"{DISABLED.removesuffix('.')} (SERVICE_DISABLED); enable the API, and wait some minutes"
    )
    suspended = "Permission denied: Consumer 'projects/5' has been suspended."
    failure = failure_of(with_details(403, "PERMISSION_DENIED", "CONSUMER_SUSPENDED", suspended))
    assert str(failure).startswith(
        "Google refuses the request (403): Permission denied: Consumer 'projects/5' has been "
        f"suspended (CONSUMER_SUSPENDED); see {HELP}; Google suspended the project"
    )


def test_a_quota_names_its_limit_and_is_waited_for() -> None:
    limit = {"quota_limit": "ReadRequestsPerMinutePerUser", "quota_limit_value": "60"}
    message = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute"
    failure = failure_of(
        with_details(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", message, limit)
    )
    assert isinstance(failure, QuotaError)
    assert failure.category is Category.RATE_LIMIT
    assert "ReadRequestsPerMinutePerUser: 60" in str(failure)


def test_a_quota_of_nothing_is_not_waited_for() -> None:
    limit = {"quota_limit": "ReadRequestsPerMinutePerProject", "quota_limit_value": "0"}
    failure = failure_of(
        with_details(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "Quota exceeded", limit)
    )
    assert isinstance(failure, PermanentError)
    assert "ReadRequestsPerMinutePerProject: 0" in str(failure)


def test_a_page_instead_of_a_quota_is_a_blocked_address() -> None:
    failure = failure_of(http_error(429, body=b"<html>unusual traffic</html>"))
    assert type(failure) is TransientError
    assert "address" in str(failure)
    assert "quota" not in str(failure)


@pytest.mark.parametrize("http_status", [409, 499])
def test_what_google_calls_retryable_is_tried_again(http_status: int) -> None:
    assert isinstance(failure_of(http_error(http_status, "aborted", "ABORTED")), TransientError)


def test_a_sheet_that_takes_long_to_compute_is_told_as_such() -> None:
    error = httpx.ReadTimeout("slow")
    failure = google_failure(error, account=ACCOUNT, now=NOW, timeout_s=180)
    assert isinstance(failure, SlowError)
    assert "longer than 180 s to compute this sheet (formulas, IMPORTRANGE)" in str(failure)
    assert not isinstance(failure_of(error), SlowError)
    connecting = google_failure(
        httpx.ConnectTimeout("slow"), account=ACCOUNT, now=NOW, timeout_s=180
    )
    assert not isinstance(connecting, SlowError)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(
            refused("invalid_grant", "Robot is disabled."), "disabled|enable it", id="disabled"
        ),
        pytest.param(
            refused("invalid_grant", "Invalid grant: account not found"),
            "or is disabled|enable it",
            id="not found, also for disabled ones",
        ),
        pytest.param(
            refused("deleted_client", "The OAuth client was deleted."), "deleted", id="deleted"
        ),
        pytest.param(
            refused("disabled_client", "The OAuth client was disabled."), "disabled", id="client"
        ),
        pytest.param(
            refused("admin_policy_enforced", "Access is blocked by policy."),
            "administrator|API controls",
            id="policy",
        ),
        pytest.param(
            RefreshError(
                "{'code': 403}",
                {
                    "error": {
                        "code": 403,
                        "message": "Permission denied: Consumer 'projects/5' has been suspended.",
                        "status": "PERMISSION_DENIED",
                        "details": [{"reason": "CONSUMER_SUSPENDED", "metadata": None}],
                    }
                },
            ),
            "(CONSUMER_SUSPENDED)|'projects/5' has been suspended",
            id="an object",
        ),
    ],
)
def test_what_the_token_endpoint_refuses_is_said_as_what_it_is(
    error: RefreshError, words: str
) -> None:
    failure = failure_of(error)
    assert isinstance(failure, PermanentError)
    for word in words.split("|"):
        assert word in str(failure)
    assert "{" not in str(failure)


def test_details_of_another_shape_say_nothing() -> None:
    body = {"error": {"code": 403, "status": "PERMISSION_DENIED", "details": [1, {"links": []}]}}
    failure = failure_of(http_error(403, body=json.dumps(body).encode()))
    assert str(failure) == "Google refuses the request (403): no reason given"
