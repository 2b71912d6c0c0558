"""A plan cut into requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import KEPT, Listing, SheetColumn, Value
from listing_sync.changes.batcher import Batch, batches, halves, listing_of
from listing_sync.changes.plan import Plan, Update

COLUMNS = tuple(
    SheetColumn(Column(name, (name,), ColumnType.TEXT, keep_on_blank=keep), name, "A")
    for name, keep in (("number", False), ("name", True), ("note", True))
)
VALUES = st.sampled_from(["x", None, KEPT])
LISTINGS = st.dictionaries(st.integers(1, 40), st.tuples(VALUES, VALUES, st.sampled_from("iuk")))


def plan_of(drawn: dict[int, tuple[Value, Value, str]]) -> Plan:
    """Return a plan that inserts (i), updates (u) or unmarks (k) the listings drawn."""
    inserts: list[Listing] = []
    updates: list[Update] = []
    for number, (name, note, kind) in drawn.items():
        listing = Listing(f"AA{number}", number, (f"AA{number}", name, note))
        if kind == "i":
            inserts.append(listing)
        else:
            updates.append(Update(listing, (), (), mark="2026-01-01" if kind == "k" else None))
    counts = (0,) * len(COLUMNS)
    return Plan(COLUMNS, tuple(inserts), tuple(updates), 0, (), (), 0, counts, counts)


def numbers_in(batch: Batch) -> list[str]:
    return [listing_of(write).property_number for write in batch.writes]


@given(LISTINGS, st.integers(1, 7))
def test_every_listing_is_in_exactly_one_batch_that_has_room_for_it(
    drawn: dict[int, tuple[Value, Value, str]], size: int
) -> None:
    found = list(batches(plan_of(drawn), size, "withdrawn_at"))
    assert all(1 <= len(batch.writes) <= size for batch in found)
    numbers = [number for batch in found for number in numbers_in(batch)]
    assert sorted(numbers) == sorted(f"AA{number}" for number in drawn)


@given(LISTINGS, st.integers(1, 7))
def test_a_batch_names_the_columns_of_all_its_rows_and_no_kept_one(
    drawn: dict[int, tuple[Value, Value, str]], size: int
) -> None:
    for batch in batches(plan_of(drawn), size, "withdrawn_at"):
        assert numbers_in(batch) == sorted(numbers_in(batch))
        for write, row in zip(batch.writes, batch.rows(), strict=True):
            sent = dict(zip(batch.columns, row, strict=True))
            every = dict(zip(("number", "name", "note"), listing_of(write).values, strict=True))
            wanted = {name: value for name, value in every.items() if value is not KEPT}
            if isinstance(write, Update) and write.mark is not None:
                wanted["withdrawn_at"] = None
            assert sent == wanted


def test_large_batches_of_one_shape_are_full_but_the_last() -> None:
    plan = plan_of(dict.fromkeys(range(25), ("x", None, "i")))
    assert [len(batch.writes) for batch in batches(plan, 10, None)] == [10, 10, 5]


def test_halves_keep_numbers_together_that_a_table_may_take_for_one() -> None:
    numbers = ("A1", "B2", "a1", "b2", "D4", "E5")
    writes = [Listing(number, row, (number, "x", None)) for row, number in enumerate(numbers, 2)]
    first, rest = halves(writes)
    found = [[listing_of(write).property_number for write in half] for half in (first, rest)]
    assert sorted(found[0] + found[1]) == sorted(numbers)
    assert set(found[0]) >= {"A1", "a1"}
    assert set(found[1]) >= {"B2", "b2"}
    assert [len(half) for half in found] == [3, 3]


def test_halves_are_cut_in_the_middle_where_nothing_or_everything_looks_alike() -> None:
    for numbers in (("A1", "B2", "C3"), ("A1", "a1", "A1 ")):
        writes = [Listing(number, 2, (number, None, None)) for number in numbers]
        assert [len(half) for half in halves(writes)] == [1, 2]
