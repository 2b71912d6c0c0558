"""Describe the outside world as Protocols, on one page.

What may fail over the network raises RemoteError (or BreakerOpenError, StoppedError) after the
guard has done what it can; nothing here is retried by its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import BlankCell, SheetColumn, SheetContents, Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.migrations import SqlFile
from listing_sync.changes.plan import TableRow
from listing_sync.changes.quiet import Fetched, Quiet
from listing_sync.changes.seen import Fingerprint, Remembered
from listing_sync.changes.table_check import TableFacts, UniqueKey
from listing_sync.changes.undo_log import Logged
from listing_sync.errors import Service
from listing_sync.history.messages import Message
from listing_sync.history.runs import Process, Run, StoredRejection
from listing_sync.history.sources import Source
from listing_sync.history.taking_turns import Claim
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.reliability.breaker import BreakerState

if TYPE_CHECKING:
    from listing_sync.settings import Settings  # pydantic takes a tenth of a second


class Clock(Protocol):
    """Time as an argument; `sleep` raises StoppedError at once when a stop is asked for."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class Progress(Protocol):
    """Shown on a terminal, and nowhere else."""

    def phase(self, name: str, total: int | None) -> None: ...
    def advance(self, count: int) -> None: ...


# -- in ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetDescription:
    """What the sheet really is; `missing` may hold required columns, `unmapped` are headers.

    `duplicates` are mapped headers that two sheet columns bear; `reader` says as whom Google lets
    us read.
    """

    title: str
    tab: str
    tabs: tuple[str, ...]
    columns: tuple[SheetColumn, ...]
    missing: tuple[Column, ...]
    unmapped: tuple[str, ...]
    duplicates: tuple[str, ...]
    link_base: str | None
    reader: str | None = None


@dataclass(frozen=True, slots=True)
class SelectedRows:
    """The rows of the numbers asked for, and every number of the key column, as shown.

    `rows` are those on which these numbers stand, one for each.
    """

    contents: SheetContents
    all_numbers: tuple[str, ...]
    rows: tuple[int, ...] = ()


class Sheet(Protocol):
    """The source, bound to one tab and one mapping; `under` gives the tab under another mapping.

    Raises SourceError when the tab or a required header is missing, or a header stands twice.
    `look_behind` says of cells that read as blank, of the rows read last, which are not empty to a
    person, and why. `fetched` is all that the last `read` was made of, empty where that is not to
    be gone by; `is_still` fetches just that anew and says whether it is the same: then `read` would
    return the same. A `read` that `goes_on` takes what was fetched so, and asks for the rest alone.
    """

    def read(self, on_rows: Callable[[int], None], *, goes_on: bool = False) -> SheetContents: ...
    @property
    def fetched(self) -> Sequence[Fetched]: ...
    def is_still(self, fetched: Sequence[Fetched]) -> bool: ...
    def read_listings(self, numbers: frozenset[str]) -> SelectedRows: ...
    def look_behind(self, cells: Sequence[BlankCell]) -> Mapping[BlankCell, str]: ...
    def describe(self) -> SheetDescription: ...
    def under(self, mapping: SheetMapping) -> Sheet: ...


# -- out --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TableDescription:
    """What is known of the table: column -> PostgreSQL type ("": not known), and the primary key.

    `required` are columns that have to be given: not null, and nothing fills them. `generated` are
    those that must not be written, `identities` those that number the rows. `defaults` are the
    expressions of those that have one, `longest` how many characters a column takes, `declared` its
    type with its modifiers ("numeric(15,2)").
    `insert_hooks` are triggers and rules that may have an insert store something else, and
    `update_hooks` an update. What the API document cannot tell is None or empty: that it shows no
    default does not mean there is none.
    """

    exists: bool
    columns: Mapping[str, str]
    primary_key: tuple[str, ...]
    required: frozenset[str]
    generated: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()
    defaults: Mapping[str, str] | None = None
    longest: Mapping[str, int] = field(default_factory=dict)
    unique_keys: tuple[UniqueKey, ...] | None = None
    is_view: bool = False
    declared: Mapping[str, str] = field(default_factory=dict)
    insert_hooks: tuple[str, ...] | None = None
    update_hooks: tuple[str, ...] | None = None

    def facts(self, *, key_is_unique: bool | None) -> TableFacts:
        """Return what is known of a table that exists, for judging it."""
        return TableFacts(
            columns=self.columns,
            required=self.required,
            key_is_unique=key_is_unique,
            generated=self.generated,
            defaults=self.defaults,
            unique_keys=self.unique_keys,
            is_view=self.is_view,
        )


