"""The record of a run while it goes on, and what is told and stored of rejections."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from listing_sync.cells.listings import Rejection
from listing_sync.errors import (
    Category,
    LockTimeoutError,
    RefusedError,
    RowError,
    Service,
    TransientError,
)
from listing_sync.history.runs import (
    Cause,
    Process,
    Run,
    RunStats,
    RunStatus,
    RunType,
    StoredRejection,
)
from listing_sync.history.taking_turns import Claim
from listing_sync.ports import Holder, JournalEntry
from listing_sync.steps.earlier_runs import History, stored, told_before
from listing_sync.steps.recording import Recorder, new_run
from tests.fakes import START, MemoryRecords
from tests.runs import make_run
from tests.sync_world import SyncWorld
from tests.world import MemoryTarget

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


@pytest.mark.parametrize("hours", [-6, 6])
def test_a_run_at_work_whose_clock_is_hours_off_does_not_seem_to_hang(
    world: SyncWorld, hours: int
) -> None:
    world.machine.metrics = {"clock_off_s": hours * 3600.0}
    recorder, run = opened(world)
    seen = world.records.runs[run.run_id]
    right = world.clock.now() - timedelta(hours=hours)
    assert seen.started_at == seen.heartbeat_at == right
    world.clock.sleep(31)
    recorder.refresh(run)
    seen = world.records.runs[run.run_id]
    assert (seen.started_at, seen.heartbeat_at) == (right, right + timedelta(seconds=31))
    recorder.close(run.ended(RunStatus.COMPLETED, world.clock.now()), ())
    assert world.records.runs[run.run_id].completed_at == right + timedelta(seconds=31)


@pytest.mark.parametrize("off_s", [None, -59.0])
def test_a_clock_that_is_right_takes_no_request_more(world: SyncWorld, off_s: float | None) -> None:
    world.machine.metrics = {"clock_off_s": off_s}
    _, run = opened(world)
    assert world.records.saved == [run]


# -- others -----------------------------------------------------------------------------------


def test_who_finds_one_that_came_before_withdraws_and_goes_when_it_has_ended(
    world: SyncWorld,
) -> None:
    ours = under_way(world)
    other = replace(under_way(world, 2), host="web2")
    world.records.save(other)
    world.clock.sleep(1)
    world.clock.at(10, lambda: world.records.save(other.ended(RunStatus.COMPLETED, START)))
    seen = world.records.in_progress
    looks: list[list[str]] = []

    def look() -> tuple[Claim, ...]:
        looks.append([claim.run.run_id for claim in seen()])
        return seen()

    world.records.in_progress = look
    opened = Recorder(world, ours).open(ours)
    assert opened.waited
    assert opened.run.started_at >= START + timedelta(seconds=10)
    assert [len(look) for look in looks] == [2, 1, 1, 1, 1, 0, 1]


def test_the_first_one_waits_for_one_that_did_not_see_it_and_keeps_its_claim(
    world: SyncWorld,
) -> None:
    ours = under_way(world)
    other = replace(under_way(world, 2), host="web2")
    save = world.records.save

    def insert(run: Run, **more: Any) -> None:
        save(run)
        if run.run_id == ours.run_id and other.run_id not in world.records.runs:
            world.clock.sleep(1)
            save(other)

    world.records.save = insert
    world.clock.at(9, lambda: save(other.ended(RunStatus.COMPLETED, START)))
    assert Recorder(world, ours).open(ours).waited
    states = [run.status for run in world.records.saved if run.run_id == ours.run_id]
    assert set(states) == {RunStatus.IN_PROGRESS}


def test_who_waits_in_vain_leaves_no_record(world: SyncWorld) -> None:
    other = replace(under_way(world, 2), host="web2")
    world.records.save(other)

    def live() -> None:
        world.records.renew(other)
        world.clock.at(world.clock.monotonic() + 30, live)

    live()
    with pytest.raises(LockTimeoutError, match=r"process 42 on web2.*300 s"):
        opened(world)
    assert set(world.records.runs) == {other.run_id}
    assert world.clock.monotonic() == 300


def test_not_to_be_able_to_look_is_no_leave_to_go_once_somebody_was_met(world: SyncWorld) -> None:
    other = replace(under_way(world, 2), host="web2")
    world.records.save(other)

    def fail() -> None:
        world.records.away = AWAY

    world.clock.at(1, fail)
    with pytest.raises(LockTimeoutError, match="web2"):
        opened(world)


@pytest.mark.parametrize("silent_s", [121, 26 * 3600])
def test_a_silent_run_elsewhere_is_not_waited_for_whatever_its_own_clock_said(
    world: SyncWorld, silent_s: int
) -> None:
    ahead = START + timedelta(hours=26)
    silent = replace(under_way(world, 2), host="web2", started_at=ahead, heartbeat_at=ahead)
    world.records.save(silent)
    world.clock.sleep(silent_s)
    run = under_way(world)
    found = Recorder(world, run).open(run)
    assert not found.waited
    (buried,) = found.buried
    assert buried == world.records.runs[silent.run_id]
    assert (buried.status, buried.cause) == (
        RunStatus.FAILED,
        Cause(Category.UNKNOWN, "its process died (process 42 on web2)"),
    )
    assert buried.completed_at == START  # when it was last heard of


def clocks_apart(world: SyncWorld, ours: int, theirs: int) -> Run:
    """Set our clock hours off the database's; return a run elsewhere whose clock is off, too."""
    clock = world.clock
    by_database = MemoryRecords(now=lambda: START + timedelta(seconds=clock.monotonic()))
    world.target = MemoryTarget(world.table, by_database)
    clock.set_wall(START + timedelta(hours=ours))
    at = START + timedelta(hours=theirs)
    other = replace(under_way(world, 2), host="web2", started_at=at, heartbeat_at=at)
    world.records.save(other)
    return other


