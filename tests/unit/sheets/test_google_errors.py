"""Every failure of Google, its token endpoint and the way there, and what is made of it."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime

import httplib2
import httpx
import pytest
from google.auth.exceptions import RefreshError, TransportError
from googleapiclient.errors import HttpError

from listing_sync.errors import (
    Category,
    ListingSyncError,
    PermanentError,
    Service,
    SourceError,
    TransientError,
)
from listing_sync.sheets.google_errors import google_failure

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EMAIL = "reader@project.iam.gserviceaccount.com"
TOKEN_URL = "https://sheets.googleapis.com/v4/spreadsheets/1Secret?access_token=ya29.secret"


def failure_of(error: Exception) -> ListingSyncError:
    return google_failure(error, client_email=EMAIL, now=NOW)


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
