"""Answer every error as a document that says what is wrong and what would be right.

Source: RFC 9457 (Problem Details for HTTP APIs).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from listing_sync import logs
from listing_sync.cells.wording import plain
from listing_sync.errors import ListingSyncError

MEDIA_TYPE = "application/problem+json"

_SAYINGS = {
    HTTPStatus.NOT_FOUND: "there is nothing here: /openapi.json lists what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this address takes other methods: see the header Allow",
}


class Problem(Exception):  # noqa: N818 - the RFC's word
    """Something that is answered as an error; `more` are members beside the RFC's own."""

    def __init__(
        self,
        http_status: int,
        kind: str,
        detail: str,
        *,
        more: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.http_status = http_status
        self.kind = kind
        self.detail = detail
        self.more = dict(more or {})
        self.headers = dict(headers or {})


def response_of(problem: Problem) -> Response:
    """Return the answer."""
    document = {
        "type": f"urn:listing-sync:problem:{problem.kind}",
        "title": HTTPStatus(problem.http_status).phrase,
        "status": int(problem.http_status),
        "detail": problem.detail,
        **problem.more,
    }
    return JSONResponse(
        document, problem.http_status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def on_problem(_: Request, error: Exception) -> Response:
    """Answer one that was raised as such."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for it alone
    return response_of(error)


def on_http_exception(_: Request, error: Exception) -> Response:
    """Answer what the framework says by itself."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    http_status = HTTPStatus(error.status_code)
    kind = http_status.phrase.lower().replace(" ", "-")
    detail = _SAYINGS.get(http_status, error.detail)
    return response_of(Problem(http_status, kind, detail, headers=error.headers))


def on_refusal(_: Request, error: Exception) -> Response:
    """Answer what the program foresees: its own words are for people."""
    return response_of(Problem(503, "unavailable", logs.redacted(plain(str(error)))))


def on_bug(_: Request, error: Exception) -> Response:
    """Answer what nobody foresaw by its name alone: its text may hold anything."""
    name = type(error).__name__
    logs.event("error", "bug", f"listing-sync has a bug ({name}): an answer could not be made")
    detail = f"listing-sync has a bug ({name}); its log on the machine has this line too"
    return response_of(Problem(500, "bug", detail))


HANDLERS = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    ListingSyncError: on_refusal,
    Exception: on_bug,
}
