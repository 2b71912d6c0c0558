"""In-memory stand-ins for the outside world, and a clock whose time is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from typing import Protocol, TypeVar
from zlib import crc32

from listing_sync.cells.a1 import column_letter
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import BlankCell, Cell, SheetColumn, SheetContents, Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.validator import normalise_number
from listing_sync.changes.plan import TableRow
from listing_sync.changes.quiet import Fetched, body_digest
from listing_sync.changes.seen import Fingerprint
from listing_sync.clock import Stop
from listing_sync.errors import (
    BatchTooLargeError,
    Category,
    NullRefusedError,
    RemoteError,
    RowError,
    Service,
    WrittenTwiceError,
)
from listing_sync.history.runs import ENDED, GOOD, Process, Run, RunStatus, RunType, StoredRejection
from listing_sync.history.sources import Source
from listing_sync.history.taking_turns import Claim
from listing_sync.ports import (
    Back,
    Changed,
    RowChange,
    SelectedRows,
    SharedHold,
    SheetDescription,
    TableDescription,
)
from listing_sync.reliability.breaker import Breaker
from listing_sync.reliability.pacing import Patience

T = TypeVar("T")

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Call(Protocol):
    """What every request of a fake goes through, as those of the real ones through the guard."""

    def __call__(self, send: Callable[[], T], what: str, patience: Patience = ...) -> T: ...


def straight(send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
    """Make one try, as on a day without faults."""
    return send()


class FakeClock:
    """Time that passes only in `sleep`: at once when every thread that takes part is asleep.

    `together` runs functions in threads that take part; otherwise there is one. `at` does something
    when a time, in seconds from the start, is reached.
    """

    def __init__(self, stop: Stop | None = None, *, start: datetime = START) -> None:
        self.stop = stop or Stop()
        self._start = start
        self._elapsed_s = 0.0
        self._changed = threading.Condition()
        self._threads = 1
        self._wakes_s: list[float] = []
        self._actions: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def sleep(self, seconds: float) -> None:
        self.stop.raise_if_requested()
        self.sleep_patiently(seconds, self.stop.is_requested)
        self.stop.raise_if_requested()

    def sleep_patiently(self, seconds: float, is_over: Callable[[], bool] = lambda: False) -> None:
        if seconds <= 0:
            return
        with self._changed:
            wake_s = self._elapsed_s + seconds
            self._wakes_s.append(wake_s)
            self._let_time_pass()
            while self._elapsed_s < wake_s and not is_over():
                assert self._changed.wait(timeout=10), "a thread that takes part hangs"
            self._wakes_s.remove(wake_s)

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        self._actions.append((seconds, action))

    def set_wall(self, now: datetime) -> None:
        """Set the time of day, as an administrator or NTP does; monotonic time goes on."""
        self._start = now - timedelta(seconds=self._elapsed_s)

    def together(self, *functions: Callable[[], None]) -> None:
        """Run the functions in threads of their own until all have ended; raise what one raised."""
        errors: list[BaseException] = []

        def run(function: Callable[[], None]) -> None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
                errors.append(error)
            finally:
                with self._changed:
                    self._threads -= 1
                    self._let_time_pass()

        self._threads = len(functions)
        threads = [threading.Thread(target=run, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._threads = 1
        if errors:
            raise errors[0]

    def _let_time_pass(self) -> None:
        while self._wakes_s and len(self._wakes_s) >= self._threads:
            wake_s = min(self._wakes_s)
            due = [a for a in self._actions if self._elapsed_s < a[0] <= wake_s]
            if not due:
                self._elapsed_s = max(self._elapsed_s, wake_s)
                break
            action = min(due, key=lambda a: a[0])
            self._actions.remove(action)
            self._elapsed_s = action[0]
            action[1]()
            if self.stop.is_requested():
                break
        self._changed.notify_all()


class PatientClock:
    """The same time as another clock's, but sleeping on when a stop is asked for."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep_patiently(seconds)


