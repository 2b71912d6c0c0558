"""Turn a run, and a rejection, into rows of sync_state and sync_errors, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Final, overload
from uuid import UUID, uuid5

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.runs import (
    ENDED,
    Cause,
    Process,
    Run,
    RunStats,
    RunStatus,
    RunType,
    StoredRejection,
)
from listing_sync.language.records import recalled, record_of
from listing_sync.supabase.rest import Row

# Each by its name: a table that lacks one is not set up.
RUN_COLUMNS: Final = (
    "id,sync_type,trigger,status,started_at,completed_at,heartbeat_at,total_items,success_count,"
    "failed_count,skipped_count,inserted_count,updated_count,unchanged_count,removed_count,"
    "error_details,metrics,source,target,host,pid,version,created_at,updated_at"
)
REJECTION_COLUMNS: Final = (
    "id,run_id,property_number,sheet_row,column_name,cell,value,category,message,link,payload,"
    "created_at"
)
_PAYLOAD_BYTES: Final = 8192
_SHORTEST_CUT: Final = 16
_TEXTS: Final = ("id", "trigger", "source", "target")
_COUNTS: Final = (
    *("total_items", "success_count", "failed_count", "skipped_count"),
    *("inserted_count", "updated_count", "unchanged_count", "removed_count"),
)
_PROCESS: Final = "process"
_REASON: Final = ""
"""The name under which a payload keeps what a reason is in every language: no header is blank."""
_SAID: Final = "warnings_said"
"""What the warnings are in every language, in their order."""
_TOLD: Final = {True: "yes", False: "no"}


def run_to_row(run: Run) -> Row:
    """Return the row of a run, dated as the services date it."""
    run = run.by_services()
    stats = run.stats
    details = {
        "cause": run.cause and _text(run.cause.message),
        "category": run.cause and run.cause.category.value,
        "rejections_run_id": run.rejections_run_id,
        "warnings": [_text(warning) for warning in run.warnings],
        _SAID: [_clean(record_of(warning)) for warning in run.warnings],
        "removed": [_text(number) for number in run.removed],
        "told": run.told if run.told is None else _TOLD[run.told],
        _PROCESS: asdict(run.process) if run.status is RunStatus.IN_PROGRESS else None,
    }
    return {
        "id": run.run_id,
        "sync_type": run.run_type.value,
        "trigger": run.trigger,
        "status": run.status.value,
        "started_at": run.started_at.isoformat(),
        "completed_at": run.completed_at and run.completed_at.isoformat(),
        "heartbeat_at": run.heartbeat_at.isoformat(),
        "total_items": stats.total,
        "success_count": stats.success,
        "failed_count": stats.failed,
        "skipped_count": stats.skipped,
        "inserted_count": stats.inserted,
        "updated_count": stats.updated,
        "unchanged_count": stats.unchanged,
        "removed_count": stats.removed,
        "error_details": details if any(details.values()) else None,
        "metrics": dict(run.metrics) or None,
        "source": run.source,
        "target": run.target,
        "host": run.host,
        "pid": run.pid,
        "version": run.version,
    }


def row_to_run(row: Row) -> Run:
    """Return the run of a row; a time that the database had not seen yet counts as its last."""
    if not (
        all(isinstance(row[name], str) for name in _TEXTS)
        and all(type(row[name]) is int for name in _COUNTS)
        and type(row["pid"]) in {int, type(None)}
    ):
        raise ValueError("no run")
    latest = moment(row["updated_at"])

    def at(text: str) -> datetime:
        return min(moment(text), latest)

    told = {text: is_told for is_told, text in _TOLD.items()}
    details = as_object(row["error_details"])
    return Run(
        run_id=row["id"],
        run_type=RunType(row["sync_type"]),
        trigger=row["trigger"],
        status=RunStatus(row["status"]),
        started_at=at(row["started_at"]),
        completed_at=row["completed_at"] and at(row["completed_at"]),
        heartbeat_at=at(row["heartbeat_at"]),
        stats=_row_to_stats(row),
        cause=_cause(details),
        source=row["source"],
        target=row["target"],
        host=row["host"],
        pid=row["pid"],
        version=row["version"],
        rejections_run_id=details.get("rejections_run_id"),
        metrics=as_object(row["metrics"]),
        warnings=_warnings(details),
        removed=_texts(details.get("removed")),
        process=_process(details.get(_PROCESS)),
        told=told.get(str(details.get("told"))),
    )


def _process(stored: object) -> Process:
    texts = as_object(stored)
    return Process(**{each.name: str(texts.get(each.name) or "") for each in fields(Process)})


def _row_to_stats(row: Row) -> RunStats:
    """Return the totals; a row that a person wrote by hand is read so that they add up."""
    success, failed, skipped = row["success_count"], row["failed_count"], row["skipped_count"]
    changed = row["inserted_count"] + row["updated_count"]
    unchanged = max(row["unchanged_count"], success - changed)
    total = max(row["total_items"], changed + unchanged + failed + skipped)
    if row["status"] in ENDED:
        skipped = total - changed - unchanged - failed
    return RunStats(
        total=total,
        failed=failed,
        skipped=skipped,
        inserted=row["inserted_count"],
        updated=row["updated_count"],
        unchanged=unchanged,
        removed=row["removed_count"],
    )


def _warnings(details: Row) -> tuple[str, ...]:
    texts, records = _texts(details.get("warnings")), details.get(_SAID)
    if not isinstance(records, list) or len(records) != len(texts):
        return texts
    pairs = zip(records, texts, strict=True)
    return tuple(recalled(record, None) or text for record, text in pairs)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def as_object(value: object) -> Row:
    """Return a JSON object; anything else, as a person may have put there, is an empty one."""
    return value if isinstance(value, dict) else {}


def _cause(details: Row) -> Cause | None:
    message = details.get("cause")
    return None if message is None else Cause(_category(details.get("category")), str(message))


def _category(text: object) -> Category:
    return next((item for item in Category if item.value == text), Category.UNKNOWN)


def rejection_to_row(stored: StoredRejection) -> Row:
    """Return the row of a rejection; its id is made of what it says."""
    rejection = stored.rejection
    row: Row = {
        "run_id": stored.run_id,
        "property_number": _text(rejection.property_number),
        "sheet_row": rejection.sheet_row,
        "column_name": _text(rejection.column),
        "cell": _text(rejection.cell),
        "value": _text(rejection.value),
        "category": rejection.category.value,
        "message": _text(rejection.reason),
        "link": rejection.link,
        "payload": _payload(stored.payload or {}, _reason(rejection)) or None,
        "created_at": stored.created_at.isoformat(),
    }
    said = json.dumps(
        [row[name] for name in ("property_number", "sheet_row", "column_name", "message")]
    )
    return {"id": str(uuid5(UUID(stored.run_id), said)), **row}


def row_to_rejection(row: Row) -> StoredRejection:
    """Return the rejection of a row, its reason in the language spoken now where that is kept."""
    cells = as_object(row["payload"])
    kept = as_object(cells.get(_REASON))
    code = None if kept.get("code") is None else str(kept["code"])
    return StoredRejection(
        run_id=row["run_id"],
        rejection=Rejection(
            property_number=row["property_number"],
            sheet_row=row["sheet_row"],
            column=row["column_name"],
            cell=row["cell"],
            value=row["value"],
            reason=recalled(kept.get("said"), code) or row["message"],
            category=_category(row["category"]),
            link=row["link"],
            code=code,
        ),
        created_at=moment(row["created_at"]),
        payload={name: cell for name, cell in cells.items() if name != _REASON} or None,
    )


def _reason(rejection: Rejection) -> Row:
    """Return what a reason is in every language."""
    if rejection.code is None:
        return {}
    said = record_of(rejection.reason)
    return {_REASON: {"code": rejection.code, **({"said": _clean(said)} if said else {})}}


def _clean(value: object) -> object:
    """Return the record of a sentence with what PostgreSQL can store of its texts."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {name: _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


def _payload(cells: Mapping[str, str], reason: Row) -> Row:
    """Return the cells that are not blank, as far as they fit: the longest are cut first."""
    texts = {_text(header): _text(cell) for header, cell in cells.items() if cell}
    bound = _PAYLOAD_BYTES - len(json.dumps(reason, ensure_ascii=False).encode())
    while texts and len(json.dumps(texts, ensure_ascii=False).encode()) > bound:
        longest = max(map(len, texts.values()))
        if longest > _SHORTEST_CUT:
            texts = {header: cell[: longest // 2] for header, cell in texts.items()}
        else:
            texts.popitem()
    return {**texts, **reason}


@overload
def _text(value: str) -> str: ...
@overload
def _text(value: str | None) -> str | None: ...
def _text(value: str | None) -> str | None:
    """Return what PostgreSQL can store: no NUL, no half of a surrogate pair."""
    if value is None:
        return None
    return (
        value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def moment(text: str) -> datetime:
    """Read `2024-01-02T00:00:00+00:00` as well as Lite's `2024-01-02 00:00:00+00`."""
    return datetime.fromisoformat(text).astimezone(UTC)