class Back(Enum):
    """What of its rows a request that writes them is to give back."""

    WRITTEN = "the columns written"
    WHOLE = "every column"
    UNKNOWN = "every column, but those in which the database cannot change what it is sent"
    DOUBTFUL = "the columns written, but those in which the database cannot change what it is sent"


class RowChange(NamedTuple):
    """What a row has to be so that it is changed, and what it becomes; None: no row.

    `now` is a whole row to be deleted, or the key with columns of one to be updated; `to` holds a
    row to be inserted, or the columns to be written.
    """

    now: Mapping[str, Value] | None
    to: Mapping[str, Value] | None


class Changed(NamedTuple):
    """What came of changes: by their places what the database made of the rows.

    `is_certain`: what is not in it was not done; else an earlier try may have done it.
    """

    made: Mapping[int, Mapping[str, Value]]
    is_certain: bool = True


class Table(Protocol):
    """The target table, bound to its name, key and mark column; one request a call or a page.

    `pages` yields all rows by keyset order of the key; `rows` those of the numbers given; both in
    the order of `columns`. `meant_by` gives, for each of the numbers that mean a row in the
    table's own eyes, the key as that row spells it; a number that the key's type cannot hold means
    none, and has no rows. `parts` divides numbers into what one request can name; `delete` returns
    by key the rows that went, whole and exact, `mark` what tells which rows were marked. `whole_*`
    give every column with exact values as JSON texts or numbers that PostgREST takes back
    unchanged. `upsert` returns the rows as the database made them, as far as `back` asks for it,
    exact; values that are to come back only where UNKNOWN or DOUBTFUL are those of the mapping's
    own types. It raises RowError or BatchTooLargeError for the splitter.
    `change_rows` makes in one request, all or none, those changes whose rows still are as they say,
    each in columns of its own, and returns what the database made of them, exact: a row that was
    inserted whole, of one that was updated its key, what was written and `told`. It returns None
    where the database has no function for it, which no change finds out.
    `accepts_key` says whether a unique key fits the upsert, without writing a row; `generated` are
    the columns that nobody can write, and `keeps_inserts` says whether nothing of the database's
    meets an insert, both as far as that is known.
    `fingerprints` divides the rows by their keys into as many buckets as `known` has, and tells
    those whose content, in these columns and the mark, has another fingerprint than the known one;
    None where the database does not tell.
    """

    def pages(self, columns: Sequence[Column]) -> Iterator[Sequence[TableRow]]: ...
    def rows(
        self, columns: Sequence[Column], numbers: Sequence[str]
    ) -> Iterator[Sequence[TableRow]]: ...
    def fingerprints(
        self, columns: Sequence[Column], known: Sequence[str | None], *, with_keys: bool = True
    ) -> tuple[Fingerprint, ...] | None: ...
    def meant_by(self, numbers: Sequence[str]) -> Mapping[str, str]: ...
    def whole_pages(self) -> Iterator[Sequence[Mapping[str, Value]]]: ...
    def whole_rows(self, numbers: Sequence[str]) -> Sequence[Mapping[str, Value]]: ...
    def upsert(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Value]],
        *,
        back: Back = Back.WRITTEN,
    ) -> Sequence[Mapping[str, Value]]: ...
    def change_rows(
        self, changes: Sequence[RowChange], told: Sequence[str] = ()
    ) -> Changed | None: ...
    def parts(self, numbers: Sequence[str]) -> Iterator[Sequence[str]]: ...
    def delete(self, numbers: Sequence[str]) -> Mapping[str, Mapping[str, Value]]: ...
    def mark(
        self, numbers: Sequence[str], marked_at: datetime
    ) -> Mapping[str, Mapping[str, Value]]: ...
    def describe(self) -> TableDescription: ...
    def accepts_key(self) -> bool: ...
    def generated(self) -> frozenset[str]: ...
    def keeps_inserts(self) -> bool: ...


