"""Turn what googleapiclient, google-auth and httpx raise into our errors, with a way on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import httpx

from listing_sync.errors import (
    Category,
    ListingSyncError,
    QuotaError,
    Service,
    SlowError,
    SourceError,
    TransientError,
)
from listing_sync.language.sentences import joined, marked, phrase
from listing_sync.reachability import (
    ProxyRefusedError,
    is_certificate_failure,
    out_of_time,
    unresolved,
    way_to,
    what_to_check,
)
from listing_sync.sheets.google_account import GoogleAccount
from listing_sync.sheets.google_answers import Refusal, refusal_of
from listing_sync.sheets.google_failures import MESSAGE_LENGTH, permanent, transient
from listing_sync.sheets.google_http import RETRYABLE_STATUSES
from listing_sync.sheets.google_sign_in_errors import (
    not_shared,
    not_signed_in,
    scope_missing,
    token_not_accepted,
)
from listing_sync.transport import UnfitAnswerError, retry_after_s

if TYPE_CHECKING:
    from googleapiclient.errors import HttpError

_TOO_MANY_REQUESTS = 429

EDITED = marked("the sheet was edited while it was being read")


class TabGoneError(SourceError):
    """The tab is not there any more under this title, or has become smaller."""


def google_failure(
    error: Exception, *, account: GoogleAccount, now: datetime, timeout_s: float | None = None
) -> ListingSyncError:
    """Return our error for any failure of a request to Google; quotes no address and no token.

    `timeout_s` is what Google was given to compute the sheet; None while signing in.

    Source: docs/contract.md section 7; developers.google.com/workspace/sheets/api/limits;
    google.aip.dev/193 (error bodies, what may be tried again); RFC 6749 section 5.2 (tokens).
    """
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - heavy
    from googleapiclient.errors import HttpError  # noqa: PLC0415 - heavy

    match error:
        case HttpError() if error.status_code in RETRYABLE_STATUSES:
            return _busy(error, now)
        case HttpError():
            return _refused(error, account)
        case GoogleAuthError():
            return not_signed_in(error, account)
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol() | httpx.InvalidURL():
            # Their texts may hold the token.
            return permanent(phrase("the address cannot be used; check GOOGLE_SHEETS_API_ENDPOINT"))
        case UnfitAnswerError():
            return permanent(phrase("this is not Google's answer: {error}", error=error))
        case httpx.ReadTimeout() if timeout_s is not None:
            return _slow(timeout_s)
        case httpx.RequestError():
            return _failure_on_the_way(error)
        case _:
            why = str(error)[:MESSAGE_LENGTH]
            return transient(
                phrase(
                    "no answer from Google ({why}): check this machine's network and DNS", why=why
                )
            )


def _failure_on_the_way(error: httpx.RequestError) -> ListingSyncError:
    """Return what came between this machine and Google; every text names the host asked."""
    way = way_to(error)
    if isinstance(error, ProxyRefusedError):
        return permanent(
            phrase("{error}; it stands on the way to Google ({way})", error=error, way=way)
        )
    if late := out_of_time(error):
        return permanent(late)
    if is_certificate_failure(error):
        return permanent(
            phrase(
                "the certificate of {way} is not trusted; check this machine's clock"
                " and certificates (SSL_CERT_FILE), and what sits between it and Google",
                way=way,
            )
        )
    if isinstance(error, httpx.TimeoutException):
        return transient(
            phrase("Google did not answer in time (SYNC_REQUEST_TIMEOUT; {way})", way=way)
        )
    why = str(error)[:MESSAGE_LENGTH] or type(error).__name__
    check = what_to_check(error, "GOOGLE_SHEETS_API_ENDPOINT")
    where = unresolved(error, why) or phrase(
        "no answer from Google ({way}: {why})", way=way, why=why
    )
    return transient(joined(": ", (where, check)))


def _slow(timeout_s: float) -> SlowError:
    return SlowError(
        phrase(
            "Google needed longer than {timeout_s:g} s to compute this sheet (formulas,"
            " IMPORTRANGE); make it lighter, e.g. by values instead of formulas, or allow more"
            " time (SYNC_GOOGLE_TIMEOUT)",
            timeout_s=timeout_s,
        ),
        service=Service.GOOGLE,
        category=Category.NETWORK,
    )


def _busy(error: HttpError, now: datetime) -> ListingSyncError:
    refusal = refusal_of(error.content)
    wait_s = retry_after_s(error.resp.get("retry-after"), now)
    if error.status_code == _TOO_MANY_REQUESTS:
        return _limited(refusal, wait_s)
    why = f": {refusal.message}" if refusal.message else ""
    return TransientError(
        phrase(
            "Google cannot answer for the moment ({status}{why})",
            status=error.status_code,
            why=why,
        ),
        service=Service.GOOGLE,
        category=Category.NETWORK,
        http_status=error.status_code,
        retry_after_s=wait_s,
    )


def _limited(refusal: Refusal, wait_s: float | None) -> ListingSyncError:
    """Return the error of a 429: a quota, or, with a page instead of JSON, a blocked address."""
    if refusal.metadata.get("quota_limit_value") == "0":
        return permanent(
            phrase(
                "Google allows the project of this account no request at all"
                " ({quota}): ask for a quota in the Cloud console: {refusal}",
                quota=refusal.quota,
                refusal=refusal.in_words,
            ),
            code=refusal.reason,
        )
    if refusal.is_googles:
        limit = " ".join(filter(None, (refusal.quota, refusal.reason and f"({refusal.reason})")))
        text: str = phrase(
            "Google's quota for reading is used up for the moment (429){limit}; where it lasts,"
            " let fewer runs share the account, start them less often, or ask Google for more",
            limit=limit and phrase("; the limit is {limit}", limit=limit),
        )
    else:
        text = phrase(
            "Google turns this machine's address away for the moment (429 with a"
            " page: unusual traffic from this network); where it lasts, read from"
            " another address"
        )
    is_quota = wait_s is None and bool(refusal.status or refusal.reason)
    kind = QuotaError if is_quota else TransientError
    return kind(
        text,
        service=Service.GOOGLE,
        category=Category.RATE_LIMIT,
        http_status=_TOO_MANY_REQUESTS,
        code=refusal.reason or None,
        retry_after_s=wait_s,
    )


def _refused(error: HttpError, account: GoogleAccount) -> ListingSyncError:
    refusal = refusal_of(error.content)
    message, reason = refusal.message, refusal.reason
    text: str
    match error.status_code:
        case 400 if "Unable to parse range" in message or "exceeds grid limits" in message:
            # Tabs are looked up before they are read, so this one has just changed.
            return TabGoneError(
                phrase("{edited} (its tab was renamed, deleted or cut); run again", edited=EDITED)
            )
        case 400 if not reason and (
            refusal.status == "FAILED_PRECONDITION" or "not supported for this document" in message
        ):
            text = phrase(
                "the file is no Google Sheet but an Excel or other file on Google Drive; open it "
                'there and use "File, Save as Google Sheets", or download it and set '
                "SYNC_SHEET_FILE"
            )
        case 401:
            text = token_not_accepted(account)
            if reason:
                text = joined(": ", (text, refusal.in_words))
        case 403 if reason == "SERVICE_DISABLED" or (
            not reason and ("has not been used in project" in message or "is disabled" in message)
        ):
            text = phrase(
                "the Google Sheets API is not enabled for the key's project: {refusal}",
                refusal=refusal.in_words,
            )
        case 403 if refusal.status == "PERMISSION_DENIED" and not (
            refusal.has_details or "scopes" in message
        ):
            text = not_shared(account)
        case 404 if not reason:
            text = phrase(
                "there is no spreadsheet with this ID; check SYNC_SPREADSHEET_ID (the part after "
                "/d/ in its address)"
            )
        case status if status < 400:  # noqa: PLR2004 - redirects, which are not followed
            text = phrase("redirected ({status}); check GOOGLE_SHEETS_API_ENDPOINT", status=status)
        case status:
            text = phrase(
                "Google refuses the request ({status}): {refusal}",
                status=status,
                refusal=refusal.in_words,
            )
            lacks_scope = "SCOPE_INSUFFICIENT" in reason or "scopes" in message
            advice = scope_missing(account) if lacks_scope else ""
            text = joined("; ", (text, advice)) if advice else text
    return permanent(text, error.status_code, reason or refusal.status)
