"""What holds of `sync` whatever the sheet, the table and the day's faults are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import KEPT, Cell, Checked, Value
from listing_sync.cells.validator import validate
from listing_sync.changes.rollout import is_in_share
from listing_sync.cli.exits import code_of_run
from listing_sync.commands.sync import SyncResult
from listing_sync.errors import (
    BatchTooLargeError,
    BreakerOpenError,
    Category,
    ListingSyncError,
    PermanentError,
    RowError,
    Service,
    StoppedError,
    TransientError,
)
from listing_sync.history.runs import ENDED, RunStatus
from listing_sync.reliability.pacing import Patience
from tests.sync_world import MAPPING, MARKS, SyncWorld

pytestmark = pytest.mark.slow

T = TypeVar("T")
SHARED = Path("/dev/shm")
FOLDERS = SHARED if SHARED.is_dir() else None

NUMBERS = st.integers(1, 12).map(lambda number: f"AA{number}")
ROWS = st.lists(
    st.none()
    | st.fixed_dictionaries(
        {
            "property_number": NUMBERS | st.sampled_from(["", None, "house", " ＡＡ１ "]),
            "name": st.sampled_from([None, "", "Hill", "Lake", "<b>", "#REF!"]),
            "price": st.sampled_from([None, 100, 250.0, "1,200", "ask", "１００"]),
            "note": st.sampled_from([None, "new", "(none)"]),
        }
    ),
    max_size=15,
)
TABLES = st.dictionaries(
    NUMBERS,
    st.fixed_dictionaries(
        {
            "name": st.sampled_from([None, "", "Hill", "Lake"]),
            "price": st.sampled_from([None, 100, "100", "250.00", 1200]),
            "note": st.sampled_from([None, "new", "old"]),
            "created_by_hand": st.just("yes"),
        }
    ),
    max_size=12,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A sheet, a table, the marked listings in it, and how the run is asked for."""

    rows: list[dict[str, Cell] | None]
    table: dict[str, dict[str, Value]]
    marked: frozenset[str]
    marks: bool
    percent: float
    options: dict[str, Any]

    @contextmanager
    def world(self, call: Callable[..., object] | None = None) -> Iterator[SyncWorld]:
        calls: dict[str, Any] = {} if call is None else {"call": call}
        mapping = MAPPING + (MARKS if self.marks else "")
        with TemporaryDirectory(dir=FOLDERS) as folder:
            world = SyncWorld(
                Path(folder), self.rows, self.table, mapping=mapping, page_rows=5, **calls
            )
            marked = self.marked & self.table.keys() if self.marks else frozenset()
            world.table.marks = dict.fromkeys(sorted(marked), "2026-01-01T00:00:00+00:00")
            yield world

    def sync(self, world: SyncWorld, **options: Any) -> SyncResult:
        return world.sync(percent=self.percent, **{**self.options, **options})

    def checked(self, world: SyncWorld) -> Checked:
        return validate(world.sheet._contents(), world.mapping, default_zone=UTC)


DAYS = st.builds(
    Day,
    rows=ROWS,
    table=TABLES,
    marked=st.frozensets(NUMBERS, max_size=4),
    marks=st.booleans(),
    percent=st.sampled_from([100, 100, 0, 50]),
    options=st.fixed_dictionaries(
        {"prune": st.booleans(), "force": st.booleans(), "batch_size": st.integers(1, 4)}
    ),
)


def content(world: SyncWorld) -> dict[str, dict[str, Value]]:
    """Return the table as numbers and texts compare, marks included."""
    return {
        number: {
            "withdrawn": number in world.table.marks,
            **{name: _plain(value) for name, value in row.items()},
        }
        for number, row in world.table.content.items()
    }


def _plain(value: Value) -> Value:
    return float(value) if isinstance(value, str) and value[:1].isdigit() else value


def expected(day: Day, world: SyncWorld) -> dict[str, dict[str, Value]]:
    """Return the table that a run without faults leaves, worked out row by row."""
    checked = day.checked(world)
    after = content(world)
    for item in checked.listings:
        if not is_in_share(item.property_number, day.percent):
            continue
        row = after.setdefault(item.property_number, {"withdrawn": False})
        row["withdrawn"] = False
        for column, value in zip(checked.columns, item.values, strict=True):
            if value is not KEPT:
                row[column.column.name] = _plain(value)
    if not day.options["prune"] or checked.unknown_numbers or checked.repeated:
        return after
    for number in list(after):
        if number in checked.numbers or not is_in_share(number, day.percent):
            continue
        if day.marks:
            after[number]["withdrawn"] = True
        else:
            del after[number]
    return after


