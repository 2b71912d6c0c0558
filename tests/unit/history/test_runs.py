"""A run, its totals and its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.errors import Category
from listing_sync.history.runs import (
    ENDED,
    Cause,
    RunStats,
    RunStatus,
    final_status,
)
from tests.fakes import START
from tests.runs import make_run

COUNTS = st.integers(0, 50)
UNDER_WAY = RunStatus.IN_PROGRESS


@given(st.sampled_from(sorted(ENDED)), COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_what_an_ended_run_had_not_reached_counts_as_skipped(
    status: RunStatus, inserted: int, updated: int, unchanged: int, failed: int, left: int
) -> None:
    total = inserted + updated + unchanged + failed + left
    run = make_run(status=UNDER_WAY, stats=RunStats(total=total, unchanged=unchanged))
    run = run.counting(inserted=inserted, updated=updated, failed=failed)
    assert run.stats.open == left
    stats = run.ended(status, START).stats
    assert stats.skipped == left
    assert stats.total == stats.success + stats.failed + stats.skipped
    assert stats.success == inserted + updated + unchanged


def test_no_ended_run_has_totals_that_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        make_run(stats=RunStats(total=2, updated=1))
    with pytest.raises(ValueError, match="more done"):
        make_run(status=UNDER_WAY, stats=RunStats(total=1, updated=2))


def test_removed_listings_are_none_of_the_sheets_rows() -> None:
    assert RunStats(total=1, unchanged=1, removed=5).success == 1


def test_a_run_ends_no_earlier_than_its_last_sign_of_life() -> None:
    run = make_run(status=UNDER_WAY, heartbeat_at=START + timedelta(minutes=5))
    ended = run.ended(RunStatus.FAILED, START, Cause(Category.NETWORK, "gone"))
    assert ended.heartbeat_at == run.heartbeat_at
    assert ended.cause == Cause(Category.NETWORK, "gone")


@pytest.mark.parametrize(
    ("stats", "others", "status"),
    [
        pytest.param(RunStats(total=3, unchanged=3), {}, RunStatus.COMPLETED, id="nothing to do"),
        pytest.param(RunStats(total=3, skipped=3), {}, RunStatus.COMPLETED, id="outside the share"),
        pytest.param(RunStats(total=3, failed=3), {}, RunStatus.PARTIAL, id="all rejected"),
        pytest.param(
            RunStats(total=3, failed=3), {"service_failures": 1}, RunStatus.FAILED, id="no write"
        ),
        pytest.param(
            RunStats(total=3, failed=1, unchanged=2),
            {"service_failures": 1},
            RunStatus.FAILED,
            id="the one write failed",
        ),
        pytest.param(
            RunStats(total=3, failed=2, updated=1),
            {"service_failures": 2},
            RunStatus.PARTIAL,
            id="one write of three",
        ),
        pytest.param(
            RunStats(total=3, unchanged=3), {"unremoved": 1}, RunStatus.PARTIAL, id="one stayed"
        ),
        pytest.param(
            RunStats(total=3, unchanged=3),
            {"unremoved": 2, "service_failures": 2},
            RunStatus.FAILED,
            id="no removal came through",
        ),
        pytest.param(
            RunStats(total=3, unchanged=3, removed=1),
            {"unremoved": 2, "service_failures": 2},
            RunStatus.PARTIAL,
            id="one removal came through",
        ),
    ],
)
def test_how_a_run_that_went_through_ended(
    stats: RunStats, others: dict[str, int], status: RunStatus
) -> None:
    assert final_status(stats, **others) is status
