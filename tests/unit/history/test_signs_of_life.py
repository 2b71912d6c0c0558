"""Whether a run in progress is at work, hangs or is gone, and what is said of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from listing_sync.history.runs import RunStatus
from listing_sync.history.signs_of_life import Life, going, in_words
from tests.fakes import START
from tests.runs import make_run

RUN = make_run(1, RunStatus.IN_PROGRESS)


def say_time(moment: datetime) -> str:
    return f"{moment:%H:%M}"


@pytest.mark.parametrize(
    ("silent_s", "is_there", "holds_lock", "life"),
    [
        (0, None, False, Life.AT_WORK),
        (-3600, True, True, Life.AT_WORK),
        (30, False, False, Life.AT_WORK),
        (50, False, False, Life.GONE),
        (50, False, True, Life.AT_WORK),
        (130, True, False, Life.HANGS),
        (130, None, True, Life.HANGS),
        (130, None, False, Life.SILENT),
    ],
)
def test_life_is_told_by_silence_process_and_lock(silent_s, is_there, holds_lock, life) -> None:
    now = START + timedelta(seconds=silent_s)
    assert going(RUN, now, is_there=is_there, holds_lock=holds_lock).life is life


@pytest.mark.parametrize(
    ("is_there", "holds_lock", "said"),
    [
        (
            True,
            True,
            (
                "the run of 09:00 hangs: process 42 on web1 gives no sign of life for 25 min,"
                " keeps the lock, so no other run can start; end that process (`kill 42`), then"
                " the next run goes on"
            ),
        ),
        (
            True,
            False,
            (
                "the run of 09:00 hangs: process 42 on web1 gives no sign of life for 25 min; end"
                " that process (`kill 42`), then the next run goes on"
            ),
        ),
        (
            False,
            False,
            (
                "the run of 09:00 died (process 42 on web1 is gone); the next run goes on where"
                " it stopped"
            ),
        ),
        (
            None,
            False,
            (
                "the run of 09:00 gives no sign of life for 25 min (process 42 on web1): the next"
                " run goes on if it is dead"
            ),
        ),
    ],
)
def test_what_is_said_names_the_process_and_the_next_step(is_there, holds_lock, said) -> None:
    found = going(RUN, START + timedelta(minutes=25), is_there=is_there, holds_lock=holds_lock)
    assert in_words(found, say_time) == said
