"""commands/status.py and commands/listing_story.py in a world of files and memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from listing_sync.cells.listings import Rejection
from listing_sync.changes.undone import Deed, Undone
from listing_sync.commands.listing_story import listing_story
from listing_sync.commands.page_facts import page_facts
from listing_sync.commands.status import one_run, recent
from listing_sync.errors import (
    BreakerOpenError,
    Category,
    NotSetUpError,
    PermanentError,
    Service,
)
from listing_sync.history.runs import Process, Run, RunStats, RunStatus, RunType, StoredRejection
from listing_sync.history.signs_of_life import Life
from listing_sync.history.story import (
    ChangeKind,
    ColumnChange,
    Difference,
    Double,
    LastChange,
    Since,
)
from listing_sync.history.verdict import CheckName, CheckStatus, Verdict
from listing_sync.machine.sequence import UNDO_FOLDER
from listing_sync.ports import JournalEntry, Replaced
from tests.fakes import START, MemoryRecords
from tests.local_world import LocalWorld
from tests.runs import make_run, run_id

AWAY = PermanentError("the project is paused", service=Service.SUPABASE, category=Category.NETWORK)


@pytest.fixture
def world(tmp_path: Path) -> LocalWorld:
    return LocalWorld(tmp_path)


def stored(number: str, run: int = 1, **others: Any) -> StoredRejection:
    item = Rejection(number, 2, "価格", "Listings!B2", "ask", "not a number")
    return StoredRejection(run_id(run), replace(item, **others), START)


def record(world: LocalWorld, runs: Iterable[Run]) -> None:
    for run in runs:
        world.records.save(run)


# -- the last runs ----------------------------------------------------------------------------


def test_runs_of_journal_and_records_come_newest_first_and_once(world) -> None:
    record(world, [make_run(1), make_run(2, RunStatus.IN_PROGRESS, minutes=5)])
    for run in (make_run(2, RunStatus.FAILED, minutes=5), make_run(3, minutes=2)):
        world.journal.add(JournalEntry(run, ()))
    world.journal.add(JournalEntry(make_run(4, minutes=9, source="another sheet"), ()))
    found = recent(world, 10)
    assert [(run.run_id, run.status, run.in_journal) for run in found.runs] == [
        (run_id(2), RunStatus.FAILED, True),
        (run_id(3), RunStatus.COMPLETED, True),
        (run_id(1), RunStatus.COMPLETED, False),
    ]
    assert found.away is None


def test_a_delivered_run_whose_entry_remains_counts_as_recorded(world) -> None:
    record(world, [make_run(1)])
    world.journal.add(JournalEntry(make_run(1, RunStatus.FAILED), ()))
    assert [run.in_journal for run in recent(world, 10).runs] == [False]


def test_the_limit_holds_for_journal_and_records_together(world) -> None:
    record(world, [make_run(number, minutes=number) for number in range(1, 6)])
    world.journal.add(JournalEntry(make_run(9, minutes=9), ()))
    assert [run.run_id for run in recent(world, 2).runs] == [run_id(9), run_id(5)]


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        BreakerOpenError("the breaker is open", service=Service.SUPABASE),
        NotSetUpError("migrate up"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_without_supabase_the_journal_is_shown_with_the_reason(world, error) -> None:
    world.records.away = error
    world.journal.add(JournalEntry(make_run(1), ()))
    found = recent(world, 10)
    assert [run.run_id for run in found.runs] == [run_id(1)]
    assert found.away == str(error)


def test_an_unreadable_journal_is_said_and_the_rest_shown(world, tmp_path) -> None:
    world.journal.add(JournalEntry(make_run(1), ()))
    folder = next(tmp_path.glob("state/target/*/"))
    (folder / next(folder.iterdir()).name).unlink()
    folder.rmdir()
    folder.write_text("not a folder")
    record(world, [make_run(2)])
    found = recent(world, 10)
    assert [run.run_id for run in found.runs] == [run_id(2)]
    assert found.problems == ("the journal in SYNC_STATE_DIR cannot be read: Not a directory",)


# -- one run ----------------------------------------------------------------------------------


def test_one_run_has_the_rejections_of_the_run_that_stored_them(world) -> None:
    record(world, [make_run(1), make_run(2, RunStatus.PARTIAL, rejections_run_id=run_id(1))])
    record(world, [make_run(7)])
    world.records.save_rejections([stored("AA1"), stored("AA2", run=7)])
    found = one_run(world, run_id(2))
    assert found.run is not None
    assert [item.property_number for item in found.rejections] == ["AA1"]


def test_one_run_is_found_in_the_journal_while_supabase_is_away(world) -> None:
    world.journal.add(JournalEntry(make_run(1, RunStatus.PARTIAL), (stored("AA1"),)))
    world.records.away = AWAY
    found = one_run(world, run_id(1))
    assert found.run is not None
    assert found.run.in_journal
    assert [item.property_number for item in found.rejections] == ["AA1"]
    assert found.away == "the project is paused"


def test_a_waiting_run_with_standing_rejections_has_those_recorded_before(world) -> None:
    run = make_run(2, RunStatus.PARTIAL, rejections_run_id=run_id(1))
    world.journal.add(JournalEntry(run, ()))
    record(world, [make_run(1)])
    world.records.save_rejections([stored("AA1")])
    assert [item.property_number for item in one_run(world, run_id(2)).rejections] == ["AA1"]


def test_a_run_in_progress_is_shown_from_its_record(world) -> None:
    going = make_run(1, RunStatus.IN_PROGRESS)
    record(world, [going])
    assert one_run(world, run_id(1)).run == going


def test_no_such_run_is_none(world) -> None:
    assert one_run(world, run_id(1)).run is None


# -- one listing ------------------------------------------------------------------------------


def test_a_listing_in_line_is_up_to_date(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\nAA2,1,\n")
    world.table.content = {"AA1": {"property_number": "AA1", "price": 5000, "status": "sold"}}
    story = listing_story(world, " ａａ1 ".upper())
    assert story.property_number == "AA1"
    assert story.is_up_to_date
    assert story.sheet is not None
    assert story.sheet.sheet_rows == (2,)
    assert story.problems == ()


def test_differences_are_named_by_the_headers_of_the_sheet(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    world.table.content = {"AA1": {"property_number": "AA1", "price": 4000, "status": "sold"}}
    story = listing_story(world, "AA1")
    assert story.table is not None
    assert story.table.differences == (Difference("価格", 5000, 4000),)


def test_rejections_of_all_rows_of_a_number_are_told(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,ask,\nAA2,1,\nAA1,5,\n")
    sheet = listing_story(world, "AA1").sheet
    assert sheet is not None
    assert sheet.listing is None
    assert sheet.sheet_rows == (2, 4)
    assert {item.cell for item in sheet.rejections} >= {"Listings!B2", "Listings!A4"}


def test_a_number_that_the_sheet_lacks_has_near_ones(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA123,1,\nAA125,1,\n")
    sheet = listing_story(world, "AA0123").sheet
    assert sheet is not None
    assert sheet.near == ("AA123",)


def test_a_marked_row_is_there_and_marked(world) -> None:
    world.table.content = {"AA1": {"property_number": "AA1"}}
    world.table.marks = {"AA1": "2026-03-01T00:00:00+00:00"}
    table = listing_story(world, "AA1").table
    assert table is not None
    assert (table.is_there, table.is_marked) == (True, True)


@pytest.mark.parametrize(
    ("old", "new", "there", "kind", "columns"),
    [
        (None, {"price": 5}, {"price": 5}, ChangeKind.INSERTED, ()),
        ({"price": 4}, None, None, ChangeKind.REMOVED, ()),
        (
            {"price": 4, "gone_column": 1},
            {"price": 5, "gone_column": 2},
            {"price": 5},
            ChangeKind.UPDATED,
            (ColumnChange("価格", 4, 5), ColumnChange("gone_column", 1, 2)),
        ),
    ],
    ids=["inserted", "removed", "updated"],
)
def test_the_last_change_says_what_a_run_did(world, old, new, there, kind, columns) -> None:
    world.table.content = {} if there is None else {"AA1": {"property_number": "AA1", **there}}
    world.undo.record(run_id(1), START, [Replaced("AA1", {"price": 1}, {"price": 2})])
    later = START + timedelta(hours=1)
    world.undo.record(run_id(2), later, [Replaced("AA1", old, new), Replaced("AA2", None, {})])
    assert listing_story(world, "AA1").last_change == LastChange(run_id(2), later, kind, columns)


@pytest.mark.parametrize(
    ("old", "new"),
    [(None, {"price": 5}), ({"price": 2}, {"price": 5})],
    ids=["insert", "update"],
)
def test_a_change_that_never_reached_the_table_is_not_called_the_last(world, old, new) -> None:
    world.table.content = {"AA1": {"property_number": "AA1", **old}} if old else {}
    before = Replaced("AA1", {"price": 1}, old)
    world.undo.record(run_id(1), START, [before])
    world.undo.record(run_id(2), START + timedelta(hours=1), [Replaced("AA1", old, new)])
    change = listing_story(world, "AA1").last_change
    assert change is not None
    assert change.run_id == run_id(1)


def test_without_the_table_the_last_change_is_what_was_noted(world) -> None:
    world.table.away = AWAY
    world.undo.record(run_id(1), START, [Replaced("AA1", {"price": 1}, {"price": 2})])
    change = listing_story(world, "AA1").last_change
    assert change is not None
    assert change.run_id == run_id(1)


def test_rejected_since_and_the_last_refusals_come_from_the_records(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,ask,\n")
    record(
        world,
        [
            make_run(1),
            make_run(2, RunStatus.PARTIAL, minutes=1, rejections_run_id=run_id(2)),
            make_run(3, RunStatus.PARTIAL, minutes=2, rejections_run_id=run_id(2)),
            make_run(4, minutes=3, run_type=RunType.SELECTIVE),
        ],
    )
    world.records.save_rejections([stored("AA1", run=2), stored("AA2", run=2)])
    story = listing_story(world, "AA1")
    assert story.rejected_since == Since(START + timedelta(minutes=1), is_exact=True)
    assert [item.rejection.property_number for item in story.refusals] == ["AA1"]
    assert story.outlook.last is not None
    assert story.outlook.last.run_id == run_id(3)


def test_share_hold_and_a_run_in_progress_are_told(tmp_path) -> None:
    world = LocalWorld(tmp_path, sync_rollout_percent=0, sync_prune=True)
    (tmp_path / "state").mkdir()
    world.hold.place("rolled back")
    record(world, [make_run(1, RunStatus.IN_PROGRESS)])
    story = listing_story(world, "AA1")
    assert not story.is_in_share
    assert story.is_pruned
    assert story.going is not None
    assert story.going.life is Life.AT_WORK
    assert story.hold == f"the file {world.hold.path} (rolled back)"


def test_without_a_readable_state_folder_the_rest_is_told(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    world.undo.record(run_id(1), START, [Replaced("AA1", None, {"price": 1})])
    undo = tmp_path / "state" / "target" / UNDO_FOLDER
    [file] = undo.iterdir()
    file.unlink()
    file.mkdir()
    world.hold.path.mkdir()
    story = listing_story(world, "AA1")
    assert story.problems == ("what past runs replaced cannot be read: not a regular file",)
    assert "it cannot be read: not a regular file" in (story.hold or "")
    assert story.is_known


def test_without_the_sheet_the_rest_is_told(tmp_path) -> None:
    world = LocalWorld(tmp_path, rows=None)
    world.table.content = {"AA1": {"property_number": "AA1"}}
    story = listing_story(world, "AA1")
    assert story.sheet is None
    assert story.table is not None
    assert story.table.is_there
    assert story.problems[0].startswith("the sheet cannot be read: ")


def test_without_supabase_the_rest_is_told(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    world.table.away = world.records.away = AWAY
    story = listing_story(world, "AA1")
    assert story.table is None
    assert story.sheet is not None
    assert story.sheet.listing is not None
    assert story.problems == ("Supabase cannot be read: the project is paused",)


def test_a_table_that_answers_is_told_even_when_the_records_do_not(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    world.records.away = NotSetUpError("sync_state is missing: migrate up")
    story = listing_story(world, "AA1")
    assert story.table is not None
    assert story.problems == (
        "the runs in Supabase cannot be read: sync_state is missing: migrate up",
    )


def _written(world: LocalWorld, *changes: Replaced, run: int = 1, minutes: int = 0) -> None:
    """Note changes of a run as done."""
    world.undo.record(run_id(run), START + timedelta(minutes=minutes), changes)
    world.undo.conclude(run_id(run), done=[change.property_number for change in changes])


def test_what_others_undid_is_told_with_the_run_that_wrote_it(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    world.table.content = {"AA1": {"property_number": "AA1", "price": 4000, "status": "sold"}}
    _written(world, Replaced("AA1", {"price": 4000}, {"price": 5000}), run=7)
    story = listing_story(world, "AA1")
    assert story.undone == Undone(run_id(7), START, Deed.WROTE, ("価格",))
    assert story.others == "the database or another program"


def test_a_run_of_another_machine_may_have_undone_it_too(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    world.table.content = {"AA1": {"property_number": "AA1", "price": 4000, "status": "sold"}}
    _written(world, Replaced("AA1", {"price": 4000}, {"price": 5000}))
    record(world, [make_run(2, minutes=5, host="web2")])
    story = listing_story(world, "AA1")
    assert story.others == "the database or another program, or a run on web2"


def test_a_row_that_others_deleted_or_marked_is_told_so(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    _written(world, Replaced("AA1", None, {"price": 5000}))
    assert listing_story(world, "AA1").undone == Undone(run_id(1), START, Deed.INSERTED)
    world.table.content = {"AA1": {"property_number": "AA1", "price": 5000, "status": "sold"}}
    _written(world, Replaced("AA1", {"withdrawn_at": "2026-01-01"}, {"withdrawn_at": None}), run=2)
    world.table.marks = {"AA1": "2026-03-01T00:00:00+00:00"}
    assert listing_story(world, "AA1").undone == Undone(
        run_id(2), START, Deed.WROTE, ("withdrawn_at",)
    )


def test_a_listing_that_the_sheet_changed_since_is_not_undone(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,6000,sold\n")
    world.table.content = {"AA1": {"property_number": "AA1", "price": 5000, "status": "sold"}}
    _written(world, Replaced("AA1", {"price": 4000}, {"price": 5000}))
    assert listing_story(world, "AA1").undone is None


def test_a_vanished_number_may_be_one_of_two_rows_with_one_number(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA31,1,\nAA32,1,\nAA32,2,\nBB7,1,\nBB7,2,\n")
    there = {number: {"property_number": number} for number in ("AA31", "AA32", "AA33", "AA40")}
    world.table.content = dict(there)
    gone = listing_story(world, "AA33").sheet
    assert gone is not None
    assert gone.doubles == (Double("AA32", (3, 4), ("AA33",)), Double("BB7", (5, 6), ("AA33",)))
    twice = listing_story(world, "AA32").sheet
    assert twice is not None
    assert twice.doubles == (Double("AA32", (3, 4), ("AA33",)),)
    never_there = listing_story(world, "AA34").sheet
    assert never_there is not None
    assert never_there.doubles == (Double("AA32", (3, 4), ("AA34",)),)
    assert never_there.near == ()


def test_a_failed_run_of_the_journal_is_the_last_one(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    record(world, [make_run(1)])
    world.journal.add(JournalEntry(make_run(2, RunStatus.FAILED, minutes=5, why="no way"), ()))
    last = listing_story(world, "AA1").outlook.last
    assert last is not None
    assert (last.run_id, last.status) == (run_id(2), RunStatus.FAILED)


def test_a_refusal_that_waits_in_the_journal_is_told(tmp_path) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    run = make_run(2, RunStatus.PARTIAL, rejections_run_id=run_id(2))
    world.journal.add(JournalEntry(run, (stored("AA1", run=2), stored("AA2", run=2))))
    assert [item.rejection.property_number for item in listing_story(world, "AA1").refusals] == [
        "AA1"
    ]


@pytest.mark.parametrize(
    ("is_there", "silent_min", "life"),
    [
        (True, 1, Life.AT_WORK),
        (True, 25, Life.HANGS),
        (False, 1, Life.GONE),
        (None, 1, Life.AT_WORK),
        (None, 25, Life.SILENT),
    ],
)
def test_a_run_in_progress_is_judged_by_its_process(tmp_path, is_there, silent_min, life) -> None:
    world = LocalWorld(tmp_path, "AA1,5000,sold\n")
    process = Process("boot", "space", "99")
    world.identity = replace(world.identity, process=process)
    world.alive = {42} if is_there else set()
    its = process if is_there is not None else replace(process, boot_id="another")
    record(world, [make_run(1, RunStatus.IN_PROGRESS, process=its)])
    world.clock.sleep(silent_min * 60)
    going = listing_story(world, "AA1").going
    assert going is not None
    assert (going.life, going.holds_lock) == (life, False)


# -- the page ---------------------------------------------------------------------------------


def test_the_page_of_a_partial_run_shows_its_rejections_and_its_day(world) -> None:
    world.clock.sleep(3600)
    record(
        world,
        [
            make_run(1, RunStatus.FAILED, minutes=-60 * 24 * 2, why="timeout"),
            make_run(2, RunStatus.FAILED, minutes=-60 * 24 * 7 + 30, why="timeout"),
            make_run(3, RunStatus.PARTIAL, rejections_run_id=run_id(3)),
        ],
    )
    world.records.save_rejections(
        [
            stored("AA1", run=3),
            stored("AA1", run=3, column="Status"),
            stored("AA2", run=3, sheet_row=3),
            stored("AA3", run=3, sheet_row=4, category=Category.DATABASE),
        ]
    )
    facts = page_facts(world)
    assert facts.verdict is Verdict.DEGRADED
    assert facts.written_at == world.clock.now()
    assert [item.property_number for item in facts.rejections] == ["AA1", "AA1", "AA2", "AA3"]
    today = facts.month[-1]
    assert (len(facts.month), today.rejected, today.failed) == (30, 1, 0)
    assert len(facts.days) == 7
    assert facts.day.runs == 1
    assert facts.week.runs == 2


def test_a_failed_run_that_judged_no_listing_leaves_the_rejections_before_on_the_page(
    world,
) -> None:
    record(
        world,
        [
            make_run(1, RunStatus.PARTIAL, rejections_run_id=run_id(1)),
            make_run(2, RunStatus.FAILED, minutes=1, stats=RunStats(), why="no answer"),
        ],
    )
    world.records.save_rejections([stored("AA1")])
    facts = page_facts(world)
    assert [item.property_number for item in facts.rejections] == ["AA1"]
    assert facts.rejected_by == world.records.get(run_id(1))
    assert facts.last_run == world.records.get(run_id(2))


def test_a_page_without_supabase_is_unhealthy_and_says_why(world) -> None:
    world.journal.add(JournalEntry(make_run(1), ()))
    world.records.away = AWAY
    facts = page_facts(world)
    assert facts.verdict is Verdict.UNHEALTHY
    assert (CheckName.SYNC_STATE, CheckStatus.FAIL) in {
        (check.name, check.status) for check in facts.checks
    }
    assert [run.run_id for run in facts.runs] == [run_id(1)]
    assert facts.away == "the project is paused"


def test_a_good_run_long_ago_is_not_called_none(world) -> None:
    record(world, [make_run(1, minutes=-60 * 24 * 30)])
    facts = page_facts(world)
    assert facts.verdict is Verdict.UNHEALTHY
    assert facts.last_good == world.records.get(run_id(1))


def test_a_page_while_runs_are_held_says_so(world, tmp_path) -> None:
    record(world, [make_run(1)])
    (tmp_path / "state").mkdir()
    world.hold.place("rolled back")
    assert (CheckName.HOLD, CheckStatus.WARN) in {
        (check.name, check.status) for check in page_facts(world).checks
    }


def test_a_page_whose_rejections_cannot_be_read_is_unhealthy(world) -> None:
    asked: list[str] = []

    def only_once(send, what, *_):
        asked.append(what)
        if len(asked) > 1:
            raise AWAY
        return send()

    partial = make_run(1, RunStatus.PARTIAL, rejections_run_id=run_id(1))
    world.records = MemoryRecords(partial, call=only_once)
    facts = page_facts(world)
    assert facts.verdict is Verdict.UNHEALTHY
    assert facts.away == "the project is paused"


def test_a_page_before_the_first_run_has_no_run_and_is_degraded(world) -> None:
    facts = page_facts(world)
    assert facts.verdict is Verdict.DEGRADED
    assert (facts.last_run, facts.last_good, facts.rejections) == (None, None, ())


def test_since_when_a_cell_cannot_be_read_is_known_from_earlier_runs_and_remembered(world) -> None:
    day = 60 * 24
    record(
        world,
        [
            make_run(1, RunStatus.PARTIAL, minutes=-3 * day, rejections_run_id=run_id(1)),
            make_run(2, RunStatus.PARTIAL, minutes=-2 * day, rejections_run_id=run_id(1)),
            make_run(3, RunStatus.PARTIAL, rejections_run_id=run_id(3)),
        ],
    )
    world.records.save_rejections([stored("AA1", run=1), stored("AA1", run=3)])
    world.records.save_rejections([stored("AA2", run=3)])
    since = page_facts(world).since
    assert {key.partition("|")[0]: (START - at).days for key, at in since.items()} == {
        "AA1": 3,
        "AA2": 0,
    }
    world.records.stored.clear()
    world.records.save_rejections([stored("AA1", run=3), stored("AA2", run=3)])
    assert page_facts(world).since == since


def test_days_that_are_over_are_remembered_and_not_looked_at_again(world) -> None:
    day = 60 * 24
    run = make_run(1, minutes=-20 * day, stats=RunStats(total=10, updated=4, unchanged=6))
    record(world, [make_run(2), run])
    before = page_facts(world).month
    assert [each.changed for each in before if each.changed] == [4]
    del world.records.runs[run.run_id]
    assert page_facts(world).month == before
    world.machine.page_memory.store({"version": 1, "days": "damaged"})
    assert not any(each.changed for each in page_facts(world).month)


def test_what_a_run_changed_is_shown_by_header_without_what_the_table_refused(world) -> None:
    run = make_run(1, stats=RunStats(total=10, inserted=1, updated=1, unchanged=8))
    record(world, [run])
    world.undo.record(
        run.run_id,
        run.started_at,
        [
            Replaced("AA1", None, {"price": 1}),
            Replaced("AA2", {"price": 1, "status": "x"}, {"price": 2, "status": "x"}),
            Replaced("AA3", None, {"price": 3}),
        ],
    )
    world.undo.conclude(run.run_id, done=["AA1", "AA2"], refused=["AA3"])
    new, changed = page_facts(world).changes[run.run_id]
    assert (new.property_number, new.kind) == ("AA1", ChangeKind.INSERTED)
    assert changed.columns == (ColumnChange("Price", 1, 2),)