class RunRecords(Protocol):
    """sync_state and sync_errors.

    `recent`, `get`, `rejections*`, `last_told` see runs of this source and target only, newest
    first; `in_progress` sees all sources on this target, first come first; `other_sources` names
    those since `since`. `writing_since` yields the runs of all sources that were heard of since
    then and wrote or may have (they did not end well), newest first; it goes by the database's
    clock, and so do `came_at`, of the record of one run, and `last_heard_at`, of any (the beginning
    of time: there is none). `go_by` sets the names by which runs are ours from now on. `save`
    inserts or replaces by id, so that repeating it is harmless; its `came_at` dates a record that
    comes late. With `last` it is one short try even when the run was stopped.
    `renew`, `withdraw` and `bury` change a record in progress only, and `bury` only one that was
    last heard of at `heard_at`; they say whether they did.
    """

    def save(self, run: Run, *, last: bool = False, came_at: datetime | None = None) -> None: ...
    def renew(self, run: Run) -> bool: ...
    def withdraw(self, run: Run) -> None: ...
    def bury(self, run: Run, heard_at: datetime) -> bool: ...
    def save_rejections(
        self, rejections: Sequence[StoredRejection], *, last: bool = False
    ) -> None: ...
    def recent(self, limit: int, *, since: datetime | None = None) -> tuple[Run, ...]: ...
    def get(self, run_id: str) -> Run | None: ...
    def rejections(self, run_id: str) -> tuple[StoredRejection, ...]: ...
    def rejections_of(self, property_number: str, limit: int) -> tuple[StoredRejection, ...]: ...
    def in_progress(self) -> tuple[Claim, ...]: ...
    def last_told(self, *, since: datetime | None = None) -> Run | None: ...
    def go_by(self, source: Source) -> None: ...
    def other_sources(self, since: datetime) -> tuple[str, ...]: ...
    def came_at(self, run_id: str) -> datetime | None: ...
    def last_heard_at(self) -> datetime: ...
    def writing_since(self, since: datetime) -> Iterator[Run]: ...
    def delete_older(self, before: datetime, *, keep: int) -> None: ...


class Migrations(Protocol):
    """The files of sql/ in order, and those applied (name -> checksum) as REST shows them.

    `applied` is empty when nothing is, or REST does not see the record yet.
    """

    @property
    def files(self) -> tuple[SqlFile, ...]: ...
    def applied(self) -> Mapping[str, str]: ...


class Database(Protocol):
    """PostgreSQL itself, as owner of the tables: for `migrate up` only.

    `way` names how it is reached. `apply` runs statements in order, in one transaction where the
    way has them; each of them must be safe to repeat.
    """

    @property
    def way(self) -> str: ...
    def query(self, statement: str) -> Sequence[Mapping[str, Value]]: ...
    def apply(self, statements: Sequence[str]) -> None: ...


# -- machine ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock: shown to the one who waits."""

    host: str
    pid: int
    user: str
    run_id: str
    since: datetime


