"""Whose turn it is: the rules one by one, and every interleaving of two and three machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from listing_sync.history.runs import Process
from listing_sync.history.taking_turns import (
    GONE_AFTER_S,
    GONE_WITHOUT_PROCESS_AFTER_S,
    SIGN_OF_LIFE_S,
    Present,
    Step,
    Turn,
    after,
    is_gone,
)

pytestmark = pytest.mark.slow

# -- every interleaving -------------------------------------------------------------------------
#
# The database is a handful of records. A claim is two events: the database notes when it came, and
# later the others can see it. Looks, burials, withdrawals, signs of life and writes are one event
# each. A machine may stand still between any two of its events, for as long as it likes, or for
# ever; its record falls silent only while it stands. Each write is preceded by a sign of life, as
# a run gives one whenever the last is old, and does not happen where that finds no claim.

IDLE, WRITING, DONE = "idle", "writing", "done"
WRITES = 2


@dataclass(frozen=True, slots=True)
class Record:
    """`taken_for_gone` are those who saw it silent and as it still is."""

    came_at: int
    is_visible: bool = False
    is_silent: bool = False
    taken_for_gone: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Machine:
    turn: Turn = field(default_factory=Turn)
    phase: str = IDLE
    writes_left: int = WRITES
    stands: bool = False


@dataclass(frozen=True, slots=True)
class State:
    machines: tuple[Machine, ...]
    records: tuple[Record | None, ...]
    stops_left: int

    def having(self, at: int, machine: Machine, record: Record | None) -> State:
        machines = (*self.machines[:at], machine, *self.machines[at + 1 :])
        records = [*self.records[:at], record, *self.records[at + 1 :]]
        # Only the order counts: so that there is an end of states.
        order = sorted({each.came_at for each in records if each})
        ranked = tuple(
            each and replace(each, came_at=order.index(each.came_at)) for each in records
        )
        return replace(self, machines=machines, records=ranked)


EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def present_for(state: State, at: int) -> list[Present]:
    return [
        Present(
            str(number),
            (EPOCH + timedelta(seconds=each.came_at), str(number)),
            is_gone=number != at and each.is_silent,
        )
        for number, each in enumerate(state.records)
        if each and each.is_visible
    ]


def step_of(state: State, at: int) -> State:
    """Return what comes of the next event of a machine."""
    machine = state.machines[at]
    if machine.phase is WRITING:
        return write(state, at)
    match machine.turn.step:
        case Step.CLAIM:
            return claim(state, at)
        case Step.LOOK:
            return look(state, at)
        case Step.BURY:
            return bury(state, at)
        case Step.WITHDRAW:
            return go_on(state, at, None)
        case _:
            return go_on(state, at, state.records[at])


def go_on(state: State, at: int, record: Record | None, present: Iterable[Present] = ()) -> State:
    machine = state.machines[at]
    turn = after(machine.turn, str(at), present)
    if turn.step is Step.GO:
        assert not others_writing(state, at), state
        machine = replace(machine, phase=WRITING)
    return state.having(at, replace(machine, turn=turn), record)


def claim(state: State, at: int) -> State:
    record = state.records[at]
    if record is None:  # inserted, but not yet to be seen
        newest = max((each.came_at for each in state.records if each), default=0)
        return state.having(at, state.machines[at], Record(newest + 1))
    return go_on(state, at, alive(replace(record, is_visible=True)))


def look(state: State, at: int) -> State:
    present = present_for(state, at)
    for number, each in enumerate(state.records):
        if each and any(one.is_gone and one.run_id == str(number) for one in present):
            seen = replace(each, taken_for_gone=each.taken_for_gone | {at})
            state = state.having(number, state.machines[number], seen)
    return go_on(state, at, state.records[at], present)


def bury(state: State, at: int) -> State:
    for number in map(int, state.machines[at].turn.whom):
        theirs = state.records[number]
        if theirs and at in theirs.taken_for_gone:
            state = state.having(number, state.machines[number], None)
    return go_on(state, at, state.records[at])


def alive(record: Record) -> Record:
    return replace(record, is_silent=False, taken_for_gone=frozenset())


def write(state: State, at: int) -> State:
    machine, record = state.machines[at], state.records[at]
    if record is None:  # buried meanwhile: it stops
        return state.having(at, replace(machine, phase=DONE), None)
    assert not others_writing(state, at), state
    if machine.writes_left:
        machine = replace(machine, writes_left=machine.writes_left - 1)
        return state.having(at, machine, alive(record))
    return state.having(at, replace(machine, phase=DONE), None)


def others_writing(state: State, at: int) -> bool:
    """Say whether another one is writing and still has its claim."""
    return any(
        number != at and machine.phase is WRITING and state.records[number] is not None
        for number, machine in enumerate(state.machines)
    )


def happenings(state: State) -> Iterator[State]:
    """Yield what the world may do: let a machine stand, or go on, and its record fall silent."""
    for at, (machine, record) in enumerate(zip(state.machines, state.records, strict=True)):
        if machine.phase is DONE:
            continue
        if machine.stands:
            yield state.having(at, replace(machine, stands=False), record)
            if record and record.is_visible and not record.is_silent:
                yield state.having(at, machine, replace(record, is_silent=True))
        elif state.stops_left:
            stood = state.having(at, replace(machine, stands=True), record)
            yield replace(stood, stops_left=state.stops_left - 1)


def going(state: State) -> list[int]:
    return [
        at
        for at, machine in enumerate(state.machines)
        if machine.phase is not DONE and not machine.stands
    ]


@cache
def reachable(first: State) -> dict[State, list[tuple[int | None, State]]]:
    """Return every state that can come about, with what leads where."""
    edges: dict[State, list[tuple[int | None, State]]] = {}
    waiting = [first]
    while waiting:
        state = waiting.pop()
        if state in edges:
            continue
        edges[state] = [(at, step_of(state, at)) for at in going(state)]
        edges[state] += [(None, then) for then in happenings(state)]
        waiting += [then for _, then in edges[state] if then not in edges]
    return edges


CASES = [
    pytest.param(2, 0, id="two machines"),
    pytest.param(2, 3, id="two machines that stand or die up to three times"),
    pytest.param(3, 0, id="three machines"),
    pytest.param(3, 1, id="three machines of which one stands or dies"),
]


def start(machines: int, stops: int) -> State:
    return State((Machine(),) * machines, (None,) * machines, stops)


@pytest.mark.parametrize(("machines", "stops"), CASES)
def test_no_two_write_at_once_whatever_comes_between(machines: int, stops: int) -> None:
    # go_on and write assert it in every state that can come about.
    states = reachable(start(machines, stops))
    seen = Counter(sum(each.phase is WRITING for each in state.machines) for state in states)
    assert seen[1] > 0


@pytest.mark.parametrize(("machines", "stops"), CASES)
def test_nobody_waits_without_an_end(machines: int, stops: int) -> None:
    """In no circle of events does everyone who can go on take part for ever."""
    edges = {
        state: [(at, then) for at, then in found if at is not None]
        for state, found in reachable(start(machines, stops)).items()
        if all(
            record is None or not record.is_visible or record.is_silent
            for machine, record in zip(state.machines, state.records, strict=True)
            if machine.stands
        )
    }
    for circle in circles(edges):
        inside = set(circle)
        moving = {at for state in circle for at, then in edges[state] if then in inside}
        assert moving < set(going(circle[0])), circle[0]


def circles(  # noqa: C901 - one algorithm
    edges: dict[State, list[tuple[int, State]]],
) -> Iterator[list[State]]:
    """Yield the sets of states that lead to each other (Tarjan, without recursion)."""
    index: dict[State, int] = {}
    low: dict[State, int] = {}
    stack: list[State] = []
    on_stack: set[State] = set()
    for root, first in edges.items():
        if root in index:
            continue
        work = [(root, iter(first))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            state, rest = work[-1]
            for _, then in rest:
                if then not in edges:
                    continue
                if then not in index:
                    index[then] = low[then] = len(index)
                    stack.append(then)
                    on_stack.add(then)
                    work.append((then, iter(edges[then])))
                    break
                if then in on_stack:
                    low[state] = min(low[state], index[then])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[state])
                if low[state] == index[state]:
                    circle: list[State] = []
                    while not circle or circle[-1] != state:
                        circle.append(stack.pop())
                        on_stack.discard(circle[-1])
                    if len(circle) > 1 or any(then == state for _, then in edges[state]):
                        yield circle


# -- the rules one by one -------------------------------------------------------------------------


def there(number: int, *, is_gone: bool = False) -> Present:
    return Present(str(number), (EPOCH + timedelta(seconds=number), str(number)), is_gone)


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        pytest.param([there(2)], Turn(Step.GO, is_claimed=True), id="alone"),
        pytest.param(
            [there(1), there(2)], Turn(Step.WITHDRAW, is_claimed=True, whom=("1",)), id="second"
        ),
        pytest.param(
            [there(2), there(3)], Turn(Step.WAIT, is_claimed=True, whom=("3",)), id="first"
        ),
        pytest.param([there(3)], Turn(Step.WAIT, whom=("3",)), id="claim gone, somebody there"),
        pytest.param([], Turn(Step.CLAIM), id="claim gone, nobody there"),
        pytest.param(
            [there(1, is_gone=True), there(2)],
            Turn(Step.BURY, is_claimed=True, whom=("1",)),
            id="a dead one before",
        ),
        pytest.param([there(1, is_gone=True)], Turn(Step.CLAIM), id="only a dead one"),
    ],
)
def test_what_a_look_leads_to(present: list[Present], wanted: Turn) -> None:
    assert after(Turn(Step.LOOK, is_claimed=True), "2", present) == wanted


OURS = Process("boot-1", "pids-1", "100", "8:1:77")


@pytest.mark.parametrize(
    ("theirs", "is_there", "limit_s"),
    [
        pytest.param(Process(), False, GONE_AFTER_S, id="of an older version"),
        pytest.param(
            Process("boot-2", "pids-1", "9", "8:1:77"), False, GONE_AFTER_S, id="elsewhere"
        ),
        pytest.param(
            Process("boot-1", "pids-2", "9", "8:1:78"), False, GONE_AFTER_S, id="another container"
        ),
        pytest.param(
            Process("boot-1", "pids-1", "9", "8:1:78"),
            True,
            GONE_AFTER_S,
            id="its process is there",
        ),
        pytest.param(
            Process("boot-1", "pids-1", "9", "8:1:78"),
            False,
            GONE_WITHOUT_PROCESS_AFTER_S,
            id="its process is gone",
        ),
        pytest.param(
            Process("boot-1", "pids-1", "9", ""),
            False,
            GONE_WITHOUT_PROCESS_AFTER_S,
            id="its lock is not known",
        ),
    ],
)
def test_a_run_is_gone_only_after_a_silence(
    theirs: Process, *, is_there: bool, limit_s: float
) -> None:
    assert limit_s > SIGN_OF_LIFE_S
    assert not is_gone(theirs, OURS, silent_s=limit_s, is_there=is_there)
    assert is_gone(theirs, OURS, silent_s=limit_s + 1, is_there=is_there)


def test_a_run_whose_lock_is_ours_is_gone_at_once_whoever_bears_its_number() -> None:
    theirs = Process("boot-1", "pids-2", "9", "8:1:77")
    assert is_gone(theirs, OURS, silent_s=0, is_there=True)
