"""The record of a run while it goes on, and what is told and stored of rejections."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from listing_sync.commands.recording import History, Recorder, stored
from listing_sync.core.listings import Rejection
from listing_sync.core.runs import Run, RunStats, RunStatus, RunType, StoredRejection
from listing_sync.errors import Category, LockTimeoutError, RowError, Service, TransientError
from listing_sync.ports import JournalEntry
from tests.fakes import START
from tests.runs import make_run
from tests.sync_world import SyncWorld

AWAY = TransientError("no answer", service=Service.SUPABASE, category=Category.NETWORK)
REFUSED = RowError("too long", service=Service.SUPABASE, category=Category.DATABASE)


@pytest.fixture
def world(tmp_path: Path) -> SyncWorld:
    return SyncWorld(tmp_path)


def under_way(world: SyncWorld, number: int = 1) -> Run:
    return make_run(
        number, status=RunStatus.IN_PROGRESS, minutes=0, pid=42, stats=RunStats(total=9)
    )


def opened(world: SyncWorld) -> tuple[Recorder, Run]:
    run = under_way(world)
    recorder = Recorder(world, run)
    recorder.open(run)
    return recorder, run


def rejection(number: str, cell: str = "Listings!F17") -> Rejection:
    return Rejection(number, 17, "Price", cell, "ask", "not a number")


# -- progress ---------------------------------------------------------------------------------


def test_counts_are_saved_every_two_seconds_while_they_change(world: SyncWorld) -> None:
    recorder, run = opened(world)
    for count in range(1, 10):
        world.clock.sleep(1)
        recorder.refresh(replace(run, stats=RunStats(total=9, inserted=count)))
    saved = [one.stats.inserted for one in world.records.saved[1:]]
    assert saved == [2, 4, 6, 8]
    assert world.records.saved[-1].heartbeat_at == START + timedelta(seconds=8)


def test_a_sign_of_life_is_given_every_thirty_seconds(world: SyncWorld) -> None:
    recorder, run = opened(world)
    for _ in range(95):
        world.clock.sleep(1)
        recorder.refresh(run)
    assert len(world.records.saved) == 1 + 3


def test_progress_that_cannot_be_saved_is_tried_again_later_and_no_error(world: SyncWorld) -> None:
    recorder, run = opened(world)
    world.records.away = AWAY
    world.clock.sleep(5)
    recorder.refresh(replace(run, stats=RunStats(total=9, inserted=1)))
    world.records.away = None
    recorder.refresh(replace(run, stats=RunStats(total=9, inserted=2)))
    assert len(world.records.saved) == 1
    world.clock.sleep(2)
    recorder.refresh(replace(run, stats=RunStats(total=9, inserted=2)))
    assert len(world.records.saved) == 2


def test_a_run_that_is_not_recorded_is_not_refreshed(world: SyncWorld) -> None:
    world.records.away = AWAY
    recorder, run = opened(world)
    world.records.away = None
    world.clock.sleep(60)
    recorder.refresh(run)
    assert world.records.saved == []


# -- others -----------------------------------------------------------------------------------


def test_of_two_that_begin_at_once_the_later_one_waits(world: SyncWorld) -> None:
    ours = under_way(world)
    later = replace(under_way(world, 2), host="web2", started_at=START + timedelta(seconds=1))
    recorder = Recorder(world, ours)
    seen = iter([(), (later,), ()])
    world.records.in_progress = lambda: next(seen)
    assert recorder.open(ours)[1] is False

    earlier = replace(later, started_at=START - timedelta(seconds=1))
    seen = iter([(), (earlier,), ()])
    world.records.in_progress = lambda: next(seen)
    assert Recorder(world, ours).open(ours)[1] is True


def test_who_gives_way_after_recording_itself_closes_its_record(world: SyncWorld) -> None:
    ours = under_way(world)
    earlier = replace(
        under_way(world, 2),
        host="web2",
        started_at=START - timedelta(seconds=1),
        heartbeat_at=START,
    )
    first = iter([()])
    world.records.in_progress = lambda: next(first, (earlier,))
    with pytest.raises(LockTimeoutError, match="web2"):
        Recorder(world, ours).open(ours)
    assert world.records.runs[ours.run_id].status is RunStatus.INTERRUPTED


def test_a_silent_run_elsewhere_is_not_waited_for(world: SyncWorld) -> None:
    silent = replace(under_way(world, 2), host="web2", heartbeat_at=START - timedelta(minutes=11))
    world.records.save(silent)
    assert opened(world)[0] is not None
    assert world.records.runs[silent.run_id].status is RunStatus.INTERRUPTED


# -- the journal ----------------------------------------------------------------------------------


def test_a_record_that_the_database_refuses_waits_and_blocks_nobody(world: SyncWorld) -> None:
    before = make_run(2)
    world.records.refused = {before.run_id: REFUSED}
    world.journal.add(JournalEntry(before, ()))
    recorder, run = opened(world)
    assert not recorder.close(run.ended(RunStatus.COMPLETED, START), ()).in_journal
    assert [entry.run.run_id for entry in world.journal.entries()] == [before.run_id]
    world.records.refused = {}
    opened(world)
    assert world.journal.entries() == ()


# -- rejections -----------------------------------------------------------------------------------


def history(*rejections: Rejection, age: timedelta = timedelta(hours=1)) -> History:
    good = make_run(9, status=RunStatus.PARTIAL)
    kept = tuple(StoredRejection(good.run_id, item, START - age) for item in rejections)
    return History((good,), kept)


def test_the_last_run_that_checked_the_sheet_is_a_full_one() -> None:
    runs = (
        make_run(1, status=RunStatus.FAILED),
        make_run(2, run_type=RunType.SELECTIVE),
        make_run(3, status=RunStatus.PARTIAL),
        make_run(4),
    )
    assert History(runs).last_checked == runs[2]


def test_a_failed_run_that_stored_its_rejections_has_checked_the_sheet() -> None:
    runs = (make_run(1, status=RunStatus.FAILED, rejections_run_id="1"), make_run(2))
    assert History(runs).last_checked == runs[0]
    assert History().last_checked is None


def test_news_are_what_the_last_good_run_did_not_have() -> None:
    known, new = rejection("AA1"), rejection("AA2")
    assert history(replace(known, cell="Listings!F99")).news([known, new]) == (new,)


def test_nothing_is_news_when_the_history_could_not_be_read() -> None:
    assert History(is_known=False).news([rejection("AA1")]) == ()


def test_the_same_rejections_are_stored_once_a_day() -> None:
    run = replace(make_run(10), completed_at=START)
    same, items = stored(run, [rejection("AA1")], {}, history(rejection("AA1")))
    assert (same.rejections_run_id, items) == (make_run(9).run_id, ())
    old = history(rejection("AA1"), age=timedelta(days=1))
    again, items = stored(run, [rejection("AA1")], {17: {"Price": "ask"}}, old)
    assert again.rejections_run_id == run.run_id
    assert [(item.rejection, item.payload) for item in items] == [
        (rejection("AA1"), {"Price": "ask"})
    ]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param([rejection("AA1"), rejection("AA2")], id="one more"),
        pytest.param([rejection("AA2")], id="another"),
        pytest.param([rejection("AA1", "Listings!F18")], id="its row moved"),
    ],
)
def test_other_rejections_are_stored_at_once(now: list[Rejection]) -> None:
    _, items = stored(make_run(10), now, {}, history(rejection("AA1")))
    assert [item.rejection for item in items] == now


def test_a_run_without_rejections_stores_none_and_names_no_run() -> None:
    run, items = stored(make_run(10), [], {}, history(rejection("AA1")))
    assert (run.rejections_run_id, items) == (None, ())
