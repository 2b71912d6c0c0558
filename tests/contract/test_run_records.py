"""Run records over REST, against a real PostgreSQL behind Supabase Lite, and those in memory."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category, NotSetUpError, PermanentError
from listing_sync.history.runs import (
    Cause,
    Process,
    Run,
    RunStats,
    RunStatus,
    RunType,
    StoredRejection,
)
from listing_sync.history.sources import Source, as_read, unread
from listing_sync.ports import RunRecords
from listing_sync.reliability.pacing import Patience
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.run_records import SupabaseRunRecords
from tests.contract.supabase_rest import Calls, connected
from tests.fakes import MemoryRecords
from tests.stack.chaos_proxy import ChaosProxy, status
from tests.stack.supabase_lite import SupabaseLite

START = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
CELLS = {"Property Number": "AA1", "Price": "応相談", "Note": ""}


def run(number: int, *, started: datetime = START, **more) -> Run:
    ended = Run(
        run_id=str(UUID(int=number)),
        run_type=RunType.FULL,
        trigger="cron",
        status=RunStatus.COMPLETED,
        started_at=started,
        completed_at=started + timedelta(seconds=5),
        heartbeat_at=started + timedelta(seconds=5),
        stats=RunStats(total=10, inserted=4, updated=3, unchanged=3, removed=2),
        cause=None,
        source="sheet-1",
        target="project/table",
        host="host",
        pid=4711,
        version="1.0.0",
    )
    return replace(ended, **more)


def in_progress(number: int, **more) -> Run:
    running = {"status": RunStatus.IN_PROGRESS, "completed_at": None, "heartbeat_at": START}
    return run(number, **(running | more))


def rejected(run_id: str, row: int, number: str | None = "AA1", **more) -> StoredRejection:
    rejection = Rejection(
        property_number=number,
        sheet_row=row,
        column="Price",
        cell=f"Listings!F{row}",
        value="応相談",
        reason="not a number",
        link="https://docs.google.com/spreadsheets/d/x/edit#gid=0&range=F17",
    )
    return StoredRejection(run_id, replace(rejection, **more), START, {"Price": "応相談"})


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def rest(project: SupabaseLite, calls: Calls) -> Iterator[Rest]:
    with connected(project.url, project.secret_key, calls) as rest:
        yield rest


def over_rest(rest: Rest, source: str | Source = "sheet-1") -> SupabaseRunRecords:
    names = Source(source) if isinstance(source, str) else source
    return SupabaseRunRecords(rest, source=names, target="project/table")


@pytest.fixture
def recorded(rest: Rest) -> RunRecords:
    """The real ones, where a test asks more than the port."""
    return over_rest(rest)


BOTH = ["memory", pytest.param("supabase", marks=pytest.mark.stack)]


@pytest.fixture(params=BOTH)
def each(request: pytest.FixtureRequest) -> Callable[[str], RunRecords]:
    """The records as the runs of a source see them: those in memory, then the real ones."""
    if request.param == "supabase":
        return partial(over_rest, request.getfixturevalue("rest"))
    seconds = itertools.count()
    memory = MemoryRecords(
        source="sheet-1",
        target="project/table",
        now=lambda: START + timedelta(days=200, seconds=next(seconds)),
    )
    return memory.as_seen_by


@pytest.fixture
def records(each: Callable[[str], RunRecords]) -> RunRecords:
    return each("sheet-1")


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(run(1), id="completed"),
        pytest.param(in_progress(1, stats=RunStats(total=10, inserted=1)), id="in-progress"),
        pytest.param(
            run(
                1,
                status=RunStatus.FAILED,
                run_type=RunType.SELECTIVE,
                stats=RunStats(total=3, failed=1, skipped=2),
                cause=Cause(Category.NETWORK, "cannot connect"),
                rejections_run_id=str(UUID(int=7)),
                metrics={"requests": 30, "p50": 0.018, "nested": {"bytes": [1, 2]}},
                warnings=("column ignored", "二つ目"),
                removed=("AA1", "物件 2"),
            ),
            id="failed-with-everything",
        ),
    ],
)
def test_a_run_comes_back_as_it_was_saved(records, stored):
    records.save(stored)
    assert records.get(stored.run_id) == stored
    assert records.recent(10) == (stored,)


@pytest.mark.stack
def test_saving_again_replaces_the_record(project, recorded):
    recorded.save(in_progress(1))
    recorded.save(run(1))
    recorded.save(run(1))
    assert recorded.recent(10) == (run(1),)
    assert project.execute("select updated_at > created_at from sync_state") == [(True,)]


@pytest.mark.stack
def test_a_refresh_is_tried_once_and_an_end_as_often_as_allowed(recorded, calls):
    recorded.save(in_progress(1))
    recorded.renew(in_progress(1, heartbeat_at=START + timedelta(seconds=2)))
    recorded.save(run(1))
    recorded.save(run(1), last=True)
    recorded.save_rejections([rejected(run(1).run_id, 1)], last=True)
    assert [patience for _, patience in calls.made] == [
        Patience.RETRY,
        Patience.ONCE,
        Patience.RETRY,
        Patience.LAST,
        Patience.LAST,
    ]


@pytest.mark.stack
def test_recent_is_newest_first_within_limit_and_time_even_beyond_one_page(project, recorded):
    recorded.save(run(1))
    project.execute(
        "insert into sync_state select (jsonb_populate_record(s, jsonb_build_object("
        "'id', gen_random_uuid(), 'started_at', s.started_at + n * interval '1 minute'))).*"
        " from sync_state s, generate_series(1, 1200) n"
    )
    runs = recorded.recent(5000)
    assert len(runs) == 1201
    assert [r.started_at for r in runs] == sorted((r.started_at for r in runs), reverse=True)
    assert recorded.recent(3) == runs[:3]
    assert len(recorded.recent(5000, since=START + timedelta(minutes=1199))) == 2


def test_runs_of_another_source_or_target_are_not_seen(records):
    ours = in_progress(1)
    other_source = in_progress(2, source="sheet-2", started_at=START - timedelta(hours=1))
    other_target = in_progress(3, target="elsewhere/table")
    for each in (ours, other_source, other_target):
        records.save(each)
        records.save_rejections([rejected(each.run_id, 17)])
    assert records.recent(10) == (ours,)
    assert records.get(other_source.run_id) is None
    assert [claim.run for claim in records.in_progress()] == [ours, other_source]
    assert [stored.run_id for stored in records.rejections_of("AA1", 10)] == [ours.run_id]
    assert records.rejections(other_source.run_id) == ()


def test_other_sources_are_those_that_have_listings_in_the_table(records):
    failed = RunStats(total=1, failed=1)
    for number, source in enumerate(["sheet-1", "sheet-3", "sheet-3", "a,b", "sheet-2"]):
        records.save(run(number, source=source))
    records.save(run(8, source="wrong", status=RunStatus.FAILED, stats=failed))
    records.save(run(9, source="long ago", started=START - timedelta(days=2)))
    assert records.other_sources(START - timedelta(days=1)) == ("a,b", "sheet-2", "sheet-3")


def test_writing_since_are_the_runs_of_all_sources_that_wrote_or_may_have(records):
    nothing = RunStats(total=10, unchanged=10)
    wrote = run(3, source="sheet-2", host="b")
    died = run(4, status=RunStatus.FAILED, stats=nothing)
    at_work = in_progress(5, stats=RunStats())
    for each in (
        run(6),
        run(1, stats=nothing),
        run(2, status=RunStatus.PARTIAL, stats=replace(nothing, total=11, failed=1)),
        wrote,
        died,
        at_work,
        run(7, target="elsewhere/table"),
    ):
        records.save(each)
    found = [each.run_id for each in records.writing_since(records.came_at(run(2).run_id))]
    assert sorted(found) == [each.run_id for each in (wrote, died, at_work)]


def test_what_came_when_is_told_by_the_database_and_not_by_the_clocks_of_runs(records):
    assert records.last_heard_at() < START - timedelta(days=365)
    records.save(run(1))
    records.save(run(2, source="sheet-2", started=START - timedelta(minutes=1)))
    first, second = (records.came_at(run(number).run_id) for number in (1, 2))
    assert first < second == records.last_heard_at()
    assert [each.run_id for each in records.writing_since(first)] == [run(2).run_id]
    records.save(run(1))
    assert records.came_at(run(1).run_id) == first
    assert second < records.last_heard_at()
    assert records.came_at(run(3).run_id) is None


@pytest.mark.stack
def test_writing_since_leaves_none_out_however_many_there_are(project, recorded):
    recorded.save(run(1, started=START - timedelta(days=400)))
    project.execute(
        "insert into sync_state (sync_type, status, started_at, source, target, inserted_count)"
        " select 'full', 'completed', %s::timestamptz, 'sheet-2', 'project/table', 1"
        " from generate_series(1, 1000)",
        (START,),
    )
    *newer, oldest = recorded.writing_since(START - timedelta(days=400))
    assert (len(newer), oldest.run_id) == (1000, run(1).run_id)


def test_a_claim_says_where_its_process_lives_and_how_long_it_was_silent_by_the_database(records):
    process = Process("boot", "pid:[4026531836]", "578453", "8:1:77")
    ahead = datetime.now(UTC) + timedelta(hours=26)
    records.save(in_progress(1, process=process, started_at=ahead, heartbeat_at=ahead))
    records.save(in_progress(2))
    first, second = records.in_progress()
    assert first.run.process == process
    assert first.came_at == first.heard_at < second.heard_at
    assert first.run.heartbeat_at == first.run.started_at == first.heard_at
    assert records.renew(in_progress(1, process=process))
    again, _ = records.in_progress()
    assert again.came_at == first.came_at
    assert again.heard_at > second.heard_at


def test_only_a_record_in_progress_is_renewed(records):
    assert not records.renew(in_progress(1))
    records.save(in_progress(1))
    assert records.renew(in_progress(1, stats=RunStats(total=10, inserted=1)))
    assert records.get(run(1).run_id).stats.inserted == 1
    records.save(run(1))
    assert not records.renew(in_progress(1))
    assert records.get(run(1).run_id) == run(1)


def test_a_claim_is_withdrawn_and_a_record_of_a_run_that_ended_is_not(records):
    records.save(in_progress(1))
    records.withdraw(in_progress(1))
    records.withdraw(in_progress(1))
    assert (records.get(run(1).run_id), records.in_progress()) == (None, ())
    records.save(run(1))
    records.withdraw(in_progress(1))
    assert records.get(run(1).run_id) == run(1)


def test_a_run_is_buried_once_and_only_as_it_was_seen(records):
    records.save(in_progress(1))
    (seen,) = records.in_progress()
    records.renew(in_progress(1))
    dead = run(1, status=RunStatus.FAILED, cause=Cause(Category.UNKNOWN, "its process died"))
    assert not records.bury(dead, seen.heard_at)
    (seen,) = records.in_progress()
    assert records.bury(dead, seen.heard_at)
    assert not records.bury(dead, seen.heard_at)
    assert records.get(dead.run_id) == dead


SHEET = "google:1-x_Y"
SPELLINGS = ["google:1-x_Y", "google:1-x_Y#gid=0", "google:1-x_Y#Tab, (1)"]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_every_spelling_of_the_tab_that_was_read_is_ours_and_no_other_source(each, spelled):
    records = each(as_read(unread(spelled, SHEET), "Tab, (1)", "https://x/edit#gid=0"))
    for number, name in enumerate([*SPELLINGS, f"{SHEET}#gid=5", "google:1-x_Y2"], start=1):
        records.save(run(number, source=name, told=True))
        records.save_rejections([rejected(run(number).run_id, 17)])
    assert {found.source for found in records.recent(10)} == set(SPELLINGS)
    assert records.other_sources(START) == (f"{SHEET}#gid=5", "google:1-x_Y2")
    assert records.last_told().source == SPELLINGS[2]
    assert len(records.rejections_of("AA1", 10)) == 3


def test_before_it_was_read_every_tab_of_the_sheet_is_ours(each):
    records = each(unread(SHEET, SHEET))
    for number, name in enumerate([*SPELLINGS, f"{SHEET}#gid=5", "google:1-x_Y2"], start=1):
        records.save(run(number, source=name))
        records.save_rejections([rejected(run(number).run_id, 17)])
    assert {found.source for found in records.recent(10)} == {*SPELLINGS, f"{SHEET}#gid=5"}
    assert len(records.rejections_of("AA1", 10)) == 4
    records.go_by(as_read(unread(SHEET, SHEET), "Tab, (1)", "https://x/edit#gid=0"))
    assert {found.source for found in records.recent(10)} == set(SPELLINGS)


def test_who_told_last_is_known_by_when_the_records_came_however_many_failed_since(records):
    ahead = START + timedelta(hours=2)
    assert records.last_told() is None
    records.save(run(1, started_at=ahead, told=True))
    records.save(run(2, told=True, warnings=("a column is missing",)))
    records.save(run(3, run_type=RunType.SELECTIVE, told=True))
    records.save(run(4, told=False))
    for number in range(5, 60):
        records.save(run(number, status=RunStatus.FAILED))
    assert records.last_told() == run(2, told=True, warnings=("a column is missing",))
    assert records.last_told(since=ahead) == run(1, started_at=ahead, told=True)
    assert records.last_told(since=ahead + timedelta(seconds=1)) is None


@pytest.mark.parametrize("hours", [-6, 6])
def test_runs_of_a_clock_that_is_hours_off_come_in_their_true_order(records, hours):
    records.save(run(1))
    off = timedelta(hours=hours)
    after = run(2, started=START + timedelta(minutes=5))
    by_its_clock = replace(
        after,
        started_at=after.started_at + off,
        heartbeat_at=after.heartbeat_at + off,
        completed_at=after.completed_at and after.completed_at + off,
        metrics={"clock_off_s": off.total_seconds()},
    )
    records.save(by_its_clock)
    records.save(run(3, started=START + timedelta(minutes=10)))
    found = records.recent(10)
    assert [each.run_id for each in found] == [run(number).run_id for number in (3, 2, 1)]
    assert replace(found[1], metrics={}) == after


def test_a_record_that_comes_late_is_not_the_newest(records):
    records.save(run(1, told=True))
    records.save(run(2, told=True), came_at=START)
    assert records.last_told() == run(1, told=True)


def test_rejections_come_back_in_the_order_of_the_sheet_beyond_one_page(records):
    records.save(run(1))
    stored = tuple(rejected(run(1).run_id, row, f"AA{row}") for row in range(1, 1203))
    records.save_rejections(tuple(reversed(stored)))
    assert records.rejections(run(1).run_id) == stored
    assert records.rejections_of("AA700", 5) == (stored[699],)
    assert records.rejections_of("AA0", 5) == ()


def test_delivering_rejections_twice_stores_them_once(records):
    records.save(run(1))
    stored = (
        rejected(run(1).run_id, 1),
        rejected(run(1).run_id, 1, column=None),
        rejected(run(1).run_id, 2, None, value=None, cell=None, link=None, sheet_row=None),
    )
    records.save_rejections([*stored, stored[0]])
    records.save_rejections(stored)
    assert set(map(repr, records.rejections(run(1).run_id))) == set(map(repr, stored))


@pytest.mark.stack
def test_what_postgresql_cannot_store_is_replaced(recorded):
    recorded.save(run(1, warnings=("a\0b",), cause=Cause(Category.UNKNOWN, "half \ud83d")))
    recorded.save_rejections(
        [replace(rejected(run(1).run_id, 1, value="\0\ud800"), payload={"A": "\ud800\0"})]
    )
    [stored] = recorded.rejections(run(1).run_id)
    assert (stored.rejection.value, stored.payload) == ("��", {"A": "��"})
    saved = recorded.get(run(1).run_id)
    assert saved is not None
    assert (saved.warnings, saved.cause) == (
        ("a�b",),
        Cause(Category.UNKNOWN, "half �"),
    )


@pytest.mark.stack
@pytest.mark.parametrize(
    "cells",
    [
        pytest.param({"Note": "長" * 1_000_000, **CELLS}, id="one-huge-cell"),
        pytest.param({f"Header {n}": "文" * 200 for n in range(126)}, id="many-cells"),
        pytest.param({f"{'見' * 40} {n}": "x" for n in range(126)}, id="long-headers"),
    ],
)
def test_payloads_are_at_most_8_kb(project, recorded, cells):
    recorded.save(run(1))
    recorded.save_rejections([replace(rejected(run(1).run_id, 1), payload=cells)])
    [(size,)] = project.execute("select octet_length(payload::text) from sync_errors")
    assert 0 < size <= 8192 + 2 * len(cells)  # PostgreSQL shows jsonb with spaces
    [stored] = recorded.rejections(run(1).run_id)
    assert stored.payload is not None
    for header, cell in stored.payload.items():
        assert cells[header].startswith(cell)


def test_old_runs_are_deleted_but_never_the_newest(records):
    day = timedelta(days=1)
    for age in range(10):
        records.save(run(age, started=START - age * day))
    records.save(in_progress(20, started_at=START - 30 * day))
    records.save(run(21, started=START - 30 * day, source="sheet-2"))
    records.delete_older(START - 2.5 * day, keep=12)
    assert len(records.recent(100)) == 11
    records.delete_older(START - 2.5 * day, keep=5)
    assert [r.run_id for r in records.recent(100)] == [
        str(UUID(int=number)) for number in (0, 1, 2, 3, 4, 20)
    ]
    records.delete_older(START - 2.5 * day, keep=1)
    assert len(records.recent(100)) == 4
    assert records.other_sources(START - 40 * day) == ("sheet-2",)


def test_the_run_that_holds_the_rejections_of_a_kept_one_is_kept(records):
    holder, between, newest = (run(n, started=START + timedelta(days=n)) for n in (1, 2, 3))
    for each in (holder, between, replace(newest, rejections_run_id=holder.run_id)):
        records.save(each)
    records.save_rejections([rejected(holder.run_id, 17)])
    records.delete_older(START + timedelta(days=9), keep=1)
    assert [r.run_id for r in records.recent(10)] == [newest.run_id, holder.run_id]
    assert len(records.rejections(holder.run_id)) == 1


@pytest.mark.stack
def test_deleting_a_run_deletes_its_rejections(project, recorded):
    for number, started in ((1, START), (2, START + timedelta(days=1))):
        recorded.save(run(number, started=started))
        recorded.save_rejections([rejected(run(number).run_id, 17)])
    recorded.delete_older(START + timedelta(hours=1), keep=1)
    assert project.execute("select run_id::text from sync_errors") == [(run(2).run_id,)]


@pytest.mark.stack
def test_without_its_tables_the_program_says_how_to_set_them_up(project):
    missing = status(404, '{"code": "PGRST205", "message": "Could not find the table"}')
    with (
        ChaosProxy(project.url, lambda *_: missing) as proxy,
        connected(proxy.url, project.secret_key) as rest,
    ):
        records = over_rest(rest)
        with pytest.raises(NotSetUpError, match="migrate up"):
            records.recent(1)
        with pytest.raises(NotSetUpError, match="migrate up"):
            records.save(run(1))


@pytest.mark.stack
@pytest.mark.parametrize(
    ("details", "cause", "warnings"),
    [
        ({"cause": "why"}, Cause(Category.UNKNOWN, "why"), ()),
        ({"cause": "why", "category": "odd"}, Cause(Category.UNKNOWN, "why"), ()),
        ({"warnings": None}, None, ()),
        (["text"], None, ()),
        ("text", None, ()),
    ],
    ids=["no category", "odd category", "no warnings", "list", "text"],
)
def test_what_a_person_put_into_a_record_is_no_bug(project, recorded, details, cause, warnings):
    recorded.save(run(1))
    project.execute(
        "update sync_state set error_details = %s, metrics = '[1]'", (json.dumps(details),)
    )
    found = recorded.get(run(1).run_id)
    assert (found.cause, found.warnings, found.metrics) == (cause, warnings, {})


@pytest.mark.stack
def test_totals_that_somebody_else_wrote_are_read_so_that_they_add_up(project, recorded):
    project.execute(
        "insert into sync_state (id, sync_type, status, started_at, total_items, success_count,"
        " failed_count, source, target) values (gen_random_uuid(), 'full', 'partial', now(), 1000,"
        " 990, 5, 'sheet-1', 'project/table')"
    )
    (found,) = recorded.recent(1)
    assert found.stats == RunStats(total=1000, failed=5, skipped=5, unchanged=990)


@pytest.mark.stack
@pytest.mark.parametrize("name", ["sync_state", "sync_errors"])
def test_a_table_that_lacks_a_column_is_not_set_up(project, recorded, name):
    column = {"sync_state": "metrics", "sync_errors": "link"}[name]
    project.execute(f"alter table {name} rename column {column} to other")
    try:
        with pytest.raises(NotSetUpError, match="migrate up"):
            recorded.recent(1) if name == "sync_state" else recorded.rejections(run(1).run_id)
    finally:
        project.execute(f"alter table {name} rename column other to {column}")


@pytest.mark.stack
def test_another_refusal_is_not_called_a_missing_table(project):
    with connected(project.url, project.publishable_key) as rest:
        records = over_rest(rest)
        with pytest.raises(PermanentError, match="secret"):
            records.recent(1)
