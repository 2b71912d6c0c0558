"""Any history of our runs and of others, led back: ours is as it was, theirs is as they left it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Value
from listing_sync.changes.plan import TableRow
from listing_sync.changes.refusal import SafetyLimits
from listing_sync.changes.undo_log import written_types
from listing_sync.cli.progress import Silent
from listing_sync.commands.cutover import take_snapshot
from listing_sync.commands.rollback import RollbackResult, preview, rollback
from listing_sync.commands.sync import SyncOptions, sync
from listing_sync.errors import Category, RowError, Service, TransientError
from listing_sync.machine.undo import UndoFiles
from listing_sync.ports import Back, Changed, RowChange
from listing_sync.steps.ways_back import Source
from tests.moving_world import COLUMNS, DescribedTable, MovingWorld

pytestmark = pytest.mark.slow

SILENT = Silent()
NUMBERS = [f"AA{number}" for number in range(1, 5)]
THEM = "them"

State = dict[str, dict[str, Value]]

FIRST: State = {
    number: {"price": 1, "status": "old", "photo": f"{number}.jpg"} for number in NUMBERS[:2]
}


class Killed(BaseException):
    """The process is gone."""


class FaultyTable(DescribedTable):
    """Fails at one of the coming writes: before it is done or after, gone or killed."""

    fault: tuple[str, int] | None = None
    doubtful: set[str]
    is_marking = True
    in_between: Callable[[], None] | None = None
    """What somebody does just before a coming change, `waits` changes from now."""
    waits = 0

    def state(self) -> State:
        return {number: dict(self._whole(number)) for number in self.content}

    def _row(self, number: str, columns: Sequence[Column]) -> TableRow:
        row = super()._row(number, columns)
        return row if self.is_marking else replace(row, mark=None)

    def upsert(
        self, columns: Sequence[str], rows: Sequence[Sequence[Value]], *, back: Back = Back.WRITTEN
    ) -> Sequence[Mapping[str, Value]]:
        at = list(columns).index("property_number")
        with self._failing([str(row[at]) for row in rows]):
            return super().upsert(columns, rows, back=back)

    def delete(self, numbers: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        with self._failing(numbers):
            return super().delete(numbers)

    def mark(self, numbers: Sequence[str], marked_at: object) -> Mapping[str, Mapping[str, Value]]:
        with self._failing(numbers):
            return super().mark(numbers, marked_at)  # type: ignore[arg-type]

    def change_rows(self, changes: Sequence[RowChange], told: Sequence[str] = ()) -> Changed | None:
        if not changes:
            return super().change_rows(changes, told)
        if self.in_between is not None:
            self.waits -= 1
            if self.waits < 0:
                act, self.in_between = self.in_between, None
                act()
        rows = [change.now or change.to or {} for change in changes]
        with self._failing([str(row["property_number"]) for row in rows]):
            return super().change_rows(changes, told)

    def _failing(self, numbers: Sequence[str]) -> _Failing:
        kind, left = self.fault or ("", -1)
        self.fault = (kind, left - 1) if left > 0 else None
        return _Failing(kind if left == 0 else "", self.doubtful, numbers)


@dataclass
class _Failing:
    kind: str
    doubtful: set[str]
    numbers: Sequence[str]

    def __enter__(self) -> None:
        if self.kind:
            self.doubtful.update(self.numbers)
        if self.kind == "killed before":
            raise Killed
        if self.kind == "away":
            raise TransientError("away", service=Service.SUPABASE, category=Category.NETWORK)

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if error is None and self.kind == "killed after":
            raise Killed
        if error is None and self.kind == "answer lost":
            raise TransientError("lost", service=Service.SUPABASE, category=Category.NETWORK)


@dataclass
class Deed:
    """What somebody really did: the table before and after; of a rollback which runs it undid."""

    who: str
    before: State
    after: State
    undid: frozenset[str] = frozenset()


@dataclass
class Owners:
    """Who made or removed each row last, and who left each of its values.

    A value that somebody puts back as a run left it is that run's: nobody can tell. What a rollback
    gave back is whose it was before the run that it undid.
    """

    rows: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    left: dict[tuple[str, str], tuple[str, Value]] = field(default_factory=dict)
    earlier: list[tuple[Deed, Owners]] = field(default_factory=list)

    def follow(self, deed: Deed) -> None:
        was = Owners(dict(self.rows), dict(self.cells), dict(self.left))
        self._note(deed)
        for number in deed.before.keys() | deed.after.keys():
            self._give_back(deed, number)
        self.earlier.append((deed, was))

    def _give_back(self, deed: Deed, number: str) -> None:
        undone = [(old, was) for old, was in self.earlier if old.who in deed.undid]
        touched = [
            (old, was) for old, was in undone if old.before.get(number) != old.after.get(number)
        ]
        before, after = deed.before.get(number), deed.after.get(number)
        of_row = [old for old, _ in touched if _is_of_row(old, number)]
        if _is_of_row(deed, number):
            opposite = any((old.before.get(number) is None) is (after is None) for old in of_row)
            if opposite:
                old, was = touched[0]
                self.rows.pop(number, None)
                self.rows |= {number: was.rows[number]} if number in was.rows else {}
                row = old.before.get(number)
                names = [n for n in COLUMNS if row is None or after is None or row[n] == after[n]]
                self._take_from(was, number, names)
        elif before is not None and after is not None and not of_row:
            for name in COLUMNS:
                wrote = [
                    (old, was)
                    for old, was in touched
                    if old.before[number][name] != old.after[number][name]
                ]
                if before[name] != after[name] and wrote:
                    old, was = wrote[0]
                    if old.before[number][name] == after[name]:
                        self._take_from(was, number, (name,))

    def _take_from(self, was: Owners, number: str, names: Iterable[str]) -> None:
        """Have cells of a row be whose they were."""
        for name in names:
            cell = number, name
            self.cells.pop(cell, None)
            self.left.pop(cell, None)
            self.cells |= {cell: was.cells[cell]} if cell in was.cells else {}
            self.left |= {cell: was.left[cell]} if cell in was.left else {}

    def _note(self, deed: Deed) -> None:
        for number in deed.before.keys() | deed.after.keys():
            before, after = deed.before.get(number), deed.after.get(number)
            if (before is None) is not (after is None):
                self.rows[number] = deed.who
            for name in COLUMNS:
                was = None if before is None else before[name]
                if after is not None and (before is None or was != after[name]):
                    self.cells[number, name] = self._whose(deed.who, (number, name), after[name])

    def _whose(self, who: str, cell: tuple[str, str], value: Value) -> str:
        if who != THEM:
            self.left[cell] = (who, value)
        elif cell in self.left and self.left[cell][1] == value:
            return self.left[cell][0]
        return who


def _is_of_row(deed: Deed, number: str) -> bool:
    return (number in deed.before) is not (number in deed.after)


class History:
    """A table, a machine that syncs it, and others who write into it."""

    def __init__(self, folder: Path, *, changes_rows: bool = False) -> None:
        self.ports = MovingWorld(folder, "", FIRST, sync_batch_size=2, sync_concurrency=1)
        self.table = FaultyTable(FIRST)
        self.table.doubtful = set()
        self.table.changes_rows = changes_rows
        self.ports.table = self.table
        self.full_mapping = self.ports.mapping
        self.sheet = dict.fromkeys(NUMBERS[:2], 1)
        self.deeds: list[Deed] = []
        self.typed = 100
        self.snapshot = take_snapshot(self.ports, SILENT)
        self._is_narrow = False
        self._deletes = False

    # -- what happens ------------------------------------------------------------------------

    def ours(self, edits: Mapping[str, int | None], fault: tuple[str, object] | None) -> None:
        for number, price in edits.items():
            if price is None:
                self.sheet.pop(number, None)
            else:
                self.sheet[number] = price
        self.ports.write_sheet(
            "".join(f"{n},{price},s{price}\n" for n, price in sorted(self.sheet.items()))
        )
        options = SyncOptions(
            SafetyLimits(100, 100), percent=100, batch_size=2, prune=bool(self.sheet)
        )
        self._act(lambda: sync(self.ports, options, SILENT), fault)

    def theirs(self, number: str, column: str, price: int | None) -> None:
        def type_in() -> None:
            if number in self.table.content:
                self.table.content[number][column] = self._typed(number, price)[column]

        self._note(type_in, THEM)

    def _typed(self, number: str, price: int | None) -> dict[str, Value]:
        """Return what somebody types: nobody's values, or such as our runs write.

        Where a run may have written them or not, ours could not be told from theirs.
        """
        self.typed += 1
        if price is None or number in self.table.doubtful:
            other = f"typed {self.typed}"
            row: dict[str, Value] = {"price": -self.typed, "status": other, "photo": other}
        else:
            row = {"price": price, "status": f"s{price}", "photo": None}
        return {"property_number": number, **row}

    def they_remove(self, number: str) -> None:
        def remove() -> None:
            self.table.content.pop(number, None)
            self.table.marks.pop(number, None)

        self._note(remove, THEM)

    def they_add(self, number: str, price: int | None) -> None:
        maker = self.owners(self.deeds).rows.get(number)
        row = self._typed(number, None if maker in {None, THEM} else price)
        self._note(lambda: self.table.content.setdefault(number, row), THEM)

    def remap(self, *, narrow: bool, deletes: bool) -> None:
        mapping = self.full_mapping
        if narrow:
            kept = tuple(item for item in mapping.columns if item.name != "status")
            mapping = replace(mapping, columns=kept)
        if deletes:
            mapping = replace(mapping, mark_column=None)
        self.ports.mapping = mapping
        self.table.is_marking = not deletes

    def back(self, which: int, fault: tuple[str, object] | None = None) -> None:
        source = self.source(which)
        ours = frozenset(deed.who for deed in self.deeds) - {THEM, "nobody"}
        self._act(lambda: rollback(self.ports, source, SILENT), fault)
        self.deeds[-1].undid = ours if source.run_id is None else frozenset({source.run_id})
        self.ports.hold.path.unlink(missing_ok=True)

    def source(self, which: int) -> Source:
        """Return a run of ours that left a file, else the snapshot."""
        runs = self.ports.undo.runs()
        if 0 <= which < len(runs):
            return Source(run_id=runs[which][0])
        return Source(self.ports.snapshots.find(self.ports.snapshots.path_of(self.snapshot)))

    def _act(self, act: Callable[[], object], fault: tuple[str, object] | None) -> None:
        ports = self.ports
        ports.clock.sleep(60)
        ports.sheet = ports.sheet.under(ports.mapping)
        ports.undo = UndoFiles(ports.state, written_types(ports.mapping))
        kind, at = fault or ("", 0)
        if kind == "refused":
            self.table.refused[str(at)] = RowError(
                "no", service=Service.SUPABASE, category=Category.DATABASE, code="23514"
            )
        elif kind:
            self.table.fault = (kind, int(str(at)))
        known = {run_id for run_id, _ in ports.undo.runs()}

        def acting() -> None:
            with suppress(Killed):
                act()

        self._note(acting, "")
        new = [run_id for run_id, _ in ports.undo.runs() if run_id not in known]
        self.deeds[-1].who = new[0] if new else "nobody"
        self.table.refused.clear()
        self.table.fault = None

    def _note(self, act: Callable[[], object], who: str) -> None:
        before = self.table.state()
        act()
        self.deeds.append(Deed(who, before, self.table.state()))

    # -- what must come of it ----------------------------------------------------------------

    def owners(self, deeds: Sequence[Deed]) -> Owners:
        owners = Owners()
        for deed in deeds:
            owners.follow(deed)
        return owners

    def expected(self, source: Source) -> State:
        rows = self._of_snapshot() if source.snapshot else self._of_run(source.run_id or "")
        return {number: row for number, row in rows if row is not None}

    def _of_snapshot(self) -> Iterator[tuple[str, dict[str, Value] | None]]:
        then, now = self.deeds[0].before, self.table.state()
        owners = self.owners(self.deeds)
        for number in then.keys() | now.keys():
            was, row = then.get(number), now.get(number)
            is_ours = owners.rows.get(number) not in {None, THEM}
            if was is None and row is not None:
                cells = {owners.cells.get((number, name)) for name in row}
                yield number, None if is_ours and THEM not in cells else row
            elif row is None:
                yield number, was if is_ours else None
            else:
                assert was is not None
                mine = [n for n in row if owners.cells.get((number, n)) not in {None, THEM}]
                yield number, row | {name: was[name] for name in mine}

    def _of_run(self, run_id: str) -> Iterator[tuple[str, dict[str, Value] | None]]:
        at = next((i for i, deed in enumerate(self.deeds) if deed.who == run_id), None)
        now = self.table.state()
        if at is None:  # it noted what it was to do, and was killed
            yield from now.items()
            return
        deed, owners = self.deeds[at], self.owners(self.deeds[at:])
        for number in deed.before.keys() | deed.after.keys() | now.keys():
            was, left, row = deed.before.get(number), deed.after.get(number), now.get(number)
            if was == left:
                yield number, row
            elif was is None:
                whose = {owners.cells.get((number, name)) for name in row or ()}
                is_mine = owners.rows.get(number) == run_id and whose <= {run_id}
                yield number, None if is_mine else row
            elif row is None:
                mine = left is None and owners.rows.get(number) == run_id
                yield number, was if mine else None
            elif left is None:
                maker = owners.rows.get(number)
                yield number, self._filled_up(number, was, row, maker, owners)
            else:
                mine_cells = [
                    name
                    for name in row
                    if was[name] != left[name] and owners.cells.get((number, name)) == run_id
                ]
                yield number, row | {name: was[name] for name in mine_cells}

    def _filled_up(
        self,
        number: str,
        was: dict[str, Value],
        row: dict[str, Value],
        maker: str | None,
        owners: Owners,
    ) -> dict[str, Value]:
        """Return a row made anew by a later run, with what that one did not write."""
        if maker in {None, THEM}:
            return row
        with self.ports.machine.written_since(None) as written:
            sent = {
                name
                for change in written.changes_of(number)
                if change.run_id == maker
                for name in change.new or ()
            }
        given = [n for n in row if n not in sent and owners.cells.get((number, n)) == maker]
        return row | {name: was[name] for name in given}


FAULTS = st.none() | st.one_of(
    st.tuples(st.just("refused"), st.sampled_from(NUMBERS)),
    st.tuples(
        st.sampled_from(["killed before", "killed after", "away", "answer lost"]),
        st.integers(0, 3),
    ),
)
PRICES = st.none() | st.integers(1, 3)
EVENTS = st.one_of(
    st.tuples(
        st.just("ours"),
        st.dictionaries(st.sampled_from(NUMBERS), PRICES, max_size=3),
        FAULTS,
    ),
    st.tuples(
        st.just("theirs"),
        st.sampled_from(NUMBERS),
        st.sampled_from(["price", "status", "photo"]),
        PRICES,
    ),
    st.tuples(st.just("they_remove"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("they_add"), st.sampled_from(NUMBERS), PRICES),
    st.tuples(st.just("remap"), st.booleans(), st.booleans()),
    st.tuples(st.just("back"), st.integers(0, 4), FAULTS),
)


def happen(history: History, event: tuple[object, ...]) -> None:
    name, *arguments = event
    if name == "remap":
        narrow, deletes = arguments
        history.remap(narrow=bool(narrow), deletes=bool(deletes))
    else:
        getattr(history, str(name))(*arguments)


def check_named(history: History, source: Source, result: RollbackResult, kept: State) -> None:
    """Nobody is blamed for what is not theirs, and all that stays of theirs is named."""
    at = 0
    if source.run_id is not None:
        at = next((i for i, d in enumerate(history.deeds) if d.who == source.run_id), 0)
    owners = history.owners(history.deeds[at:])
    for item in result.left_alone:
        if "by somebody else" in item.reason and item.property_number not in history.table.doubtful:
            number = item.property_number
            of_it = {owners.rows.get(number), *(owners.cells.get((number, n)) for n in COLUMNS)}
            whose = of_it if item.column is None else {owners.cells.get((number, item.column))}
            assert THEM in whose, item
    if source.run_id is not None:
        return
    named = {(item.property_number, item.column) for item in result.left_alone}
    then = history.deeds[0].before
    for number in then.keys() | kept.keys():
        was, row = then.get(number), kept.get(number)
        if was is None or row is None:
            assert was is row or any(item[0] == number for item in named), number
            continue
        made_by_us = owners.rows.get(number) not in {None, THEM}
        for name in ("price", "status", "photo"):
            is_seen = name in written_types(history.ports.mapping) or made_by_us
            if row[name] != was[name] and is_seen:
                assert {(number, name), (number, None)} & named, (number, name)


def lead_back(history: History, which: int, cut: tuple[str, object] | None) -> None:
    """Lead back, cut off once perhaps, then again; the law of all three."""
    ports = history.ports
    if not history.deeds:
        return
    source = history.source(which)
    expected = history.expected(source)
    foretold = preview(ports, source, SILENT)
    deeds = list(history.deeds)
    if cut is not None:
        history._act(lambda: rollback(ports, source, SILENT), cut)
        history.deeds = deeds
    result = rollback(ports, source, SILENT)
    now = history.table.state()
    for number in now.keys() | expected.keys():
        # Whether a run removed it before somebody else did, nobody can know.
        if number in expected or number not in history.table.doubtful:
            assert now.get(number) == expected.get(number), number
    assert result.error is None
    assert result.remaining == 0
    if cut is None:
        assert (result.stats, set(result.left_alone)) == (foretold.stats, set(foretold.left_alone))
    check_named(history, source, result, now)
    writes = len(history.table.writes)
    again = rollback(ports, source, SILENT)
    assert len(history.table.writes) == writes
    assert set(again.left_alone) == set(result.left_alone)
    assert (again.stats.inserted, again.stats.updated, again.stats.removed) == (0, 0, 0)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=st.lists(EVENTS, min_size=1, max_size=8),
    which=st.integers(-1, 4),
    cut=FAULTS.filter(lambda fault: fault is None or fault[0] != "refused"),
    way=st.sampled_from(["as read", "in any case"]),
)
@example(
    events=[
        ("ours", {"AA1": None}, None),
        ("ours", {"AA1": 2}, None),
        ("theirs", "AA1", "photo", None),
    ],
    which=-1,
    cut=None,
    way="in any case",
)
@example(
    events=[("remap", False, True), ("ours", {"AA4": 2}, None), ("theirs", "AA4", "photo", None)],
    which=0,
    cut=None,
    way="as read",
)
@example(
    events=[("ours", {"AA1": 2}, None), ("ours", {"AA1": 3}, None), ("theirs", "AA1", "price", 2)],
    which=-1,
    cut=None,
    way="as read",
)
@example(
    events=[("ours", {"AA4": 2}, ("killed after", 0)), ("theirs", "AA4", "photo", None)],
    which=-1,
    cut=None,
    way="as read",
)
@example(
    events=[
        ("remap", False, True),
        ("ours", {"AA4": 2}, None),
        ("ours", {"AA4": None}, None),
        ("they_add", "AA4", 2),
    ],
    which=-1,
    cut=None,
    way="as read",
)
def test_ours_is_as_it_was_and_theirs_as_they_left_it_whatever_happened(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[tuple[object, ...]],
    which: int,
    cut: tuple[str, object] | None,
    way: str,
) -> None:
    history = History(tmp_path_factory.mktemp("history"), changes_rows=way == "as read")
    for event in events:
        happen(history, event)
    lead_back(history, which, cut)


MEANWHILE = st.one_of(
    st.tuples(
        st.just("theirs"),
        st.sampled_from(NUMBERS),
        st.sampled_from(["price", "status", "photo"]),
        st.none(),
    ),
    st.tuples(st.just("they_remove"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("they_add"), st.sampled_from(NUMBERS), st.none()),
)


def set_to(table: FaultyTable, rows: Mapping[str, Mapping[str, Value] | None]) -> None:
    there = {number: dict(row) for number, row in rows.items() if row is not None}
    marks = {number: row.pop("withdrawn_at") for number, row in there.items()}
    table.content = there
    table.marks = {number: mark for number, mark in marks.items() if mark is not None}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=st.lists(EVENTS, min_size=1, max_size=6),
    which=st.integers(-1, 4),
    meanwhile=MEANWHILE,
    waits=st.integers(0, 2),
)
def test_what_somebody_does_while_rows_are_led_back_stays(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[tuple[object, ...]],
    which: int,
    meanwhile: tuple[object, ...],
    waits: int,
) -> None:
    history = History(tmp_path_factory.mktemp("history"), changes_rows=True)
    for event in events:
        happen(history, event)
    if not history.deeds:
        return
    table, number = history.table, str(meanwhile[1])
    source, before = history.source(which), history.table.state()
    untouched = history.expected(source)
    moments: list[tuple[State, State]] = []

    def act() -> None:
        was = table.state()
        happen(history, meanwhile)
        moments.append((was, table.state()))

    table.in_between, table.waits = act, waits
    result = rollback(history.ports, source, SILENT)
    now = table.state()
    if not moments:
        return
    was, done = moments[0]
    if was.get(number) == before.get(number):
        # It was not led back yet: as if it had been done before.
        set_to(table, before | {number: done.get(number)})
        expected = history.expected(source)
    else:
        theirs = {number: done.get(number)} if was.get(number) != done.get(number) else {}
        expected = {each: row for each, row in (untouched | theirs).items() if row is not None}
    for each in now.keys() | expected.keys():
        if each not in table.doubtful:
            assert now.get(each) == expected.get(each), each
    assert (result.error, result.remaining) == (None, 0)
