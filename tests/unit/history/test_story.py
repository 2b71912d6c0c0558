"""Each answer that is given of one listing, and since when it has been rejected."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import Listing, Rejection
from listing_sync.changes.undone import Deed, Undone
from listing_sync.errors import Category
from listing_sync.history.outlook import Outlook
from listing_sync.history.runs import RunStatus, RunType, StoredRejection
from listing_sync.history.signs_of_life import Going, Life
from listing_sync.history.story import (
    Difference,
    Double,
    SheetView,
    Since,
    Story,
    TableView,
    rejected_since,
)
from listing_sync.history.story_answer import answer
from tests.fakes import START
from tests.runs import make_run, run_id

LISTING = Listing("AA1", 17, ("AA1", 5))
PRICE = Rejection(
    "AA1", 17, "価格", "Listings!F17", "応相談", "not a number; expected e.g. 34800000"
)
ROW = Rejection("AA1", 17, None, "Listings!A17", None, "the number is also on row 30")
VALID = SheetView((17,), LISTING, (), ())
REJECTED = SheetView((17,), None, (PRICE,), ())
GONE = SheetView((), None, (), ())
THERE = TableView(is_there=True, is_marked=False, differences=())
ABSENT = TableView(is_there=False, is_marked=False, differences=())
MARKED = TableView(is_there=True, is_marked=True, differences=())
OLD = replace(THERE, differences=(Difference("Price", 5, 4), Difference("Status", "sold", None)))
REFUSED = StoredRejection(
    run_id(1),
    Rejection("AA1", 17, None, None, None, "the database refuses it", Category.DATABASE),
    START,
)
STORY = Story(
    property_number="AA1",
    sheet=VALID,
    table=THERE,
    is_in_share=True,
    is_pruned=False,
    last_change=None,
    rejected_since=None,
    refusals=(),
    outlook=Outlook(make_run(1)),
    hold=None,
    problems=(),
)
UNDONE = Undone(run_id(7), START + timedelta(minutes=55), Deed.WROTE, ("Price", "Status"))
HANGING = Going(make_run(1, RunStatus.IN_PROGRESS), Life.HANGS, 1500, holds_lock=True)
AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
HELD = "the file /state/hold (rolled back)"


def say_time(moment: datetime) -> str:
    return f"{moment:%d %b %H:%M}"


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "up to date": (
        {},
        "AA1 is on the site and says what row 17 of the sheet says.",
    ),
    "up to date, but for what the table makes of it": (
        {"table": replace(THERE, given_back=(Difference("Price", 5, 1),))},
        (
            "AA1 is on the site and says what row 17 of the sheet says, but for Price:"
            ' of "5" the table makes "1" (a trigger, or the type of the column).'
        ),
    ),
    "missing, next run": (
        {"table": ABSENT},
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the next run writes it (the last one was at 01 Mar 09:00)."
        ),
    ),
    "differs, next run": (
        {"table": OLD},
        (
            "AA1 is on the site but differs from row 17 in Price, Status:"
            " the next run writes it (the last one was at 01 Mar 09:00)."
        ),
    ),
    "missing, no run": (
        {"table": ABSENT, "outlook": Outlook()},
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " no run is known that could have done it."
        ),
    ),
    "missing, last run failed": (
        {
            "table": ABSENT,
            "outlook": Outlook(
                make_run(1, RunStatus.FAILED, why="the key is wrong."), None, None, 1, START
            ),
        },
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the last run, at 01 Mar 09:00, failed: the key is wrong."
        ),
    ),
    "missing, last run interrupted": (
        {"table": ABSENT, "outlook": Outlook(make_run(1, RunStatus.INTERRUPTED), due=AT)},
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the last run, at 01 Mar 09:00, was interrupted;"
            " the next one, due about 31 Jan 09:30, goes on."
        ),
    ),
    "missing, last run interrupted, no next one known": (
        {"table": ABSENT, "outlook": Outlook(make_run(1, RunStatus.INTERRUPTED))},
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the last run, at 01 Mar 09:00, was interrupted; the next one goes on."
        ),
    ),
    "missing, runs failed and none comes": (
        {
            "table": ABSENT,
            "outlook": Outlook(make_run(9, RunStatus.FAILED), missing="no run for 3 h", failures=1),
        },
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the last run, at 01 Mar 09:00, failed; and no run for 3 h."
        ),
    ),
    "removed, there again": (
        {
            "sheet": GONE,
            "is_pruned": True,
            "undone": replace(UNDONE, deed=Deed.REMOVED, columns=()),
            "outlook": Outlook(make_run(1), due=AT),
        },
        (
            "AA1 is on the site although it is not in the sheet: removed by run 00000000 at"
            " 01 Mar 09:55, undone since (by the database or another program);"
            " the next run, due about 31 Jan 09:30, removes it."
        ),
    ),
    "on two rows, absent": (
        {
            "sheet": SheetView((17, 30), None, (ROW,), (), (Double("AA1", (17, 30), ()),)),
            "table": ABSENT,
        },
        "AA1 is not on the site because AA1 stands on rows 17 and 30.",
    ),
    "rejected, a row of which no cell is known": (
        {"sheet": replace(REJECTED, rejections=(replace(ROW, cell=None),)), "table": ABSENT},
        "AA1 is not on the site because of its row: the number is also on row 30.",
    ),
    "rejected, a column of which no cell is known": (
        {"sheet": replace(REJECTED, rejections=(replace(PRICE, cell=None),)), "table": ABSENT},
        (
            'AA1 is not on the site because of its 価格 ("応相談"):'
            " not a number; expected e.g. 34800000."
        ),
    ),
    "missing, run in progress": (
        {"table": ABSENT, "going": replace(HANGING, life=Life.AT_WORK)},
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the run of 01 Mar 09:00 is in progress."
        ),
    ),
    "missing, held": (
        {"table": ABSENT, "hold": HELD, "going": HANGING},
        f"AA1 is not on the site yet, although row 17 is valid: runs are paused by {HELD}.",
    ),
    "missing, refused by the database": (
        {"table": ABSENT, "refusals": (REFUSED,)},
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the last run could not write it: the database refuses it."
        ),
    ),
    "missing, corrected since the last run": (
        {"table": ABSENT, "refusals": (StoredRejection(run_id(1), PRICE, START),)},
        (
            "AA1 is not on the site yet, although row 17 is valid:"
            " the next run writes it (the last one was at 01 Mar 09:00)."
        ),
    ),
    "withdrawn but back": (
        {"table": MARKED},
        (
            "AA1 is not on the site: it is marked as withdrawn, although it is back in row 17"
            " of the sheet: the next run writes it (the last one was at 01 Mar 09:00)."
        ),
    ),
    "rejected, absent": (
        {"sheet": REJECTED, "table": ABSENT, "rejected_since": Since(AT, is_exact=True)},
        (
            'AA1 is not on the site because of its 価格 in Listings!F17 ("応相談"):'
            " not a number; expected e.g. 34800000. It has been rejected since 31 Jan 09:30."
        ),
    ),
    "rejected, perhaps longer": (
        {"sheet": REJECTED, "table": ABSENT, "rejected_since": Since(AT, is_exact=False)},
        (
            'AA1 is not on the site because of its 価格 in Listings!F17 ("応相談"):'
            " not a number; expected e.g. 34800000."
            " It has been rejected since 31 Jan 09:30 or longer."
        ),
    ),
    "rejected, old values": (
        {"sheet": replace(REJECTED, rejections=(ROW, PRICE))},
        (
            "AA1 is on the site with older values, not with its row in the sheet, because of its"
            " row in Listings!A17: the number is also on row 30 (and 1 more)."
        ),
    ),
    "differs, due": (
        {"table": OLD, "outlook": Outlook(make_run(1), due=AT)},
        (
            "AA1 is on the site but differs from row 17 in Price, Status:"
            " the next run, due about 31 Jan 09:30, writes it."
        ),
    ),
    "differs, no run comes": (
        {"table": OLD, "outlook": Outlook(make_run(1), missing="no run for 3 h")},
        "AA1 is on the site but differs from row 17 in Price, Status: no run for 3 h.",
    ),
    "differs, runs fail": (
        {
            "table": OLD,
            "outlook": Outlook(
                make_run(9, RunStatus.FAILED, why="the key is wrong."), None, None, 12, AT
            ),
        },
        (
            "AA1 is on the site but differs from row 17 in Price, Status:"
            " the last 12 runs failed, the first at 31 Jan 09:30: the key is wrong."
        ),
    ),
    "differs, a run hangs": (
        {"table": OLD, "going": HANGING},
        (
            "AA1 is on the site but differs from row 17 in Price, Status: the run of 01 Mar 09:00"
            " hangs: process 42 on web1 gives no sign of life for 25 min, keeps the lock, so no"
            " other run can start; end that process (`kill 42`), then the next run goes on."
        ),
    ),
    "differs, undone": (
        {"table": OLD, "undone": UNDONE, "outlook": Outlook(make_run(1), due=AT)},
        (
            "AA1 is on the site but differs from row 17 in Price, Status: written by run 00000000"
            " at 01 Mar 09:55, undone since (by the database or another program);"
            " the next run, due about 31 Jan 09:30, writes it again."
        ),
    ),
    "differs, one column undone": (
        {"table": OLD, "undone": replace(UNDONE, columns=("Price",))},
        (
            "AA1 is on the site but differs from row 17 in Price, Status: Price written by run"
            " 00000000 at 01 Mar 09:55, undone since (by the database or another program);"
            " the next run writes it again (the last one was at 01 Mar 09:00)."
        ),
    ),
    "differs, was seen equal": (
        {"table": OLD, "seen_equal_at": AT, "outlook": Outlook(make_run(1), due=AT)},
        (
            "AA1 is on the site but differs from row 17 in Price, Status: as in the sheet when the"
            " run of 31 Jan 09:30 looked, changed since (by the database or another program);"
            " the next run, due about 31 Jan 09:30, writes it again."
        ),
    ),
    "inserted, deleted by others": (
        {"table": ABSENT, "undone": replace(UNDONE, deed=Deed.INSERTED, columns=())},
        (
            "AA1 is not on the site, although row 17 is valid: inserted by run 00000000 at"
            " 01 Mar 09:55, undone since (by the database or another program);"
            " the next run writes it again (the last one was at 01 Mar 09:00)."
        ),
    ),
    "vanished, perhaps under another number": (
        {"sheet": replace(GONE, doubles=(Double("AA2", (33, 34), ("AA1",)),))},
        (
            "AA1 is on the site although it is not in the sheet; only a run with --prune removes"
            " it. AA2 stands on rows 33 and 34; one of them may be AA1."
        ),
    ),
    "vanished, pruned, but for two rows": (
        {
            "sheet": replace(GONE, doubles=(Double("AA2", (33, 34), ("AA1",)),)),
            "is_pruned": True,
        },
        (
            "AA1 is on the site although it is not in the sheet; no run removes anything while a"
            " number stands on two rows. AA2 stands on rows 33 and 34; one of them may be AA1."
        ),
    ),
    "twice, and another vanished": (
        {
            "sheet": SheetView(
                (17, 30), None, (ROW,), (), (Double("AA1", (17, 30), ("AA2", "AA3")),)
            )
        },
        (
            "AA1 is on the site with older values, not with its row in the sheet, because AA1"
            " stands on rows 17 and 30; one of them may be AA2 or AA3."
        ),
    ),
    "removed from the sheet, no prune": (
        {"sheet": GONE},
        "AA1 is on the site although it is not in the sheet; only a run with --prune removes it.",
    ),
    "removed from the sheet, prune": (
        {"sheet": GONE, "is_pruned": True},
        (
            "AA1 is on the site although it is not in the sheet; the next run removes it"
            " (the last one was at 01 Mar 09:00)."
        ),
    ),
    "removed from the sheet, prune held": (
        {"sheet": GONE, "is_pruned": True, "hold": HELD},
        (f"AA1 is on the site although it is not in the sheet; runs are paused by {HELD}."),
    ),
    "withdrawn": (
        {"sheet": GONE, "table": MARKED},
        "AA1 is not on the site because it is no longer in the sheet; it is marked as withdrawn.",
    ),
    "nowhere": (
        {"sheet": replace(GONE, near=("AA11", "AA12")), "table": ABSENT},
        "AA1 is neither in the sheet nor on the site (near it: AA11, AA12).",
    ),
    "outside the share": (
        {"table": ABSENT, "is_in_share": False},
        "AA1 is not on the site; SYNC_ROLLOUT_PERCENT leaves it out, so that no run writes it.",
    ),
    "outside the share, written by others": (
        {"sheet": REJECTED, "is_in_share": False},
        "AA1 is on the site; SYNC_ROLLOUT_PERCENT leaves it out, so that no run writes it.",
    ),
    "sheet away": (
        {"sheet": None},
        "AA1 is on the site; what the sheet says of it cannot be read now.",
    ),
    "sheet away, withdrawn": (
        {"sheet": None, "table": MARKED},
        "AA1 is not on the site; what the sheet says of it cannot be read now.",
    ),
    "table away, valid": (
        {"table": None},
        "Whether AA1 is on the site cannot be said; it is in row 17 of the sheet and valid.",
    ),
    "table away, rejected": (
        {"table": None, "sheet": REJECTED},
        (
            "Whether AA1 is on the site cannot be said; it is rejected because of its 価格 in"
            ' Listings!F17 ("応相談"): not a number; expected e.g. 34800000.'
        ),
    ),
    "table away, not in the sheet": (
        {"table": None, "sheet": GONE},
        "Whether AA1 is on the site cannot be said; it is not in the sheet.",
    ),
    "both away": (
        {"table": None, "sheet": None},
        "Neither the sheet nor the table can be read now; nothing can be said of AA1.",
    ),
}


@pytest.mark.parametrize(("facts", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer_comes_first_and_says_what_to_expect(facts, expected) -> None:
    assert answer(replace(STORY, **facts), say_time) == expected


def test_no_answer_says_a_thing_twice() -> None:
    for facts, _ in ANSWERS.values():
        said = answer(replace(STORY, **facts), say_time)
        clauses = [clause for clause in re.split(r"[;:.,] ", said) if clause.count(" ") > 2]
        assert len(clauses) == len(set(clauses)), said


@pytest.mark.parametrize(
    ("sheet", "table", "expected"),
    [
        (VALID, THERE, True),
        (VALID, OLD, False),
        (VALID, ABSENT, False),
        (VALID, MARKED, False),
        (REJECTED, THERE, False),
        (GONE, ABSENT, True),
        (GONE, MARKED, True),
        (GONE, THERE, False),
        (None, THERE, None),
        (VALID, None, None),
    ],
)
def test_up_to_date_means_that_the_table_says_what_the_sheet_says(sheet, table, expected) -> None:
    assert replace(STORY, sheet=sheet, table=table).is_up_to_date is expected


@pytest.mark.parametrize(
    ("sheet", "table", "expected"),
    [(GONE, ABSENT, False), (GONE, THERE, True), (REJECTED, ABSENT, True), (None, None, False)],
)
def test_a_listing_is_known_when_sheet_or_table_has_it(sheet, table, expected) -> None:
    assert replace(STORY, sheet=sheet, table=table).is_known is expected


def test_a_header_of_two_lines_is_said_in_one() -> None:
    tall = replace(PRICE, column="土地\n面積")
    story = replace(STORY, sheet=replace(REJECTED, rejections=(tall,)), table=ABSENT)
    assert "because of its 土地 面積 in" in answer(story, say_time)


def test_a_long_value_is_cut_in_the_answer() -> None:
    long = replace(PRICE, value="x" * 500)
    story = replace(STORY, sheet=replace(REJECTED, rejections=(long,)), table=ABSENT)
    assert f'("{"x" * 59}…")' in answer(story, say_time)


def _runs(*courses: str) -> list:
    """Return runs, newest first: R rejected it, O took it, F failed before it knew."""
    kinds = {
        "R": (RunStatus.PARTIAL, run_id(1)),
        "O": (RunStatus.COMPLETED, None),
        "P": (RunStatus.PARTIAL, run_id(2)),
        "F": (RunStatus.FAILED, None),
    }
    return [
        make_run(100 - index, kinds[kind][0], minutes=-index, rejections_run_id=kinds[kind][1])
        for index, kind in enumerate(courses)
    ]


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ("", None),
        ("O", None),
        ("FO", None),
        ("OR", None),
        ("PR", None),
        ("RO", (0, True)),
        ("RRRP", (2, True)),
        ("FRFRFO", (3, True)),
        ("RRR", (2, False)),
        ("RFF", (0, False)),
    ],
)
def test_rejected_since_is_the_start_of_the_unbroken_streak(course, expected) -> None:
    since = rejected_since(_runs(*course), frozenset({run_id(1)}), are_all=False)
    if expected is None:
        assert since is None
    else:
        back, is_exact = expected
        assert since == Since(START - timedelta(minutes=back), is_exact=is_exact)


def test_since_is_exact_when_there_are_no_older_runs() -> None:
    since = rejected_since(_runs("R", "R"), frozenset({run_id(1)}), are_all=True)
    assert since == Since(START - timedelta(minutes=1), is_exact=True)


def test_runs_of_some_listings_and_unfinished_ones_say_nothing_of_since_when() -> None:
    runs = [
        make_run(9, RunStatus.IN_PROGRESS, minutes=1),
        make_run(8, run_type=RunType.SELECTIVE),
        *_runs("R", "O"),
    ]
    assert rejected_since(runs, frozenset({run_id(1)}), are_all=False) == Since(
        START, is_exact=True
    )


@given(st.text("ROPF", max_size=12))
def test_since_is_one_of_the_rejecting_runs_and_none_between_took_it(course) -> None:
    runs = _runs(*course)
    since = rejected_since(runs, frozenset({run_id(1)}), are_all=False)
    if since is not None:
        streak = [run for run in runs if run.started_at >= since.moment]
        assert streak[-1].rejections_run_id == run_id(1)
        assert all(
            run.rejections_run_id == run_id(1) or run.status is RunStatus.FAILED for run in streak
        )
