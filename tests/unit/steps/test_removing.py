"""Rows go, one request a part; what they held is remembered first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.errors import BatchTooLargeError, Category, RowError, Service, TransientError
from listing_sync.ports import Replaced
from listing_sync.steps.removing import Removed, remove
from tests.fakes import MemoryTable
from tests.sync_world import MAPPING, MARKS, SyncWorld, in_table

REFERRED_TO = RowError("is referred to", service=Service.SUPABASE, category=Category.DATABASE)
AWAY = TransientError("no answer", service=Service.SUPABASE, category=Category.NETWORK)
NUMBERS = [f"AA{number:02}" for number in range(40)]
MAPPINGS = st.sampled_from([MAPPING, MAPPING + MARKS])
AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def removed(
    world: SyncWorld, numbers: list[str], size: int
) -> tuple[list[Removed], list[Replaced]]:
    """Return what was removed, and what was remembered of it."""
    remembered: list[Replaced] = []
    done = remove(world, numbers, size=size, marked_at=AT, remember=remembered.extend)
    return list(done), remembered


@given(st.sets(st.sampled_from(NUMBERS)), st.integers(1, 45))
def test_exactly_the_refused_ones_stay(refused: set[str], size: int) -> None:
    table = MemoryTable({number: {"price": 1} for number in NUMBERS})
    table.refused = dict.fromkeys(sorted(refused), REFERRED_TO)
    world = SyncWorld(Path("nowhere"))
    world.table = table
    parts, _ = removed(world, NUMBERS, size)
    assert table.content.keys() == refused
    gone = [number for part in parts for number in part.gone]
    assert sorted(gone) == sorted(set(NUMBERS) - refused)
    assert {number for part in parts for number in part.kept} == refused


def test_what_a_deleted_row_held_is_remembered_whole_and_before(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, table={"AA1": in_table("AA1", by_hand="yes")})
    _, remembered = removed(world, ["AA1"], 10)
    whole = {**in_table("AA1", by_hand="yes"), "withdrawn_at": None}
    assert remembered == [Replaced("AA1", whole, None)]
    assert [kind for kind, _ in world.table.requests] == ["read", "delete"]


def test_a_marked_row_stays_and_its_mark_is_remembered(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, table={"AA1": in_table("AA1")}, mapping=MAPPING + MARKS)
    parts, remembered = removed(world, ["AA1"], 10)
    assert parts == [Removed(("AA1",), ids={"AA1": {}})]
    assert world.table.marks == {"AA1": AT.isoformat()}
    assert remembered == [Replaced("AA1", {"withdrawn_at": None}, {"withdrawn_at": AT.isoformat()})]


def test_a_service_that_does_not_answer_leaves_a_part_and_goes_on(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, table={number: {} for number in NUMBERS})
    world.table.refused = {NUMBERS[0]: AWAY}
    parts, _ = removed(world, NUMBERS, 20)
    assert [number for part in parts for number in part.kept] == NUMBERS[:20]
    assert world.table.content.keys() == set(NUMBERS[:20])


def test_a_row_too_slow_to_delete_alone_is_reported(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, table={"AA1": {}})
    world.table.largest = 0
    (part,), _ = removed(world, ["AA1"], 10)
    assert isinstance(part.error, BatchTooLargeError)


@given(refused=st.sets(st.sampled_from(NUMBERS)), size=st.integers(1, 45), mapping=MAPPINGS)
def test_each_row_is_remembered_once_however_a_part_is_divided(
    refused: set[str], size: int, mapping: str
) -> None:
    table = MemoryTable({number: {"price": 1} for number in NUMBERS})
    table.refused = dict.fromkeys(sorted(refused), REFERRED_TO)
    world = SyncWorld(Path("nowhere"), mapping=mapping)
    world.table = table
    _, remembered = removed(world, NUMBERS, size)
    assert [change.property_number for change in remembered] == NUMBERS


def test_a_row_that_the_table_keeps_is_not_told_as_gone(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, table={number: {} for number in NUMBERS})
    world.table.kept = frozenset({NUMBERS[3]})
    (part,), _ = removed(world, NUMBERS, 100)
    assert part.kept == (NUMBERS[3],)
    assert "kept the row" in str(part.error)
    assert world.table.content.keys() == {NUMBERS[3]}


def test_what_one_request_names_is_told_before_the_next(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, table={number: {} for number in NUMBERS})
    world.table.named = 15
    world.table.refused = {NUMBERS[20]: AWAY}
    parts, _ = removed(world, NUMBERS, 1000)
    assert [(len(part.gone), len(part.kept)) for part in parts] == [(15, 0), (0, 15), (10, 0)]
    assert world.table.content.keys() == set(NUMBERS[15:30])


class Trimming(MemoryTable):
    """Finds AA1 also where ` AA1` is asked for, as a server that trims a filter does."""

    def _found(self, numbers: Sequence[str]) -> list[str]:
        return super()._found([number.strip() for number in numbers])


@pytest.mark.parametrize("marks", [False, True], ids=["delete", "mark"])
def test_a_row_that_nobody_asked_for_is_never_touched(tmp_path: Path, *, marks: bool) -> None:
    world = SyncWorld(tmp_path, mapping=MAPPING + (MARKS if marks else ""))
    world.table = Trimming({"AA1": {}, " AA1": {}, "AA2": {}})
    parts, remembered = removed(world, [" AA1", "AA2"], 10)
    assert [number for part in parts for number in part.gone] == ["AA2"]
    assert [number for part in parts for number in part.kept] == [" AA1"]
    assert "AA1" in world.table.content
    assert "AA1" not in world.table.marks
    assert [change.property_number for change in remembered] == ["AA2"]
