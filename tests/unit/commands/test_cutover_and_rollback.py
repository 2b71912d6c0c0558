from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from errno import ENOSPC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listing_sync.cells.listings import Value
from listing_sync.changes.refusal import SafetyLimits
from listing_sync.changes.rollout import is_in_share
from listing_sync.cli.progress import Silent
from listing_sync.commands.cutover import cutover, preview
from listing_sync.commands.rollback import RollbackResult, find_source, rollback
from listing_sync.commands.rollback import preview as look
from listing_sync.commands.sync import SyncOptions, sync
from listing_sync.errors import (
    Category,
    GeneratedColumnError,
    RefusedError,
    RowError,
    Service,
    StoppedError,
    TransientError,
)
from listing_sync.history.runs import RunStatus, RunType
from listing_sync.machine.undo import UndoFiles
from tests.moving_world import MovingWorld

SILENT = Silent()
NUMBERS = [f"AA{number}" for number in range(100, 160)]
SHEET = "".join(f"{number},{number[2:]}万円,for sale\n" for number in NUMBERS)
OLD: dict[str, dict[str, Value]] = {
    number: {"price": 1, "photo": f"{number}.jpg"} for number in NUMBERS[:40]
}


def world(folder: Path, **settings_: object) -> MovingWorld:
    return MovingWorld(folder, SHEET, OLD, **settings_)


def sync_all(ports: MovingWorld, *, prune: bool = False) -> None:
    ports.clock.sleep(60)
    options = SyncOptions(SafetyLimits(100, 100), percent=100, batch_size=10, prune=prune)
    assert sync(ports, options, SILENT).error is None


def back(ports: MovingWorld, name: str | None = None, run_id: str | None = None) -> RollbackResult:
    ports.clock.sleep(60)
    source = find_source(ports, snapshot=Path(name) if name else None, run_id=run_id)
    return rollback(ports, source, SILENT)


def test_a_cutover_writes_its_share_and_nothing_else(tmp_path):
    ports = world(tmp_path)
    result = cutover(ports, 25, SILENT)
    for number, row in ports.rows().items():
        is_ours = row["price"] == int(number[2:]) * 10_000
        assert is_ours is is_in_share(number, 25), number
    assert result.verification is not None
    assert result.verification.is_equal
    assert result.verification.compared == sum(is_in_share(number, 25) for number in NUMBERS)


def test_a_preview_writes_nothing_and_keeps_no_snapshot(tmp_path):
    ports = world(tmp_path)
    assert preview(ports, 100, SILENT).run.stats.inserted == 20
    assert (ports.table.writes, ports.snapshots.all()) == ([], ())


def test_only_the_first_snapshot_of_a_table_is_called_first(tmp_path):
    ports = world(tmp_path)
    taken = []
    for percent in (10, 25):
        ports.clock.sleep(60)
        taken.append(cutover(ports, percent, SILENT).snapshot.first)
    assert taken == [True, False]
    assert [meta.first for meta in ports.snapshots.all()] == [False, True]


def test_a_rollback_gives_back_the_table_and_holds_cron(tmp_path):
    ports = world(tmp_path)
    before = ports.rows()
    cutover(ports, 100, SILENT)
    result = back(ports)
    assert ports.rows() == before
    assert (result.stats.updated, result.stats.removed, result.remaining) == (40, 20, 0)
    assert "first snapshot" in (ports.hold.reason() or "")


def test_the_first_snapshot_undoes_every_share(tmp_path):
    ports = world(tmp_path)
    before = ports.rows()
    first = cutover(ports, 10, SILENT).snapshot.name
    for percent in (50, 100):
        ports.clock.sleep(60)
        cutover(ports, percent, SILENT)
    ports.write_sheet(SHEET.replace("for sale", "sold"))
    sync_all(ports)
    back(ports, first)
    assert ports.rows() == before


def test_what_was_pruned_is_brought_back_with_columns_that_are_not_ours(tmp_path):
    ports = world(tmp_path)
    before = ports.rows()
    ports.mapping = replace(ports.mapping, mark_column=None)
    cutover(ports, 100, SILENT)
    ports.write_sheet("".join(SHEET.splitlines(keepends=True)[5:]))
    sync_all(ports, prune=True)
    assert NUMBERS[0] not in ports.rows()
    result = back(ports)
    assert result.stats.inserted == 5
    assert ports.rows() == before


