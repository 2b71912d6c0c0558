"""Facts of a page in each of the states that the office may meet."""

from __future__ import annotations

from datetime import timedelta, timezone

from listing_sync.cells.listings import Rejection
from listing_sync.commands.status import ErrorCount, PageFacts
from listing_sync.errors import Category
from listing_sync.history.run_statistics import WEEK, daily, full_runs, last_good, statistics
from listing_sync.history.runs import Run, RunStats, RunStatus
from listing_sync.history.verdict import CheckName, fail, run_checks, verdict
from tests.fakes import START
from tests.runs import make_run

SECRET_VALUE = "応相談-never-shown"
NOW = START + timedelta(minutes=3)
TOKYO = timezone(timedelta(hours=9), "JST")
LINK = "https://docs.google.com/spreadsheets/d/x/edit#gid=0&range=F17"

REJECTIONS = (
    Rejection("AA12345", 17, "価格", "物件一覧!F17", SECRET_VALUE, "not a number", link=LINK),
    Rejection(None, 40, None, "物件一覧!A40", None, "the property number is missing"),
    Rejection(
        "<b>AA</b>",
        41,
        '"><script>alert(1)</script>',
        "L!A41\u202e",
        SECRET_VALUE,
        "the database refuses it & says <why>",
        Category.DATABASE,
        link="javascript:alert(1)",
    ),
)


def facts_of(
    runs: tuple[Run, ...], rejections: tuple[Rejection, ...] = (), away: str | None = None
) -> PageFacts:
    day = statistics(runs, NOW)
    checks = run_checks(runs, NOW, stale_after_s=86400, recent=day)
    if away:
        checks = (fail(CheckName.SYNC_STATE, f"cannot be read: {away}"), *checks)
    ended = next(iter(full_runs(runs)), None)
    errors = (
        (
            ErrorCount(Category.VALIDATION, listings=2, runs=0),
            ErrorCount(Category.NETWORK, listings=0, runs=1),
        )
        if rejections
        else ()
    )
    return PageFacts(
        written_at=NOW,
        zone=TOKYO,
        source="google:x",
        target="xyz.supabase.co/listings",
        verdict=verdict(checks, answered=True),
        checks=checks,
        runs=runs,
        last_good=last_good(runs),
        day=day,
        week=statistics(runs, NOW, WEEK),
        days=daily(runs, NOW, TOKYO),
        errors=errors,
        rejections=rejections,
        rejected_by=ended,
        last_run=ended,
        away=away,
        problems=(),
    )


def course(*statuses: RunStatus) -> tuple[Run, ...]:
    """Return one run each six hours, newest first."""
    return tuple(
        make_run(
            number,
            status,
            minutes=-360 * number,
            took_s=30 + 7 * number,
            why="no answer within 30 s <5 tries>" if status is RunStatus.FAILED else None,
            in_journal=number == 1,
        )
        for number, status in enumerate(statuses)
    )


PAGES = {
    "before the first run": facts_of(()),
    "healthy": facts_of(course(*[RunStatus.COMPLETED] * 28)),
    "degraded": facts_of(course(*[RunStatus.PARTIAL] * 30), REJECTIONS),
    "unhealthy": facts_of(course(*[RunStatus.FAILED] * 5, *[RunStatus.COMPLETED] * 20)),
    "in progress": facts_of(
        (
            make_run(99, RunStatus.IN_PROGRESS, stats=RunStats(total=10, unchanged=4)),
            *course(RunStatus.COMPLETED, RunStatus.INTERRUPTED),
        )
    ),
    "supabase away": facts_of(course(RunStatus.COMPLETED), away="the project is <paused>"),
}