class Lock(Protocol):
    """One run at a time per target on this host; gone with its process, however it ends.

    `held` waits up to `timeout_s` and raises LockTimeoutError naming the holder. `holder` says who
    holds it now, None when nobody does. `name` tells the lock from every other of this machine.
    `problem` says why no run could take it, without writing; None: nothing is known against it.
    """

    @property
    def name(self) -> str: ...

    def held(self, me: Holder, timeout_s: float) -> AbstractContextManager[None]: ...
    def holder(self) -> Holder | None: ...
    def problem(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A run that could not be recorded, with its new rejections."""

    run: Run
    rejections: tuple[StoredRejection, ...]


class Journal(Protocol):
    """Runs that wait on this disk for delivery, oldest first; damaged files are set aside."""

    def add(self, entry: JournalEntry) -> None: ...
    def entries(self) -> tuple[JournalEntry, ...]: ...
    def delivered(self, run_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a run did to one row. `old` None: it was inserted; `new` None: it was removed.

    For an update both hold the changed columns only; a removed row's `old` holds every column.
    """

    property_number: str
    old: Mapping[str, Value] | None
    new: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """Rows of one request: by number their values, in the order of `columns`."""

    columns: Sequence[str]
    rows: Mapping[str, Sequence[Value]]


class Undo(Protocol):
    """What runs replaced and wrote, compressed, one file a run; on disk before `record` returns.

    `record` raises OSError when it cannot be kept; of a rollback it is told what it `undoes`, a
    "run" or all "since" a sequence. `conclude` appends what came of changes: done,
    refused, by number what the database `made` of values where that is not what was sent, how it
    `spelled` the number, and what stands `beside` in rows that are done. Inserts are KeyedRows.
    `changes_of` returns the changes of one listing, newest first.
    """

    def record(
        self,
        run_id: str,
        started_at: datetime,
        changes: Iterable[Replaced | KeyedRows],
        *,
        undoes: Mapping[str, Value] | None = None,
    ) -> None: ...
    def conclude(
        self,
        run_id: str,
        *,
        done: Sequence[str] = (),
        refused: Sequence[str] = (),
        made: Mapping[str, Mapping[str, Value]] | None = None,
        spelled: Mapping[str, str] | None = None,
        beside: KeyedRows | None = None,
    ) -> None: ...
    def read(self, run_id: str) -> Iterator[Replaced]: ...
    def first_done(self, run_id: str, limit: int) -> tuple[Replaced, ...]: ...
    def runs(self) -> tuple[tuple[str, datetime], ...]: ...
    def changes_of(self, property_number: str, limit: int) -> tuple[Logged, ...]: ...
    def delete_older(self, before: datetime, *, keep: int) -> None: ...


class Written(Protocol):
    """What our runs did, by listing, oldest first; held on disk, not in memory.

    What the database refused is not in it. `numbers_of` yields the listings that a run changed.
    """

    def numbers_of(self, run_id: str) -> Iterator[str]: ...
    def changes_of(self, property_number: str) -> tuple[Logged, ...]: ...


@dataclass(frozen=True, slots=True)
class SnapshotMeta:
    """What a snapshot is of; `first` tells the one taken before the first share from later ones.

    `sequence` is its place among the snapshots and runs of this machine; version 1.0 gave none.
    `last_heard_at` is when the database had last heard of a run before; None: that is not known.
    """

    name: str
    target: str
    taken_at: datetime
    columns: tuple[str, ...]
    first: bool
    rows: int | None = None
    sequence: int | None = None
    last_heard_at: datetime | None = None


class Snapshots(Protocol):
    """Whole tables on this disk, compressed and checksummed, kept until deleted.

    `take` streams pages of whole rows and returns the finished meta; `open` verifies the checksum
    before the first row and raises RefusedError for a damaged one or one of another target.
    """

    def take(
        self,
        *,
        taken_at: datetime,
        last_heard_at: datetime | None = None,
        columns: tuple[str, ...],
        first: bool,
        pages: Iterable[Sequence[Mapping[str, Value]]],
    ) -> SnapshotMeta: ...
    def all(self) -> tuple[SnapshotMeta, ...]: ...
    def find(self, path: Path) -> SnapshotMeta: ...
    def path_of(self, meta: SnapshotMeta) -> Path: ...
    def rows(self, meta: SnapshotMeta) -> Iterator[Mapping[str, Value]]: ...


class Hold(Protocol):
    """The file `hold` that pauses cron: its path, the reason in it (None: no file), placing it.

    It is of one target, or, in `root` (SYNC_STATE_DIR) itself, `is_of_all` of this machine. It
    remembers which holds the other machines see because of it.
    """

    @property
    def root(self) -> Path: ...
    @property
    def path(self) -> Path: ...
    @property
    def is_of_all(self) -> bool: ...
    def reason(self) -> str | None: ...
    def place(self, reason: str) -> None: ...
    def remove(self, *, of_all: bool = False) -> None: ...
    def shared_ids(self) -> tuple[str, ...]: ...
    def share(self, *hold_ids: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SharedHold:
    """A hold of a machine as the others see it; `path` is its file there."""

    hold_id: str
    reason: str
    host: str
    path: str
    since: datetime


class Holds(Protocol):
    """The holds of every machine on this target, oldest first; all calls may be repeated."""

    def all(self) -> tuple[SharedHold, ...]: ...
    def place(self, hold: SharedHold) -> None: ...
    def release(self, hold_id: str) -> None: ...


class JsonMemory(Protocol):
    """One JSON document that runs leave to those after them; damaged means empty."""

    def load(self) -> Mapping[str, object]: ...
    def store(self, memory: Mapping[str, object]) -> None: ...


class TableMemory(Protocol):
    """What was seen of the table, by source; damaged, or of another identity, means None."""

    def load(self, source: str, identity: str) -> Remembered | None: ...
    def store(self, source: str, identity: str, remembered: Remembered) -> None: ...


class QuietMemory(Protocol):
    """What the last run with nothing to do concluded, by source; likewise."""

    def load(self, source: str, identity: str, mapping: SheetMapping) -> Quiet | None: ...
    def store(self, source: str, identity: str, quiet: Quiet) -> None: ...


# -- signals ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trial:
    """One message of a trial, and where it goes; `send` returns why it was not taken, else None."""

    to: str
    send: Callable[[], str | None]


class Heartbeat(Protocol):
    """Pings in the healthchecks.io way; each returns why it was not taken, None: it was."""

    def started(self, run_id: str) -> str | None: ...
    def succeeded(self, run_id: str, summary: str) -> str | None: ...
    def failed(self, run_id: str, summary: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Why a receiver did not take something; `is_final`: it never will."""

    why: str
    is_final: bool = False


class Channels(Protocol):
    """Every address that people are told at, named so as to stay secret.

    `place` says which one it is among the settings. `post` returns why a message was not taken,
    `problems` what can be told of the addresses without a message.
    """

    @property
    def addresses(self) -> tuple[str, ...]: ...
    def place(self, address: str) -> str: ...
    def post(self, address: str, message: Message) -> NotTaken | None: ...
    def problems(self) -> tuple[str, ...]: ...


class MetricsFile(Protocol):
    """Prometheus textfile-collector file, replaced atomically; `write` returns why it was not."""

    def write(self, run: Run) -> str | None: ...


# -- all of them ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identity:
    """Who runs, from what to what; `source` and `target` are as sync_state records them.

    `source` is empty when no setting names one: then the runs of every source are ours. `spelling`
    knows the other names that records may bear. `run_id` is what the run is to be called, where
    whoever started it has told somebody else already.
    """

    source: str
    target: str
    host: str
    pid: int
    user: str
    version: str
    trigger: str
    process: Process = field(default_factory=Process)
    sources: Source | None = None
    run_id: str | None = None

    @property
    def spelling(self) -> Source:
        """Return the names of the source."""
        return self.sources or Source(self.source)

    def owns(self, run: Run) -> bool:
        """Return whether this is a run of our source."""
        return self.spelling.owns(run.source)


class Target(Protocol):
    """What is on the other side; `database` is None when no way to it is set up."""

    @property
    def table(self) -> Table: ...
    @property
    def records(self) -> RunRecords: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def migrations(self) -> Migrations: ...
    @property
    def database(self) -> Database | None: ...


class Machine(Protocol):
    """What is kept on this disk, and the process itself.

    `written_since` gives what runs did after a snapshot, from that run on, or ever. `limit_time`
    lets the run end by itself after SYNC_TIME_LIMIT; `request_metrics` is what its requests were.
    Remembered are what alerting told, which troubles mails told, what the page shows of days that
    are over, and what the table makes of values (`given_back`).
    """

    @property
    def lock(self) -> Lock: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def undo(self) -> Undo: ...
    @property
    def hold(self) -> Hold: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def alert_memory(self) -> JsonMemory: ...
    @property
    def mail_memory(self) -> JsonMemory: ...
    @property
    def page_memory(self) -> JsonMemory: ...
    @property
    def given_back(self) -> JsonMemory: ...
    @property
    def table_memory(self) -> TableMemory: ...
    @property
    def quiet_memory(self) -> QuietMemory: ...
    def require_state_dir(self) -> None: ...
    def written_since(
        self, beginning: SnapshotMeta | str | None
    ) -> AbstractContextManager[Written]: ...
    def breaker_state(self, service: Service) -> BreakerState: ...
    def is_process_there(self, pid: int, started: str) -> bool: ...
    def limit_time(self) -> None: ...
    def request_metrics(self) -> Mapping[str, object]: ...


class Signals(Protocol):
    """What tells others how a run went."""

    @property
    def heartbeat(self) -> Heartbeat: ...
    @property
    def channels(self) -> Channels: ...
    @property
    def metrics_file(self) -> MetricsFile: ...
    def trials(self, run_id: str, text: str) -> tuple[Trial, ...]: ...


class Remembering(Protocol):
    """What is remembered of messages and mails."""

    @property
    def alert_memory(self) -> JsonMemory: ...
    @property
    def mail_memory(self) -> JsonMemory: ...


class Telling(Protocol):
    """As much of the world as telling needs; it is there also where settings are wrong."""

    @property
    def settings(self) -> Settings: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def machine(self) -> Remembering: ...
    @property
    def signals(self) -> Signals: ...


class Probes(Protocol):
    """Sheet and target, asked once: no breaker refuses or counts it."""

    @property
    def sheet(self) -> Sheet: ...
    @property
    def target(self) -> Target: ...


class Ports(Protocol):
    """The outside world, each part built on first use.

    `learn_source` lets the runs of what was really read be ours, and remembers it with `keep`.
    """

    @property
    def settings(self) -> Settings: ...
    @property
    def mapping(self) -> SheetMapping: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def sheet(self) -> Sheet: ...
    @property
    def target(self) -> Target: ...
    @property
    def machine(self) -> Machine: ...
    @property
    def signals(self) -> Signals: ...
    def probing(self) -> Probes: ...
    def learn_source(self, source: Source, *, keep: bool) -> None: ...
