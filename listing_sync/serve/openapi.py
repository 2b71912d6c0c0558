"""Describe the addresses for programs.

Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from listing_sync.serve.problems import MEDIA_TYPE

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TIME: Final = {"type": "string", "format": "date-time"}
_ID: Final = {"type": "string", "format": "uuid"}
_STATUSES: Final = ["queued", "in_progress", "completed", "partial", "failed", "interrupted"]


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties]}


_STATS = _object(
    **dict.fromkeys(
        ("total", "success", "failed", "skipped", "inserted", "updated", "unchanged", "removed"),
        _COUNT,
    )
)
_ERROR = _object(
    propertyNumber=_or_null(_TEXT),
    row=_or_null(_COUNT),
    column=_or_null(_TEXT),
    cell=_or_null(_TEXT),
    value=_or_null(_TEXT),
    category=_TEXT,
    error=_TEXT,
    link=_or_null(_TEXT),
)
_STARTED = _object(version=_COUNT, syncId=_ID, status={"enum": _STATUSES}, startedAt=_TIME)
_RUN = _object(
    version=_COUNT,
    syncId=_ID,
    type={"enum": ["full", "selective"]},
    status={"enum": _STATUSES},
    startedAt=_TIME,
    completedAt=_or_null(_TIME),
    stats=_STATS,
    removed={"type": "array", "items": _TEXT},
    errors={"type": "array", "items": _ERROR},
    queueSize=_COUNT,
)
_HEALTH = _object(
    version=_COUNT,
    status={"enum": ["healthy", "degraded", "unhealthy", "unknown"]},
    lastSync=_or_null(_TIME),
    errorRate={"type": ["number", "null"]},
    avgSyncDuration={"type": ["number", "null"]},
    queueSize={"type": ["integer", "null"]},
    circuitBreakerState={"enum": ["closed", "open", "half-open"]},
    checks={
        "type": "array",
        "items": _object(name=_TEXT, status={"enum": ["ok", "warn", "fail"]}, detail=_TEXT),
    },
    checkedAt=_TIME,
)
_ORDER = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "force": {"type": ["boolean", "null"], "description": "Write equal listings too."},
        "batchSize": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000},
        "propertyNumbers": {
            "type": ["array", "null"],
            "items": _TEXT,
            "minItems": 1,
            "maxItems": 1000,
            "description": "Left out: all listings.",
        },
    },
}
_PROBLEM = _object(type=_TEXT, title=_TEXT, status=_COUNT, detail=_TEXT)
_MEANINGS: Final = {
    400: "The body is no JSON object.",
    401: "No token, or one that is not known.",
    403: "The token may read only.",
    404: "There is no such run.",
    409: "A run is under way: the member syncId names it.",
    413: "The body is above 64 kB.",
    422: "Members are wrong: the member errors names each.",
    429: "Too many wrong tokens: Retry-After says when to try again.",
    500: "A bug in listing-sync.",
    503: "The records cannot be read.",
}


def _operation(
    name: str, summary: str, code: int, schema: Mapping[str, Any], *problems: int, **more: Any
) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(code): {
            "description": summary,
            "content": {more.pop("media", "application/json"): {"schema": schema}},
        }
    }
    for problem in (401, *problems, 429, 500):
        answers[str(problem)] = {
            "description": _MEANINGS[problem],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return {"operationId": name, "summary": summary, "responses": answers, **more}


def description(base: str, version: str) -> dict[str, Any]:
    """Return the document for the addresses below `base`."""
    sync_id = {"name": "syncId", "in": "path", "required": True, "schema": _ID}
    return {
        "openapi": "3.1.0",
        "info": {"title": "listing-sync", "version": version},
        "security": [{"token": []}],
        "paths": {
            f"{base}/manual": {
                "post": _operation(
                    "startSync",
                    "The run has been started.",
                    202,
                    _STARTED,
                    *(400, 403, 409, 413, 422),
                    requestBody={"content": {"application/json": {"schema": _ORDER}}},
                )
            },
            f"{base}/status/{{syncId}}": {
                "get": _operation(
                    "syncStatus", "The run.", 200, _RUN, 404, 503, parameters=[sync_id]
                )
            },
            f"{base}/health": {
                "get": _operation("health", "How all is, as of 30 s ago at most.", 200, _HEALTH)
            },
            f"{base}/events": {
                "get": _operation(
                    "events",
                    "Server-sent events: progress, ended, idle and away, each with a document.",
                    200,
                    _TEXT,
                    media="text/event-stream",
                )
            },
        },
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
