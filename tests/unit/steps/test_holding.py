from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from listing_sync.changes.refusal import SafetyLimits
from listing_sync.cli.progress import Silent
from listing_sync.commands.rollback import find_source, rollback
from listing_sync.commands.sync import SyncOptions, SyncResult, sync
from listing_sync.errors import (
    Category,
    HoldError,
    LockTimeoutError,
    RefusedError,
    Service,
    TransientError,
)
from listing_sync.history.runs import RunStatus
from listing_sync.ports import Identity
from listing_sync.steps.holding import held_elsewhere, pause, resume
from tests.moving_world import MovingWorld
from tests.runs import make_run

SILENT = Silent()
AWAY = TransientError("away", service=Service.SUPABASE, category=Category.NETWORK)


class Machine(MovingWorld):
    """One of several machines that write one table."""

    def __init__(self, folder: Path, host: str, other: Machine | None = None, **settings: Any):
        super().__init__(folder / host, "AA1,1万円,new\n", {"AA1": {"price": 1}}, **settings)
        self.identity = Identity("sheet", "table", host, 42, "office", "1.0", "cron")
        if other is not None:
            self.table, self.records, self.holds = other.table, other.records, other.holds
            self.clock = other.clock


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Machine, Machine]:
    for host in ("web1", "web2"):
        (tmp_path / host).mkdir()
    first = Machine(tmp_path, "web1")
    return first, Machine(tmp_path, "web2", first)


def run(machine: Machine, *numbers: str, dry_run: bool = False) -> SyncResult:
    machine.clock.sleep(60)
    options = SyncOptions(
        SafetyLimits(100, 100), percent=100, batch_size=10, numbers=numbers or None, dry_run=dry_run
    )
    return sync(machine, options, SILENT)


def roll_back(machine: Machine) -> None:
    run_id = machine.undo.runs()[0][0]
    source = find_source(machine, snapshot=None, run_id=run_id)
    assert rollback(machine, source, SILENT).error is None


def test_a_rollback_holds_every_machine_with_one_sentence(machines):
    here, there = machines
    assert run(here).error is None
    roll_back(here)
    ours, theirs = run(here).error, run(there).error
    assert isinstance(ours, HoldError)
    assert isinstance(theirs, HoldError)
    assert str(theirs).startswith(str(ours))
    assert "by office on web1, run " in str(ours)
    assert " on web1, whose next sync lets every machine go on" in str(theirs)
    assert run(there, dry_run=True).refused == str(theirs)
    assert here.table.content["AA1"]["price"] == 1
    assert run(there, "AA1").error is None  # a person who names listings means it


def test_deleting_the_file_lets_every_machine_go_on_with_the_next_sync_there(machines):
    here, there = machines
    run(here)
    roll_back(here)
    here.hold.path.unlink()
    assert run(here, dry_run=True).refused is None
    assert isinstance(run(there).error, HoldError)
    assert run(here).error is None
    assert (run(there).error, here.holds.all(), here.hold.shared_ids()) == (None, (), ())


def test_a_file_that_a_person_put_there_holds_its_machine_alone(machines):
    here, there = machines
    here.hold.place("holidays")
    assert isinstance(run(here).error, HoldError)
    assert run(there).error is None


def test_a_rollback_that_others_cannot_be_told_of_says_so(machines):
    here, there = machines
    run(here)
    here.holds.away = AWAY
    source = find_source(here, snapshot=None, run_id=here.undo.runs()[0][0])
    result = rollback(here, source, SILENT)
    assert result.warnings == ("only this machine is on hold, others will sync: away",)
    assert result.is_on_hold
    assert run(there).error is None  # what cannot be asked holds nobody


def test_a_rollback_that_gives_way_leaves_no_hold(machines):
    here, _ = machines
    run(here)
    other = make_run(status=RunStatus.IN_PROGRESS, host="web9")
    here.records.save(other)
    here.settings = here.settings.model_copy(update={"sync_lock_timeout": 30})
    with pytest.raises(LockTimeoutError):
        roll_back(here)
    assert (here.hold.reason(), here.holds.all()) == (None, ())


def test_a_rollback_with_nothing_to_do_leaves_no_hold(machines):
    here, _ = machines
    run(here)
    here.table.content["AA1"]["price"] = "1"
    source = find_source(here, snapshot=None, run_id=here.undo.runs()[0][0])
    here.table.content["AA1"]["status"] = None
    result = rollback(here, source, SILENT)
    assert (result.error, result.is_on_hold, here.hold.reason()) == (None, False, None)
    assert (result.stats.unchanged, result.left_alone) == (1, ())


def test_a_disk_that_takes_no_hold_leaves_the_table_alone(machines):
    here, _ = machines
    run(here)
    here.hold.path.mkdir()
    source = find_source(here, snapshot=None, run_id=here.undo.runs()[0][0])
    before = len(here.table.writes)
    result = rollback(here, source, SILENT)
    assert "syncing cannot be put on hold" in str(result.error)
    assert (len(here.table.writes), result.is_on_hold) == (before, False)


def test_a_hold_of_a_machine_without_its_file_is_left_to_its_next_sync(machines):
    here, there = machines
    run(here)
    roll_back(here)
    here.hold.path.unlink()
    here.holds.away = AWAY
    assert run(here).error is None
    here.holds.away = None
    assert held_elsewhere(there.hold, there.holds, may_release=False) is not None
    assert run(here).error is None
    assert held_elsewhere(there.hold, there.holds, may_release=False) is None


def test_a_pause_holds_every_machine_until_it_is_resumed_there(machines):
    here, there = machines
    assert pause(here, "stocktaking") is None
    assert "paused: stocktaking at" in str(run(here).error)
    assert "paused: stocktaking at" in str(run(there).error)
    with pytest.raises(RefusedError, match="stocktaking"):
        pause(here, "again")
    elsewhere = resume(there, everywhere=False)
    assert (elsewhere.here, len(elsewhere.elsewhere)) == (None, 1)
    assert isinstance(run(there).error, HoldError)
    assert "stocktaking" in str(resume(here, everywhere=False).here)
    assert (run(here).error, run(there).error, here.holds.all()) == (None, None, ())


def test_the_hold_of_a_machine_that_is_gone_can_be_ended_from_another(machines):
    here, there = machines
    pause(here, "")
    assert len(resume(there, everywhere=True).elsewhere) == 1
    assert run(there).error is None


def test_a_pause_without_supabase_holds_this_machine_and_says_so(machines):
    here, _ = machines
    here.holds.away = AWAY
    assert "only this machine is on hold" in str(pause(here, ""))
    assert "may still be on hold: away" in str(resume(here, everywhere=False).problem)
    assert here.hold.reason() is None


def test_what_is_not_on_hold_can_be_resumed(machines):
    assert resume(machines[0], everywhere=False).here is None


def test_a_bug_in_a_rollback_closes_its_record(machines):
    here, _ = machines
    run(here)

    def bug(*_: object) -> None:
        raise ZeroDivisionError

    here.table.whole_rows = bug
    with pytest.raises(ZeroDivisionError):
        roll_back(here)
    (left,) = (each for each in here.records.recent(9) if each.trigger == "rollback")
    assert left.status is RunStatus.FAILED
    assert left.cause is not None
    assert "a bug in listing-sync (ZeroDivisionError)" in left.cause.message
