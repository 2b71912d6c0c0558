"""Batches become requests: guilty listings alone, large batches in parts, several at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import KEPT, Listing, SheetColumn
from listing_sync.changes.batcher import Batch, batches, listing_of
from listing_sync.changes.plan import Plan, Update
from listing_sync.errors import (
    BreakerOpenError,
    Category,
    GeneratedColumnError,
    ListingSyncError,
    RowError,
    Service,
    StoppedError,
)
from listing_sync.ports import Back, KeyedRows, Replaced
from listing_sync.reliability.pacing import Patience
from listing_sync.steps.writing import BatchWriter, Outcome, replaced_by, write_all
from tests.fakes import MemoryTable

T = TypeVar("T")

COLUMNS = tuple(
    SheetColumn(Column(name, (name,), ColumnType.TEXT, keep_on_blank=keep), name, "A")
    for name, keep in (("property_number", False), ("price", False), ("note", True))
)
GONE = RowError("breaks a rule", service=Service.SUPABASE, category=Category.DATABASE)


def unheard(batch: Batch, _: object) -> Outcome:
    """Take every listing for written, whatever came back."""
    return Outcome(batch.writes)


def names(count: int) -> list[str]:
    return [f"AA{number:04}" for number in range(count)]


def insert(number: str) -> Listing:
    return Listing(number, 2, (number, 100, "n"))


def plan_of(*writes: Listing | Update) -> Plan:
    inserts = tuple(write for write in writes if isinstance(write, Listing))
    updates = tuple(write for write in writes if isinstance(write, Update))
    return Plan(COLUMNS, inserts, updates, 0, (), (), 0, (0, 0, 0), (0, 0, 0))


def write(table: MemoryTable, plan: Plan, *, size: int = 1000, concurrency: int = 1) -> Outcome:
    """Write the whole plan; return all outcomes together."""
    writer = BatchWriter(table, plan, lambda _: None, unheard)
    outcome = Outcome()
    todo = batches(plan, size, "withdrawn_at")
    for part in write_all(writer, todo, concurrency=concurrency, tick_s=1):
        outcome = outcome.joined(part)
    return outcome


def numbers_of(outcome: Outcome) -> tuple[set[str], set[str]]:
    """Return those written and those that failed, none of them twice."""
    written = [listing_of(item).property_number for item in outcome.written]
    failed = [failure.listing.property_number for failure in outcome.failures]
    assert max(Counter(written + failed).values(), default=1) == 1
    return set(written), set(failed)


@given(st.sets(st.integers(0, 59)), st.integers(1, 70), st.sampled_from([None, 1, 7, 20]))
def test_exactly_the_guilty_fail_however_they_lie(
    guilty: set[int], size: int, largest: int | None
) -> None:
    table = MemoryTable()
    table.refused = {names(60)[index]: GONE for index in guilty}
    table.largest = largest
    outcome = write(table, plan_of(*map(insert, names(60))), size=size)
    written, failed = numbers_of(outcome)
    assert failed == table.refused.keys()
    assert written == table.content.keys() == set(names(60)) - failed
    assert outcome.fatal is None


@pytest.mark.parametrize(("guilty", "requests"), [(1, 21), (2, 41), (5, 95)])
def test_few_guilty_among_a_thousand_cost_few_requests(guilty: int, requests: int) -> None:
    table = MemoryTable()
    table.refused = dict.fromkeys(names(1000)[50::200][:guilty], GONE)
    write(table, plan_of(*map(insert, names(1000))))
    assert len(table.writes) <= requests


def test_a_size_that_passed_is_kept_for_the_rest_of_the_run() -> None:
    table = MemoryTable()
    table.largest = 30
    write(table, plan_of(*map(insert, names(1000))), size=100)
    refused = [numbers for _, numbers in table.writes if len(numbers) > 30]
    assert [len(numbers) for numbers in refused] == [100, 50]
    assert len(table.content) == 1000


def test_a_listing_too_large_alone_is_reported() -> None:
    table = MemoryTable()
    table.largest = 0
    outcome = write(table, plan_of(insert("AA1"), insert("AA2")))
    assert numbers_of(outcome) == (set(), {"AA1", "AA2"})


def test_a_kept_value_refused_as_null_is_sent_as_read_and_nothing_else_changes() -> None:
    updates = [
        Update(Listing(n, 2, (n, 5, KEPT)), (1,), (100,), kept=((2, f"note of {n}"),))
        for n in names(5)
    ]
    table = MemoryTable({n: {"price": 100, "note": "before"} for n in names(5)})
    table.required = frozenset({"note"})
    outcome = write(table, plan_of(*updates))
    assert numbers_of(outcome) == (set(names(5)), set())
    assert {row["note"] for row in table.content.values()} == {f"note of {n}" for n in names(5)}
    assert len(table.writes) == 2


def test_a_kept_value_that_was_null_already_stays_refused() -> None:
    updates = [Update(Listing("AA1", 2, ("AA1", 5, KEPT)), (1,), (100,), kept=((2, None),))]
    table = MemoryTable({"AA1": {"price": 100}})
    table.required = frozenset({"note"})
    outcome = write(table, plan_of(*updates))
    (failure,) = outcome.failures
    assert isinstance(failure.error, RowError)
    assert failure.error.column == "note"


@pytest.mark.parametrize(
    "error",
    [
        BreakerOpenError("open", service=Service.SUPABASE),
        StoppedError("stopped", signal=15),
    ],
    ids=["breaker", "stop"],
)
@pytest.mark.parametrize("failing", [1, 2, 5, 9])
def test_after_what_ends_a_run_nothing_new_is_sent(error: ListingSyncError, failing: int) -> None:
    made = iter(range(1, 100))

    def call(send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        if next(made) >= failing:
            raise error
        return send()

    table = MemoryTable(call=call)
    table.refused = {names(40)[3]: GONE, names(40)[17]: GONE}
    outcome = write(table, plan_of(*map(insert, names(40))), size=20)
    written, failed = numbers_of(outcome)
    assert outcome.fatal is error
    assert written == table.content.keys()
    assert failed <= table.refused.keys()
    assert next(made) == failing + 1


def test_no_more_batches_are_in_flight_than_allowed() -> None:
    lock, busy, most = threading.Lock(), 0, 0
    together = threading.Barrier(3, timeout=5)

    def call(send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        together.wait()
        with lock:
            busy -= 1
        return send()

    write(MemoryTable(call=call), plan_of(*map(insert, names(12))), size=1, concurrency=3)
    assert most == 3


def test_a_slow_batch_lets_its_caller_tick() -> None:
    go_on = threading.Event()

    def call(send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        assert go_on.wait(5)
        return send()

    plan = plan_of(insert("AA1"))
    writer = BatchWriter(MemoryTable(call=call), plan, lambda _: None, unheard)
    outcomes = write_all(writer, batches(plan, 1, None), concurrency=1, tick_s=0.01)
    assert next(outcomes) == Outcome()
    go_on.set()
    assert any(outcome.written for outcome in outcomes)


def test_what_is_replaced_is_remembered_before_each_request() -> None:
    events: list[str] = []

    def call(send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        events.append(what)
        return send()

    plan = plan_of(*map(insert, names(2)))
    writer = BatchWriter(
        MemoryTable(call=call), plan, lambda _: events.append("remembered"), unheard
    )
    for batch in batches(plan, 1, None):
        writer.write(batch)
    assert events == ["remembered", "writing 1 listings"] * 2


def first_batch(plan: Plan) -> Iterator[Batch]:
    return batches(plan, 100, "withdrawn_at")


def test_what_a_write_replaces_is_told_column_by_column() -> None:
    same = Update(insert("AA2"), (), ())
    changed = Update(insert("AA3"), (1,), (7,))
    back = Update(insert("AA4"), (), (), mark="2026-01-01")
    plan = plan_of(insert("AA1"), same, changed, back)
    told = [
        item for batch in first_batch(plan) for item in replaced_by(batch, plan, "withdrawn_at")
    ]
    assert told == [
        KeyedRows(("property_number", "price", "note"), {"AA1": ("AA1", 100, "n")}),
        Replaced("AA3", {"price": 7}, {"price": 100}),
        Replaced("AA4", {"withdrawn_at": "2026-01-01"}, {"withdrawn_at": None}),
    ]


class GeneratedTable(MemoryTable):
    """Fills its column `price` by itself."""

    def upsert(self, columns, rows, *, back=Back.WRITTEN):
        if "price" in columns:
            raise GeneratedColumnError(
                "generated", service=Service.SUPABASE, category=Category.DATABASE, column="price"
            )
        return super().upsert(columns, rows, back=back)


def test_a_column_that_the_database_fills_is_left_out_and_told() -> None:
    table = GeneratedTable()
    writer = BatchWriter(table, plan := plan_of(*map(insert, names(25))), lambda _: None, unheard)
    outcome = Outcome()
    for part in write_all(writer, batches(plan, 10, None), concurrency=1, tick_s=1):
        outcome = outcome.joined(part)
    assert numbers_of(outcome) == (set(names(25)), set())
    assert table.content["AA0000"] == {"property_number": "AA0000", "note": "n"}
    assert list(writer.left_out) == ["price"]
