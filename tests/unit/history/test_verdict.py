"""Examples of history/verdict.py, each the answer to a question that somebody on duty asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.table_check import TableFacts
from listing_sync.history.run_checks import (
    progress_check,
    queue_size,
    run_checks,
    schedule_check,
    share_check,
)
from listing_sync.history.run_statistics import GIVEN_BACK, statistics
from listing_sync.history.runs import Run, RunStats, RunStatus, RunType
from listing_sync.history.verdict import (
    Check,
    CheckName,
    CheckStatus,
    Verdict,
    channels_check,
    decisive,
    fail,
    headers_check,
    key_check,
    ok,
    table_check,
    verdict,
    warn,
)
from tests.fakes import START
from tests.runs import make_run, run_id

NOW = START + timedelta(hours=1)
DAY_S = 86400
KEY = Column("number", ("Number",), ColumnType.TEXT, required=True)
PRICE = Column("price", ("Price",), ColumnType.MONEY, scale=0)
MAPPING = SheetMapping("listings", "number", (KEY, PRICE))


def of_runs(*runs: Run, stale_after_s: float = DAY_S) -> dict[CheckName, Check]:
    checks = run_checks(runs, NOW, stale_after_s=stale_after_s, recent=statistics(runs, NOW))
    return {check.name: check for check in checks}


def verdict_of(*runs: Run) -> Verdict:
    return verdict(tuple(of_runs(*runs).values()), answered=True)


def with_errors(failed: int, total: int = 1000, number: int = 1) -> Run:
    stats = RunStats(total=total, unchanged=total - failed, failed=failed)
    return make_run(number, stats=stats)


# -- the verdict ----------------------------------------------------------------------------------


NO_ERROR = RunStats(total=1, skipped=1)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param((make_run(),), Verdict.HEALTHY, id="a good run"),
        pytest.param((), Verdict.DEGRADED, id="no run yet"),
        pytest.param(
            (make_run(1), make_run(2, RunStatus.PARTIAL, minutes=5, stats=with_errors(1).stats)),
            Verdict.DEGRADED,
            id="last run partial",
        ),
        pytest.param(
            (make_run(1), make_run(2, RunStatus.FAILED, minutes=5, stats=NO_ERROR)),
            Verdict.DEGRADED,
            id="last run failed",
        ),
        pytest.param(
            (make_run(1), make_run(2, RunStatus.INTERRUPTED, minutes=5)),
            Verdict.HEALTHY,
            id="last run interrupted",
        ),
        pytest.param(
            (make_run(1), make_run(2, RunStatus.FAILED, minutes=5, run_type=RunType.SELECTIVE)),
            Verdict.HEALTHY,
            id="last run of a few listings failed",
        ),
        pytest.param((with_errors(50),), Verdict.HEALTHY, id="error rate 5 %"),
        pytest.param((with_errors(51),), Verdict.DEGRADED, id="error rate above 5 %"),
        pytest.param((with_errors(100),), Verdict.DEGRADED, id="error rate 10 %"),
        pytest.param((with_errors(101),), Verdict.UNHEALTHY, id="error rate above 10 %"),
        pytest.param(
            (make_run(minutes=-23 * 60 - 2),), Verdict.UNHEALTHY, id="a day old and stale"
        ),
        pytest.param((make_run(minutes=-22 * 60),), Verdict.HEALTHY, id="less than a day old"),
        pytest.param(
            (make_run(1, RunStatus.FAILED, minutes=-25 * 60, stats=NO_ERROR),),
            Verdict.UNHEALTHY,
            id="never a good run, for more than a day",
        ),
    ],
)
def test_verdict_on_runs(runs: tuple[Run, ...], expected: Verdict) -> None:
    assert verdict_of(*runs) is expected


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        pytest.param([ok(CheckName.SHEET, "")], Verdict.HEALTHY, id="all well"),
        pytest.param([warn(CheckName.HOLD, "")], Verdict.HEALTHY, id="advice"),
        pytest.param([fail(CheckName.BREAKER, "")], Verdict.UNHEALTHY, id="breaker open"),
        pytest.param([fail(CheckName.SHEET, "")], Verdict.UNHEALTHY, id="sheet not read"),
        pytest.param(
            [warn(CheckName.LAST_RUN, ""), fail(CheckName.FILES, "")],
            Verdict.UNHEALTHY,
            id="the worse one counts",
        ),
    ],
)
def test_verdict_on_checks(checks: list[Check], expected: Verdict) -> None:
    assert verdict(checks, answered=True) is expected


def test_nothing_is_known_when_neither_service_answered() -> None:
    assert verdict([fail(CheckName.SHEET, "")], answered=False) is Verdict.UNKNOWN


# -- what the checks say --------------------------------------------------------------------------


def test_a_failed_run_is_told_with_its_cause_and_where_to_read_on() -> None:
    found = of_runs(make_run(3, RunStatus.FAILED, why="the key was revoked"))[CheckName.LAST_RUN]
    assert found.detail == (
        f"failed 59 min ago: the key was revoked; more by `listing-sync status {run_id(3)}`"
    )


def test_a_partial_run_is_told_with_its_counts() -> None:
    found = of_runs(make_run(3, RunStatus.PARTIAL))[CheckName.LAST_RUN]
    assert "9 of 10 listings up to date" in found.detail
    assert run_id(3) in found.detail


def test_a_stale_run_is_told_with_its_age_and_the_limit() -> None:
    found = of_runs(make_run(minutes=-10), stale_after_s=3600)[CheckName.LAST_GOOD_RUN]
    assert found.status is CheckStatus.FAIL
    assert "1 h 9 min ago" in found.detail
    assert "SYNC_STALE_AFTER (1 h)" in found.detail


def test_no_good_run_yet_is_a_warning_while_the_first_is_young() -> None:
    found = of_runs(make_run(1, RunStatus.FAILED))[CheckName.LAST_GOOD_RUN]
    assert found == warn(CheckName.LAST_GOOD_RUN, "none yet")


def test_a_column_written_again_and_again_is_named() -> None:
    sample = {"rewritten": {"price": {"AA1": 1, "AA2": 2}}}
    found = of_runs(*(make_run(n, minutes=n, metrics=sample) for n in (1, 2, 3)))
    assert found[CheckName.UNDONE].status is CheckStatus.WARN
    assert found[CheckName.UNDONE].detail.startswith(
        "3 runs wrote the same values again to AA1, AA2 (price): another program or a trigger"
    )
    assert verdict([*found.values()], answered=True) is Verdict.DEGRADED


SOON = NOW + timedelta(days=30)
LATER = NOW + timedelta(days=200)


@pytest.mark.parametrize(
    ("expires_at", "now", "is_legacy", "is_hosted", "expected"),
    [
        pytest.param(None, NOW, False, True, CheckStatus.OK, id="secret key"),
        pytest.param(LATER, NOW, True, False, CheckStatus.OK, id="own server, long valid"),
        pytest.param(None, NOW, True, False, CheckStatus.OK, id="own server, no end"),
        pytest.param(SOON, NOW, True, False, CheckStatus.WARN, id="own server, ends soon"),
        pytest.param(NOW, NOW, True, False, CheckStatus.FAIL, id="expired"),
        pytest.param(LATER, NOW, True, True, CheckStatus.OK, id="hosted, in March 2026"),
        pytest.param(
            LATER + timedelta(days=3000),
            datetime(2026, 11, 22, tzinfo=UTC),
            True,
            True,
            CheckStatus.WARN,
            id="hosted, in November 2026",
        ),
    ],
)
def test_a_legacy_key_near_its_end_is_named(
    expires_at: datetime | None,
    now: datetime,
    is_legacy: bool,  # noqa: FBT001 - a table's column
    is_hosted: bool,  # noqa: FBT001 - a table's column
    expected: CheckStatus,
) -> None:
    found = key_check(expires_at, now, is_legacy=is_legacy, is_hosted=is_hosted)
    assert found.status is expected


def test_the_end_of_a_hosted_legacy_key_is_the_last_day_of_2026() -> None:
    november = datetime(2026, 11, 22, tzinfo=UTC)
    found = key_check(None, november, is_legacy=True, is_hosted=True)
    assert "ends on 2026-12-31" in found.detail
    assert "sb_secret_" in found.detail


@pytest.mark.parametrize(
    ("missing", "duplicates", "expected", "named"),
    [
        pytest.param((), (), CheckStatus.OK, "2 mapped columns", id="all there"),
        pytest.param((PRICE,), (), CheckStatus.WARN, '"Price"', id="an optional one missing"),
        pytest.param((PRICE, KEY), (), CheckStatus.FAIL, '"Number"', id="a required one missing"),
        pytest.param((), ("Price",), CheckStatus.FAIL, "Price", id="one twice"),
    ],
)
def test_headers_that_no_longer_match_are_named(
    missing: tuple[Column, ...], duplicates: tuple[str, ...], expected: CheckStatus, named: str
) -> None:
    found = headers_check(2, missing, ("Memo", "鍵", "Code"), duplicates)
    assert found.status is expected
    assert named in found.detail


def test_a_column_whose_header_alone_is_another_one_degrades() -> None:
    found = headers_check(2, (PRICE,), ("Asking price",), ())
    assert verdict([found], answered=True) is Verdict.DEGRADED
    assert decisive([warn(CheckName.LAST_RUN, ""), found]) is found
    assert '"Price" (renamed to "Asking price"?), which is no longer synced' in found.detail
    near = headers_check(2, (PRICE,), ("Prices", "Memo"), ())
    assert verdict([near], answered=True) is Verdict.HEALTHY
    assert '(renamed to "Prices"?)' not in near.detail


@pytest.mark.parametrize(
    ("columns", "required", "expected", "named"),
    [
        pytest.param(
            {"number": "text", "price": "numeric"}, set(), CheckStatus.OK, "fits", id="fits"
        ),
        pytest.param({"number": "text"}, set(), CheckStatus.FAIL, "price", id="column missing"),
        pytest.param(
            {"number": "text", "price": "numeric", "owner": "text"},
            {"owner"},
            CheckStatus.WARN,
            "owner",
            id="a column that must be given",
        ),
        pytest.param(
            {"number": "text", "price": "boolean"}, set(), CheckStatus.WARN, "boolean", id="type"
        ),
    ],
)
def test_a_table_that_does_not_fit_is_named(
    columns: dict[str, str], required: set[str], expected: CheckStatus, named: str
) -> None:
    facts = TableFacts(columns, frozenset(required), key_is_unique=None)
    found = table_check(MAPPING, facts)
    assert found.status is expected
    assert named in found.detail


def test_a_missing_mark_column_is_a_missing_column() -> None:
    mapping = SheetMapping("listings", "number", (KEY,), mark_column="withdrawn_at")
    facts = TableFacts({"number": "text"}, frozenset(), key_is_unique=None)
    found = table_check(mapping, facts)
    assert found.status is CheckStatus.FAIL
    assert "withdrawn_at" in found.detail


# -- a run in progress ----------------------------------------------------------------------------


def going(silent: timedelta) -> Run:
    return make_run(
        1,
        RunStatus.IN_PROGRESS,
        heartbeat_at=NOW - silent,
        stats=RunStats(total=100, unchanged=30),
    )


@pytest.mark.parametrize(
    ("runs", "lock_run_id", "expected"),
    [
        pytest.param((make_run(),), None, CheckStatus.OK, id="none"),
        pytest.param((going(timedelta(minutes=2)),), run_id(1), CheckStatus.OK, id="alive"),
        pytest.param((going(timedelta(minutes=3)),), run_id(1), CheckStatus.WARN, id="silent"),
        pytest.param((going(timedelta(minutes=11)),), run_id(1), CheckStatus.FAIL, id="hanging"),
        pytest.param((going(timedelta(minutes=11)),), None, CheckStatus.WARN, id="dead"),
        pytest.param((going(timedelta(minutes=11)),), run_id(2), CheckStatus.WARN, id="followed"),
    ],
)
def test_a_run_gone_silent_is_named(
    runs: tuple[Run, ...], lock_run_id: str | None, expected: CheckStatus
) -> None:
    found = progress_check(runs, NOW, lock_run_id)
    assert found.status is expected
    if expected is not CheckStatus.OK:
        assert "process 42 on web1" in found.detail


def test_queue_size_is_what_living_runs_have_still_to_do() -> None:
    assert queue_size((going(timedelta(minutes=1)), make_run(2)), NOW) == 70
    assert queue_size((going(timedelta(minutes=11)),), NOW) == 0


def test_a_run_that_took_nothing_is_no_good_run() -> None:
    taken = make_run(1, minutes=-30 * 60)
    nothing = make_run(2, RunStatus.PARTIAL, stats=RunStats(total=10, failed=10))
    assert of_runs(taken, nothing)[CheckName.LAST_GOOD_RUN].status is CheckStatus.FAIL


def test_a_channel_that_refuses_and_messages_that_wait_degrade() -> None:
    found = channels_check(2, ["webhook 1 refuses messages since 2026-03-01 09:00 (HTTP 404)"])
    assert found.detail.startswith("webhook 1 refuses messages")
    assert "2 messages could not be delivered yet" in found.detail
    assert verdict([found], answered=True) is Verdict.DEGRADED
    assert channels_check(0, []).status is CheckStatus.OK


def test_after_a_repair_the_error_rate_says_how_many_runs_were_good_since() -> None:
    bad = [make_run(n, RunStatus.FAILED, minutes=n) for n in (1, 2)]
    little = RunStats(total=100, unchanged=99, failed=1)
    good = [make_run(n, RunStatus.PARTIAL, minutes=n, stats=little) for n in (3, 4)]
    assert "100%" in of_runs(*bad)[CheckName.ERROR_RATE].detail
    assert "good" not in of_runs(*bad)[CheckName.ERROR_RATE].detail
    assert of_runs(*bad, good[0])[CheckName.ERROR_RATE].detail.startswith(
        "17.5% of 120 listings in 24 h (the last run was good)"
    )
    assert "(the last 2 runs were good)" in of_runs(*bad, *good)[CheckName.ERROR_RATE].detail


def test_of_several_warnings_that_degrade_the_one_that_matters_most_is_told_first() -> None:
    headers = replace(warn(CheckName.HEADERS, "renamed"), degrades=True)
    last_run, gone = warn(CheckName.LAST_RUN, "partial"), warn(CheckName.SCHEDULE, "no run")
    undone, channels = warn(CheckName.UNDONE, "undone"), warn(CheckName.CHANNELS, "refused")
    assert decisive([last_run, undone, gone, channels]) == gone
    assert decisive([last_run, channels, undone]) == undone
    assert decisive([headers, last_run]) == headers


# -- what is rarely so ----------------------------------------------------------------------------


def test_a_column_that_keeps_no_value_is_told_with_its_example() -> None:
    run = make_run(metrics={GIVEN_BACK: {"price": "money", "area": "numeric"}})
    checks = run_checks(
        [run],
        NOW,
        stale_after_s=DAY_S,
        recent=statistics([run], NOW),
        examples={"price": 'price (money; wrote 5, reads "$5.00")'},
    )
    [found] = [check for check in checks if check.name is CheckName.STABILITY]
    assert found.status is CheckStatus.WARN
    assert 'to price (money; wrote 5, reads "$5.00"), area (numeric): give them' in found.detail


def test_runs_that_come_as_usual_are_told_with_their_distance() -> None:
    runs = [make_run(number, minutes=5 * number) for number in range(12)]
    found = schedule_check(runs[::-1], START + timedelta(minutes=57))
    assert (found.status, found.detail) == (CheckStatus.OK, "a run every 5 min")


def test_a_share_is_told_also_before_the_first_run() -> None:
    found = share_check(10, [])
    assert found.status is CheckStatus.WARN
    assert found.detail == "SYNC_ROLLOUT_PERCENT is 10; set it to 100 when all is well"


def test_of_what_follows_from_failed_runs_the_last_run_tells_the_cause() -> None:
    last = warn(CheckName.LAST_RUN, "failed: no route")
    checks = [ok(CheckName.TABLE, "fits"), fail(CheckName.ERROR_RATE, "40 %"), last]
    assert decisive(checks) == last
    assert decisive([*checks, fail(CheckName.TABLE, "is gone")]) != last
