"""What holds of `sync` whatever the table takes for one number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listing_sync.cells.listings import Value
from listing_sync.errors import Category, PermanentError, Service, StoppedError, TransientError
from listing_sync.history.runs import RunStatus
from tests.fakes import MemoryTable, exact, folded, padded, whole
from tests.sync_world import MAPPING as WITH_NOTE
from tests.sync_world import MARKS, SyncWorld, in_table, listing

pytestmark = pytest.mark.slow

SHARED = Path("/dev/shm")
FOLDERS = SHARED if SHARED.is_dir() else None
MAPPING = """
table = "listings"
key = "property_number"
[columns.property_number]
header = "Property Number"
type = "text"
required = true
[columns.name]
header = "Name"
type = "text"
[columns.price]
header = "Price"
type = "money"
scale = 0
"""
SPELLINGS: dict[Callable[[str], str], list[str]] = {
    exact: ["A1", "a1", "A2", "A3", "A4"],
    padded: ["A1", "a1", "A2", "A3", "A4"],
    folded: ["A1", "a1", "A2", "a2", "A3", "b4"],
    whole: ["1", "01", "001", "2", "02", "3", "x"],
}
STORED: dict[Callable[[str], str], list[str]] = {
    exact: ["A1", "a1", "A2", "A9"],
    padded: ["A1", "A2", "A9"],
    folded: ["a1", "A2", "B4", "A9"],
    whole: ["1", "2", "9"],
}


@pytest.mark.parametrize("equality", SPELLINGS, ids=lambda equality: equality.__name__)
@settings(max_examples=40)
@given(data=st.data(), prune=st.booleans(), batch_size=st.integers(1, 3))
def test_each_listing_is_there_once_and_a_second_run_writes_nothing(
    equality: Callable[[str], str], data: st.DataObject, batch_size: int, *, prune: bool
) -> None:
    numbers = data.draw(
        st.lists(st.sampled_from(SPELLINGS[equality]), max_size=6, unique=True), "sheet"
    )
    stored = data.draw(st.sets(st.sampled_from(STORED[equality])), "table")
    with TemporaryDirectory(dir=FOLDERS) as folder:
        world = SyncWorld(Path(folder), map(listing, numbers), mapping=MAPPING)
        rows: dict[str, dict[str, Value]] = {
            number: {"name": "old", "price": 1, "own": "ours"} for number in sorted(stored)
        }
        world.table = MemoryTable(rows, equality=equality)
        result = world.sync(prune=prune, batch_size=batch_size)
        forms = [world.table._form(number) for number in numbers]
        valid = [
            n for n, form in zip(numbers, forms, strict=True) if form and forms.count(form) == 1
        ]
        stats = result.run.stats
        if numbers:
            assert stats.success + stats.failed == stats.total == len(numbers)
            assert stats.success == len(valid)
        there = {equality(number): row for number, row in world.table.content.items()}
        assert len(there) == len(world.table.content)
        for number in valid:
            row = there[equality(number)]
            assert (row["name"], row["price"]) == (f"House {number}", 1000)
        is_unknown = len(set(forms)) < len(forms)
        for form in map(equality, rows):
            if form in forms:
                assert there[form]["own"] == "ours"
            elif prune and numbers and not is_unknown:
                assert form not in there
            else:
                assert there[form]["name"] == "old"
        writes = len(world.table.writes)
        again = world.sync(prune=prune, batch_size=batch_size, change_limit=50)
        if all(forms):
            assert len(world.table.writes) == writes or is_unknown
            assert (again.run.stats.inserted, again.run.stats.updated) == (0, 0)
        assert again.run.stats.removed == 0


def test_of_two_rows_with_one_number_one_may_be_the_one_that_is_missing(tmp_path: Path) -> None:
    world = SyncWorld(
        tmp_path,
        [listing("AA1"), listing("AA32"), listing("AA32")],
        {number: in_table(number) for number in ("AA1", "AA32", "AA33")},
    )
    result = world.sync(prune=True)
    assert result.run.status is RunStatus.PARTIAL
    assert world.table.content.keys() == {"AA1", "AA32", "AA33"}
    [warning] = result.run.warnings
    assert warning == (
        "nothing is removed in this run: AA33 would have been removed, but AA32 stands on rows 3"
        " and 4, and one of them may be it"
    )


def test_a_run_without_new_listings_asks_the_table_nothing_more(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1")], {"AA1": in_table("AA1"), "AA2": in_table("AA2")})
    world.sync(prune=True)
    world.table.requests.clear()
    world.sync(prune=True)
    assert world.table.writes == []
    assert {numbers for _, numbers in world.table.requests} == {()}


def test_listings_that_come_back_count_with_new_ones_for_the_limit(tmp_path: Path) -> None:
    table = {f"AA{number}": in_table(f"AA{number}") for number in range(60)}
    world = SyncWorld(tmp_path, [listing(f"AA{number}") for number in range(60)], table)
    world.table.marks = dict.fromkeys([f"AA{number}" for number in range(40)], "2026-01-01")
    result = world.sync(change_limit=50)
    assert "40 would be added to a table of 20 listings" in str(result.error)
    assert not world.table.writes


def capitals(row: dict[str, Value]) -> dict[str, Value]:
    return row | {"name": str(row["name"]).upper()}


def rounding(row: dict[str, Value]) -> dict[str, Value]:
    price = row.get("price")
    return row if price is None else row | {"price": round(int(str(price)), -3)}


def swallowing(row: dict[str, Value]) -> dict[str, Value] | None:
    return None if str(row["property_number"]).strip()[-1] in "37" else row


TRIGGERS = {"capitals": capitals, "rounding": rounding, "swallowing": swallowing}
NUMBERS = [f"AA{number}" for number in range(30)]


@pytest.mark.parametrize("equality", [exact, padded, folded], ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", TRIGGERS)
@settings(max_examples=15)
@given(
    numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True),
    stored=st.sets(st.sampled_from(NUMBERS)),
    options=st.fixed_dictionaries({"prune": st.booleans(), "batch_size": st.integers(1, 9)}),
)
def test_whatever_triggers_do_each_listing_is_there_once_or_named_and_nothing_flaps(
    equality: Callable[[str], str],
    name: str,
    numbers: list[str],
    stored: set[str],
    options: dict[str, Any],
) -> None:
    with TemporaryDirectory(dir=FOLDERS) as folder:
        rows = [listing(number, price=1234) for number in numbers]
        world = SyncWorld(Path(folder), rows, mapping=MAPPING)
        old: dict[str, dict[str, Value]] = {
            number: {"name": "old", "price": 1, "own": "ours"} for number in sorted(stored)
        }
        world.table = MemoryTable(old, equality=equality)
        world.table.trigger = TRIGGERS[name]
        result = world.sync(**options)
        stats = result.run.stats
        failed = {item.property_number for item in result.rejections}
        assert stats.success + stats.failed == stats.total == len(numbers)
        assert failed == {n for n in numbers if name == "swallowing" and n[-1] in "37"}
        there = {equality(number): row for number, row in world.table.content.items()}
        assert len(there) == len(world.table.content)
        for number in numbers:
            if number not in failed:
                sent: dict[str, Any] = dict(rows[numbers.index(number)])
                wanted = TRIGGERS[name](sent)
                assert wanted is not None
                row = there[equality(number)]
                assert (row["name"], row["price"]) == (wanted["name"], wanted["price"])
        gone = {n for n in stored if n not in numbers} if options["prune"] else set()
        assert set(map(equality, result.run.removed)) == set(map(equality, gone))
        writes = len(world.table.writes)
        again = world.sync(**options, change_limit=50).run.stats
        assert (again.inserted, again.updated, again.removed) == (0, 0, 0)
        assert again.failed == len(failed)
        assert len(world.table.writes) == writes or failed


@pytest.mark.parametrize("marks", ["", MARKS], ids=["delete", "mark"])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoppedError("stopped", signal=15), RunStatus.INTERRUPTED),
        (
            PermanentError("refused", service=Service.SUPABASE, category=Category.DATABASE),
            RunStatus.FAILED,
        ),
        (
            TransientError("away", service=Service.SUPABASE, category=Category.NETWORK),
            RunStatus.PARTIAL,
        ),
    ],
    ids=["stopped", "refused", "away"],
)
def test_whatever_ends_a_removal_what_is_gone_and_what_is_not_is_named(
    tmp_path: Path, error: Exception, status: RunStatus, marks: str
) -> None:
    gone = [f"AA{number}" for number in range(10, 19)]
    table = {number: in_table(number) for number in ("AA1", *gone)}
    world = SyncWorld(tmp_path, [listing("AA1")], table, mapping=WITH_NOTE + marks)
    world.table.named = 3
    world.table.refused = {"AA14": error}
    result = world.sync(prune=True)
    there = {number for number in world.table.content if number not in world.table.marks}
    named = {item.property_number for item in result.rejections}
    assert result.run.status is status
    assert set(result.run.removed) | named == set(gone)
    assert len(result.run.removed) == result.run.stats.removed
    assert there == {"AA1", *named}
    assert all("not removed" in item.reason for item in result.rejections)
    recorded = world.records.get(result.run.run_id)
    assert recorded is not None
    assert recorded.removed == result.run.removed


def by_length(number: str) -> str:
    return str(len(number))


@pytest.mark.parametrize("batch_size", [1, 2, 3, 50])
def test_an_equality_that_nobody_would_guess_is_heeded_by_the_second_run(
    tmp_path: Path, batch_size: int
) -> None:
    numbers = ["A", "BB", "CCC", "XX"]
    world = SyncWorld(tmp_path, map(listing, numbers), mapping=MAPPING)
    world.table = MemoryTable({"DDDD": {"name": "old"}}, equality=by_length)
    world.sync(batch_size=batch_size)  # nothing tells that two of them are one
    for _ in range(2):
        result = world.sync(prune=True, batch_size=batch_size)
        stats = result.run.stats
        assert {item.property_number for item in result.rejections} == {"BB", "XX"}
        assert (stats.success, stats.failed, stats.removed) == (2, 2, 0)
        assert "nothing is removed in this run: DDDD" in result.run.warnings[0]
