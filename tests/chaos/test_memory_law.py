"""Whatever happens, a run that goes by its memory of the table plans what one without it plans."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import parse_mapping
from listing_sync.changes.plan import Plan
from listing_sync.commands.sync import SyncResult
from listing_sync.reliability.pacing import Patience
from tests.chaos.how_many import HISTORIES
from tests.fakes import FakeClock
from tests.sync_world import MAPPING, MARKS, SyncWorld, in_table, listing

T = TypeVar("T")

pytestmark = pytest.mark.chaos

NUMBERS = [f"AA{number}" for number in range(1, 31)]
PRICES = (1000, 1000, 2000, 3000, None, "応相談")
OTHER_MAPPINGS = (
    MAPPING + MARKS,
    MAPPING.replace('header = "Name"', 'header = "Name"\nmax_length = 5') + MARKS,
    MAPPING.replace("scale = 0", 'scale = 0\nblank = ["応相談"]') + MARKS,
    MAPPING.replace('clear_marker = "(none)"\n', "") + MARKS,
)


class KilledError(BaseException):
    """The process is gone."""


@dataclass
class Moment:
    """What happens at some request of a run: a foreign write, or the end of the process."""

    at: int = -1
    happens: Callable[[], None] = lambda: None
    asked: int = 0

    def call(self, send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        if self.asked == self.at:
            self.happens()
        self.asked += 1
        return send()


@dataclass
class History:
    """Two machines on one table and one sheet, to which things happen."""

    chance: random.Random
    folder: Path
    moment: Moment = field(default_factory=Moment)
    backups: list[Any] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    forgets: bool = False

    def __post_init__(self) -> None:
        size = self.chance.choice((5, 30))
        self.numbers = NUMBERS[:size]
        rows = [listing(number) for number in self.numbers]
        table = {number: in_table(number) for number in self.numbers}
        clock = FakeClock()
        make = lambda name: SyncWorld(  # noqa: E731 - twice the same
            self.folder / name,
            rows,
            table,
            mapping=MAPPING + MARKS,
            page_rows=7,
            call=self.moment.call,
            clock=clock,
            sync_retry_attempts=0,
        )
        self.here, self.there = make("here"), make("there")
        self.there.target = self.here.target
        self.there.sheet = self.here.sheet
        self.there.identity = replace(self.there.identity, host="web2")
        self.table = self.here.table
        self.table.columns = ("property_number", "name", "price", "note", "by_hand")
        self.machine = self.here

    # -- what happens ----------------------------------------------------------------------------

    def go_on(self) -> None:
        happen = self.chance.choice(
            (
                self.edit_sheet,
                self.edit_sheet,
                self.put_pictures,
                self.write_by_hand,
                self.write_by_hand,
                self.delete_by_hand,
                self.mark_by_hand,
                self.back_up,
                self.restore,
                self.do_nothing,
                self.do_nothing,
                self.damage_memory,
                self.change_mapping,
                self.change_version,
                self.change_machine,
                self.pass_a_day,
            )
        )
        self.told.append(happen.__name__)
        happen()

    def do_nothing(self) -> None:
        """Let the next run come to rest, as most do."""

    def edit_sheet(self) -> None:
        chance, rows = self.chance, self.here.sheet.rows
        for _ in range(chance.choice((1, 1, 3))):
            at = chance.randrange(len(rows)) if rows else 0
            match chance.randrange(7):
                case 0 if rows:
                    del rows[at]
                case 1:
                    rows.insert(at, listing(chance.choice(NUMBERS), price=chance.choice(PRICES)))
                case 2 if rows:
                    rows[at] = listing(chance.choice(("", "no number", "AA31")))
                case 3 if rows:
                    chance.shuffle(rows)
                case 4 if rows:
                    rows[at] = {**(rows[at] or {}), "note": chance.choice(("", "(none)", "new"))}
                case 5 if rows:
                    rows[at] = {**(rows[at] or {}), "name": chance.choice(("", "House", "house "))}
                case _ if rows:
                    rows[at] = {**(rows[at] or {}), "price": chance.choice(PRICES)}

    def put_pictures(self) -> None:
        """Let cells that read as blank show something to a person, or no more."""
        rows, pictures = self.here.sheet.rows, self.here.sheet.pictures
        if rows:
            place = (self.chance.randrange(len(rows)), self.chance.choice(("name", "price")))
            at, column = place
            rows[at] = {**(rows[at] or {}), column: None}
            pictures.symmetric_difference_update({(at + 2, column)})

    def write_by_hand(self) -> None:
        number = self.chance.choice((*self.numbers, *NUMBERS, "aa1", "AA1 "))
        column = self.chance.choice(("name", "price", "note", "by_hand"))
        values: tuple[Value, ...] = ("", None, "House", "(none)", "new")
        if column == "price":
            values = (1000, "1000", 2000, 3000, None)
        if column == "by_hand" and number not in self.table.content:
            return
        self.table.by_hand(number, {column: self.chance.choice(values)})

    def delete_by_hand(self) -> None:
        for number in self.chance.choices(NUMBERS, k=self.chance.choice((1, 10))):
            self.table.by_hand(number, None)

    def mark_by_hand(self) -> None:
        number = self.chance.choice(NUMBERS)
        if number in self.table.content:
            if self.table.marks.pop(number, None) is None:
                self.table.marks[number] = "2026-01-01T00:00:00+00:00"
            self.table.by_hand(number, {})

    def back_up(self) -> None:
        self.backups.append(deepcopy((self.table.content, self.table.marks)))

    def restore(self) -> None:
        if self.backups:
            content, marks = deepcopy(self.chance.choice(self.backups))
            for number in {*self.table.content, *content}:
                self.table.by_hand(number, content.get(number))
            self.table.content, self.table.marks = content, marks

    def damage_memory(self) -> None:
        chance = random.Random(self.chance.random())  # a world that forgets has no such files
        for path in sorted(self.machine.state.path.glob("*-????????????")):
            if chance.randrange(2):
                continue
            content = bytearray(path.read_bytes())
            match chance.randrange(4):
                case 0:
                    path.unlink()
                    continue
                case 1:
                    del content[chance.randrange(len(content)) :]
                case 2:
                    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
                case _:
                    content = bytearray(b"foreign")
            path.write_bytes(content)

    def change_mapping(self) -> None:
        mapping = parse_mapping(self.chance.choice(OTHER_MAPPINGS), name="mapping.toml")
        self.here.mapping = self.there.mapping = mapping
        self.here.sheet.mapping = mapping

    def change_version(self) -> None:
        version = self.chance.choice(("1.0", "1.1"))
        self.machine.identity = replace(self.machine.identity, version=version)

    def change_machine(self) -> None:
        self.machine = self.there if self.machine is self.here else self.here

    def pass_a_day(self) -> None:
        self.machine.clock.sleep(self.chance.choice((3600, 90_000)))

    # -- runs ------------------------------------------------------------------------------------

    def run(self) -> None:
        """Let a run come, disturbed or not; undisturbed it does what one without memory would."""
        chance = self.chance
        options: dict[str, Any] = {
            "prune": chance.random() < 0.1,
            "force": chance.random() < 0.05,
            "percent": chance.choice((100, 100, 100, 100, 100, 100, 50)),
            "change_limit": chance.choice((100, 100, 50, 10)),
            "prune_limit": chance.choice((100, 10)),
        }
        if chance.random() < 0.3:
            return self.disturbed(options)
        self.told.append(f"run {options}")
        self.table.tells_fingerprints = False
        wanted = self.machine.sync(dry_run=True, reads_all=True, **options)
        self.table.tells_fingerprints = True
        if chance.random() < 0.2:
            return self.agree(self.machine.sync(dry_run=True, **options), wanted)
        return self.agree(self.machine.sync(**options), wanted)

    def next_end(self) -> dict[str, object]:
        """Let something happen and a run come; return all that it tells and leaves."""
        for _ in range(self.chance.choice((0, 1, 1, 2))):
            self.go_on()
        prune, percent = self.chance.random() < 0.1, self.chance.choice((100, 100, 100, 50))
        self.told.append(f"run, prune {prune}, {percent} %")
        self.table.tells_fingerprints = not self.forgets
        result = self.machine.sync(prune=prune, percent=percent, reads_all=self.forgets)
        run = result.run
        return {
            **self.of(result),
            "news": result.news,
            "new warnings": result.new_warnings,
            "status": run.status,
            "stats": run.stats,
            "warnings": run.warnings,
            "removed": run.removed,
            "told": run.told,
            "times": (run.started_at, run.completed_at),
            "table": (self.table.content, self.table.marks),
            "recorded": [
                replace(each, run_id="") for each in self.here.target.records.rejections(run.run_id)
            ],
            "undo": sorted(  # batches are noted as they come
                repr((each.property_number, each.old, each.new))
                for each in self.machine.machine.undo.read(run.run_id)
            )
            if run.stats.success and (run.stats.inserted or run.stats.updated)
            else [],
        }

    def disturbed(self, options: dict[str, Any]) -> None:
        """Let somebody write at a moment of the run, or end it there."""
        self.told.append(f"disturbed {options}")

        def end() -> None:
            raise KilledError

        self.moment.asked, self.moment.at = 0, self.chance.randrange(25)
        self.moment.happens = self.chance.choice(
            (end, self.write_by_hand, self.write_and_write_back, self.delete_by_hand)
        )
        with suppress(KilledError):
            self.machine.sync(**options)
        self.moment.at = -1

    def write_and_write_back(self) -> None:
        """Change a row now, and back at the next request."""
        number = self.chance.choice(self.numbers)
        before = deepcopy(self.table.content.get(number))
        if before is None:
            return
        self.table.by_hand(number, {"price": self.chance.choice((1000, 2000, 3000))})
        self.moment.at += self.chance.choice((1, 1, 2, 3))
        self.moment.happens = lambda: self.table.by_hand(number, before)

    def agree(self, found: SyncResult, wanted: SyncResult) -> None:
        assert self.of(found) == self.of(wanted), self.told

    @staticmethod
    def of(result: SyncResult) -> dict[str, object]:
        plan: Plan | None = result.plan
        return {
            "plan": None if plan is None else replace(plan, filled=()),
            "rejections": result.rejections,
            "failed": result.run.stats.failed,
            "not found": result.not_found,
            "total": result.run.stats.total,
            "unchanged": result.run.stats.unchanged,
            "refused": told_of(result),
        }


def told_of(result: SyncResult) -> str | None:
    """Return why a run was refused, but for the command to type, which no dry run tells."""
    why = result.refused or (str(result.error) if result.error else None)
    return None if why is None else why.partition(". See what would change")[0]


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_run_with_memory_does_what_one_without_it_does(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = History(random.Random(seed), Path(folder))
        for _ in range(12):
            for _ in range(history.chance.choice((0, 1, 1, 2))):
                history.go_on()
            history.run()


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_what_a_run_with_memory_tells_and_leaves_is_what_one_without_it_does(seed: int) -> None:
    """The same history twice, in worlds of their own: one that remembers, one that never does."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        histories = [
            History(random.Random(seed), Path(one)),
            History(random.Random(seed), Path(other), forgets=True),
        ]
        for _ in range(8):
            ends = [history.next_end() for history in histories]
            assert ends[0] == ends[1], histories[0].told


def test_runs_of_the_law_do_leave_rows_unread() -> None:
    """The law would hold for a memory that is never used."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(random.Random(1), Path(folder))
        history.here.sync()
        history.table.requests.clear()
        read = history.here.sheet.reads
        history.here.sync()
        assert [kind for kind, _ in history.table.requests] == ["fingerprint"]
        assert history.here.sheet.reads == read
