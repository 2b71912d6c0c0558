"""What `sync all` and `sync numbers` do, one sentence of the contract at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from listing_sync.cells.listings import Cell, Value
from listing_sync.commands.sync import SyncResult
from listing_sync.errors import (
    BreakerOpenError,
    Category,
    HoldError,
    LockTimeoutError,
    PermanentError,
    RowError,
    Service,
    SourceError,
    StoppedError,
    TransientError,
    UnsafePlanError,
)
from listing_sync.history.runs import Cause, RunStatus, RunType
from listing_sync.reliability.pacing import Patience
from tests.fakes import START
from tests.runs import make_run
from tests.sync_world import MAPPING, MARKS, SyncWorld, in_table, listing

T = TypeVar("T")

AWAY = TransientError("no answer", service=Service.SUPABASE, category=Category.NETWORK)
OPEN = BreakerOpenError("the breaker is open", service=Service.SUPABASE)
WRONG_KEY = PermanentError("key refused", service=Service.SUPABASE, category=Category.DATABASE)


def refused_row(number: str) -> RowError:
    return RowError(
        f"{number} breaks a rule",
        service=Service.SUPABASE,
        category=Category.DATABASE,
        code="23514",
    )


def sheet_of(count: int) -> list[Mapping[str, Cell] | None]:
    return [listing(f"AA{number}") for number in range(1, count + 1)]


def table_of(count: int) -> dict[str, dict[str, Value]]:
    return {f"AA{number}": in_table(f"AA{number}") for number in range(1, count + 1)}


class Failing:
    """Raises an error for every request whose purpose begins with `what`, from the nth on."""

    def __init__(self, what: str, error: Exception, *, after: int = 0) -> None:
        self._what = what
        self._error = error
        self._left = after

    def __call__(self, send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        if what.startswith(self._what):
            if not self._left:
                raise self._error
            self._left -= 1
        return send()


def told(result: SyncResult) -> list[tuple[str | None, str]]:
    return [(item.property_number, item.reason) for item in result.news]


# -- syncing all ------------------------------------------------------------------------------


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_picture_in_place_of_a_value_leaves_its_listing_as_it_is(
    tmp_path: Path, *, dry_run: bool
) -> None:
    rows = [listing("AA1", name=None), listing("AA2", name=None), listing("AA3", name=None)]
    world = SyncWorld(tmp_path, rows, table_of(2))
    world.sheet.pictures = {(2, "name"), (4, "name")}
    result = world.sync(dry_run=dry_run)
    assert world.sheet.looked_behind == [(2, "name"), (3, "name"), (4, "name")]
    found = [(item.property_number, item.reason) for item in result.rejections]
    assert found == [("AA1", "a picture"), ("AA3", "a picture")]
    stats = result.run.stats
    assert (stats.failed, stats.updated, stats.inserted, stats.total) == (2, 1, 0, 3)
    names = {number: row["name"] for number, row in world.table.content.items()}
    assert names == {"AA1": "House AA1", "AA2": "House AA2" if dry_run else None}


def test_a_run_that_empties_nothing_looks_behind_nothing(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", name=None)], {"AA1": in_table("AA1", name=None)})
    world.sync()
    assert world.sheet.looked_behind == []


def test_a_run_inserts_updates_and_leaves_what_only_the_table_has(tmp_path: Path) -> None:
    rows = [listing("AA1"), listing("AA2", price=5), listing("AA3")]
    world = SyncWorld(tmp_path, rows, {"AA1": in_table("AA1"), "AA2": in_table("AA2"), "ZZ9": {}})
    result = world.sync()
    stats = result.run.stats
    assert (stats.total, stats.inserted, stats.updated, stats.unchanged) == (3, 1, 1, 1)
    assert result.run.status is RunStatus.COMPLETED
    assert world.table.content["AA2"]["price"] == 5
    assert "ZZ9" in world.table.content
    assert result.plan is not None
    assert result.plan.unlisted == ("ZZ9",)


def test_what_cannot_be_understood_stays_as_it_is_and_the_rest_goes_on(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price="ask"), listing("AA2")], table_of(1))
    result = world.sync()
    assert world.table.content["AA1"] == in_table("AA1")
    assert "AA2" in world.table.content
    assert result.run.status is RunStatus.PARTIAL
    (rejection,) = result.rejections
    assert (rejection.column, rejection.cell) == ("Price", "Listings!C2")
    assert rejection.link is not None
    assert rejection.link.endswith("range=C2")


def test_a_sheet_of_rejected_rows_only_is_partial(tmp_path: Path) -> None:
    result = SyncWorld(tmp_path, [listing("AA1", price="ask")]).sync()
    assert result.run.status is RunStatus.PARTIAL
    assert result.error is None


def test_writes_have_at_most_so_many_listings(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(25))
    world.sync(batch_size=10)
    assert sorted(len(numbers) for _, numbers in world.table.writes) == [5, 10, 10]


def test_force_writes_equal_rows_again(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(3), table_of(3))
    stats = world.sync(force=True).run.stats
    assert (stats.updated, stats.unchanged) == (3, 0)
    assert len(world.table.writes) == 1


def test_blank_kept_columns_are_left_out_of_the_request(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price=5)], {"AA1": in_table("AA1", note="by hand")})
    world.sync()
    assert world.table.content["AA1"] == in_table("AA1", price=5, note="by hand")


def test_a_kept_column_refused_as_null_is_sent_as_it_was_read(tmp_path: Path) -> None:
    rows = [listing(f"AA{number}", price=5) for number in range(1, 4)]
    world = SyncWorld(
        tmp_path, rows, {f"AA{n}": in_table(f"AA{n}", note=f"{n}") for n in (1, 2, 3)}
    )
    world.table.required = frozenset({"note"})
    result = world.sync()
    assert result.run.stats.updated == 3
    assert [row["note"] for row in world.table.content.values()] == ["1", "2", "3"]


def test_a_new_listing_that_lacks_a_required_value_is_reported_and_the_rest_written(
    tmp_path: Path,
) -> None:
    world = SyncWorld(tmp_path, [listing("AA1"), listing("AA2", note="here")])
    world.table.required = frozenset({"note"})
    result = world.sync()
    assert set(world.table.content) == {"AA2"}
    (rejection,) = result.rejections
    assert (rejection.property_number, rejection.column) == ("AA1", "Note")
    assert rejection.category is Category.DATABASE


def test_a_column_that_the_sheet_lacks_is_left_alone_with_a_warning(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price=5)], table_of(1), lacks=("name",))
    first, second = world.sync(), world.sync()
    assert world.table.content["AA1"]["name"] == "House AA1"
    assert len(first.new_warnings) == 1
    assert "'Name'" in first.new_warnings[0]
    assert second.run.warnings == first.run.warnings
    assert second.new_warnings == ()


def test_progress_is_told_by_phase(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(5), table_of(3))
    world.sync()
    assert world.progress.phases[-1] == ("Writing", 2)
    assert world.progress.done == {"Reading the sheet": 5, "Comparing": 3, "Writing": 2}


# -- prune ------------------------------------------------------------------------------------


def test_prune_deletes_what_no_row_names_valid_or_not(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1"), listing("AA2", price="ask")], table_of(4))
    result = world.sync(prune=True, batch_size=1)
    assert set(world.table.content) == {"AA1", "AA2"}
    assert result.run.stats.removed == 2
    assert world.table.writes == [("delete", ("AA3",)), ("delete", ("AA4",))]


def test_prune_marks_with_the_start_of_the_run_and_unmarks_what_comes_back(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(2), table_of(3), mapping=MAPPING + MARKS)
    first = world.sync(prune=True)
    assert world.table.marks == {"AA3": first.run.started_at.isoformat()}
    assert set(world.table.content) == {"AA1", "AA2", "AA3"}
    again = world.sync(prune=True)
    assert again.run.stats.removed == 0
    world.sheet.rows = sheet_of(3)
    back = world.sync()
    assert (back.run.stats.updated, world.table.marks) == (1, {})


@pytest.mark.parametrize(
    "number", [pytest.param("", id="blank"), pytest.param("house", id="not a number")]
)
def test_nothing_is_removed_while_a_number_cannot_be_read(tmp_path: Path, number: str) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price=5), listing(number)], table_of(3))
    result = world.sync(prune=True)
    assert len(world.table.content) == 3
    assert world.table.content["AA1"]["price"] == 5
    assert any("nothing is removed" in warning for warning in result.run.warnings)


def test_a_listing_that_cannot_be_removed_is_reported(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(1), table_of(4))
    world.table.refused = {"AA3": refused_row("AA3")}
    result = world.sync(prune=True)
    assert set(world.table.content) == {"AA1", "AA3"}
    assert (result.run.status, result.run.stats.removed) == (RunStatus.PARTIAL, 2)
    assert told(result) == [("AA3", "not removed: AA3 breaks a rule")]


def test_a_run_whose_every_removal_found_no_answer_has_failed(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(1), table_of(3), call=Failing("removing", AWAY))
    result = world.sync(prune=True)
    assert result.run.status is RunStatus.FAILED
    assert result.run.stats.failed == 0


# -- refusals ---------------------------------------------------------------------------------


def refusals() -> list[object]:
    swapped = [listing(f"AA{number}", name=f"House {number % 40}") for number in range(1, 41)]
    return [
        pytest.param([], 3, {}, "no listing at all", id="an empty sheet"),
        pytest.param([None], 3, {}, "no listing at all", id="a sheet of blank rows"),
        pytest.param(
            sheet_of(8), 10, {"prune": True, "prune_limit": 10}, "2 of 10", id="too many removed"
        ),
        pytest.param(swapped, 40, {"change_limit": 50}, "40 of 40", id="one column sorted"),
        pytest.param(sheet_of(40), 20, {"change_limit": 50}, "20 would be added", id="another tab"),
    ]


@pytest.mark.parametrize(("rows", "stored", "options", "says"), refusals())
def test_a_refusal_leaves_the_table_untouched(
    tmp_path: Path, rows: list[object], stored: int, options: dict[str, Any], says: str
) -> None:
    world = SyncWorld(tmp_path, rows, table_of(stored))
    foretold = world.sync(dry_run=True, **options)
    assert foretold.refused is not None
    assert says in foretold.refused
    result = world.sync(**options)
    assert isinstance(result.error, UnsafePlanError)
    assert str(result.error).startswith(foretold.refused)  # a dry run offers no way through
    assert (result.run.status, world.table.writes) == (RunStatus.FAILED, [])
    assert world.table.content == table_of(stored)
    assert world.heartbeat.kinds == ["started", "failed"]


def test_prune_is_refused_when_another_source_wrote_the_table(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(2), table_of(3))
    world.records.save(make_run(3, source="google:other"))
    result = world.sync(prune=True)
    assert "google:other" in str(result.error)
    assert not world.table.writes
    assert world.sync().run.status is RunStatus.COMPLETED


def test_the_file_hold_stops_syncing_all_and_no_single_numbers(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(2))
    world.hold.place("rolled back by Aiko")
    result = world.sync()
    assert isinstance(result.error, HoldError)
    assert str(world.hold.path) in str(result.error)
    assert "rolled back by Aiko" in str(result.error)
    assert not world.table.writes
    assert "on hold" in (world.sync(dry_run=True).refused or "")
    assert world.sync("AA1").run.stats.inserted == 1


# -- single numbers -----------------------------------------------------------------------------


def test_only_the_numbers_asked_for_are_read_compared_and_written(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(5), {"AA2": in_table("AA2", price=5), "ZZ1": {}})
    result = world.sync("AA2", "AA3", prune=True)
    assert set(world.table.content) == {"AA2", "AA3", "ZZ1"}
    assert world.table.requests[0] == ("read", ("AA2", "AA3"))
    assert result.run.run_type is RunType.SELECTIVE
    assert result.run.stats.total == 2


def test_a_number_that_the_sheet_lacks_is_skipped_and_named_with_near_ones(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA12345"), listing("BB777")])
    result = world.sync("AA12354", "BB777")
    assert result.not_found == {"AA12354": ("AA12345",)}
    assert (result.run.stats.total, result.run.stats.skipped) == (2, 1)
    assert result.run.status is RunStatus.COMPLETED


def test_every_number_asked_for_counts_once_however_many_rows_it_is_on(tmp_path: Path) -> None:
    rows = [listing("AA1"), listing("AA1"), listing("x"), listing("y"), listing("AA2")]
    stats = SyncWorld(tmp_path, rows).sync("AA1", "x", "y", "AA2", "AA3").run.stats
    assert (stats.total, stats.failed, stats.inserted, stats.skipped) == (5, 3, 1, 1)


def test_single_numbers_ping_nothing_and_are_no_last_good_run(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price="ask")])
    assert [number for number, _ in told(world.sync("AA1"))] == ["AA1"]
    assert world.heartbeat.pings == []
    assert [number for number, _ in told(world.sync())] == ["AA1"]


# -- faults -----------------------------------------------------------------------------------


def test_guilty_rows_are_reported_and_all_others_written(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(20))
    world.table.refused = {number: refused_row(number) for number in ("AA3", "AA17")}
    result = world.sync()
    assert len(world.table.content) == 18
    assert sorted(told(result)) == [
        ("AA17", "not written: AA17 breaks a rule"),
        ("AA3", "not written: AA3 breaks a rule"),
    ]
    assert (result.run.stats.failed, result.run.status) == (2, RunStatus.PARTIAL)


def test_batches_without_an_answer_fail_and_the_run_goes_on(tmp_path: Path) -> None:
    world = SyncWorld(
        tmp_path, sheet_of(30), call=Failing("writing", AWAY, after=1), sync_concurrency=1
    )
    result = world.sync(batch_size=10)
    assert (result.run.stats.inserted, result.run.stats.failed) == (10, 20)
    assert result.run.status is RunStatus.PARTIAL
    assert {item.category for item in result.rejections} == {Category.NETWORK}


def test_a_run_of_which_no_write_found_an_answer_has_failed(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(3), table_of(2), call=Failing("writing", AWAY))
    result = world.sync()
    assert (result.run.status, result.error) == (RunStatus.FAILED, None)
    assert result.run.cause == Cause(Category.NETWORK, str(AWAY))
    assert world.heartbeat.kinds == ["started", "failed"]


@pytest.mark.parametrize("error", [OPEN, WRONG_KEY], ids=["breaker open", "key refused"])
def test_what_ends_a_run_while_writing_leaves_the_rest_failed(
    tmp_path: Path, error: Exception
) -> None:
    world = SyncWorld(
        tmp_path, sheet_of(30), call=Failing("writing", error, after=1), sync_concurrency=1
    )
    result = world.sync(batch_size=10)
    assert result.error is error
    assert (result.run.stats.inserted, result.run.stats.failed) == (10, 20)
    assert result.run.status is RunStatus.FAILED
    assert all(str(error) in item.reason for item in result.rejections)
    assert len(world.table.writes) == 1


@pytest.mark.parametrize("error", [AWAY, OPEN, WRONG_KEY], ids=["away", "open", "key refused"])
def test_listings_that_cannot_be_compared_have_failed(tmp_path: Path, error: Exception) -> None:
    rows = [*sheet_of(3), listing("AA9", price="ask")]
    world = SyncWorld(tmp_path, rows, call=Failing("reading the table", error))
    result = world.sync()
    assert (result.run.stats.total, result.run.stats.failed) == (4, 4)
    assert result.run.cause is not None
    assert result.run.cause.message == str(error)
    assert [item.property_number for item in result.rejections] == ["AA9"]


@pytest.mark.parametrize(
    ("signal", "status"),
    [
        pytest.param(15, RunStatus.INTERRUPTED, id="a signal"),
        pytest.param(None, RunStatus.FAILED, id="the time limit"),
    ],
)
def test_what_a_stopped_run_had_not_reached_is_skipped(
    tmp_path: Path, signal: int | None, status: RunStatus
) -> None:
    stopped = StoppedError("stopped", signal=signal)
    world = SyncWorld(
        tmp_path, sheet_of(30), call=Failing("writing", stopped, after=1), sync_concurrency=1
    )
    result = world.sync(batch_size=10)
    assert (result.run.stats.inserted, result.run.stats.skipped) == (10, 20)
    assert (result.run.status, result.run.stats.failed) == (status, 0)


@pytest.mark.parametrize(
    ("signal", "status"),
    [
        pytest.param(15, RunStatus.INTERRUPTED, id="a signal"),
        pytest.param(None, RunStatus.COMPLETED, id="the time limit"),
    ],
)
def test_a_stop_asked_for_during_the_last_write_leaves_nothing_out(
    tmp_path: Path, signal: int | None, status: RunStatus
) -> None:
    def stopping(send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        if what.startswith("writing"):
            world.clock.stop.request(signal)
        return send()

    world = SyncWorld(tmp_path, sheet_of(3), call=stopping)
    result = world.sync()
    assert (result.run.status, result.run.stats.inserted) == (status, 3)
    assert (result.run.stats.skipped, len(world.table.content)) == (0, 3)


def test_a_run_whose_record_is_refused_still_syncs(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(3), call=Failing("recording", refused_row("the record")))
    result = world.sync()
    assert (result.run.status, result.run.stats.inserted) == (RunStatus.COMPLETED, 3)
    assert result.run.in_journal


def test_the_run_after_a_stopped_one_finishes_its_work(tmp_path: Path) -> None:
    stopped = StoppedError("stopped", signal=2)
    world = SyncWorld(tmp_path, sheet_of(30), call=Failing("writing", stopped, after=1))
    world.sync(batch_size=10)
    world.table._call = lambda send, *_: send()
    assert world.sync(batch_size=10).run.status is RunStatus.COMPLETED
    assert len(world.table.content) == 30


def test_a_sheet_that_is_still_calculating_is_read_again_and_never_taken_for_data(
    tmp_path: Path,
) -> None:
    world = SyncWorld(
        tmp_path, [listing("AA1", name="Loading..."), listing("AA2", name="Loading...")]
    )
    result = world.sync()
    assert isinstance(result.error, SourceError)
    assert "'Name'" in str(result.error)
    assert not world.table.writes
    assert world.clock.monotonic() == 60 + 1 + 2 + 4

    def calculated() -> None:
        world.sheet.rows = sheet_of(2)

    world.clock.at(world.clock.monotonic() + 61.5, calculated)
    assert world.sync().run.stats.inserted == 2


# -- the record ---------------------------------------------------------------------------------


def test_a_run_is_recorded_before_the_first_write_and_at_its_end(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(3))
    result = world.sync()
    begun, ended = world.records.saved
    assert begun.status is RunStatus.IN_PROGRESS
    assert ended == result.run
    assert ended.metrics["requests"] == len(world.table.requests)


def test_only_rejections_that_the_last_good_run_did_not_have_are_news(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price="ask"), listing("AA2")])
    assert [number for number, _ in told(world.sync())] == ["AA1"]
    assert told(world.sync()) == []
    world.sheet.rows = [None, listing("AA1", price="ask"), listing("AA2", price="?")]
    assert [number for number, _ in told(world.sync())] == ["AA2"]


def test_standing_rejections_are_stored_once_a_day(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price="ask")])
    first = world.sync().run
    assert world.sync().run.rejections_run_id == first.run_id
    assert len(world.records.stored) == 1
    world.clock.sleep(86400)
    later = world.sync().run
    assert later.rejections_run_id == later.run_id
    assert len(world.records.stored) == 2


def test_where_a_whole_column_fails_the_cells_of_the_first_rows_are_kept(tmp_path: Path) -> None:
    rows = [listing(f"AA{number}", price="ask") for number in range(1, 1_003)]
    world = SyncWorld(tmp_path, rows)
    world.sync()
    kept = [bool(each.payload) for each in world.records.stored]
    assert kept == [True] * 1_000 + [False] * 2


def test_a_stored_rejection_keeps_the_cells_of_its_row(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1", price="ask")])
    world.sync()
    assert world.records.stored[0].payload == {
        "Property Number": "AA1",
        "Name": "House AA1",
        "Price": "ask",
    }


def test_a_run_that_cannot_be_recorded_still_syncs_and_is_delivered_by_the_next(
    tmp_path: Path,
) -> None:
    world = SyncWorld(tmp_path, [listing("AA1"), listing("AA2", price="ask")])
    world.records.away = AWAY
    first = world.sync()
    assert (first.run.stats.inserted, first.run.in_journal) == (1, True)
    assert len(world.journal.entries()) == 1
    world.records.away = None
    second = world.sync()
    assert world.journal.entries() == ()
    assert set(world.records.runs) == {first.run.run_id, second.run.run_id}
    assert [number for number, _ in told(second)] == ["AA2"]
    assert told(world.sync()) == []


def test_a_dead_run_is_closed_by_the_next_and_what_it_had_not_reached_is_skipped(
    tmp_path: Path,
) -> None:
    world = SyncWorld(tmp_path, sheet_of(1))
    dead = make_run(status=RunStatus.IN_PROGRESS, pid=7)
    world.records.save(replace(dead, stats=replace(dead.stats, total=10, unchanged=4)))
    world.sync()
    closed = world.records.runs[dead.run_id]
    assert (closed.status, closed.stats.skipped) == (RunStatus.FAILED, 6)


def test_a_live_run_elsewhere_is_waited_for_and_the_sheet_read_again(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(1))
    other = make_run(2, status=RunStatus.IN_PROGRESS, host="web2", took_s=0)
    world.records.save(other)

    def end() -> None:
        world.records.save(other.ended(RunStatus.COMPLETED, world.clock.now()))
        world.sheet.rows = sheet_of(2)

    world.clock.at(100, end)
    assert world.sync().run.stats.inserted == 2
    assert world.clock.monotonic() >= 100


def test_a_run_that_gives_way_leaves_no_failure_and_no_signal(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(1), sync_lock_timeout=30)
    world.records.save(make_run(2, status=RunStatus.IN_PROGRESS, host="web2", heartbeat_at=START))
    with pytest.raises(LockTimeoutError, match=r"process 42 on web2.*30 s"):
        world.sync()
    assert not world.table.writes
    assert world.heartbeat.pings == []
    assert all(run.status is not RunStatus.FAILED for run in world.records.saved)


def test_old_history_is_deleted_after_every_good_run_but_the_very_first(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(1))
    world.sync()
    assert world.records.deleted == []
    world.sync()
    ((before, keep),) = world.records.deleted
    assert (world.clock.now() - before, keep) == (timedelta(days=90), 100)


def test_what_a_run_replaces_and_writes_can_be_read_back(tmp_path: Path) -> None:
    rows = [listing("AA1", price=5), listing("AA2")]
    world = SyncWorld(tmp_path, rows, {"AA1": in_table("AA1"), "AA3": in_table("AA3")})
    run = world.sync(prune=True).run
    changes = {change.property_number: change for change in world.undo.read(run.run_id)}
    assert changes["AA1"].old == {"price": 1000}
    assert changes["AA1"].new == {"price": 5}
    assert changes["AA2"].old is None
    assert changes["AA3"].new is None
    assert changes["AA3"].old == {**in_table("AA3"), "withdrawn_at": None}


def test_a_run_that_cannot_be_undone_says_so_and_goes_on(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(1))
    world.state.require_writable()
    (world.state.path / "undo").write_text("a file where the folder should be")
    result = world.sync()
    assert result.run.stats.inserted == 1
    assert any("cannot be undone" in warning for warning in result.run.warnings)


def test_one_run_at_a_time_on_this_host(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, sheet_of(1), sync_lock_timeout=5)
    seen: list[str] = []

    def meanwhile(send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        if not seen:
            seen.append("")
            with pytest.raises(LockTimeoutError) as caught:
                world.sync()
            seen[0] = str(caught.value)
        return send()

    world.sheet._call = meanwhile
    assert world.sync().run.status is RunStatus.COMPLETED
    assert "office on web1, process 42" in seen[0]
