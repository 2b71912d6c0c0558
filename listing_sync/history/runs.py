"""Run and its totals; a run and an outcome give the next run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.lazy_dataclasses import dataclass


class RunType(StrEnum):
    """`sync all` and migrate runs are full, `sync numbers` is selective."""

    FULL = "full"
    SELECTIVE = "selective"


class RunStatus(StrEnum):
    """How a run ended, or that it has not (docs/contract.md section 2)."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


ENDED = frozenset({RunStatus.COMPLETED, RunStatus.PARTIAL, RunStatus.FAILED, RunStatus.INTERRUPTED})
GOOD = frozenset({RunStatus.COMPLETED, RunStatus.PARTIAL})
CLOCK_WARN_S: Final = 60.0
"""A clock that is off by so much is told, and not gone by."""
CLOCK_OFF: Final = "clock_off_s"
"""Among the metrics: by how many seconds this machine's clock is ahead."""


@dataclass(frozen=True, slots=True)
class RunStats:
    """The counts of a run, in listings. `total` may exceed the sum only while it is in progress."""

    total: int = 0
    failed: int = 0
    skipped: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0

    @property
    def success(self) -> int:
        """Return how many listings the table holds as the sheet says."""
        return self.inserted + self.updated + self.unchanged

    @property
    def changed(self) -> int:
        """Rows that the run inserted, updated, marked or removed."""
        return self.inserted + self.updated + self.removed

    @property
    def open(self) -> int:
        """Return how many are still to do (queueSize)."""
        return self.total - self.success - self.failed - self.skipped


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run failed or stopped: never a cell's value, a key or a row."""

    category: Category
    message: str


@dataclass(frozen=True, slots=True)
class Process:
    """What tells the process of a run from every other; empty where it is not known.

    `space` is its space of process numbers (a container has its own), `started` when it began in
    ticks since the machine did, `lock` the file whose lock it holds.
    """

    boot_id: str = ""
    space: str = ""
    started: str = ""
    lock: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of `sync`, as sync_state records it. Times are aware UTC.

    `rejections_run_id` names the run that holds the stored rejections (itself, or an earlier one
    that had the same); None when there are none. `removed` are the numbers whose rows it deleted or
    marked. `told` says whether messages told of its rejections, None when that is not known.
    """

    run_id: str
    run_type: RunType
    trigger: str
    status: RunStatus
    started_at: datetime
    completed_at: datetime | None
    heartbeat_at: datetime
    stats: RunStats
    cause: Cause | None
    source: str
    target: str
    host: str
    pid: int
    version: str
    rejections_run_id: str | None = None
    metrics: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    in_journal: bool = False
    process: Process = Process()
    told: bool | None = None

    def __post_init__(self) -> None:
        if self.status in ENDED and self.stats.open != 0:
            raise ValueError(f"totals of an ended run do not add up: {self.stats}")
        if self.stats.open < 0:
            raise ValueError(f"more done than there is to do: {self.stats}")

    def counting(self, **counts: int) -> Run:
        """Return this run with `counts` (fields of RunStats) added to its totals."""
        stats = self.stats
        added = {name: getattr(stats, name) + count for name, count in counts.items()}
        return replace(self, stats=replace(stats, **added))

    def no_later_than(self, now: datetime) -> Run:
        """Return this run with no time in the future: a clock that was ahead has been put right."""
        if max(self.started_at, self.heartbeat_at) <= now:
            return self
        return replace(
            self,
            started_at=min(self.started_at, now),
            heartbeat_at=min(self.heartbeat_at, now),
            completed_at=self.completed_at and min(self.completed_at, now),
        )

    def by_services(self) -> Run:
        """Return this run with its times as the services date them, if its clock was far off.

        The run measured by how much; so runs of several machines come in their true order.
        """
        off = clock_correction(clock_off_s(self.metrics))
        if not off:
            return self
        return replace(
            self,
            started_at=self.started_at - off,
            heartbeat_at=self.heartbeat_at - off,
            completed_at=self.completed_at and self.completed_at - off,
        )

    def ended(self, status: RunStatus, at: datetime, cause: Cause | None = None) -> Run:
        """Return this run as ended; what it had not reached counts as skipped."""
        stats = replace(self.stats, skipped=self.stats.skipped + self.stats.open)
        return replace(
            self,
            status=status,
            completed_at=at,
            heartbeat_at=max(at, self.heartbeat_at),
            stats=stats,
            cause=cause or self.cause,
        )


def clock_off_s(metrics: Mapping[str, object]) -> float | None:
    """Return by how many seconds this machine's clock is ahead; None: no answer was dated."""
    off_s = metrics.get(CLOCK_OFF)
    return float(off_s) if isinstance(off_s, int | float) else None


def clock_correction(off_s: float | None) -> timedelta:
    """Return what to take off this machine's times: zero where its clock is gone by."""
    return timedelta(seconds=off_s if off_s and abs(off_s) >= CLOCK_WARN_S else 0)


def final_status(
    stats: RunStats, *, unremoved: int = 0, service_failures: int = 0, row_failures: int = 0
) -> RunStatus:
    """Return how a run that went through to its end ended.

    `unremoved` listings should have gone; `service_failures` and `row_failures` are those neither
    written nor removed, for another reason than their row and for one of their row.
    """
    if stats.failed == unremoved == 0:
        return RunStatus.COMPLETED
    if service_failures and not stats.changed + row_failures:
        return RunStatus.FAILED
    return RunStatus.PARTIAL


@dataclass(frozen=True, slots=True)
class StoredRejection:
    """A rejection as sync_errors keeps it; `payload` holds the row's mapped cells by header."""

    run_id: str
    rejection: Rejection
    created_at: datetime
    payload: Mapping[str, str] | None = None
