"""Read what the body of a refusal of Google's says.

Source: google.aip.dev/193 (errors); google.rpc.ErrorInfo and Help; google.api.ErrorReason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.lazy_dataclasses import dataclass

_LONGEST = 2_000
"""Characters of Google's own words that are shown: those of SERVICE_DISABLED are 321."""

ADVICE: Mapping[str, str] = {
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "the account signs in without the scope for reading sheets",
    "ACCOUNT_STATE_INVALID": "the service account is disabled or deleted: enable it, or make a key"
    " of another one",
    "BILLING_DISABLED": "switch billing on for the project, or use a key of another project",
    "CONSUMER_INVALID": "the project of the service account is deleted: use a key of another one",
    "CONSUMER_SUSPENDED": "Google suspended the project of the service account: see its"
    " notifications in the Cloud console, or use a key of another project",
    "GCP_SUSPENDED": "Google suspended the account of the project: see its notifications in the"
    " Cloud console",
    "LOCATION_POLICY_VIOLATED": "a policy of the organisation forbids reading from this place: ask"
    " its administrator",
    "LOCATION_ORG_POLICY_VIOLATED": "a policy of the organisation forbids reading from this place:"
    " ask its administrator",
    "ORG_RESTRICTION_VIOLATION": "a policy of the organisation forbids this account: ask its"
    " administrator",
    "RESOURCE_USAGE_RESTRICTION_VIOLATED": "a policy of the organisation forbids the Sheets API:"
    " ask its administrator",
    "SECURITY_POLICY_VIOLATED": "a perimeter of the organisation (VPC Service Controls) forbids"
    " reading from this machine: ask its administrator",
    "SERVICE_DISABLED": "enable the API, and wait some minutes",
    "USER_BLOCKED_BY_ADMIN": "an administrator blocked this account: ask there",
    "USER_PROJECT_DENIED": "the account may not use the project that it names: grant it the role"
    " Service Usage Consumer there",
}
"""What to do about a reason of google.api.ErrorReason; the others say it in their message."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error body says; empty texts where it does not. `is_googles` False: a page."""

    is_googles: bool = False
    status: str = ""
    message: str = ""
    reason: str = ""
    link: str = ""
    has_details: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def quota(self) -> str:
        """Return the limit that was met, "ReadRequestsPerMinutePerUser: 60", where it is said."""
        limit, value = self.metadata.get("quota_limit"), self.metadata.get("quota_limit_value")
        return ": ".join(filter(None, (limit, value)))

    @property
    def in_words(self) -> str:
        """Return message, reason, link and what to do, as far as they are there."""
        reason = f"({self.reason})" if self.reason else ""
        text = " ".join(filter(None, (self.message.removesuffix("."), reason)))
        more = [f"see {self.link}"] if self.link and self.link not in self.message else []
        more += [ADVICE[self.reason]] if self.reason in ADVICE else []
        return "; ".join(filter(None, (text, *more))) or "no reason given"


def refusal_of(content: bytes) -> Refusal:
    """Return what an error body says."""
    try:
        body = read_foreign_json(content)
    except ValueError:
        return Refusal()
    return refusal_in(body.get("error") if isinstance(body, dict) else None)


def refusal_in(failure: object) -> Refusal:
    """Return what the object `error` of an error body says."""
    if not isinstance(failure, dict):
        return Refusal()
    reason, link = "", ""
    metadata: dict[str, str] = {}
    for detail in _details(failure):
        match detail:
            case {"reason": str(found)}:
                reason = reason or found
                metadata |= _texts(detail)
            case {"links": [{"url": str(url)}, *_]}:
                link = link or url
    return Refusal(
        is_googles=True,
        status=str(failure.get("status", "")),
        message=" ".join(str(failure.get("message", "")).split())[:_LONGEST],
        reason=reason,
        link=link,
        has_details=bool(failure.get("details")),
        metadata=metadata,
    )


def _details(failure: dict[str, object]) -> Iterator[object]:
    details = failure.get("details")
    yield from details if isinstance(details, list) else ()


def _texts(detail: object) -> dict[str, str]:
    match detail:
        case {"metadata": dict(metadata)}:
            return {str(name): str(value) for name, value in metadata.items()}
        case _:
            return {}