@given(DAYS)
def test_after_a_run_the_table_is_the_valid_sheet_and_all_else_is_as_it_was(day: Day) -> None:
    with day.world() as world:
        wanted, before = expected(day, world), content(world)
        result = day.sync(world)
        if result.run.stats.total == 0:
            assert result.error is not None
            wanted = before
        assert content(world) == wanted


@given(DAYS)
def test_a_second_run_writes_nothing(day: Day) -> None:
    with day.world() as world:
        day.sync(world)
        writes = len(world.table.writes)
        again = day.sync(world, force=False)
        assert len(world.table.writes) == writes
        assert again.run.stats.inserted == again.run.stats.updated == again.run.stats.removed == 0


@given(DAYS)
def test_a_dry_run_changes_nothing_and_says_what_the_run_does(day: Day) -> None:
    with day.world() as world:
        before = content(world)
        foretold = day.sync(world, dry_run=True)
        assert content(world) == before
        assert not world.table.writes
        assert not world.records.saved
        assert not world.heartbeat.pings
        assert not world.root.exists()
        done = day.sync(world)
        assert foretold.rejections == done.rejections
        assert foretold.plan == done.plan
        assert foretold.refused == (None if done.error is None else str(done.error))
        if foretold.refused is None:
            assert foretold.run.stats == done.run.stats


@given(DAYS)
def test_a_blank_kept_column_is_never_changed_also_where_null_is_refused(day: Day) -> None:
    with day.world() as world:
        world.table.required = frozenset({"note"})
        wanted, before = expected(day, world), content(world)
        day.sync(world)
        after = content(world)
        for item in day.checked(world).listings:
            number, kept = item.property_number, item.values[3] is KEPT
            if kept and number in before:
                assert after[number]["note"] == before[number]["note"]
                if before[number]["note"] is not None:
                    assert after[number] == wanted[number]
            elif kept:
                assert number not in after


@given(DAYS)
def test_every_row_that_is_not_blank_is_counted_once(day: Day) -> None:
    with day.world() as world:
        checked = day.checked(world)
        stats = day.sync(world).run.stats
        assert stats.total == checked.total_rows
        assert stats.success + stats.failed + stats.skipped == stats.total
        if day.percent == 100:
            assert stats.failed == checked.rejected_rows
            assert stats.skipped == 0


def faults() -> st.SearchStrategy[ListingSyncError]:
    def remote(kind: type[ListingSyncError]) -> st.SearchStrategy[ListingSyncError]:
        category = st.sampled_from([Category.NETWORK, Category.DATABASE, Category.RATE_LIMIT])
        service = st.just(Service.SUPABASE)
        return st.builds(kind, st.just("gone"), service=service, category=category)

    return st.one_of(
        remote(TransientError),
        remote(RowError),
        remote(BatchTooLargeError),
        remote(PermanentError),
        st.builds(BreakerOpenError, st.just("open"), service=st.just(Service.SUPABASE)),
        st.builds(StoppedError, st.just("stopped"), signal=st.sampled_from([None, 2, 15])),
    )


class Weather:
    """Lets the request fail whose turn it is, before or after it did its work."""

    def __init__(self, faults: list[tuple[ListingSyncError | None, bool]]) -> None:
        self._faults = iter(faults)

    def __call__(self, send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        fault, is_late = next(self._faults, (None, False))
        if fault is not None and is_late and isinstance(fault, TransientError):
            send()
        if fault is not None:
            raise fault
        return send()


SCHEDULES = st.lists(st.tuples(st.none() | st.none() | faults(), st.booleans()), max_size=25)


@given(DAYS, SCHEDULES)
def test_totals_add_up_whatever_fails_and_later_runs_finish_the_work(
    day: Day, schedule: list[tuple[ListingSyncError | None, bool]]
) -> None:
    with day.world(Weather(schedule)) as world:
        wanted = expected(day, world)
        first = day.sync(world)
        stats = first.run.stats
        assert first.run.status in ENDED
        assert stats.success + stats.failed + stats.skipped == stats.total
        assert (code_of_run(first.run, first.error) == 0) == (
            first.run.status is RunStatus.COMPLETED
        )
        for _ in schedule:
            if day.sync(world, force=False).run.status in {RunStatus.COMPLETED, RunStatus.PARTIAL}:
                break
        last = day.sync(world, force=False)
        if last.run.stats.total:
            assert content(world) == wanted
        recorded = {run.run_id: run for run in world.records.saved}
        assert all(run.status in ENDED for run in recorded.values())
