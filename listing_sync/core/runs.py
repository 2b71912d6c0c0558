"""Run and its totals; a run and an outcome give the next run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from listing_sync.core.listings import Rejection
from listing_sync.errors import Category


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
    def open(self) -> int:
        """Return how many are still to do (queueSize)."""
        return self.total - self.success - self.failed - self.skipped


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run failed or stopped: never a cell's value, a key or a row."""

    category: Category
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of `sync`, as sync_state records it. Times are aware UTC.

    `rejections_run_id` names the run that holds the stored rejections (itself, or an earlier one
    that had the same); None when there are none.
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
    in_journal: bool = False

    def __post_init__(self) -> None:
        if self.status in ENDED and self.stats.open != 0:
            raise ValueError(f"totals of an ended run do not add up: {self.stats}")
        if self.stats.open < 0:
            raise ValueError(f"more done than there is to do: {self.stats}")


@dataclass(frozen=True, slots=True)
class StoredRejection:
    """A rejection as sync_errors keeps it; `payload` holds the row's mapped cells by header."""

    run_id: str
    rejection: Rejection
    created_at: datetime
    payload: Mapping[str, str] | None = None