HOURS_APART = [(0, 6), (0, -6), (6, 0), (-6, 0), (6, -6), (-6, 6), (-6, -6)]


@pytest.mark.parametrize(("ours", "theirs"), HOURS_APART)
def test_a_live_run_is_waited_for_however_many_hours_the_clocks_are_apart(
    world: SyncWorld, ours: int, theirs: int
) -> None:
    other = clocks_apart(world, ours, theirs)

    def give_sign_of_life(after_s: int) -> None:
        at = other.started_at + timedelta(seconds=after_s)
        assert world.records.renew(replace(other, heartbeat_at=at))

    for after_s in range(30, 240, 30):
        world.clock.at(after_s, partial(give_sign_of_life, after_s))
    ended = other.ended(RunStatus.COMPLETED, other.started_at + timedelta(seconds=240))
    world.clock.at(240, partial(world.records.save, ended))
    run = under_way(world)
    found = Recorder(world, run).open(run)
    assert (found.waited, found.buried) == (True, ())
    assert 240 <= world.clock.monotonic() <= 244
    assert found.run.started_at == world.clock.now()


@pytest.mark.parametrize(("ours", "theirs"), HOURS_APART)
def test_a_dead_run_is_waited_for_no_longer_however_many_hours_the_clocks_are_apart(
    world: SyncWorld, ours: int, theirs: int
) -> None:
    other = clocks_apart(world, ours, theirs)
    run = under_way(world)
    found = Recorder(world, run).open(run)
    assert [each.run_id for each in found.buried] == [other.run_id]
    assert 120 < world.clock.monotonic() <= 124


