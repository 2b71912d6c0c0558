"""What googleapiclient, google-auth and httpx raise in, our errors with a way on out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import httpx

from listing_sync.errors import (
    Category,
    ListingSyncError,
    PermanentError,
    Service,
    SourceError,
    TransientError,
)
from listing_sync.sheets.google_http import RETRYABLE_STATUSES
from listing_sync.transport import is_certificate_failure, retry_after_s

if TYPE_CHECKING:
    from google.auth.exceptions import RefreshError
    from googleapiclient.errors import HttpError

_TOO_MANY_REQUESTS = 429
_MESSAGE_LENGTH = 300

EDITED = "the sheet was edited while it was being read"


def google_failure(error: Exception, *, client_email: str, now: datetime) -> ListingSyncError:
    """Return our error for any failure of a request to Google; quotes no address and no token.

    Source: docs/contract.md section 7; developers.google.com/workspace/sheets/api/limits;
    google.aip.dev/193 (error bodies); RFC 6749 section 5.2 (token endpoint).
    """
    from google.auth.exceptions import RefreshError  # noqa: PLC0415 - heavy
    from googleapiclient.errors import HttpError  # noqa: PLC0415 - heavy

    match error:
        case HttpError() if error.status_code in RETRYABLE_STATUSES:
            return _busy(error, now)
        case HttpError():
            return _refused(error, client_email)
        case RefreshError():
            return _not_signed_in(error, client_email)
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol() | httpx.InvalidURL():
            # Their texts may hold the token.
            return _permanent("the address cannot be used; check GOOGLE_SHEETS_API_ENDPOINT")
        case httpx.TransportError() if is_certificate_failure(error):
            return _permanent(
                "the server's certificate is not trusted; check this machine's clock and "
                "certificates (SSL_CERT_FILE), and what sits between it and Google"
            )
        case httpx.TimeoutException():
            return transient("Google did not answer in time (SYNC_REQUEST_TIMEOUT)")
        case _:
            why = str(error)[:_MESSAGE_LENGTH]
            return transient(f"no answer from Google ({why}): check this machine's network and DNS")


def transient(message: str) -> TransientError:
    """Return a failure of the moment."""
    return TransientError(message, service=Service.GOOGLE, category=Category.NETWORK)


def _permanent(message: str, error: HttpError | None = None, code: str = "") -> PermanentError:
    return PermanentError(
        message,
        service=Service.GOOGLE,
        category=Category.UNKNOWN,
        http_status=error.status_code if error else None,
        code=code or None,
    )


def _busy(error: HttpError, now: datetime) -> TransientError:
    limited = error.status_code == _TOO_MANY_REQUESTS
    return TransientError(
        "Google's quota for reading is used up for the moment (429); later runs try again, and"
        " where it lasts, let them start less often"
        if limited
        else f"Google cannot answer for the moment ({error.status_code})",
        service=Service.GOOGLE,
        category=Category.RATE_LIMIT if limited else Category.NETWORK,
        http_status=error.status_code,
        retry_after_s=retry_after_s(error.resp.get("retry-after"), now),
    )


def _refused(error: HttpError, client_email: str) -> ListingSyncError:
    code, message = _status_and_message(error.content)
    match error.status_code:
        case 400 if "Unable to parse range" in message or "exceeds grid limits" in message:
            # Tabs are looked up before they are read, so this one has just changed.
            return SourceError(f"{EDITED} (its tab was renamed, deleted or cut); run again")
        case 400 if code == "FAILED_PRECONDITION" or "not supported for this document" in message:
            text = (
                "the file is no Google Sheet but an Excel or other file on Google Drive; open it "
                'there and use "File, Save as Google Sheets", or download it and set '
                "SYNC_SHEET_FILE"
            )
        case 401:
            text = (
                "Google does not accept the service account's token; check that the key is "
                "still active and that this machine's clock is right"
            )
        case 403 if "has not been used in project" in message or "is disabled" in message:
            text = f"the Google Sheets API is not enabled for the key's project: {message}"
        case 403 if code == "PERMISSION_DENIED" and "scopes" not in message:
            text = f"the spreadsheet is not shared with {client_email}; share it with it (Viewer)"
        case 404:
            text = (
                "there is no spreadsheet with this ID; check SYNC_SPREADSHEET_ID (the part after "
                "/d/ in its address)"
            )
        case status if status < 400:  # noqa: PLR2004 - redirects, which are not followed
            text = f"redirected ({status}); check GOOGLE_SHEETS_API_ENDPOINT"
        case status:
            text = f"Google refuses the request ({status}): {message or 'no reason given'}"
    return _permanent(text, error, code)


def _status_and_message(content: bytes) -> tuple[str, str]:
    """Return the status and the message of an error body; empty when it is not Google's."""
    try:
        body = json.loads(content)
    except ValueError:
        return "", ""
    failure = body.get("error") if isinstance(body, dict) else None
    if not isinstance(failure, dict):
        return "", ""
    return str(failure.get("status", "")), str(failure.get("message", ""))[:_MESSAGE_LENGTH]


def _not_signed_in(error: RefreshError, client_email: str) -> ListingSyncError:
    answer = next((part for part in error.args if isinstance(part, dict)), {})
    if "error" not in answer:  # HTML, or 200 without a token: not the token endpoint
        return transient("the sign-in to Google was not answered by Google")
    reason = str(answer["error"])
    description = str(answer.get("error_description", ""))[:_MESSAGE_LENGTH]
    if reason in {"internal_failure", "server_error", "temporarily_unavailable"}:
        return transient(f"Google cannot sign in for the moment ({reason})")
    if "reasonable timeframe" in description:
        text = "this machine's clock is wrong: compare `date -u` with the real time and set it"
    elif "account not found" in description:
        text = f"the service account {client_email} does not exist (any more); make a new key"
    elif "Invalid JWT Signature" in description:
        text = f"the key of {client_email} was deleted or replaced; make a new one"
    else:
        text = f"Google does not sign in {client_email} ({reason}): {description}"
    return _permanent(text, code=reason)
