"""What our runs write again and again, because somebody else undoes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.undone_again import UndoneAgain, undone_again
from tests.runs import make_run


def runs_that_wrote(course: str) -> list[Run]:
    """Return runs, the newest first: a letter is the value that each wrote, - that it wrote none.

    F is a run that failed.
    """
    return [
        make_run(
            100 - at,
            RunStatus.FAILED if value == "F" else RunStatus.COMPLETED,
            minutes=-at,
            metrics={"rewritten": {"price": {"AA1": ord(value)}}} if value not in "-F" else {},
        )
        for at, value in enumerate(course)
    ]


@pytest.mark.parametrize(
    ("course", "times"),
    [
        ("", 0),
        ("aa", 0),
        ("aaa", 3),
        ("aFaFa", 3),
        ("-aaa", 3),
        ("--aaa", 0),
        ("aba", 0),
        ("ababa", 0),
        ("a-a-a", 3),
        ("---a--a--a", 3),
        ("------a--a--a", 0),
        ("aaab", 3),
        ("baaa", 0),
    ],
)
def test_the_same_value_written_three_times_was_undone_in_between(course, times) -> None:
    found = undone_again(runs_that_wrote(course))
    assert found == (UndoneAgain(("AA1",), ("price",), times) if times else None)


def test_every_listing_and_column_is_named() -> None:
    sample = {"rewritten": {"price": {"AA1": 1, "AA2": 2}, "status": {"AA2": 3}}}
    runs = [make_run(n, minutes=n, metrics=sample) for n in range(4)]
    assert undone_again(runs) == UndoneAgain(("AA1", "AA2"), ("price", "status"), 4)


@pytest.mark.parametrize("noted", [None, [1], {"price": [1, 2]}, {"price": {}}, "x"])
def test_what_other_versions_noted_says_nothing(noted) -> None:
    assert (
        undone_again([make_run(n, minutes=n, metrics={"rewritten": noted}) for n in range(4)])
        is None
    )


@given(st.text("ab-", max_size=12))
def test_nothing_is_called_undone_that_was_not_written_three_times(course) -> None:
    if max(course.count("a"), course.count("b")) < 3:
        assert undone_again(runs_that_wrote(course)) is None
