from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.egress import egress_check
from listing_sync.history.runs import Run
from listing_sync.history.verdict import CheckStatus, Verdict, verdict
from tests.fakes import START
from tests.runs import make_run

NOW = START + timedelta(hours=1)


def runs_of(*received: int) -> list[Run]:
    """Return runs five minutes apart, the newest first, that received so many bytes."""
    return [
        make_run(number, minutes=-5 * number, metrics={"bytes_from_supabase": size})
        for number, size in enumerate(received)
    ]


def test_a_month_is_thirty_days_like_the_last() -> None:
    check = egress_check(runs_of(2_000_000, 1_000_000), NOW, 4)
    assert (check.status, check.detail) == (
        CheckStatus.OK,
        "90 MB a month from Supabase, as 2 runs in 24 h",
    )


def test_more_than_the_setting_is_a_warning_that_leaves_the_verdict_alone() -> None:
    check = egress_check(runs_of(*[1_000_000] * 200), NOW, 4)
    assert check.status is CheckStatus.WARN
    assert check.detail.startswith("6.0 GB a month from Supabase, as 200 runs in 24 h, above SYNC_")
    assert verdict([check], answered=True) is Verdict.HEALTHY


@pytest.mark.parametrize(("warn_gb", "status"), [(0, "ok"), (0.01, "warn"), (100, "ok")])
def test_the_setting_decides_and_nought_allows_everything(warn_gb: float, status: str) -> None:
    assert egress_check(runs_of(1_000_000), NOW, warn_gb).status == status


def test_older_runs_and_those_that_did_not_count_are_left_out() -> None:
    old = make_run(1, minutes=-1500, metrics={"bytes_from_supabase": 10**12})
    uncounted = make_run(2, metrics={"bytes": 10**12})
    assert egress_check([old, uncounted], NOW, 4).status is CheckStatus.OK
    assert "no run of the last 24 h" in egress_check([old, uncounted], NOW, 4).detail


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=5), st.floats(0.001, 1000))
def test_it_warns_exactly_above_the_setting(received: list[int], warn_gb: float) -> None:
    is_above = sum(received) * 30 / 10**9 > warn_gb
    assert (egress_check(runs_of(*received), NOW, warn_gb).status is CheckStatus.WARN) == is_above