def test_marks_are_taken_back(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    ports.write_sheet("".join(SHEET.splitlines(keepends=True)[5:]))
    sync_all(ports, prune=True)
    assert len(ports.table.marks) == 5
    back(ports)
    assert ports.table.marks == {}


def test_somebody_elses_changes_stay_and_are_named(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    ports.table.content["AA100"]["price"] = 777
    ports.table.content["AA159"]["status"] = "reserved"
    ports.table.content["ZZ1"] = {**ports.table.content["AA101"], "property_number": "ZZ1"}
    result = back(ports)
    assert {(item.property_number, item.column) for item in result.left_alone} == {
        ("AA100", "price"),
        ("AA159", "status"),
        ("ZZ1", None),
    }
    assert ports.rows()["AA100"] == {"property_number": "AA100", "price": 777, "photo": "AA100.jpg"}
    assert {"AA159", "ZZ1"} < ports.rows().keys()
    assert result.remaining == 0


def test_one_run_is_undone_and_the_one_before_it_is_not(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    between = ports.rows()
    ports.write_sheet(SHEET.replace("AA100,100万円", "AA100,55万円"))
    sync_all(ports)
    run_id = ports.undo.runs()[0][0]
    assert back(ports, run_id=run_id).stats.updated == 1
    assert ports.rows() == between


def test_a_rollback_can_be_undone_like_any_run(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    after = ports.rows()
    back(ports)
    back(ports, run_id=ports.undo.runs()[0][0])
    assert ports.rows() == after


def test_looking_first_changes_nothing(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    writes, after = len(ports.table.writes), ports.rows()
    result = look(ports, find_source(ports, snapshot=None, run_id=None), SILENT)
    assert (result.stats.updated, result.stats.removed) == (40, 20)
    assert (len(ports.table.writes), ports.rows()) == (writes, after)
    assert ports.hold.reason() is None


def test_an_interrupted_rollback_is_finished_by_the_next(tmp_path):
    ports = world(tmp_path, sync_batch_size=7)
    before = ports.rows()
    cutover(ports, 100, SILENT)
    away = TransientError("gone", service=Service.SUPABASE, category=Category.NETWORK)
    upsert, calls = ports.table.upsert, []

    def failing(columns, rows, **options):
        calls.append(len(rows))
        if len(calls) == 3:
            raise away
        return upsert(columns, rows, **options)

    ports.table.upsert = failing
    result = back(ports)
    assert (result.error, ports.rows() == before) == (away, False)
    assert ports.hold.reason() is not None
    assert back(ports).remaining == 0
    assert ports.rows() == before


class FullDisk(UndoFiles):
    def record(self, *_: object, **_more: object) -> None:
        raise OSError(ENOSPC, "No space left on device")


def test_a_rollback_that_cannot_be_undone_says_so_and_goes_on(tmp_path):
    ports = world(tmp_path)
    before = ports.rows()
    cutover(ports, 100, SILENT)
    ports.undo = FullDisk(ports.state)
    result = back(ports)
    assert result.warnings == ("this rollback cannot be undone: No space left on device",)
    assert ports.rows() == before


def test_a_batch_that_is_too_large_is_halved(tmp_path):
    ports = world(tmp_path)
    before = ports.rows()
    cutover(ports, 100, SILENT)
    ports.table.largest = 3
    assert back(ports).remaining == 0
    assert ports.rows() == before


def test_a_stop_ends_it_between_requests_and_is_recorded(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    stopped = StoppedError("stopped by SIGTERM", signal=15)
    ports.table.delete = lambda _: (_ for _ in ()).throw(stopped)
    assert back(ports).error is stopped
    assert ports.records.recent(1)[0].status is RunStatus.INTERRUPTED


def test_a_rollback_is_recorded_without_counting_as_a_sync(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    back(ports)
    run = ports.records.recent(1)[0]
    assert (run.trigger, run.run_type, run.status) == (
        "rollback",
        RunType.SELECTIVE,
        RunStatus.COMPLETED,
    )
    assert (run.stats.updated, run.stats.removed, run.stats.open) == (40, 20, 0)


def test_a_row_that_the_database_refuses_is_named_and_the_rest_goes_back(tmp_path):
    ports = world(tmp_path)
    cutover(ports, 100, SILENT)
    ports.table.refused["AA103"] = RowError(
        "no", service=Service.SUPABASE, category=Category.DATABASE, code="23514"
    )
    result = back(ports)
    assert [item.property_number for item in result.left_alone] == ["AA103"]
    assert (result.stats.updated, result.stats.skipped, result.remaining) == (39, 1, 1)


def test_a_column_that_must_not_be_null_goes_along_with_the_value_just_read(tmp_path):
    ports = world(tmp_path)
    ports.write_sheet("".join(SHEET.splitlines(keepends=True)[:40]))
    before = ports.rows()
    cutover(ports, 100, SILENT)
    ports.table.required = frozenset({"photo"})
    assert back(ports).remaining == 0
    assert ports.rows() == before


def test_columns_that_only_the_database_fills_are_left_to_it(tmp_path):
    ports = world(tmp_path)
    ports.mapping = replace(ports.mapping, mark_column=None)
    cutover(ports, 100, SILENT)
    ports.write_sheet("".join(SHEET.splitlines(keepends=True)[1:]))
    sync_all(ports, prune=True)
    upsert = ports.table.upsert

    def insisting(columns, rows, **options):
        if "photo" in columns:
            raise GeneratedColumnError(
                "cannot insert",
                service=Service.SUPABASE,
                category=Category.DATABASE,
                code="428C9",
                column="photo",
            )
        return upsert(columns, rows, **options)

    ports.table.upsert = insisting
    result = back(ports)
    assert result.stats.inserted == 1
    assert result.warnings == ("rows that are brought back get a new photo",)
    assert ports.rows()["AA100"] == {"property_number": "AA100", "price": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({}, "no snapshot of this table", id="no snapshot"),
        pytest.param({"run_id": "none"}, "not known here", id="unknown run"),
        pytest.param({"name": "gone.gz"}, "cannot be read", id="no such file"),
    ],
)
def test_a_way_back_that_is_not_there_is_refused_before_anything(tmp_path, arguments, words):
    ports = world(tmp_path)
    with pytest.raises(RefusedError, match=words):
        back(ports, **arguments)
    assert ports.hold.reason() is None


def test_a_snapshot_that_the_disk_does_not_take_stops_a_cutover(tmp_path):
    ports = world(tmp_path)
    (ports.state.path).mkdir(parents=True)
    (ports.state.path / "snapshots").write_text("in the way")
    with pytest.raises(RefusedError, match="nothing was changed"):
        cutover(ports, 100, SILENT)
    assert ports.table.writes == []


def test_a_clock_set_back_since_the_snapshot_changes_nothing(tmp_path):
    ports = world(tmp_path)
    before = ports.rows()
    cutover(ports, 100, SILENT)
    ports.clock.set_wall(ports.clock.now() - timedelta(hours=3))
    ports.write_sheet(SHEET.replace("for sale", "sold"))
    sync_all(ports)
    result = back(ports)
    assert (result.left_alone, result.remaining) == ((), 0)
    assert ports.rows() == before


def test_what_a_snapshot_needs_outlives_the_history(tmp_path):
    ports = world(tmp_path)
    before = ports.rows()
    cutover(ports, 100, SILENT)
    ports.clock.set_wall(ports.clock.now() + timedelta(days=100))
    ports.undo.delete_older(ports.clock.now() - timedelta(days=90), keep=0)
    result = back(ports)
    assert (result.left_alone, result.remaining) == ((), 0)
    assert ports.rows() == before


def test_a_run_that_wrote_half_is_undone_and_blames_nobody(tmp_path):
    ports = world(tmp_path, sync_batch_size=10, sync_concurrency=1)
    before = ports.rows()
    away = TransientError("gone", service=Service.SUPABASE, category=Category.NETWORK)
    upsert, calls = ports.table.upsert, []

    def failing(columns, rows, **options):
        calls.append(len(rows))
        if len(calls) % 2:
            raise away
        return upsert(columns, rows, **options)

    ports.table.upsert = failing
    options = SyncOptions(SafetyLimits(100, 100), percent=100, batch_size=10)
    sync(ports, options, SILENT)
    ports.table.upsert = upsert
    run_id = ports.undo.runs()[0][0]
    assert ports.rows() != before
    for _ in range(2):
        result = back(ports, run_id=run_id)
        assert (result.left_alone, result.remaining, result.error) == ((), 0, None)
        assert ports.rows() == before


# Whoever writes when: afterwards ours is back, and theirs is as they left it.
ours = st.tuples(st.just("ours"), st.sampled_from(NUMBERS[:6]), st.integers(1, 5))
theirs = st.tuples(st.just("theirs"), st.sampled_from(NUMBERS[:6]), st.integers(6, 9))


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(ours | theirs, max_size=8))
def test_a_rollback_takes_back_ours_and_leaves_theirs(tmp_path_factory, events):
    ports = MovingWorld(
        tmp_path_factory.mktemp("world"), "", {n: {"price": 0} for n in NUMBERS[:3]}
    )
    sheet = dict.fromkeys(NUMBERS[:6], 5)
    ports.write_sheet("".join(f"{n},{price},\n" for n, price in sheet.items()))
    expected = ports.rows()
    cutover(ports, 100, SILENT)
    for who, number, price in events:
        if who == "ours":
            sheet[number] = price
            ports.write_sheet("".join(f"{n},{value},\n" for n, value in sheet.items()))
            sync_all(ports)
        else:
            ports.table.content[number]["price"] = price
    for number, row in ports.rows().items():
        if int(str(row["price"])) > 5:
            expected[number] = row
    assert back(ports).remaining == 0
    assert ports.rows() == expected
