"""Which rows of the table a run reads, and that it finds all that is to be found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from listing_sync.errors import Category, PermanentError, Service, TransientError
from listing_sync.history.runs import RunStatus
from listing_sync.reliability.pacing import Patience
from tests.sync_world import SyncWorld, in_table, listing

NUMBERS = [f"AA{number}" for number in range(100, 400)]


@pytest.fixture
def world(tmp_path: Path) -> SyncWorld:
    """Return a world whose table was read once and equals the sheet."""
    world = SyncWorld(
        tmp_path,
        [listing(number) for number in NUMBERS],
        {number: in_table(number) for number in NUMBERS},
    )
    world.sync()
    return world


def read(world: SyncWorld) -> list[tuple[str, int]]:
    """Return the requests since the last look, each with how many listings it read."""
    made = [(kind, len(numbers)) for kind, numbers in world.table.requests]
    world.table.requests.clear()
    return made


def at_request(world: SyncWorld, number: int, happens: Callable[[], None]) -> None:
    """Let something happen before a request to the table."""
    call, asked = world.table._call, [0]

    def watched(send: Callable[[], Any], what: str, patience: Patience = Patience.RETRY) -> Any:
        if asked[0] == number:
            happens()
        asked[0] += 1
        return call(send, what, patience)

    world.table._call = watched


def test_an_unchanged_table_is_not_read(world):
    read(world)
    result = world.sync()
    assert result.run.stats.unchanged == 300
    assert read(world) == [("fingerprint", 0)]


def test_of_one_changed_row_its_bucket_is_read_and_it_is_repaired(world):
    read(world)
    world.sheet.rows[23] = listing("AA123", price=8)
    world.table.by_hand("AA123", {"price": 7})
    assert world.sync().run.stats.updated == 1
    rows = [count for kind, count in read(world) if kind == "read"]
    assert 0 < sum(rows) < 60
    assert world.table.content["AA123"] == in_table("AA123", price=8)
    # What a run wrote is read by the next one, and then remembered.
    assert world.sync().run.stats.unchanged == 300
    assert len(read(world)) > 1
    world.sync()
    assert read(world) == [("fingerprint", 0)]


def test_a_row_that_is_changed_only_while_it_is_read_is_found_by_the_next_run(world):
    """It has its fingerprint again, and what was read was equal to the sheet."""
    world.sheet.rows[5] = listing("AA105", price=2000)
    row = dict(world.table.content["AA105"])
    read(world)
    at_request(world, 1, lambda: world.table.by_hand("AA105", {"price": 2000}))
    at_request(world, 2, lambda: world.table.by_hand("AA105", row))
    assert world.sync().run.stats.updated == 0
    assert world.table.content["AA105"] == row
    assert world.sync().run.stats.updated == 1
    assert world.table.content["AA105"]["price"] == 2000


def test_a_dry_run_goes_by_the_memory_and_leaves_it(world):
    [path] = world.state.path.glob("table-seen-*")
    before = path.read_bytes()
    world.table.by_hand("AA123", {"price": 7})
    result = world.sync(dry_run=True)
    assert [update.key for update in result.plan.updates] == ["AA123"]
    assert path.read_bytes() == before


def test_force_reads_all_and_leaves_the_memory(world):
    [path] = world.state.path.glob("table-seen-*")
    before = path.read_bytes()
    world.table.by_hand("AA123", {"price": 7})
    read(world)
    assert world.sync(force=True).run.stats.updated == 300
    assert {kind for kind, _ in read(world)} == {"read", "upsert"}
    assert path.read_bytes() == before
    assert world.sync().run.stats.unchanged == 300
    assert read(world) == [("fingerprint", 0)]


def test_all_is_read_after_a_day(world):
    world.clock.sleep(86_400)
    world.sync()
    assert [kind for kind, _ in read(world)].count("read") >= 1


def test_three_values_to_become_blank_are_judged_by_all_rows(world):
    for at in range(3):
        world.sheet.rows[at] = listing(NUMBERS[at], price=None)
    result = world.sync(change_limit=1, dry_run=True)
    assert result.refused is None
    assert result.plan.filled[2] == 300


def test_without_the_function_all_is_read_as_ever(world):
    world.table.tells_fingerprints = False
    read(world)
    assert world.sync().run.stats.unchanged == 300
    assert {kind for kind, _ in read(world)} == {"read"}


@pytest.mark.parametrize("error", [TransientError, PermanentError])
def test_what_cannot_be_asked_again_is_not_remembered(world, error):
    world.table.by_hand("AA123", {"price": 7})

    def fail() -> None:
        raise error("away", service=Service.SUPABASE, category=Category.NETWORK)

    asked = []

    def third(kind: str) -> None:
        asked.append(kind)
        if kind == "fingerprint" and asked.count(kind) == 3:
            fail()

    ask = world.table._ask

    def asking(kind: str, numbers: tuple[str, ...]) -> None:
        third(kind)
        ask(kind, numbers)

    world.table._ask = asking
    assert world.sync().run.status is RunStatus.COMPLETED
    world.table._ask = ask
    assert world.sync().run.stats.unchanged == 300


def test_a_disk_that_takes_no_memory_costs_only_reading(world, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.machine, "table_memory", world.machine.table_memory)
    monkeypatch.setattr(type(world.machine.table_memory), "store", full)
    world.table.by_hand("AA123", {"price": 7})
    assert world.sync().run.stats.updated == 1
    assert world.sync().run.status is RunStatus.COMPLETED
