"""Examples of history/pace.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from listing_sync.history.pace import Pace, pace
from listing_sync.history.runs import Run, RunStats, RunStatus
from tests.fakes import START
from tests.runs import make_run

NOW = START + timedelta(seconds=40)


def going(done: int, seconds: float, total: int = 100) -> Run:
    run = make_run(1, RunStatus.IN_PROGRESS, stats=RunStats(total=total, unchanged=done))
    return replace(run, heartbeat_at=START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("first", "latest", "expected"),
    [
        pytest.param(
            going(20, 10), going(60, 30), Pace(60, 100, 2.0, 20.0, 10.0), id="between two looks"
        ),
        pytest.param(
            going(50, 25), going(50, 25), Pace(50, 100, 2.0, 25.0, 15.0), id="one look: since start"
        ),
        pytest.param(
            going(0, 0, 0), going(0, 30, 0), Pace(0, 0, None, None, 10.0), id="nothing done yet"
        ),
        pytest.param(
            going(100, 10), going(100, 10), Pace(100, 100, 10.0, 0.0, 30.0), id="all done"
        ),
        pytest.param(
            going(0, 60), going(0, 60), Pace(0, 100, None, None, 0.0), id="a clock that runs ahead"
        ),
    ],
)
def test_pace_is_what_was_done_between_two_looks(first, latest, expected) -> None:
    assert pace(first, latest, NOW) == expected