class MemoryBreakerStore:
    """Keeps a breaker, as the next process would find it, and counts the saves."""

    def __init__(self, breaker: Breaker | None = None) -> None:
        self.breaker = breaker or Breaker()
        self.saves = 0

    def load(self) -> Breaker:
        return self.breaker

    def save(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.saves += 1


class MemoryRecords:
    """sync_state and sync_errors of one target, as the runs of one source (empty: any) see them.

    `runs` are the records; those that `save` did not bring came when they started and were last
    heard of when they say. `now` is the database's clock, which without one stands at the latest
    time that it was told. `away` is raised by every call, `refused` are errors by run that refuse
    its record; `saved` are all states of all runs, in order.
    """

    def __init__(
        self,
        *runs: Run,
        rejections: Sequence[StoredRejection] = (),
        call: Call = straight,
        source: str | Source = "sheet",
        target: str = "table",
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.runs = {run.run_id: run for run in runs}
        self.stored = list(rejections)
        self.away: Exception | None = None
        self.refused: dict[str, RemoteError] = {}
        self.saved: list[Run] = []
        self.deleted: list[tuple[datetime, int]] = []
        self._call = call
        self._source = source if isinstance(source, Source) else Source(source)
        self._target = target
        self._now = now or self._latest
        self._came: dict[str, datetime] = {}
        self._heard: dict[str, datetime] = {}

    def go_by(self, source: Source) -> None:
        self._source = source

    def as_seen_by(self, source: str | Source) -> MemoryRecords:
        """Return the same records for the runs of another source."""
        other = MemoryRecords(call=self._call, source=source, target=self._target, now=self._now)
        other.runs, other.stored, other.saved = self.runs, self.stored, self.saved
        other._came, other._heard = self._came, self._heard
        return other

    def _latest(self) -> datetime:
        return max((run.heartbeat_at for run in self.runs.values()), default=START)

    def _ask(self, run: Run | None = None) -> None:
        if self.away is not None:
            raise self.away
        if run is not None and run.run_id in self.refused:
            raise self.refused[run.run_id]

    def _keep(self, run: Run, came_at: datetime | None = None) -> None:
        self.runs[run.run_id] = run
        now = self._now()
        if came_at is not None or run.run_id not in self._came:
            self._came[run.run_id] = came_at or now
        self._heard[run.run_id] = now
        self.saved.append(run)

    def save(self, run: Run, *, last: bool = False, came_at: datetime | None = None) -> None:
        def write() -> None:
            self._ask(run)
            self._keep(run.by_services(), came_at)

        self._call(write, "recording the run", Patience.LAST if last else Patience.RETRY)

    def renew(self, run: Run) -> bool:
        def write() -> bool:
            self._ask(run)
            if not self._is_in_progress(run):
                return False
            self._keep(run.by_services())
            return True

        return self._call(write, "recording the run", Patience.ONCE)

    def withdraw(self, run: Run) -> None:
        def write() -> None:
            self._ask(run)
            if self._is_in_progress(run):
                for kept in (self.runs, self._came, self._heard):
                    kept.pop(run.run_id, None)

        self._call(write, "withdrawing the record of the run", Patience.RETRY)

    def bury(self, run: Run, heard_at: datetime) -> bool:
        def write() -> bool:
            self._ask(run)
            if not self._is_in_progress(run) or self._heard_at(run) != heard_at:
                return False
            self._keep(run)
            return True

        return self._call(write, "closing the record of a run that is gone", Patience.RETRY)

    def _is_in_progress(self, run: Run) -> bool:
        there = self.runs.get(run.run_id)
        return there is not None and there.status is RunStatus.IN_PROGRESS

    def save_rejections(self, rejections: Sequence[StoredRejection], *, last: bool = False) -> None:
        def write() -> None:
            self._ask()
            known = {(item.run_id, _said(item)) for item in self.stored}
            for item in rejections:
                if (item.run_id, _said(item)) not in known:
                    known.add((item.run_id, _said(item)))
                    self.stored.append(item)

        if rejections:
            patience = Patience.LAST if last else Patience.RETRY
            self._call(write, "recording rejected listings", patience)

    def recent(self, limit: int, *, since: datetime | None = None) -> tuple[Run, ...]:
        newest = sorted(self._ours(), key=lambda run: (run.started_at, run.run_id), reverse=True)
        return tuple(run for run in newest if since is None or run.started_at >= since)[:limit]

    def get(self, run_id: str) -> Run | None:
        return next((run for run in self._ours() if run.run_id == run_id), None)

    def rejections(self, run_id: str) -> tuple[StoredRejection, ...]:
        found = [item for item in self._our_stored() if item.run_id == run_id]
        order = [(item.rejection.sheet_row or 0, item.rejection.column or "") for item in found]
        return tuple(item for _, item in sorted(zip(order, found, strict=True), key=lambda x: x[0]))

    def rejections_of(self, property_number: str, limit: int) -> tuple[StoredRejection, ...]:
        of_it = [
            item for item in self._our_stored() if item.rejection.property_number == property_number
        ]
        newest = sorted(of_it, key=lambda item: item.created_at, reverse=True)
        return tuple(newest[:limit])

    def in_progress(self) -> tuple[Claim, ...]:
        claims = [
            Claim(run, self._came_at(run), self._heard_at(run))
            for run in self._of_target(Patience.OUTLAST)
            if run.status is RunStatus.IN_PROGRESS
        ]
        return tuple(sorted(claims, key=lambda claim: (claim.came_at, claim.run.run_id)))

    def last_told(self, *, since: datetime | None = None) -> Run | None:
        told = [
            run
            for run in self._ours()
            if run.told and run.run_type is RunType.FULL
            if since is None or run.started_at >= since
        ]
        return max(told, key=lambda run: (self._came_at(run), run.run_id), default=None)

    def other_sources(self, since: datetime) -> tuple[str, ...]:
        others = {
            run.source
            for run in self._of_target(Patience.OUTLAST)
            if run.source not in self._source.names
            and run.started_at >= since
            and run.stats.success
        }
        return tuple(sorted(others))

    def came_at(self, run_id: str) -> datetime | None:
        runs = self._of_target(Patience.RETRY)
        return next((self._came_at(run) for run in runs if run.run_id == run_id), None)

    def last_heard_at(self) -> datetime:
        runs = self._of_target(Patience.RETRY)
        return max(map(self._heard_at, runs), default=datetime.fromtimestamp(0, UTC))

    def writing_since(self, since: datetime) -> Iterator[Run]:
        writing = [
            run
            for run in self._of_target(Patience.RETRY)
            if self._heard_at(run) > since and (run.stats.changed or run.status not in GOOD)
        ]
        return iter(sorted(writing, key=lambda run: run.started_at, reverse=True))

    def delete_older(self, before: datetime, *, keep: int) -> None:
        ours = sorted(self._ours(), key=lambda run: run.started_at, reverse=True)
        self.deleted.append((before, keep))
        if len(ours) < keep:
            return
        cut = min(before, ours[keep - 1].started_at)
        held = {run.rejections_run_id for run in ours if run.started_at >= cut}
        for run in ours:
            if run.started_at < cut and run.status in ENDED and run.run_id not in held:
                del self.runs[run.run_id]
        self.stored[:] = [item for item in self.stored if item.run_id in self.runs]

    def _came_at(self, run: Run) -> datetime:
        return self._came.get(run.run_id, run.started_at)

    def _heard_at(self, run: Run) -> datetime:
        return self._heard.get(run.run_id, run.heartbeat_at)

    def _as_read(self, run: Run) -> Run:
        """Return a run as it is read: what the database had not seen yet counts as its last."""
        latest = self._heard.get(run.run_id)
        if latest is None:
            return run
        return replace(
            run,
            started_at=min(run.started_at, latest),
            heartbeat_at=min(run.heartbeat_at, latest),
            completed_at=run.completed_at and min(run.completed_at, latest),
            process=run.process if run.status is RunStatus.IN_PROGRESS else Process(),
        )

    def _of_target(self, patience: Patience = Patience.RETRY) -> list[Run]:
        def read() -> list[Run]:
            self._ask()
            there = [run for run in list(self.runs.values()) if run.target == self._target]
            return [self._as_read(run) for run in there]

        return self._call(read, "reading the runs", patience)

    def _ours(self) -> list[Run]:
        return [run for run in self._of_target() if self._source.owns(run.source)]

    def _our_stored(self) -> list[StoredRejection]:
        ours = {run.run_id for run in self._ours()}
        return [item for item in list(self.stored) if item.run_id in ours]


def _said(stored: StoredRejection) -> tuple[object, ...]:
    """Return what makes a rejection the same one within a run, as its id does."""
    item = stored.rejection
    return item.property_number, item.sheet_row, item.column, item.reason


class MemoryHolds:
    """The holds that every machine sees; `away` is raised by every call."""

    def __init__(self) -> None:
        self.holds: dict[str, SharedHold] = {}
        self.away: Exception | None = None

    def all(self) -> tuple[SharedHold, ...]:
        self._ask()
        return tuple(sorted(self.holds.values(), key=lambda hold: hold.since))

    def place(self, hold: SharedHold) -> None:
        self._ask()
        self.holds[hold.hold_id] = hold

    def release(self, hold_id: str) -> None:
        self._ask()
        self.holds.pop(hold_id, None)

    def _ask(self) -> None:
        if self.away is not None:
            raise self.away


class MemorySheet:
    """One tab of cells, a row a listing, by column of the mapping; it lacks the columns `lacks`.

    `rows` may be replaced between reads. None in place of a row is a blank one. `pictures` are
    cells (row, column) that read as blank and are not; `looked_behind` are those asked about.
    """

    def __init__(
        self,
        mapping: SheetMapping,
        rows: Iterable[Mapping[str, Cell] | None] = (),
        *,
        lacks: Sequence[str] = (),
        call: Call = straight,
    ) -> None:
        self.mapping = mapping
        self.rows = list(rows)
        self.lacks = lacks
        self.pictures: set[tuple[int, str]] = set()
        self.looked_behind: list[tuple[int, str]] = []
        self.reads = 0
        self.fetched: tuple[Fetched, ...] = ()
        self._call = call
        self._ahead: SheetContents | None = None

    def under(self, mapping: SheetMapping) -> MemorySheet:
        return MemorySheet(mapping, self.rows, lacks=self.lacks, call=self._call)

    def look_behind(self, cells: Sequence[BlankCell]) -> dict[BlankCell, str]:
        at = {cell: (cell.sheet_row, cell.column.column.name) for cell in cells}
        self.looked_behind += at.values()
        return {cell: "a picture" for cell, place in at.items() if place in self.pictures}

    def read(self, on_rows: Callable[[int], None], *, goes_on: bool = False) -> SheetContents:
        ahead, self._ahead = self._ahead, None
        contents = (ahead if goes_on else None) or self._call(self._contents, "reading the sheet")
        self.reads += 1
        self.fetched = self._as_fetched(contents)
        on_rows(len(contents.rows))
        return contents

    def is_still(self, fetched: Sequence[Fetched]) -> bool:
        self._ahead = self._call(self._contents, "reading the sheet")
        return self._as_fetched(self._ahead) == tuple(fetched)

    def _as_fetched(self, contents: SheetContents) -> tuple[Fetched, ...]:
        rows = repr((contents.rows, self.lacks)).encode("utf-8", "surrogatepass")
        return (Fetched("reading the sheet", "all", {}, body_digest(rows)),)

    def read_listings(self, numbers: frozenset[str]) -> SelectedRows:
        contents = self._call(self._contents, "reading the sheet")
        at = [column.column.name for column in contents.columns].index(self.mapping.key)
        keyed = [(str(cells[at] or ""), (row, cells)) for row, cells in contents.rows]
        rows = [row for number, row in keyed if normalise_number(number) in numbers]
        every = tuple(number for number, _ in keyed if number)
        all_rows = tuple(row for number, (row, _) in keyed if number)
        return SelectedRows(replace(contents, rows=rows), every, all_rows)

    def describe(self) -> SheetDescription:
        contents = self._call(self._contents, "reading the sheet")
        return SheetDescription(
            title="Sample",
            tab=contents.tab,
            tabs=(contents.tab,),
            columns=tuple(contents.columns),
            missing=tuple(contents.missing),
            unmapped=(),
            duplicates=(),
            link_base=contents.link_base,
        )

    def _contents(self) -> SheetContents:
        there = [column for column in self.mapping.columns if column.name not in self.lacks]
        return SheetContents(
            tab="Listings",
            link_base="https://docs.google.com/spreadsheets/d/ID/edit#gid=0",
            time_zone="Asia/Tokyo",
            columns=tuple(
                SheetColumn(column, column.headers[0], column_letter(index))
                for index, column in enumerate(there)
            ),
            rows=[
                (sheet_row, tuple(row.get(column.name) for column in there))
                for sheet_row, row in enumerate(self.rows, start=2)
                if row is not None and any(cell not in {None, ""} for cell in row.values())
            ],
            missing=tuple(column for column in self.mapping.columns if column.name in self.lacks),
        )


def exact(number: str) -> str:
    """The equality of a text key."""
    return number


def padded(number: str) -> str:
    """The equality of a char(10) key: blanks at the end do not count."""
    return number.rstrip(" ")


def folded(number: str) -> str:
    """The equality of a citext key."""
    return number.lower()


def whole(number: str) -> str:
    """The equality of a bigint key.

    Raises:
        RowError: it is no whole number.
    """
    try:
        return str(int(number))
    except ValueError:
        raise RowError(
            "the database does not take a value",
            service=Service.SUPABASE,
            category=Category.DATABASE,
            http_status=400,
            code="22P02",
        ) from None


Equality = Callable[[str], str]
_SPELLINGS: dict[Equality, Callable[[str], str]] = {
    padded: lambda number: number.rstrip(" ").ljust(10),
    whole: whole,
}
"""How a key of the type spells a number that it takes; the others keep it as it is."""


_LOOKS = frozenset({"read", "fingerprint"})


class MemoryTable:
    """The target table: property number -> its row by column, read in pages of `page_rows`.

    A write leaves columns that it does not name as they are; `marks` are the values of the column
    `mark_column`, `columns` those that a row has even where nothing was written. Null in one of
    the columns `required` is refused as PostgreSQL does (23502);
    `refused` are errors by listing, raised for a batch that holds it; more than `largest` listings
    in a batch are too many. `requests` tells every request made: its kind, and its listings.

    A trigger keeps the rows `kept` when they are to be deleted or marked; one request can name
    `named` numbers. `equality` gives a form that all spellings of a number share in the table's
    eyes; it `tells_fingerprints` unless our function is not there, and `changes_rows` where it is;
    `trigger` is what a BEFORE trigger makes of a row that is written, None: it drops it.
    """

    def __init__(
        self,
        rows: Mapping[str, Mapping[str, Value]] | None = None,
        *,
        key: str = "property_number",
        mark_column: str = "withdrawn_at",
        page_rows: int = 1000,
        equality: Equality = exact,
        call: Call = straight,
    ) -> None:
        self._equality = equality
        self._spelling = _SPELLINGS.get(equality, exact)
        spelled = {self._spelling(number): row for number, row in (rows or {}).items()}
        self.content = {number: {key: number, **row} for number, row in spelled.items()}
        self.marks: dict[str, Value] = {}
        self.away: Exception | None = None
        self.columns: Sequence[str] = ()
        self.required: frozenset[str] = frozenset()
        self.refused: dict[str, RemoteError] = {}
        self.largest: int | None = None
        self.kept: frozenset[str] = frozenset()
        self.named = 1000
        self.trigger: Callable[[dict[str, Value]], dict[str, Value] | None] = lambda row: row
        self.requests: list[tuple[str, tuple[str, ...]]] = []
        self.tells_fingerprints = True
        self.changes_rows = False
        self.versions: dict[str, int] = {}
        self._key = key
        self._mark_column = mark_column
        self._page_rows = page_rows
        self._call = call
        self._lock = threading.Lock()

    @property
    def writes(self) -> list[tuple[str, tuple[str, ...]]]:
        """The requests made but those that read."""
        return [request for request in self.requests if request[0] not in _LOOKS]

    def pages(self, columns: Sequence[Column]) -> Iterator[Sequence[TableRow]]:
        last = ""
        while page := self._call(partial(self._page, last), "reading the table", Patience.OUTLAST):
            yield [self._row(number, columns) for number in page]
            last = page[-1]

    def rows(
        self, columns: Sequence[Column], numbers: Sequence[str]
    ) -> Iterator[Sequence[TableRow]]:
        yield self._call(
            lambda: [self._row(number, columns) for number in self._known(numbers)],
            "reading the table",
            Patience.OUTLAST,
        )

    def fingerprints(
        self, columns: Sequence[Column], known: Sequence[str | None], *, with_keys: bool = True
    ) -> tuple[Fingerprint, ...] | None:
        def read() -> tuple[Fingerprint, ...]:
            with self._lock:
                self._ask("fingerprint", ())
                buckets: list[list[str]] = [[] for _ in known]
                for number in sorted(self.content):
                    buckets[crc32(number.encode()) % len(known)].append(number)
                return tuple(
                    Fingerprint(at, content, version, tuple(keys) if with_keys else None)
                    for at, keys in enumerate(buckets)
                    for content, version in [self._fingerprint(keys, columns)]
                    if content != known[at]
                )

        if not self.tells_fingerprints:
            return None
        return self._call(read, "asking what has changed", Patience.OUTLAST)

    def _fingerprint(self, keys: Sequence[str], columns: Sequence[Column]) -> tuple[str, str]:
        rows = [repr(self._row(number, columns)) for number in keys]
        versions = [(number, self.versions.get(number, 0)) for number in keys]
        return (
            sha256(repr(rows).encode()).hexdigest(),
            sha256(repr((versions, rows)).encode()).hexdigest(),
        )

    def by_hand(self, number: str, row: Mapping[str, Value] | None) -> None:
        """Let somebody else write a row, or delete it, whatever a run does meanwhile."""
        with self._lock:
            self._touch(number)
            if row is None:
                self.content.pop(number, None)
                self.marks.pop(number, None)
            else:
                old = self.content.get(number, {self._key: number})
                self.content[number] = {**old, **row}

    def _touch(self, *numbers: str) -> None:
        # As PostgreSQL's transaction numbers: a row that is put back as it was is a new version.
        for number in numbers:
            self.versions[number] = self.versions.get(number, 0) + 1

    def meant_by(self, numbers: Sequence[str]) -> Mapping[str, str]:
        def read() -> dict[str, str]:
            with self._lock:
                self._ask("read", tuple(numbers))
                there = self._there()
                forms = {number: self._form(number) for number in numbers}
                return {number: there[form] for number, form in forms.items() if form in there}

        return self._call(read, "reading the table", Patience.OUTLAST)

    def whole_pages(self) -> Iterator[Sequence[Mapping[str, Value]]]:
        last = ""
        while page := self._call(partial(self._page, last), "reading the table", Patience.OUTLAST):
            yield [self._whole(number) for number in page]
            last = page[-1]

    def whole_rows(self, numbers: Sequence[str]) -> Sequence[Mapping[str, Value]]:
        return self._call(
            lambda: [self._whole(number) for number in self._known(numbers)],
            "reading the table",
            Patience.OUTLAST,
        )

    def upsert(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Value]],
        *,
        back: Back = Back.WRITTEN,
    ) -> Sequence[Mapping[str, Value]]:
        new = [dict(zip(columns, row, strict=True)) for row in rows]
        numbers = tuple(str(row[self._key]) for row in new)

        def write() -> list[dict[str, Value]]:
            with self._lock:
                self._ask("upsert", numbers)
                for sent in new:
                    self._refuse_null(sent)
                forms = [self._equality(number) for number in numbers]
                self._refuse_twice(forms)
                there = self._there()
                taken: list[str] = []
                for sent in new:
                    row = self.trigger(dict(sent))
                    if row is None:
                        continue
                    number = self._spelling(str(row[self._key]))
                    form = self._equality(number)
                    taken.append(form)
                    old = there.get(form, number)
                    if self._mark_column in row:
                        self.marks.pop(old, None)
                        if (mark := row.pop(self._mark_column)) is not None:
                            self.marks[old] = mark
                    kept = self.content.pop(old, {})
                    if old in self.marks:
                        self.marks[number] = self.marks.pop(old)
                    self.content[number] = {**kept, **row, self._key: number}
                    self._touch(old, number)
                there = self._there()
                made = [self._whole(there[form]) for form in taken]
            return (
                made
                if back not in {Back.WRITTEN, Back.DOUBTFUL}
                else [{name: row.get(name) for name in columns} for row in made]
            )

        return self._call(write, f"writing {len(rows)} listings", Patience.OUTLAST)

    def change_rows(self, changes: Sequence[RowChange], told: Sequence[str] = ()) -> Changed | None:
        if not self.changes_rows:
            return None
        if not changes:
            return Changed({})
        numbers = tuple(str((change.now or change.to or {})[self._key]) for change in changes)

        tries = count()

        def write() -> Changed:
            next(tries)
            with self._lock:
                self._ask("change", numbers)
                made = map(self._changed, numbers, changes)
                found = {place: row for place, row in enumerate(made) if row is not None}
                return Changed(found, is_certain=next(tries) == 1)

        return self._call(write, f"leading {len(changes)} rows back", Patience.OUTLAST)

    def _changed(self, number: str, change: RowChange) -> Mapping[str, Value] | None:
        there = self._there().get(self._equality(number))
        now = None if there is None else self._whole(there)
        if change.now is None:
            if there is not None:
                return None
            there, now = number, {}
        elif there is None or now is None or {**now, **change.now, self._key: there} != now:
            return None
        if change.to is None:
            if there in self.kept:
                return None
            del self.content[there]
            self.marks.pop(there, None)
            self._touch(there)
            return {self._key: there}
        to = {**now, **change.to, self._key: there}
        self.marks.pop(there, None)
        if (mark := to.pop(self._mark_column, None)) is not None:
            self.marks[there] = mark
        self.content[there] = to
        self._touch(there)
        whole = self._whole(there)
        return whole if not now else {name: whole[name] for name in (self._key, *change.to)}

    def parts(self, numbers: Sequence[str]) -> Iterator[Sequence[str]]:
        return (numbers[start : start + self.named] for start in range(0, len(numbers), self.named))

    def describe(self) -> TableDescription:
        return TableDescription(
            exists=True, columns={}, primary_key=(self._key,), required=frozenset()
        )

    def delete(self, numbers: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        def write() -> dict[str, dict[str, Value]]:
            with self._lock:
                self._ask("delete", tuple(numbers))
                gone = [number for number in self._found(numbers) if number not in self.kept]
                self._touch(*gone)
                rows = {number: self._whole(number) for number in gone}
                for number in gone:
                    self.content.pop(number, None)
                    self.marks.pop(number, None)
                return rows

        return self._call(write, f"removing {len(numbers)} listings", Patience.OUTLAST)

    def mark(
        self, numbers: Sequence[str], marked_at: datetime
    ) -> Mapping[str, Mapping[str, Value]]:
        def write() -> dict[str, dict[str, Value]]:
            with self._lock:
                self._ask("mark", tuple(numbers))
                marked = [number for number in self._found(numbers) if number not in self.kept]
                self.marks |= dict.fromkeys(marked, marked_at.isoformat())
                self._touch(*marked)
                return {number: {} for number in marked}

        return self._call(write, f"marking {len(numbers)} listings", Patience.OUTLAST)

    def _ask(self, kind: str, numbers: tuple[str, ...]) -> None:
        self.requests.append((kind, numbers))
        if self.away is not None:
            raise self.away
        if kind in _LOOKS:
            return
        if len(set(numbers)) < len(numbers):
            raise AssertionError(f"one listing twice in a request: {numbers}")
        if self.largest is not None and len(numbers) > self.largest:
            raise BatchTooLargeError(
                "too large", service=Service.SUPABASE, category=Category.DATABASE, http_status=413
            )
        for number in numbers:
            if number in self.refused:
                raise self.refused[number]

    def accepts_key(self) -> bool:
        return True

    def generated(self) -> frozenset[str]:
        return frozenset()

    def keeps_inserts(self) -> bool:
        return False

    def _refuse_null(self, row: Mapping[str, Value]) -> None:
        for column in sorted(self.required):
            if row.get(column) is None:
                raise NullRefusedError(
                    f"{column} must not be blank",
                    service=Service.SUPABASE,
                    category=Category.DATABASE,
                    http_status=400,
                    code="23502",
                    column=column,
                )

    def _page(self, after: str) -> list[str]:
        with self._lock:
            self._ask("read", ())
            return sorted(number for number in self.content if number > after)[: self._page_rows]

    def _known(self, numbers: Sequence[str]) -> list[str]:
        with self._lock:
            self._ask("read", tuple(numbers))
            return self._found(numbers)

    def _found(self, numbers: Sequence[str]) -> list[str]:
        there = self._there()
        forms = dict.fromkeys(map(self._form, numbers))
        return [there[form] for form in forms if form in there]

    def _there(self) -> dict[str | None, str]:
        return {self._equality(number): number for number in self.content}

    def _form(self, number: str) -> str | None:
        try:
            return self._equality(number)
        except RowError:
            return None

    def _refuse_twice(self, forms: Sequence[str]) -> None:
        if len(set(forms)) < len(forms):
            raise WrittenTwiceError(
                "two rows of the batch are one to the database",
                service=Service.SUPABASE,
                category=Category.DATABASE,
                http_status=500,
                code="21000",
            )

    def _row(self, number: str, columns: Sequence[Column]) -> TableRow:
        row = self.content[number]
        values = tuple(row.get(column.name) for column in columns)
        return TableRow(number, values, mark=self.marks.get(number))

    def _whole(self, number: str) -> dict[str, Value]:
        row = dict.fromkeys(self.columns) | self.content[number]
        return {**row, self._mark_column: self.marks.get(number)}