def test_a_run_of_the_same_lock_is_dead_at_once_though_its_number_is_in_use(
    world: SyncWorld,
) -> None:
    world.state.require_writable()
    with world.lock.held(Holder("web1", 42, "office", "x", START), 1):
        process = Process("boot", "pids", "1", world.lock.name)
        killed = replace(under_way(world, 2), pid=43, process=process)
        world.alive = {43}
        world.records.save(killed)
        world.identity = replace(world.identity, process=Process("boot", "pids", "2"))
        run = new_run(world, RunType.FULL, "cron")
        found = Recorder(world, run).open(run)
    assert not found.waited
    assert [each.run_id for each in found.buried] == [killed.run_id]


def test_a_live_run_whose_number_cannot_be_seen_from_here_is_waited_for(world: SyncWorld) -> None:
    other = replace(under_way(world, 2), process=Process("boot", "pids of another", "1", "8:1"))
    world.records.save(other)
    world.clock.at(90, lambda: world.records.save(other.ended(RunStatus.COMPLETED, START)))
    run = replace(under_way(world), process=Process("boot", "pids", "2"))
    found = Recorder(world, run).open(run)
    assert found.waited
    assert found.buried == ()


def test_a_run_that_was_taken_for_dead_stops_before_its_next_write(world: SyncWorld) -> None:
    recorder, run = opened(world)
    world.clock.sleep(1000)
    (claim,) = world.records.in_progress()
    assert world.records.bury(run.ended(RunStatus.FAILED, START), claim.heard_at)
    with pytest.raises(RefusedError, match="took it for dead"):
        recorder.refresh(run)
    recorder.close(run.ended(RunStatus.FAILED, START), ())


def test_a_sign_of_life_is_given_while_the_command_waits_for_something_else(
    world: SyncWorld,
) -> None:
    run = under_way(world)
    recorder = Recorder(world, run, pulse_s=0.001)
    recorder.open(run)
    given = Event()
    renew = world.records.renew

    def note(run: Run) -> bool:
        given.set()
        return renew(run)

    world.records.renew = note
    world.clock.sleep(31)
    assert given.wait(10)
    recorder.close(run.ended(RunStatus.COMPLETED, START), ())


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
    return History((good,), kept, good)


def test_before_runs_said_so_a_full_run_that_knew_its_rejections_had_told_them() -> None:
    runs = (
        make_run(1, status=RunStatus.FAILED),
        make_run(2, run_type=RunType.SELECTIVE),
        make_run(3, told=False),
        make_run(4, status=RunStatus.PARTIAL),
        make_run(5),
    )
    assert told_before(runs) == runs[3]
    stored_some = make_run(6, status=RunStatus.FAILED, rejections_run_id="6")
    assert told_before((runs[0], stored_some, *runs)) == stored_some
    assert told_before(()) is None


def test_news_are_what_no_message_told() -> None:
    known, new = rejection("AA1"), rejection("AA2")
    assert history(replace(known, cell="Listings!F99")).news([known, new], {}) == (new,)
    assert history().new_warnings(["a column is missing"]) == ("a column is missing",)


def test_nothing_is_news_when_the_history_could_not_be_read() -> None:
    unknown = History(is_known=False)
    assert unknown.news([rejection("AA1")], {}) == ()
    assert unknown.new_warnings(["a column is missing"]) == ()


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


@pytest.mark.parametrize("keeps", ["nothing", "the dead"])
def test_a_run_goes_on_without_a_record_where_records_do_not_stay(
    world: SyncWorld, keeps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    there = world.records.in_progress
    long_ago = START - timedelta(hours=1)
    dead = replace(under_way(world, 2), started_at=long_ago, heartbeat_at=long_ago)

    def shown() -> tuple[Claim, ...]:
        looks.append(1)
        return () if keeps == "nothing" else there()

    if keeps == "the dead":
        world.records.runs[dead.run_id] = dead
        monkeypatch.setattr(world.records, "bury", lambda *_: False)
    monkeypatch.setattr(world.records, "in_progress", shown)
    run = under_way(world)
    assert not Recorder(world, run).open(run).history.is_known
    assert len(looks) < 10
