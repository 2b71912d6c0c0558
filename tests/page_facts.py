"""Facts of a page in each of the states that the office may meet."""

from __future__ import annotations

from datetime import timedelta, timezone

from listing_sync.cells.listings import Rejection
from listing_sync.commands.page_facts import PageFacts
from listing_sync.errors import Category
from listing_sync.history.month import month
from listing_sync.history.run_checks import run_checks
from listing_sync.history.run_statistics import WEEK, daily, full_runs, last_good, statistics
from listing_sync.history.runs import Run, RunStats, RunStatus
from listing_sync.history.story import ChangeKind, ColumnChange
from listing_sync.history.verdict import CheckName, fail, verdict
from listing_sync.steps.kept_changes import ListingChange
from listing_sync.steps.page_memory import standing_key
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


CHANGES = (
    ListingChange("AA10001", ChangeKind.INSERTED),
    ListingChange(
        "AA10002",
        ChangeKind.UPDATED,
        (ColumnChange("価格", 65100000, 51200000), ColumnChange("状況", None, "<b>商談中</b>")),
    ),
    ListingChange("AA10003", ChangeKind.REMOVED),
)


def facts_of(
    runs: tuple[Run, ...], rejections: tuple[Rejection, ...] = (), away: str | None = None
) -> PageFacts:
    day = statistics(runs, NOW)
    checks = run_checks(runs, NOW, stale_after_s=86400, recent=day)
    if away:
        checks = (fail(CheckName.SYNC_STATE, f"cannot be read: {away}"), *checks)
    ended = next(iter(full_runs(runs)), None)
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
        rejections=rejections,
        rejected_by=ended,
        last_run=ended,
        away=away,
        problems=(),
        month=month(runs, NOW, TOKYO, {}),
        since={standing_key(item): NOW - timedelta(days=3) for item in rejections},
        changes={run.run_id: CHANGES for run in runs if run.stats.updated},
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
    "changing": facts_of(
        tuple(
            make_run(
                n,
                minutes=-300 * n,
                stats=RunStats(
                    total=10, inserted=1, updated=n % 4 + 1, unchanged=8 - n % 4, removed=1
                ),
            )
            for n in range(40)
        )
    ),
    "in progress": facts_of(
        (
            make_run(99, RunStatus.IN_PROGRESS, stats=RunStats(total=10, unchanged=4)),
            *course(RunStatus.COMPLETED, RunStatus.INTERRUPTED),
        )
    ),
    "supabase away": facts_of(course(RunStatus.COMPLETED), away="the project is <paused>"),
}
