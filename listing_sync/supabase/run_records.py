"""Runs and their rejections, as rows of sync_state and sync_errors, in and out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, overload
from uuid import UUID, uuid5

from postgrest import CountMethod, ReturnMethod, SyncSelectRequestBuilder

from listing_sync.core.listings import Rejection
from listing_sync.core.runs import (
    ENDED,
    Cause,
    Run,
    RunStats,
    RunStatus,
    RunType,
    StoredRejection,
)
from listing_sync.errors import BatchTooLargeError, Category, NotSetUpError, PermanentError
from listing_sync.reliability.guard import Patience
from listing_sync.supabase.filters import among
from listing_sync.supabase.rest import Query, Rest, Row, Rows

_RUNS: Final = "sync_state"
_REJECTIONS: Final = "sync_errors"
# Each by its name: a table that lacks one is not set up.
_RUN_COLUMNS: Final = (
    "id,sync_type,trigger,status,started_at,completed_at,heartbeat_at,total_items,success_count,"
    "failed_count,skipped_count,inserted_count,updated_count,unchanged_count,removed_count,"
    "error_details,metrics,source,target,host,pid,version"
)
_REJECTION_COLUMNS: Final = (
    "id,run_id,property_number,sheet_row,column_name,cell,value,category,message,link,payload,"
    "created_at"
)
_PAGE_ROWS: Final = 1000
_CHUNK_ROWS: Final = 500
_PAYLOAD_BYTES: Final = 8192
_SHORTEST_CUT: Final = 16
_NOT_THERE: Final = frozenset({"PGRST200", "PGRST204", "PGRST205", "42P01", "42703"})


class SupabaseRunRecords:
    """ports.RunRecords over the REST API, for runs of one source (empty: any) on one target."""

    def __init__(self, rest: Rest, *, source: str, target: str) -> None:
        self._rest = rest
        self._source = source
        self._target = target

    def save(self, run: Run, *, last: bool = False) -> None:
        """Insert or replace the record of a run.

        That of a run under way is tried once after the first time: the next follows in seconds.
        """
        if last:
            patience = Patience.LAST
        elif run.status is RunStatus.IN_PROGRESS and run.heartbeat_at > run.started_at:
            patience = Patience.ONCE
        else:
            patience = Patience.RETRY
        self._upsert(_RUNS, [_run_to_row(run)], "recording the run", patience)

    def save_rejections(self, rejections: Sequence[StoredRejection], *, last: bool = False) -> None:
        """Insert rejections; ids made of what they say let a repetition change nothing."""
        rows = {row["id"]: row for row in map(_rejection_to_row, rejections)}
        ids = sorted(rows)
        patience = Patience.LAST if last else Patience.RETRY
        for start in range(0, len(ids), _CHUNK_ROWS):
            chunk = [rows[row_id] for row_id in ids[start : start + _CHUNK_ROWS]]
            self._insert_rejections(chunk, patience)

    def _insert_rejections(self, rows: list[Row], patience: Patience) -> None:
        try:
            self._upsert(_REJECTIONS, rows, "recording rejected listings", patience)
        except BatchTooLargeError:  # a gateway of one's own may take 1 MB, and a payload has 8 kB
            middle = len(rows) // 2
            if middle == 0:
                raise
            self._insert_rejections(rows[:middle], patience)
            self._insert_rejections(rows[middle:], patience)

    def recent(self, limit: int, *, since: datetime | None = None) -> tuple[Run, ...]:
        """Return the newest runs, at most `limit`, those that started at `since` or later."""
        runs: list[Run] = []
        while len(runs) < limit:
            query = self._ours(_RUN_COLUMNS, count=CountMethod.exact)
            if since is not None:
                query = query.gte("started_at", since.isoformat())
            query = query.order("started_at", desc=True).order("id", desc=True)
            page = self._read(query.range(len(runs), limit - 1))
            runs += map(_row_to_run, page.rows)
            if not page.rows or len(runs) == page.total:
                break
        return tuple(runs)

    def get(self, run_id: str) -> Run | None:
        """Return one run, None when there is no such run."""
        rows = self._read(self._ours(_RUN_COLUMNS).eq("id", run_id)).rows
        return _row_to_run(rows[0]) if rows else None

    def rejections(self, run_id: str) -> tuple[StoredRejection, ...]:
        """Return what a run rejected, in the order of the sheet."""
        rows: list[Row] = []
        while True:
            query = self._our_rejections().eq("run_id", run_id).order("id").limit(_PAGE_ROWS)
            page = self._read(query.gt("id", rows[-1]["id"]) if rows else query).rows
            if not page:
                break
            rows += page
        rows.sort(key=lambda row: (row["sheet_row"] or 0, row["column_name"] or ""))
        return tuple(map(_row_to_rejection, rows))

    def rejections_of(self, property_number: str, limit: int) -> tuple[StoredRejection, ...]:
        """Return the newest rejections of one listing, at most `limit`."""
        query = self._our_rejections().eq("property_number", property_number)
        rows = self._read(query.order("created_at", desc=True).order("id").limit(limit)).rows
        return tuple(map(_row_to_rejection, rows))

    def in_progress(self) -> tuple[Run, ...]:
        """Return the runs of any source on this target that have not ended, newest first."""
        query = self._of_target(_RUN_COLUMNS).eq("status", RunStatus.IN_PROGRESS.value)
        newest = query.order("started_at", desc=True)
        return tuple(map(_row_to_run, self._read(newest, Patience.OUTLAST).rows))

    def other_sources(self, since: datetime) -> tuple[str, ...]:
        """Return the sources but ours of which a run since then had listings in the table."""
        sources: list[str] = []
        while True:
            query = self._of_target("source").neq("source", self._source)
            query = query.gte("started_at", since.isoformat()).gt("success_count", 0)
            if sources:
                query = query.gt("source", sources[-1])
            rows = self._read(query.order("source").limit(1), Patience.OUTLAST).rows
            if not rows:
                return tuple(sources)
            sources.append(rows[0]["source"])

    def delete_older(self, before: datetime, *, keep: int) -> None:
        """Delete ended runs that started before then, but none of the newest `keep`.

        Kept are also those that hold the rejections of a run that stays.
        """
        old = self._ours("id").lt("started_at", before.isoformat()).limit(1)
        if not self._read(old).rows:
            return
        newest = self._ours("started_at").order("started_at", desc=True)
        rows = self._read(newest.range(keep - 1, keep - 1)).rows
        if not rows:
            return
        cut = min(before, _time(rows[0]["started_at"])).isoformat()
        oldest = self._ours("error_details").gte("started_at", cut).order("started_at")
        rows = self._read(oldest.limit(1)).rows
        held = rows and _object(rows[0]["error_details"]).get("rejections_run_id")
        query = self._rest.table(_RUNS).delete(returning=ReturnMethod.minimal)
        query = query.eq("target", self._target).eq("source", self._source).lt("started_at", cut)
        query = among(query, "status", sorted(ENDED))
        if held:
            query = query.neq("id", held)
        with set_up():
            self._rest.write(query, "deleting old runs", Patience.RETRY)

    def _of_target(self, select: str, count: CountMethod | None = None) -> SyncSelectRequestBuilder:
        return self._rest.table(_RUNS).select(select, count=count).eq("target", self._target)

    def _ours(self, select: str, count: CountMethod | None = None) -> SyncSelectRequestBuilder:
        query = self._of_target(select, count)
        return query.eq("source", self._source) if self._source else query

    def _our_rejections(self) -> SyncSelectRequestBuilder:
        query = self._rest.table(_REJECTIONS).select(f"{_REJECTION_COLUMNS},{_RUNS}!inner()")
        query = query.eq(f"{_RUNS}.target", self._target)
        return query.eq(f"{_RUNS}.source", self._source) if self._source else query

    def _read(self, query: Query, patience: Patience = Patience.RETRY) -> Rows:
        with set_up():
            return self._rest.read(query, "reading the records of runs", patience)

    def _upsert(self, table: str, rows: list[Row], what: str, patience: Patience) -> None:
        query = self._rest.table(table).upsert(
            rows, returning=ReturnMethod.minimal, on_conflict="id"
        )
        with set_up():
            self._rest.write(query, what, patience)


@contextmanager
def set_up() -> Iterator[None]:
    """Say of tables or columns of ours that are missing what sets them up."""
    try:
        yield
    except PermanentError as error:
        if error.code not in _NOT_THERE:
            raise
        raise NotSetUpError(
            f"the tables of listing-sync are not set up: run `listing-sync migrate up` ({error})"
        ) from error


def _run_to_row(run: Run) -> Row:
    stats = run.stats
    details = {
        "cause": run.cause and _text(run.cause.message),
        "category": run.cause and run.cause.category.value,
        "rejections_run_id": run.rejections_run_id,
        "warnings": [_text(warning) for warning in run.warnings],
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


def _row_to_run(row: Row) -> Run:
    details = _object(row["error_details"])
    warnings = details.get("warnings")
    return Run(
        run_id=row["id"],
        run_type=RunType(row["sync_type"]),
        trigger=row["trigger"],
        status=RunStatus(row["status"]),
        started_at=_time(row["started_at"]),
        completed_at=row["completed_at"] and _time(row["completed_at"]),
        heartbeat_at=_time(row["heartbeat_at"]),
        stats=_row_to_stats(row),
        cause=_cause(details),
        source=row["source"],
        target=row["target"],
        host=row["host"],
        pid=row["pid"],
        version=row["version"],
        rejections_run_id=details.get("rejections_run_id"),
        metrics=_object(row["metrics"]),
        warnings=tuple(map(str, warnings)) if isinstance(warnings, list) else (),
    )


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


def _object(value: object) -> Row:
    """Return a JSON object; anything else, as a person may have put there, is an empty one."""
    return value if isinstance(value, dict) else {}


def _cause(details: Row) -> Cause | None:
    message = details.get("cause")
    return None if message is None else Cause(_category(details.get("category")), str(message))


def _category(text: object) -> Category:
    return next((item for item in Category if item.value == text), Category.UNKNOWN)


def _rejection_to_row(stored: StoredRejection) -> Row:
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
        "payload": stored.payload and _payload(stored.payload),
        "created_at": stored.created_at.isoformat(),
    }
    said = json.dumps(
        [row[name] for name in ("property_number", "sheet_row", "column_name", "message")]
    )
    return {"id": str(uuid5(UUID(stored.run_id), said)), **row}


def _row_to_rejection(row: Row) -> StoredRejection:
    return StoredRejection(
        run_id=row["run_id"],
        rejection=Rejection(
            property_number=row["property_number"],
            sheet_row=row["sheet_row"],
            column=row["column_name"],
            cell=row["cell"],
            value=row["value"],
            reason=row["message"],
            category=_category(row["category"]),
            link=row["link"],
        ),
        created_at=_time(row["created_at"]),
        payload=row["payload"],
    )


def _payload(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the cells that are not blank, as far as they fit: the longest are cut first."""
    texts = {_text(header): _text(cell) for header, cell in cells.items() if cell}
    while len(json.dumps(texts, ensure_ascii=False).encode()) > _PAYLOAD_BYTES:
        longest = max(map(len, texts.values()))
        if longest > _SHORTEST_CUT:
            texts = {header: cell[: longest // 2] for header, cell in texts.items()}
        else:
            texts.popitem()
    return texts


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


def _time(text: str) -> datetime:
    """Read `2024-01-02T00:00:00+00:00` as well as Lite's `2024-01-02 00:00:00+00`."""
    return datetime.fromisoformat(text).astimezone(UTC)
