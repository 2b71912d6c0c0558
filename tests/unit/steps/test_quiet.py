"""When a run goes by the conclusion of an earlier one, and when it understands the sheet anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from listing_sync.cells.mapping import parse_mapping
from listing_sync.commands.sync import SyncResult
from listing_sync.errors import Category, Service, TransientError
from listing_sync.history.runs import RunStatus
from tests.sync_world import MAPPING, MARKS, SyncWorld, in_table, listing

NUMBERS = [f"AA{number}" for number in range(100, 130)]
ROWS = [
    *(listing(number) for number in NUMBERS),
    listing("AA900", price="abc"),
    listing("AA901"),
    listing("AA901"),
    listing("no number"),
]


@pytest.fixture
def world(tmp_path: Path) -> SyncWorld:
    """Return a world that came to rest: some listings rejected, one that is only in the table."""
    table = {number: in_table(number) for number in [*NUMBERS, "AA999"]}
    world = SyncWorld(tmp_path, ROWS, table, mapping=MAPPING + MARKS, lacks=("note",))
    world.sync()
    return world


def understood(world: SyncWorld, act: Callable[[], Any]) -> tuple[Any, bool]:
    """Return what `act` returns, and whether the sheet was understood meanwhile."""
    before = world.sheet.reads
    return act(), world.sheet.reads > before


def told(result: SyncResult) -> dict[str, object]:
    """Return all of a result but who it was, when, and by how many requests."""
    run = result.run
    return {
        **{name: getattr(result, name) for name in ("rejections", "news", "new_warnings", "error")},
        "plan": replace(result.plan, filled=()) if result.plan else None,
        "stats": run.stats,
        "status": run.status,
        "warnings": run.warnings,
        "removed": run.removed,
        "columns": result.plan.columns if result.plan else None,
    }


def test_a_quiet_run_says_all_that_a_run_without_memory_says(world):
    quiet, was_understood = understood(world, world.sync)
    assert not was_understood
    anew, was_understood = understood(world, lambda: world.sync(reads_all=True))
    assert was_understood
    assert told(quiet) == told(anew)
    assert quiet.run.status is RunStatus.PARTIAL
    assert len(quiet.rejections) == 4


def test_the_sheet_is_asked_once_whether_or_not_it_is_understood(world):
    asked = []
    call = world.sheet._call

    def counted(send: Any, what: str, *rest: Any) -> Any:
        asked.append(what)
        return call(send, what, *rest)

    world.sheet._call = counted
    world.sync()
    assert len(asked) == 1
    world.table.by_hand("AA100", {"price": 7})
    result, was_understood = understood(world, world.sync)
    assert was_understood
    assert result.run.stats.updated == 1
    assert len(asked) == 2
    world.sheet.rows[0] = listing("AA100", price=8)
    assert world.sync().run.stats.updated == 1
    assert len(asked) == 3


def edit(world: SyncWorld) -> None:
    world.sheet.rows[3] = listing("AA103", name="Another")


def remap(world: SyncWorld) -> None:
    changed = (MAPPING + MARKS).replace('header = "Name"', 'header = "Name"\nmax_length = 5')
    world.mapping = world.sheet.mapping = parse_mapping(changed, name="mapping.toml")


def set_to(name: str, value: object) -> Callable[[SyncWorld], None]:
    def change(world: SyncWorld) -> None:
        world.settings = world.settings.model_copy(update={name: value})

    return change


@pytest.mark.parametrize(
    "change",
    [
        edit,
        remap,
        lambda world: setattr(world, "identity", replace(world.identity, version="0.0.9")),
        set_to("sync_header_row", 2),
        set_to("sync_sheet_name", "Listings"),
        set_to("sync_spreadsheet_id", "another"),
        set_to("sync_sheet_file", Path("listings.csv")),
        set_to("google_sheets_api_endpoint", "https://example.com"),
        lambda world: world.clock.sleep(86_400),
        lambda world: world.table.by_hand("AA100", {"price": 7}),
        lambda world: world.table.by_hand("AA100", None),
        lambda world: world.machine.given_back.store(
            {"values": {}, "examples": {}, "keys": {"AA900": "aa900"}}
        ),
        lambda world: setattr(world.table, "tells_fingerprints", False),
        lambda world: [path.unlink() for path in world.state.path.glob("quiet-*")],
    ],
    ids=[
        *("sheet", "mapping", "version", "header row", "tab", "spreadsheet", "file"),
        *("endpoint", "a day", "table", "row gone", "given back", "no function", "no memory"),
    ],
)
def test_a_sheet_is_understood_anew_after_a_change_of(world, change):
    assert not understood(world, world.sync)[1]
    change(world)
    result, was_understood = understood(world, world.sync)
    assert was_understood
    assert result.run.status is not RunStatus.FAILED


@pytest.mark.parametrize(
    "options",
    [{"force": True}, {"reads_all": True}, {"prune": True}, {"percent": 50}],
    ids=["force", "verify", "prune", "share"],
)
def test_a_sheet_is_understood_anew_with(world, options):
    assert understood(world, lambda: world.sync(dry_run=True, **options))[1]


def test_a_dry_run_goes_by_the_conclusion_and_leaves_it(world):
    [path] = world.state.path.glob("quiet-*")
    before = path.read_bytes()
    assert not understood(world, lambda: world.sync(dry_run=True))[1]
    edit(world)
    assert understood(world, lambda: world.sync(dry_run=True))[1]
    assert path.read_bytes() == before


def test_a_run_that_leaves_something_to_be_done_concludes_nothing(tmp_path):
    world = SyncWorld(tmp_path, [listing("AA1")], {"AA2": in_table("AA2")})
    world.sync()
    assert not list(world.state.path.glob("quiet-*"))
    world.sync()
    assert list(world.state.path.glob("quiet-*"))


def test_a_table_that_cannot_be_asked_fails_every_listing(world):
    ask = world.table._ask

    def refused(kind: str, numbers: tuple[str, ...]) -> None:
        if kind == "fingerprint":
            raise TransientError("away", service=Service.SUPABASE, category=Category.NETWORK)
        ask(kind, numbers)

    world.table._ask = refused
    result = world.sync()
    assert result.run.status is RunStatus.FAILED
    assert result.run.stats.failed == result.run.stats.total == len(ROWS)


def test_a_disk_that_takes_no_conclusion_costs_only_reading(world, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(world.machine.quiet_memory), "store", full)
    edit(world)
    assert world.sync().run.stats.updated == 1
    assert world.sync().run.status is RunStatus.PARTIAL


def test_what_was_looked_at_behind_the_cells_is_looked_at_by_every_run(world):
    """A picture that goes leaves the values of the sheet as they were."""
    world.sheet.rows[0] = listing("AA100", price=None)
    world.sheet.pictures.add((2, "price"))
    assert world.sync().run.stats.updated == 0
    world.sheet.pictures.clear()
    assert world.sync().run.stats.updated == 1
    assert world.table.content["AA100"]["price"] is None
