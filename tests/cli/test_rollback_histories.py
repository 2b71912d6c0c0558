"""Random histories of two machines and a colleague, then a run or all since a snapshot is undone.

The table must then be what the oracle says: what is still as our runs left it is as it was before,
everything else is untouched and named, and nobody is blamed for what another machine may have done.
So it is also where a first try was cut off at any of its requests; another one changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import pytest

from tests.chaos.how_many import HISTORIES
from tests.cli.homes import ALL, AREA, MAPPING, MARKS, Office, unable_to_change_rows
from tests.stack.chaos_proxy import ChaosProxy, Drop

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

NUMBERS = [f"AA{number}" for number in range(1, 7)]
OF_SHEET = ("price", "area")
OF_COLLEAGUES = ("note", "own")
COLUMNS = (*OF_SHEET, *OF_COLLEAGUES, "gone_on")

Row = dict[str, Any]
"""The values of COLUMNS, and the id, which only the database gives: a row made anew has another."""
Table = dict[str, Row]


@dataclass
class Done:
    """A run of this machine that wrote: the table before it and after.

    `others` counts the runs of the other machine before it; `left` is what runs here had left when
    it came, since the snapshot whose `epoch` it is.
    """

    run_id: str
    before: Table
    after: Table
    others: int
    left: dict[str, Row | None]
    epoch: int


@dataclass
class Given:
    """Who gave something back, by undoing what `undone` did: it is whose it was `earlier`."""

    run_id: str
    undone: Done
    earlier: Owner | None


Owner = str | Given


@dataclass
class History:
    """What happened.

    `wrote` names the run here that last wrote a cell, `made` the one that made or removed a row;
    `left` holds the values that runs here left last, None for a row that they removed; one that
    they made is there with its id.
    """

    office: Office
    proxy: ChaosProxy
    chance: Random
    has_marks: bool
    sheet: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    runs: list[Done] = field(default_factory=list)
    wrote: dict[tuple[str, str], Owner] = field(default_factory=dict)
    made: dict[str, Owner] = field(default_factory=dict)
    left: dict[str, Row | None] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)
    ids: dict[int, int] = field(default_factory=dict)
    epoch: int = 0
    owners: dict[str, tuple[dict[tuple[str, str], Owner], dict[str, Owner]]] = field(
        default_factory=dict
    )

    def table(self) -> Table:
        """Return the rows by number; one that was brought back counts by the id that it had."""
        names = (*COLUMNS, "id")
        rows = self.office.rows(", ".join(("num", *names)))
        found = {num: dict(zip(names, values, strict=True)) for num, *values in rows}
        for row in found.values():
            row["id"] = self.ids.get(row["id"], row["id"])
        return found

    # -- what happens --------------------------------------------------------------------------

    def happen(self) -> None:
        """Let some of it happen, in any order."""
        steps: list[Callable[[], None]] = [
            self.edit_the_sheet,
            self.edit_the_sheet,
            self.sync_here,
            self.sync_here,
            self.sync_elsewhere,
            self.let_a_colleague_work,
            self.let_a_colleague_work,
            self.let_somebody_enquire,
            self.go_back,
        ]
        self.edit_the_sheet()
        self.let_a_colleague_work()
        for _ in range(self.chance.randint(6, 14)):
            self.chance.choice(steps)()

    def edit_the_sheet(self) -> None:
        for number in self.chance.sample(NUMBERS, self.chance.randint(1, 3)):
            is_one_of_several = self.sheet.keys() > {number}
            if is_one_of_several and self.chance.random() < 0.3:
                del self.sheet[number]
            else:
                price, area = self.chance.choice((100, 200, 300)), self.chance.choice((None, 10))
                self.sheet[number] = (price, area)

    def let_a_colleague_work(self) -> None:
        number = self.chance.choice(NUMBERS)
        execute, kind = self.office.project.execute, self.chance.random()
        if kind < 0.2:
            if number not in self.enquired():
                execute("delete from homes where num = %s", (number,))
        elif kind < 0.4:
            execute(
                "insert into homes (num, price, own) values (%s, 300, 'theirs')"
                " on conflict do nothing",
                (number,),
            )
        else:
            name = self.chance.choice((*OF_SHEET, *OF_COLLEAGUES))
            value = self.chance.choice((100, 200, 400) if name in OF_SHEET else ("typed", "x"))
            execute(f"update homes set {name} = %s where num = %s", (value, number))

    def let_somebody_enquire(self) -> None:
        """Let the database refuse to delete a listing from now on, or let it go again."""
        number, execute = self.chance.choice(NUMBERS), self.office.project.execute
        if number in self.enquired():
            execute("delete from enquiries where num = %s", (number,))
        else:
            execute("insert into enquiries select num from homes where num = %s", (number,))

    def enquired(self) -> set[str]:
        return {number for (number,) in self.office.project.execute("select num from enquiries")}

    def go_back(self) -> None:
        """Undo a run here and go on: the rollback is a run of ours too."""
        if self.runs:
            before, undone = self.table(), self.chance.choice(self.runs)
            done = self.office.run("migrate", "rollback", "--run", undone.run_id, "--yes")
            assert done.code in {0, 1}, done.err
            for number, row in self.table().items():
                was = undone.before.get(number)
                if number not in before and was is not None:
                    self.ids[row["id"]] = was["id"]
            self._note(self._newest_run(), before)
            self._give_back(undone, before)
            self.office.run("resume")

    def _newest_run(self) -> str:
        ((run_id,),) = self.office.project.execute(
            "select id::text from sync_state where trigger <> 'hold'"
            " order by created_at desc limit 1"
        )
        return str(run_id)

    def sync_elsewhere(self) -> None:
        before = self.table()
        run_id = self._sync(SYNC_STATE_DIR=str(self.office.folder / "elsewhere"))
        if self.table() != before:
            self.elsewhere.append(run_id)

    def sync_here(self) -> None:
        before = self.table()
        self._note(self._sync(), before)

    def cut_over(self) -> tuple[str, Table]:
        """Return the name of the snapshot that was taken, and what it holds."""
        before = self.table()
        self.left, self.epoch = {}, self.epoch + 1
        self._write_sheet()
        name = self.office.snapshot()
        self._note(self._newest_run(), before)
        return name, before

    def _sync(self, **settings: str) -> str:
        self._write_sheet()
        done = self.office.run("sync", "all", *ALL, "--json", **settings)
        assert done.code in {0, 1}, done.err + done.out  # 1: somebody has enquired
        return str(json.loads(done.out)["syncId"])

    def _write_sheet(self) -> None:
        rows = (
            f"{num},{price},{'' if area is None else area}"
            for num, (price, area) in self.sheet.items()
        )
        self.office.sheet(*rows, header="num,price,area")

    def _note(self, run_id: str, before: Table) -> None:
        after = self.table()
        left = {number: row and dict(row) for number, row in self.left.items()}
        self.owners[run_id] = dict(self.wrote), dict(self.made)
        for number in before.keys() | after.keys():
            was, now = before.get(number), after.get(number)
            if was is not None and now is not None:
                changed = {name: now[name] for name in COLUMNS if was[name] != now[name]}
                self.wrote |= {(number, name): run_id for name in changed}
                if changed:
                    self.left[number] = (self.left.get(number) or {}) | changed
            elif was is not now:
                self.made[number] = run_id
                self.left[number] = now and dict(now)
                self.wrote |= {(number, name): run_id for name in COLUMNS}
        if before != after:
            done = Done(run_id, before, after, len(self.elsewhere), left, self.epoch)
            self.runs.append(done)

    def _give_back(self, undone: Done, before: Table) -> None:
        """Note whose that is which the newest run gave back."""
        rollback = self.runs[-1]
        if rollback.before is not before:
            return
        for number in before.keys() | rollback.after.keys():
            was, now = before.get(number), rollback.after.get(number)
            of_row = (undone.before.get(number) is None) is not (undone.after.get(number) is None)
            if (was is None) is not (now is None):
                if of_row:
                    self._give_back_row(undone, rollback, number)
            elif was is not None and now is not None and not of_row:
                for name in COLUMNS:
                    if was[name] != now[name]:
                        self._give_back_cell(undone, rollback, number, name)

    def _give_back_row(self, undone: Done, rollback: Done, number: str) -> None:
        earlier = self.owners[undone.run_id]
        self.made[number] = Given(rollback.run_id, undone, earlier[1].get(number))
        for name in COLUMNS:
            cell = number, name
            self.wrote[cell] = Given(rollback.run_id, undone, earlier[0].get(cell))
        if undone.epoch == self.epoch:
            if number in undone.left:
                self.left[number] = undone.left[number]
            else:
                self.left.pop(number, None)

    def _give_back_cell(self, undone: Done, rollback: Done, number: str, name: str) -> None:
        cell = number, name
        self.wrote[cell] = Given(rollback.run_id, undone, self.owners[undone.run_id][0].get(cell))
        if undone.epoch == self.epoch:
            left, earlier = self.left.get(number), undone.left.get(number)
            if left is not None:
                left.pop(name, None)
                if earlier is not None and name in earlier:
                    left[name] = earlier[name]
                if not left:
                    del self.left[number]

    def owner(self, owner: Owner | None, since: Done) -> str | None:
        """Return whose it is to one who knows the runs since that one."""
        while isinstance(owner, Given):
            if self.runs.index(owner.undone) < self.runs.index(since):
                return owner.run_id
            owner = owner.earlier
        return owner

    # -- what has to come of it ------------------------------------------------------------------

    def undone(self, done: Done) -> tuple[Table, set[str]]:
        """Return the table as it has to be after that run is undone, and what is named as left."""
        wanted, left, enquired = self.table(), set(), self.enquired()
        for number in done.before.keys() | done.after.keys():
            was, ours, row = done.before.get(number), done.after.get(number), wanted.get(number)
            is_last = self.owner(self.made.get(number), done) == done.run_id
            if was == ours or was is row is None:
                continue
            if was is None or row is None:
                by_it = all(
                    self.owner(self.wrote.get((number, name)), done) == done.run_id
                    for name in COLUMNS
                )
                if not (row == ours and is_last and by_it):
                    left.add(number)
                elif was is not None:
                    wanted[number] = was
                elif number in enquired:
                    left.add(number)
                else:
                    del wanted[number]
                continue
            for name in COLUMNS:
                if row[name] == was[name] or (ours is not None and ours[name] == was[name]):
                    continue
                if self._is_its(done, number, name, row, ours):
                    row[name] = was[name]
                else:
                    left.add(number)
        return wanted, left

    def _is_its(self, done: Done, number: str, name: str, row: Row, ours: Row | None) -> bool:
        if ours is not None:
            is_its = self.owner(self.wrote[number, name], done) == done.run_id
            return is_its and row[name] == ours[name] and row["id"] == ours["id"]
        # What a later run of ours did not name as it made the row anew was lost by this one.
        made = self.owner(self.made[number], done)
        maker = next(each for each in self.runs if each.run_id == made)
        is_as_made = row["id"] == maker.after.get(number, {}).get("id")
        return is_as_made and name in OF_COLLEAGUES and row[name] is None

    def back_to(self, snapshot: Table) -> tuple[Table, set[str]]:
        """Return the table as it has to be after a rollback to it, and what is named as left."""
        wanted, left, enquired = self.table(), set(), self.enquired()
        for number in snapshot.keys() | wanted.keys():
            was, row, ours = snapshot.get(number), wanted.get(number), self.left.get(number, {})
            if was is None:
                if ours == row and number not in enquired:
                    del wanted[number]
                else:
                    left.add(number)
            elif row is None:
                if ours is None:
                    wanted[number] = was
                else:
                    left.add(number)
            else:
                made_id = (ours or was).get("id", was["id"])
                is_theirs = made_id != row["id"]
                is_another = ours is None or "id" in ours or is_theirs
                for name in COLUMNS if is_another else self._written():
                    if row[name] == was[name]:
                        continue
                    is_as_left = ours is not None and name in ours and ours[name] == row[name]
                    if is_as_left and not is_theirs:
                        row[name] = was[name]
                    else:
                        left.add(number)
        return wanted, left

    def _written(self) -> tuple[str, ...]:
        return (*OF_SHEET, "gone_on") if self.has_marks else OF_SHEET


@pytest.fixture
def history(seed: int, office: Office) -> Iterator[History]:
    chance = Random(seed)
    has_marks = chance.random() < 0.5
    office.map(MAPPING + AREA + (MARKS if has_marks else ""))
    is_as_before = chance.random() < 0.3
    way = unable_to_change_rows(office.project) if is_as_before else nullcontext()
    with way, ChaosProxy(office.project.url) as proxy:
        office.settings["SUPABASE_URL"] = proxy.url
        yield History(office, proxy, chance, has_marks)


@pytest.mark.parametrize("seed", range(HISTORIES // 2))
def test_what_a_run_did_and_nobody_touched_since_is_undone_and_nothing_else(
    history: History,
) -> None:
    while not history.runs:
        history.happen()
    done = history.chance.choice(history.runs)
    undo_twice(history, ("--run", done.run_id), *history.undone(done), others=done.others)


@pytest.mark.parametrize("seed", range(HISTORIES // 2))
def test_a_rollback_to_a_snapshot_undoes_all_that_is_as_our_runs_left_it(
    history: History,
) -> None:
    history.happen()
    others = len(history.elsewhere)
    name, snapshot = history.cut_over()
    history.happen()
    undo_twice(history, ("--snapshot", name), *history.back_to(snapshot), others=others)


def undo_twice(
    history: History, what: tuple[str, str], wanted: Table, left: set[str], *, others: int
) -> None:
    """Roll back, and again; `others` counts the runs of the other machine before what is undone."""
    if history.chance.random() < 0.5:
        cut_off(history, what)
    code = 1 if left else 0
    foretells = not history.enquired()
    said = history.office.back(*what, code=code, foretells=foretells)

    assert without_ids(history.table()) == without_ids(wanted)
    reasons = [item["reason"] for item in said["leftAlone"]]
    assert {item["number"] for item in said["leftAlone"]} == left
    may_be_elsewhere = len(history.elsewhere) > others
    by_others = [reason for reason in reasons if "somebody else" in reason]
    assert all(("or a run on" in reason) is may_be_elsewhere for reason in by_others)

    again = history.office.back(*what, code=code, foretells=foretells)
    assert without_ids(history.table()) == without_ids(wanted)
    assert (again["restored"], again["broughtBack"], again["removed"]) == (0, 0, 0)
    assert {item["number"] for item in again["leftAlone"]} == left


def cut_off(history: History, what: tuple[str, str]) -> None:
    """Start a rollback that loses its connection at a request, done or not, and for good."""
    passing, is_done = history.chance.randint(0, 12), history.chance.random() < 0.5
    requests = count()

    def schedule(*_request: object) -> Drop | None:
        number = next(requests)
        return None if number < passing else Drop(after_forwarding=is_done and number == passing)

    history.proxy.schedule = schedule
    once = {"SYNC_RETRY_ATTEMPTS": "0", "SYNC_CIRCUIT_BREAKER_THRESHOLD": "100"}
    ended = history.office.run("migrate", "rollback", *what, "--yes", **once)
    history.proxy.schedule = None
    assert ended.code in {0, 1, 3}, ended.err


def without_ids(table: Table) -> Table:
    return {number: {name: row[name] for name in COLUMNS} for number, row in table.items()}
