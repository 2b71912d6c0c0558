"""How Google words its refusals: bodies with ErrorInfo, LocalizedMessage, Help and violations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONSOLE = "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=5"
QUOTA_HELP = "https://cloud.google.com/docs/quotas/help/request_increase"
DISABLED = (
    "Google Sheets API has not been used in project 5 before or it is disabled. Enable it by "
    f"visiting {CONSOLE} then retry. If you enabled this API recently, wait a few minutes for the "
    "action to propagate to our systems and retry."
)
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
TOKEN_REFUSALS: Mapping[str, Any] = {
    "Robot is disabled": {"error": "invalid_grant", "error_description": "Robot is disabled."},
    "account not found": {
        "error": "invalid_grant",
        "error_description": "Invalid grant: account not found",
    },
    "deleted_client": {
        "error": "deleted_client",
        "error_description": "The OAuth client was deleted.",
    },
    "disabled_client": {
        "error": "disabled_client",
        "error_description": "The OAuth client was disabled.",
    },
    "admin_policy_enforced": {
        "error": "admin_policy_enforced",
        "error_description": "Access to your account data is restricted by policies.",
    },
    "object": {
        "error": {
            "code": 403,
            "message": "Permission denied: Consumer 'projects/5' has been suspended.",
            "status": "PERMISSION_DENIED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "CONSUMER_SUSPENDED",
                    "domain": "googleapis.com",
                    "metadata": {"consumer": "projects/5"},
                }
            ],
        }
    },
}
"""What the token endpoint answers with 400 (the object: 403)."""

_KIND = "type.googleapis.com/google.rpc."


def refusal(code: int, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    """Return an error body."""
    error: dict[str, Any] = {"code": code, "message": message, "status": STATUSES[code]}
    return {"error": error | ({"details": list(details)} if details else {})}


def with_reason(
    code: int,
    reason: str,
    message: str,
    metadata: Mapping[str, str] | None = None,
    help_url: str = CONSOLE,
) -> dict[str, Any]:
    """Return an error body as Google's front end writes it, before the request reaches Sheets."""
    return refusal(
        code,
        message,
        {
            "@type": f"{_KIND}ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": {"service": "sheets.googleapis.com", **(metadata or {})},
        },
        {"@type": f"{_KIND}LocalizedMessage", "locale": "en-US", "message": message},
        {"@type": f"{_KIND}Help", "links": [{"description": "Google Cloud", "url": help_url}]},
    )


def quota_used_up(limit: int) -> dict[str, Any]:
    """Return the body of a 429: the reads of a minute and user are used up."""
    return with_reason(
        429,
        "RATE_LIMIT_EXCEEDED",
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per "
        "user' of service 'sheets.googleapis.com' for consumer 'project_number:5'.",
        {
            "consumer": "projects/5",
            "quota_limit": "ReadRequestsPerMinutePerUser",
            "quota_limit_value": str(limit),
            "quota_location": "global",
            "quota_metric": "sheets.googleapis.com/read_requests",
            "quota_unit": "1/min/{project}/{user}",
        },
        QUOTA_HELP,
    )


def bad_field(path: str) -> dict[str, Any]:
    """Return the body of a 400: a field mask names what is not there."""
    found = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    return refusal(
        400,
        "Request contains an invalid argument.",
        {
            "@type": f"{_KIND}BadRequest",
            "fieldViolations": [{"field": path, "description": found}],
        },
    )
