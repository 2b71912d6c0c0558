"""Which rejections still stand after runs of single listings."""

from __future__ import annotations

from listing_sync.cells.listings import Rejection
from listing_sync.history.mended import TAKEN, still_standing
from listing_sync.history.runs import RunStatus, RunType
from tests.runs import make_run

REJECTIONS = tuple(
    Rejection(number, row, "Price", f"L!C{row}", "ask", "not a number")
    for row, number in enumerate(("AA1", "AA2", None), start=2)
)
JUDGE = make_run(1, RunStatus.PARTIAL)


def single(number: int, *taken: str, status: RunStatus = RunStatus.COMPLETED, minutes: int = 5):
    return make_run(
        number, status, minutes=minutes, run_type=RunType.SELECTIVE, metrics={TAKEN: [*taken]}
    )


def standing(*runs):
    return [item.property_number for item in still_standing(REJECTIONS, JUDGE, runs)]


def test_what_a_later_run_of_single_listings_took_stands_no_more():
    assert standing(JUDGE) == ["AA1", "AA2", None]
    assert standing(single(2, "AA1"), JUDGE) == ["AA2", None]


def test_an_earlier_run_and_one_that_failed_mend_nothing():
    failed = single(3, "AA2", status=RunStatus.FAILED)
    assert standing(failed, single(2, "AA1", minutes=-5)) == ["AA1", "AA2", None]
