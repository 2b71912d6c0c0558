"""Keep runs and their rejections as rows of sync_state and sync_errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from postgrest import CountMethod, ReturnMethod, SyncSelectRequestBuilder

from listing_sync.errors import BatchTooLargeError, NotSetUpError, PermanentError
from listing_sync.history.runs import ENDED, GOOD, Run, RunStatus, RunType, StoredRejection
from listing_sync.history.sources import Source
from listing_sync.history.taking_turns import Claim
from listing_sync.language.sentences import phrase
from listing_sync.reliability.pacing import Patience
from listing_sync.supabase.filters import among, quoted
from listing_sync.supabase.pages import require_progress
from listing_sync.supabase.rest import Query, Rest, Row, Rows, read_as_asked
from listing_sync.supabase.run_rows import (
    REJECTION_COLUMNS,
    RUN_COLUMNS,
    as_object,
    moment,
    rejection_to_row,
    row_to_rejection,
    row_to_run,
    run_to_row,
)

_RUNS: Final = "sync_state"
_REJECTIONS: Final = "sync_errors"
_MAY_WRITE: Final = (
    "inserted_count.gt.0,updated_count.gt.0,removed_count.gt.0,"
    f"status.not.in.({','.join(sorted(GOOD))})"
)
_PAGE_ROWS: Final = 1000
_CHUNK_ROWS: Final = 500
_NOT_THERE: Final = frozenset({"PGRST200", "PGRST204", "PGRST205", "42P01", "42703"})


class SupabaseRunRecords:
    """ports.RunRecords over the REST API, for runs of one source (empty: any) on one target."""

    def __init__(self, rest: Rest, *, source: Source, target: str) -> None:
        self._rest = rest
        self._source = source
        self._target = target

    def go_by(self, source: Source) -> None:
        """Take the runs that bear these names for ours from now on."""
        self._source = source

    def save(self, run: Run, *, last: bool = False, came_at: datetime | None = None) -> None:
        """Insert or replace the record of a run; `came_at` dates a record that comes late."""
        row = run_to_row(run)
        if came_at is not None:
            row["created_at"] = came_at.isoformat()
        patience = Patience.LAST if last else Patience.RETRY
        self._upsert(_RUNS, [row], "recording the run", patience)

    def renew(self, run: Run) -> bool:
        """Give a sign of life in one try; False where the record is no longer in progress."""
        query = self._rest.table(_RUNS).update(run_to_row(run)).eq("id", run.run_id)
        return self._changed(query, "recording the run", Patience.ONCE)

    def withdraw(self, run: Run) -> None:
        """Delete the record of a run that never began."""
        query = self._rest.table(_RUNS).delete().eq("id", run.run_id)
        self._changed(query, "withdrawing the record of the run", Patience.RETRY)

    def bury(self, run: Run, heard_at: datetime) -> bool:
        """Record the end of a run that is gone; False where it has been heard of since."""
        query = self._rest.table(_RUNS).update(run_to_row(run)).eq("id", run.run_id)
        query = query.eq("updated_at", heard_at.isoformat())
        return self._changed(query, "closing the record of a run that is gone", Patience.RETRY)

    def _changed(self, query: SyncSelectRequestBuilder, what: str, patience: Patience) -> bool:
        query = query.eq("status", RunStatus.IN_PROGRESS.value).select("id")
        with set_up():
            return bool(self._rest.read(query, what, patience).rows)

    def save_rejections(self, rejections: Sequence[StoredRejection], *, last: bool = False) -> None:
        """Insert rejections; ids made of what they say let a repetition change nothing."""
        rows = {row["id"]: row for row in map(rejection_to_row, rejections)}
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

        def asked() -> SyncSelectRequestBuilder:
            query = self._ours(RUN_COLUMNS, count=CountMethod.exact)
            return query if since is None else query.gte("started_at", since.isoformat())

        # By the times that count: those of a clock that was ahead are earlier than they say.
        runs = self._newest_first(asked, limit)
        return tuple(sorted(runs, key=lambda run: run.started_at, reverse=True))

    def _newest_first(
        self, asked: Callable[[], SyncSelectRequestBuilder], limit: int | None = None
    ) -> Iterator[Run]:
        read = 0
        while limit is None or read < limit:
            query = asked().order("started_at", desc=True).order("id", desc=True)
            page = self._read(query.range(read, (limit or read + _PAGE_ROWS) - 1))
            yield from _runs(page.rows)
            read += len(page.rows)
            if not page.rows or read == page.total:
                break

    def get(self, run_id: str) -> Run | None:
        """Return one run, None when there is no such run."""
        rows = self._read(self._ours(RUN_COLUMNS).eq("id", run_id)).rows
        return _runs(rows[:1])[0] if rows else None

    def rejections(self, run_id: str) -> tuple[StoredRejection, ...]:
        """Return what a run rejected, in the order of the sheet."""
        rows: list[Row] = []
        ends: list[object] = []
        while True:
            query = self._our_rejections().eq("run_id", run_id).order("id").limit(_PAGE_ROWS)
            page = self._read(query.gt("id", rows[-1]["id"]) if rows else query).rows
            if not page:
                break
            rows += page
            ends.append(rows[-1]["id"])
            require_progress(_REJECTIONS, ends)
        with read_as_asked(f"rows of {_REJECTIONS}"):
            rows.sort(key=lambda row: (row["sheet_row"] or 0, row["column_name"] or ""))
        return _rejections(rows)

    def rejections_of(self, property_number: str, limit: int) -> tuple[StoredRejection, ...]:
        """Return the newest rejections of one listing, at most `limit`."""
        query = self._our_rejections().eq("property_number", property_number)
        rows = self._read(query.order("created_at", desc=True).order("id").limit(limit)).rows
        return _rejections(rows)

    def in_progress(self) -> tuple[Claim, ...]:
        """Return the runs of any source on this target that have not ended, first come first."""
        query = self._of_target(RUN_COLUMNS).eq("status", RunStatus.IN_PROGRESS.value)
        rows = self._read(query.order("created_at").order("id"), Patience.OUTLAST).rows
        with read_as_asked(f"rows of {_RUNS}"):
            return tuple(
                Claim(row_to_run(row), moment(row["created_at"]), moment(row["updated_at"]))
                for row in rows
            )

    def last_told(self, *, since: datetime | None = None) -> Run | None:
        """Return the full run that came last to say that its rejections were told.

        Only those that started at `since` or later, which an index finds.
        """
        query = self._ours(RUN_COLUMNS).eq("sync_type", RunType.FULL.value)
        if since is not None:
            query = query.gte("started_at", since.isoformat())
        query = query.eq("error_details->>told", "yes").order("created_at", desc=True)
        rows = self._read(query.order("id", desc=True).limit(1)).rows
        return _runs(rows[:1])[0] if rows else None

    def other_sources(self, since: datetime) -> tuple[str, ...]:
        """Return the sources but ours of which a run since then had listings in the table."""
        sources: list[str] = []
        while True:
            query = self._of_target("source").not_.in_("source", self._source.names)
            query = query.gte("started_at", since.isoformat()).gt("success_count", 0)
            if sources:
                query = query.gt("source", sources[-1])
            rows = self._read(query.order("source").limit(1), Patience.OUTLAST).rows
            if not rows:
                return tuple(sources)
            sources.append(str(rows[0]["source"]))
            require_progress(_RUNS, sources)

    def came_at(self, run_id: str) -> datetime | None:
        """Return when the database noted the record of a run of any source; None: it has none."""
        return self._moment(self._of_target("created_at").eq("id", run_id))

    def last_heard_at(self) -> datetime:
        """Return when the database last heard of any run; the beginning of time: of none yet."""
        query = self._of_target("updated_at").order("updated_at", desc=True)
        return self._moment(query.limit(1)) or datetime.fromtimestamp(0, UTC)

    def writing_since(self, since: datetime) -> Iterator[Run]:
        """Yield the runs of any source heard of since then that wrote, or may have."""

        def asked() -> SyncSelectRequestBuilder:
            query = self._of_target(RUN_COLUMNS, count=CountMethod.exact).or_(_MAY_WRITE)
            return query.gt("updated_at", since.isoformat())

        return self._newest_first(asked)

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
        with read_as_asked(f"rows of {_RUNS}"):
            cut = min(before, moment(rows[0]["started_at"])).isoformat()
        oldest = self._ours("error_details").gte("started_at", cut).order("started_at")
        rows = self._read(oldest.limit(1)).rows
        held = rows and as_object(rows[0]["error_details"]).get("rejections_run_id")
        query = self._rest.table(_RUNS).delete(returning=ReturnMethod.minimal)
        query = self._of_source(query.eq("target", self._target)).lt("started_at", cut)
        query = among(query, "status", sorted(ENDED))
        if held:
            query = query.neq("id", held)
        with set_up():
            self._rest.write(query, "deleting old runs", Patience.RETRY)

    def _moment(self, query: Query) -> datetime | None:
        rows = self._read(query).rows
        with read_as_asked(f"rows of {_RUNS}"):
            return moment(*rows[0].values()) if rows else None

    def _of_target(self, select: str, count: CountMethod | None = None) -> SyncSelectRequestBuilder:
        return self._rest.table(_RUNS).select(select, count=count).eq("target", self._target)

    def _ours(self, select: str, count: CountMethod | None = None) -> SyncSelectRequestBuilder:
        return self._of_source(self._of_target(select, count))

    def _of_source(
        self, query: SyncSelectRequestBuilder, table: str | None = None
    ) -> SyncSelectRequestBuilder:
        """Return the query for rows whose run is one of our source."""
        source, column = self._source, f"{table}.source" if table else "source"
        if not source.spelled:
            return query
        if source.tabs_of is None or source.base is None:
            return among(query, column, source.names)
        names = ",".join(map(quoted, (*source.names, source.base)))
        # Any one character in place of those that would end the value: quotes do not fit here.
        tabs = re.sub(r'[,()"\\*]', "_", source.tabs_of) + "*"
        return query.or_(f"source.in.({names}),source.like.{tabs}", reference_table=table)

    def _our_rejections(self) -> SyncSelectRequestBuilder:
        query = self._rest.table(_REJECTIONS).select(f"{REJECTION_COLUMNS},{_RUNS}!inner()")
        return self._of_source(query.eq(f"{_RUNS}.target", self._target), _RUNS)

    def _read(self, query: Query, patience: Patience = Patience.RETRY) -> Rows:
        with set_up():
            return self._rest.read(query, "reading the records of runs", patience)

    def _upsert(self, table: str, rows: list[Row], what: str, patience: Patience) -> None:
        query = self._rest.table(table).upsert(
            rows, returning=ReturnMethod.minimal, on_conflict="id"
        )
        with set_up():
            self._rest.write(query, what, patience)


def _runs(rows: Sequence[Row]) -> tuple[Run, ...]:
    with read_as_asked(f"rows of {_RUNS}"):
        return tuple(map(row_to_run, rows))


def _rejections(rows: Sequence[Row]) -> tuple[StoredRejection, ...]:
    with read_as_asked(f"rows of {_REJECTIONS}"):
        return tuple(map(row_to_rejection, rows))


@contextmanager
def set_up() -> Iterator[None]:
    """Say of tables or columns of ours that are missing what sets them up."""
    try:
        yield
    except PermanentError as error:
        if error.code not in _NOT_THERE:
            raise
        raise NotSetUpError(
            phrase(
                "the tables of listing-sync are not set up: run `listing-sync migrate"
                " up` ({error})",
                error=error,
            )
        ) from error
