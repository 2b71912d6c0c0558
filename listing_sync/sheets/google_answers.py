"""Read what the body of a refusal of Google's says.

Source: google.aip.dev/193 (errors); google.rpc.ErrorInfo and Help; google.api.ErrorReason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.language.sentences import joined, phrase, spoken
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.google_advice import FOR_REASON

_LONGEST = 2_000
"""Characters of Google's own words that are shown: those of SERVICE_DISABLED are 321."""


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
        more: list[str] = [text] if text else []
        more += [phrase("see {link}", link=self.link)] if self._has_more else []
        more += [spoken(FOR_REASON[self.reason])] if self.reason in FOR_REASON else []
        return joined("; ", more) or phrase("no reason given")

    @property
    def _has_more(self) -> bool:
        return bool(self.link) and self.link not in self.message


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
