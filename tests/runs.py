"""Runs as tests need them: named by a number, so many minutes after the fake clock's start."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.runs import ENDED, Cause, Run, RunStats, RunStatus, RunType
from tests.fakes import START

REJECTION = Rejection(
    "AA12345",
    17,
    "Price",
    "Listings!F17",
    "ask",
    "not a number",
    link="https://docs.google.com/spreadsheets/d/x/edit#gid=0&range=F17",
)


def run_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def make_run(
    number: int = 1,
    status: RunStatus = RunStatus.COMPLETED,
    *,
    minutes: float = 0,
    took_s: float = 60,
    stats: RunStats | None = None,
    why: str | None = None,
    **others: Any,
) -> Run:
    """Return a run of ten listings, all of them good unless `status` or `stats` say otherwise."""
    started_at = START + timedelta(minutes=minutes)
    ended_at = started_at + timedelta(seconds=took_s) if status in ENDED else None
    if stats is None:
        stats = RunStats(total=10, unchanged=10)
        if status is RunStatus.PARTIAL:
            stats = RunStats(total=10, unchanged=9, failed=1)
        elif status is RunStatus.FAILED:
            stats = RunStats(total=10, failed=10)
    facts: dict[str, Any] = {
        "run_id": run_id(number),
        "run_type": RunType.FULL,
        "trigger": "cron",
        "status": status,
        "started_at": started_at,
        "completed_at": ended_at,
        "heartbeat_at": ended_at or started_at,
        "stats": stats,
        "cause": Cause(Category.NETWORK, why) if why else None,
        "source": "sheet",
        "target": "table",
        "host": "web1",
        "pid": 42,
        "version": "1.0",
    }
    return Run(**facts | others)
