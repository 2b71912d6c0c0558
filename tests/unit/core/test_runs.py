"""A run, its totals and its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.core.listings import Rejection
from listing_sync.core.runs import (
    DEAD_AFTER,
    ENDED,
    Cause,
    RunStats,
    RunStatus,
    final_status,
    is_dead,
    rejection_key,
)
from listing_sync.errors import Category
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


@pytest.mark.parametrize(
    ("host", "pid", "is_alive", "silent", "dead"),
    [
        pytest.param("web1", 42, True, timedelta(0), False, id="alive here"),
        pytest.param("web1", 42, False, timedelta(0), True, id="its process is gone"),
        pytest.param("web1", 7, True, timedelta(0), True, id="we bear its number"),
        pytest.param("web2", 7, False, DEAD_AFTER, False, id="elsewhere, not silent for long"),
        pytest.param("web2", 7, True, DEAD_AFTER * 1.01, True, id="elsewhere, silent"),
        pytest.param("web1", 42, True, DEAD_AFTER * 1.01, True, id="its number was given away"),
        pytest.param("web2", 7, False, -DEAD_AFTER, False, id="its clock is ahead"),
    ],
)
def test_whether_a_run_under_way_is_dead(
    host: str, pid: int, *, is_alive: bool, silent: timedelta, dead: bool
) -> None:
    run = make_run(status=UNDER_WAY, host=host, pid=pid)
    now = run.heartbeat_at + silent
    assert is_dead(run, now, host="web1", own_pid=7, is_alive=is_alive) is dead


def test_a_rejection_is_the_same_wherever_its_row_moved() -> None:
    first = Rejection("AA1", 17, "Price", "Listings!F17", "ask", "not a number")
    moved = Rejection("AA1", 90, "Price", "Listings!F90", "tba", "not a number")
    other = Rejection("AA1", 17, "Area", "Listings!G17", "ask", "not a number")
    assert rejection_key(first) == rejection_key(moved) != rejection_key(other)


def test_a_repeated_number_is_the_same_wherever_its_rows_moved() -> None:
    first = Rejection("AA1", 6, None, "A6", None, "the property number is also on row 7")
    moved = Rejection("AA1", 7, None, "A7", None, "the property number is also on row 8")
    assert rejection_key(first) == rejection_key(moved)


def test_a_wrong_number_is_the_same_wherever_its_row_moved() -> None:
    first = Rejection(None, 6, "Number", "A6", "AA-x", "not in the form of this column")
    moved = Rejection(None, 7, "Number", "A7", "AA-x", "not in the form of this column")
    other = Rejection(None, 8, "Number", "A8", "AA-y", "not in the form of this column")
    assert rejection_key(first) == rejection_key(moved) != rejection_key(other)


def test_rejections_of_rows_without_a_number_differ_by_row() -> None:
    nameless = [Rejection(None, row, None, None, None, "no property number") for row in (2, 3)]
    assert rejection_key(nameless[0]) != rejection_key(nameless[1])
