"""What a run skipped, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.runs import RunStats, RunStatus, RunType
from listing_sync.history.skipped import Skip, noted, skipped_words
from tests.runs import make_run


def skipping(count: int, status: RunStatus = RunStatus.COMPLETED, **others):
    return make_run(1, status, stats=RunStats(total=count, skipped=count), **others)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (make_run(1), []),
        (skipping(90), ["90 outside the share of SYNC_ROLLOUT_PERCENT"]),
        (
            skipping(9, RunStatus.FAILED),
            ["9 not reached, or outside the share of SYNC_ROLLOUT_PERCENT"],
        ),
        (
            skipping(
                3,
                run_type=RunType.SELECTIVE,
                metrics=noted({Skip.NOT_IN_SHEET: ["AA1", "AA2"], Skip.LEFT_ALONE: []}),
            ),
            ["2 not in the sheet: AA1, AA2", "1 outside the share of SYNC_ROLLOUT_PERCENT"],
        ),
        (
            skipping(30, metrics=noted({Skip.LEFT_ALONE: [f"AA{at}" for at in range(30)]})),
            [
                (
                    "30 changed by somebody else since, and left alone: AA0, AA1, AA2, AA3, AA4"
                    " and 25 more"
                )
            ],
        ),
    ],
    ids=["nothing", "share", "not reached", "numbers", "left alone"],
)
def test_each_reason_is_told_with_its_numbers(run, said) -> None:
    assert list(skipped_words(run)) == said


def test_nothing_is_kept_where_nothing_was_skipped_by_name() -> None:
    assert noted({Skip.NOT_IN_SHEET: []}) == {}


@pytest.mark.slow
@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda it: st.dictionaries(st.text(), it))
)
def test_whatever_a_record_holds_is_read_without_an_error(stored) -> None:
    list(skipped_words(skipping(3, metrics={"skipped": {Skip.NOT_IN_SHEET.value: stored}})))
