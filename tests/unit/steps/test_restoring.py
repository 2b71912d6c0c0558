"""Rows that are led back only while they still are as they were read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from listing_sync.cells.listings import Value
from listing_sync.changes.refusal import SafetyLimits
from listing_sync.cli.progress import Silent
from listing_sync.commands.rollback import RollbackResult, find_source, rollback
from listing_sync.commands.sync import SyncOptions, sync
from listing_sync.errors import Category, GeneratedColumnError, RowError, Service, TransientError
from listing_sync.ports import Changed, RowChange
from tests.moving_world import MovingWorld

OLD: dict[str, dict[str, Value]] = {
    f"AA{n}": {"price": n, "status": "old", "photo": f"{n}.jpg"} for n in range(1, 4)
}


def world(folder: Path, sheet: str = "AA1,10,new\nAA2,20,new\nAA3,30,new\n") -> MovingWorld:
    """Return a table that a run has changed, and that changes rows only as they were read."""
    ports = MovingWorld(folder, sheet, OLD)
    ports.mapping = replace(ports.mapping, mark_column=None)
    ports.table.changes_rows = True
    options = SyncOptions(SafetyLimits(100, 100), percent=100, batch_size=10, prune=True)
    assert sync(ports, options, Silent()).error is None
    ports.clock.sleep(60)
    ports.table.requests.clear()
    return ports


def back(ports: MovingWorld) -> RollbackResult:
    return rollback(ports, find_source(ports, snapshot=None, run_id="latest"), Silent())


def meet(ports: MovingWorld, at_each: Callable[[Sequence[RowChange]], object]) -> None:
    """Have something done with each request that changes rows, before it is done."""
    change_rows = ports.table.change_rows

    def met(changes: Sequence[RowChange], told: Sequence[str] = ()) -> Changed | None:
        answer = at_each(changes) if changes else None
        return answer if isinstance(answer, Changed) else change_rows(changes, told)

    ports.table.change_rows = met


def left(result: RollbackResult) -> list[tuple[str, str]]:
    return [(item.property_number, item.reason) for item in result.left_alone]


def test_all_rows_of_a_part_go_in_one_request(tmp_path: Path) -> None:
    ports = world(tmp_path, "AA1,10,old\nAA2,2,new\nAA3,30,new\n")
    assert back(ports).stats.updated == 3
    assert ports.table.writes == [("change", ("AA1", "AA2", "AA3"))]


def test_a_row_that_only_the_table_finds_changed_is_written_in_any_case(tmp_path: Path) -> None:
    """As one whose values come back in a form that means something else to it."""
    ports = world(tmp_path)
    change_rows = ports.table.change_rows

    def without_the_second(changes: Sequence[RowChange]) -> object:
        made, _ = change_rows([changes[0], changes[2]]) or Changed({})
        return Changed({0: made[0], 2: made[1]})

    meet(ports, without_the_second)
    result = back(ports)
    assert (result.stats.updated, result.left_alone, result.remaining) == (3, (), 0)
    assert ports.table.writes[-1] == ("upsert", ("AA2",))
    assert ports.rows()["AA2"]["price"] == 2


def test_a_row_that_changes_again_and_again_is_left_and_named(tmp_path: Path) -> None:
    ports = world(tmp_path)

    typed: list[dict[str, Value]] = [{"status": "old"}, {"price": 2}]

    def they_write(_changes: Sequence[RowChange]) -> None:
        ports.table.content["AA2"] |= typed.pop(0)

    meet(ports, they_write)
    result = back(ports)
    assert left(result) == [
        ("AA2", "somebody is changing it just now: give the same command again")
    ]
    assert result.stats.updated == 2


def test_a_column_that_only_the_database_fills_is_left_to_it(tmp_path: Path) -> None:
    ports = world(tmp_path)

    def refuse(changes: Sequence[RowChange]) -> None:
        if any("price" in (change.to or ()) for change in changes):
            raise GeneratedColumnError(
                "no", service=Service.SUPABASE, category=Category.DATABASE, column="price"
            )

    meet(ports, refuse)
    result = back(ports)
    assert result.warnings == ("rows that are brought back get a new price",)
    assert (result.stats.updated, ports.rows()["AA1"]["status"]) == (3, "old")
    # Now nothing is left to be written.
    assert ports.rows()["AA1"]["price"] == 10
    assert back(ports).error is None


def test_what_the_database_refuses_is_found_by_halving_and_named(tmp_path: Path) -> None:
    ports = world(tmp_path)
    ports.table.refused["AA2"] = RowError(
        "no", service=Service.SUPABASE, category=Category.DATABASE
    )
    result = back(ports)
    assert left(result) == [("AA2", "the database refuses the way back: no")]
    assert ports.table.writes[-1] == ("upsert", ("AA2",))  # nor does it otherwise
    assert {number: row["price"] for number, row in ports.rows().items()} == {
        "AA1": 1,
        "AA2": 20,
        "AA3": 3,
    }


def test_the_undo_of_a_rollback_is_its_own_way_back(tmp_path: Path) -> None:
    ports = world(tmp_path, "AA1,10,new\nAA4,40,new\n")
    after = ports.rows()
    result = back(ports)
    stats = result.stats
    assert (stats.updated, stats.inserted, stats.removed, result.remaining) == (1, 2, 1, 0)
    ports.clock.sleep(60)
    assert (back(ports).left_alone, ports.rows()) == ((), after)


def test_what_was_done_before_the_service_went_away_is_counted(tmp_path: Path) -> None:
    ports = world(tmp_path)
    away = TransientError("away", service=Service.SUPABASE, category=Category.NETWORK)

    def they_write(_changes: Sequence[RowChange]) -> None:
        ports.table.content["AA2"]["status"] = "old"

    rows = ports.table.whole_rows

    def read(numbers: Sequence[str]) -> Sequence[Mapping[str, Value]]:
        if list(numbers) == ["AA2"]:
            raise away
        return rows(numbers)

    ports.table.whole_rows = read
    meet(ports, they_write)
    result = back(ports)
    assert result.error is away
    assert result.stats.updated == 2
    assert ports.records.recent(1)[0].stats.updated == 2
