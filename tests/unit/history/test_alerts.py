"""Streaks, reminders, recoveries and rejections of history/alerts.py, run after run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import REPEATED, Rejection
from listing_sync.errors import Category
from listing_sync.history.alert_memory import Memory
from listing_sync.history.alerts import COLUMN_MISSING, Ended, due_messages
from listing_sync.history.runs import Run, RunStats, RunStatus, RunType
from listing_sync.language.sentences import phrase
from tests.runs import make_run, run_id

FAILED, GOOD, PARTIAL = RunStatus.FAILED, RunStatus.COMPLETED, RunStatus.PARTIAL
INTERRUPTED = RunStatus.INTERRUPTED


class Office:
    """Hears of runs, one after the other, as the processes of cron tell them."""

    def __init__(self, after_failures: int = 3) -> None:
        self._after_failures = after_failures
        self._document: object = None
        self._runs: list[Run] = []

    def hears(
        self,
        status: RunStatus,
        *,
        minutes: float | None = None,
        why: str = "no route",
        news: Sequence[Rejection] = (),
        **facts: Any,
    ) -> list[str]:
        """Return the messages after one more run, by default five minutes after the last."""
        number = len(self._runs) + 1
        run = make_run(
            number,
            status,
            minutes=5 * number if minutes is None else minutes,
            why=why if status is FAILED else None,
            **facts,
        )
        assert run.completed_at is not None
        ended = Ended(
            run=run,
            recent=tuple(reversed(self._runs)),
            new_rejections=news,
            now=run.completed_at,
            zone=timezone(timedelta(hours=9), "JST"),
            after_failures=self._after_failures,
        )
        memory = Memory.from_document(self._document)
        messages, memory = due_messages(ended, memory)
        self._document = json.loads(json.dumps(memory.to_document()))
        self._runs.append(run)
        return [message.text(1900) for message in messages]

    def hears_titles(self, status: RunStatus, **facts: Any) -> list[str]:
        return [title_of(message) for message in self.hears(status, **facts)]


def title_of(message: str) -> str:
    return message.splitlines()[0].strip("*").removeprefix("listing-sync: ")


# -- streaks --------------------------------------------------------------------------------------


def test_a_streak_is_told_once_at_its_third_run() -> None:
    office = Office()
    heard = [office.hears_titles(FAILED) for _ in range(6)]
    assert heard == [[], [], ["no route"], [], [], []]


def test_the_first_failed_run_is_told_where_one_is_enough() -> None:
    assert Office(after_failures=1).hears_titles(FAILED) == ["no route"]


def test_the_message_says_which_runs_since_when_why_and_what_to_do() -> None:
    office = Office(after_failures=2)
    office.hears(FAILED)
    (message,) = office.hears(FAILED, why="Google answered 403: share the sheet with a@b")
    assert message.splitlines() == [
        "*listing-sync: Google answered 403: share the sheet with a@b*",
        "sheet → table",
        (
            "2 runs in a row failed since 2026-03-01 18:05 JST (6 min),"
            f" the last is `{run_id(2)}` on web1"
        ),
        (
            "To do: `listing-sync health` checks every part;"
            f" `listing-sync status {run_id(2)}` shows this run."
            " The table keeps what it has until runs work again."
        ),
    ]


def test_a_new_cause_is_told_at_once() -> None:
    office = Office(after_failures=1)
    office.hears(FAILED, why="no route")
    (message,) = office.hears(FAILED, why="the key was revoked")
    assert title_of(message) == "the key was revoked"


@pytest.mark.parametrize(
    "causes",
    [
        pytest.param(("next try at 18:05:07", "next try at 18:10:07"), id="other numbers"),
        pytest.param(("down (refused). Wait", "down. Wait"), id="without its details"),
        pytest.param(("timed out", "breaker open", "timed out", "breaker open"), id="in turn"),
    ],
)
def test_a_cause_that_was_told_is_not_told_again(causes: tuple[str, ...]) -> None:
    office = Office(after_failures=1)
    told = [office.hears_titles(FAILED, why=cause) for cause in causes]
    new = [cause.partition(":")[0].partition(" (")[0].partition(".")[0] for cause in causes]
    assert [bool(titles) for titles in told] == [
        cause not in new[:index] for index, cause in enumerate(new)
    ]


def test_a_streak_is_told_again_once_a_day() -> None:
    office = Office(after_failures=1)
    told = [
        office.hears_titles(FAILED, minutes=60 * hour) for hour in (0, 12, 23.9, 24, 25, 47.9, 48.1)
    ]
    assert [bool(titles) for titles in told] == [True, False, False, True, False, False, True]
    assert told[3] == ["still: no route"]


def test_a_clock_that_was_set_back_does_not_silence_the_reminder() -> None:
    office = Office(after_failures=1)
    office.hears(FAILED, minutes=60 * 24 * 365)
    assert office.hears_titles(FAILED, minutes=0) == ["still: no route"]


@pytest.mark.parametrize("good", [GOOD, PARTIAL])
def test_the_end_of_a_streak_is_told_once(good: RunStatus) -> None:
    office = Office()
    for _ in range(4):
        office.hears(FAILED)
    (message,) = office.hears(good)
    assert title_of(message) == "runs work again"
    assert "After 4 failed runs since 2026-03-01 18:05 JST." in message
    assert office.hears(good) == []


def test_a_streak_that_was_not_told_ends_in_silence() -> None:
    office = Office()
    heard = [office.hears(status) for status in (FAILED, FAILED, GOOD)]
    assert heard == [[], [], []]


def test_a_new_streak_is_told_again() -> None:
    office = Office(after_failures=1)
    heard = [office.hears_titles(status) for status in (FAILED, GOOD, FAILED)]
    assert heard == [["no route"], ["runs work again"], ["no route"]]


@pytest.mark.parametrize(
    "between",
    [
        pytest.param({"status": INTERRUPTED}, id="interrupted"),
        pytest.param({"status": GOOD, "run_type": RunType.SELECTIVE}, id="a few listings"),
        pytest.param(
            {"status": FAILED, "run_type": RunType.SELECTIVE}, id="a few listings, failed"
        ),
    ],
)
def test_runs_that_do_not_count_neither_lengthen_nor_end_a_streak(
    between: dict[str, object],
) -> None:
    office = Office()
    office.hears(FAILED)
    office.hears(FAILED)
    assert office.hears(**between) == []  # type: ignore[arg-type]
    assert office.hears_titles(FAILED) == ["no route"]


def test_what_an_earlier_version_told_is_not_told_again() -> None:
    office = Office(after_failures=1)
    office._document = {
        "streak": {
            "runs": 3,
            "since": "2026-03-01T09:00:00+00:00",
            "told_causes": ["network_error: no route"],
        },
        "told_at": "2026-03-01T09:00:00+00:00",
        "is_error_rate_told": False,
        "unsent": {},
    }
    assert office.hears(FAILED) == []
    assert office.hears_titles(GOOD) == ["runs work again"]


@given(st.lists(st.sampled_from([FAILED, GOOD, PARTIAL, INTERRUPTED]), max_size=30))
def test_alerts_and_recoveries_alternate(statuses: list[RunStatus]) -> None:
    office = Office(after_failures=2)
    titles = [
        title
        for status in statuses
        for title in office.hears_titles(status, stats=RunStats(total=1, unchanged=1))
    ]
    assert all(title == "runs work again" for title in titles[1::2])
    assert all(title == "no route" for title in titles[::2])


# -- the error rate -------------------------------------------------------------------------------


def counts(failed: int) -> RunStats:
    return RunStats(total=100, unchanged=100 - failed, failed=failed)


def test_an_error_rate_above_ten_percent_is_told_once_and_when_it_is_well_again() -> None:
    office = Office()
    heard = [
        office.hears_titles(PARTIAL, minutes=60 * 25 * number, stats=counts(failed))
        for number, failed in enumerate([10, 11, 12, 9, 5, 50])
    ]
    assert heard == [
        [],
        ["11% of the listings failed in 24 h"],
        [],
        [],
        ["the error rate is down to 5%"],
        ["50% of the listings failed in 24 h"],
    ]


def test_a_streak_is_not_told_a_second_time_as_an_error_rate() -> None:
    office = Office()
    heard = [office.hears_titles(FAILED) for _ in range(3)] + [office.hears_titles(GOOD)]
    assert heard == [[], [], ["no route"], ["runs work again"]]


def test_runs_that_fail_now_and_then_are_told_as_an_error_rate() -> None:
    office = Office()
    heard = [office.hears_titles(status) for status in (FAILED, GOOD) * 3]
    assert heard == [[]] * 5 + [["50% of the listings failed in 24 h"]]


# -- new rejections -------------------------------------------------------------------------------


def rejected(number: str | None = "AA12345", **facts: Any) -> Rejection:
    told: dict[str, object] = {
        "property_number": number,
        "sheet_row": 17,
        "column": "Price",
        "cell": "Listings!F17",
        "value": "SECRET VALUE",
        "reason": "not a number",
        "link": "https://docs.google.com/#gid=0&range=F17",
    }
    return Rejection(**(told | facts))  # type: ignore[arg-type]


def test_new_rejections_are_told_together_with_number_cell_link_and_reason() -> None:
    news = [
        rejected(),
        rejected(column="Area", link=None),
        rejected(None, sheet_row=9, column=None),
    ]
    (message,) = Office().hears(PARTIAL, news=news)
    assert message.splitlines() == [
        "*listing-sync: 2 listings newly rejected*",
        "sheet → table",
        "To do: mend these cells; until then the table keeps what it has of these listings.",
        "• AA12345 <https://docs.google.com/#gid=0&amp;range=F17|Listings!F17> Price: not a number",
        "• AA12345 Listings!F17 Area: not a number",
        "• no number <https://docs.google.com/#gid=0&amp;range=F17|Listings!F17>: not a number",
    ]


def test_a_column_of_failed_formulas_is_one_line() -> None:
    news = [
        rejected(f"AA{n}", cell=f"Listings!E{n}", value="#REF!", reason="fails", link=None)
        for n in range(2, 182)
    ]
    (message,) = Office().hears(PARTIAL, news=news, stats=RunStats(total=180, failed=180))[-1:]
    assert message.splitlines()[-1] == "• Price: 180 of 180 cells #REF!, the first Listings!E2"


def test_no_new_rejection_no_message() -> None:
    assert Office().hears(PARTIAL) == []


def test_values_never_leave_the_house() -> None:
    (message,) = Office().hears(PARTIAL, news=[rejected()])
    assert "SECRET VALUE" not in message


def test_many_rejections_are_cut_with_the_way_to_the_rest() -> None:
    (message,) = Office().hears(PARTIAL, news=[rejected(f"AA{n}") for n in range(1000)])
    assert len(message) <= 1900
    assert message.endswith("and 981 more: `listing-sync status --rejected`")
    assert "1,000 listings newly rejected" in message


def test_listings_that_a_failing_service_left_unwritten_are_no_rejections() -> None:
    news = [rejected(category=Category.NETWORK), rejected(category=Category.RATE_LIMIT)]
    assert Office().hears(FAILED, news=news) == []


def test_text_from_the_sheet_is_escaped_and_stays_on_its_line() -> None:
    news = [rejected("<!channel>", column="a & b\n• c", cell="T<1>!A1", reason="x > y")]
    (message,) = Office().hears(PARTIAL, news=news)
    line = message.splitlines()[3]
    assert line.startswith("• &lt;！channel&gt; <")
    assert line.endswith("|T&lt;1&gt;!A1> a &amp; b • c: x &gt; y")
    assert len(message.splitlines()) == 4


def test_the_cause_is_escaped_too() -> None:
    (message,) = Office(after_failures=1).hears(FAILED, why="<!here> & co\nWhy: not")
    assert title_of(message) == "&lt;！here&gt; &amp; co"
    assert "Why: &lt;！here&gt; &amp; co Why: not\n" in message


# -- the memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"streak": 3, "told_at": None, "is_error_rate_told": False, "unsent": {}},
        {"streak": None, "told_at": "soon", "is_error_rate_told": False, "unsent": {}},
        {"streak": None, "told_at": None, "is_error_rate_told": False, "unsent": []},
    ],
    ids=["nothing", "list", "empty", "streak", "time", "unsent"],
)
def test_a_damaged_memory_is_an_empty_one(document: object) -> None:
    assert Memory.from_document(document) == Memory()


def test_the_memory_survives_being_written_down() -> None:
    office = Office(after_failures=1)
    office.hears(FAILED)
    memory = Memory.from_document(office._document)
    assert memory.streak is not None
    assert memory.failing is not None
    assert memory.failing.told_at.tzinfo == UTC
    assert Memory.from_document(json.loads(json.dumps(memory.to_document()))) == memory


def test_each_removed_listing_is_named_with_the_way_back() -> None:
    numbers = tuple(f"AA{number}" for number in range(40))
    office = Office()
    (message,) = office.hears(GOOD, removed=numbers)
    assert title_of(message) == "40 listings removed"
    assert ", ".join(numbers) in message
    assert f"migrate rollback --run {run_id(1)}" in message
    assert office.hears(GOOD) == []


# -- columns that the sheet has lost --------------------------------------------------------------


def lost(header: str) -> str:
    return phrase(
        "the sheet has no column {header!r}; it is left as it is",
        code=COLUMN_MISSING,
        header=header,
    )


def test_a_lost_column_is_told_once_and_again_when_it_is_lost_anew() -> None:
    office = Office()
    office.hears(GOOD)
    gone = {"warnings": (lost("Price"),)}
    heard = [office.hears_titles(GOOD, **facts) for facts in (gone, gone, {}, gone)]
    told = ["the sheet has no column 'Price'; it is left as it is"]
    assert heard == [told, [], [], told]


def test_another_lost_column_is_told_beside_the_first() -> None:
    office = Office()
    office.hears(GOOD)
    office.hears(GOOD, warnings=(lost("Price"),))
    (message,) = office.hears(GOOD, warnings=(lost("Price"), lost("Area")))
    assert "'Price'" in message
    assert "'Area'" in message


def test_what_the_first_run_does_not_find_is_no_loss() -> None:
    office = Office()
    assert office.hears(GOOD, warnings=(lost("Price"),)) == []
    assert office.hears(GOOD, warnings=(lost("Price"),)) == []


# -- what the message on rejections says ----------------------------------------------------------


def on_row(row: int, number: str = "AA1") -> Rejection:
    return Rejection(
        number, row, None, f"Listings!A{row}", None, "the number is also on another row",
        code=REPEATED,
    )  # fmt: skip


def test_one_number_on_two_rows_is_the_title_and_one_line() -> None:
    [message] = Office().hears(PARTIAL, news=[on_row(2), on_row(7)])
    said = "AA1 stands on 2 rows: Listings!A2, Listings!A7; each listing needs a number of its own"
    assert title_of(message) == said
    assert message.count("Listings!A7") == 2
    assert f"• {said}" in message


def test_among_other_rejections_it_is_a_line_of_its_own() -> None:
    other = Rejection("AA9", 9, "Price", "Listings!F9", "?", "not a number")
    [message] = Office().hears(PARTIAL, news=[on_row(2), on_row(7), other])
    assert title_of(message) == "2 listings newly rejected"
    assert "• AA1 stands on 2 rows: " in message
    assert "• AA9 Listings!F9 Price: not a number" in message


def test_a_refusal_that_many_listings_share_is_one_line_with_the_number_of_the_others() -> None:
    refused = [
        Rejection(f"AA{n}", n, None, f"Listings!A{n}", None, "no right", Category.DATABASE)
        for n in range(2, 11)
    ]
    [message] = Office().hears(PARTIAL, news=refused)
    assert "• AA2 Listings!A2: no right (and 8 listings more)" in message


def test_a_memory_of_an_earlier_version_that_told_nothing_of_failures_is_read() -> None:
    document = {
        **Memory().to_document(),
        "streak": {"runs": 2, "since": "2026-03-01T09:00:00+00:00"},
        "told_at": "2026-03-01T09:00:00+00:00",
    }
    del document["failing"]
    memory = Memory.from_document(document)
    assert memory.failing is None
    assert memory.streak is not None
