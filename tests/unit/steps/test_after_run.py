"""What the outside hears after a run, over several processes that share one memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from listing_sync.cells.listings import Rejection
from listing_sync.history.alert_memory import Memory
from listing_sync.history.messages import Message
from listing_sync.history.runs import Run, RunStatus, RunType
from listing_sync.ports import Identity, NotTaken, Ports
from listing_sync.steps.after_run import report
from listing_sync.steps.delivering import UNSENT_KEPT
from tests.fakes import FakeClock
from tests.runs import make_run

NEWS = [Rejection("AA1", 2, "Price", "Listings!F2", "ask", "not a number")]


@dataclass
class MemoryChannels:
    """Two addresses; those in `dead` take nothing."""

    addresses: tuple[str, ...] = ("a", "b")
    dead: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    taken: list[tuple[str, str]] = field(default_factory=list)
    tries: int = 0

    def problems(self) -> tuple[str, ...]:
        return ()

    def place(self, address: str) -> str:
        return f"channel {address}"

    def post(self, address: str, message: Message) -> NotTaken | None:
        self.tries += 1
        if address in self.refusing:
            return NotTaken("HTTP 404", is_final=True)
        if address in self.dead:
            return NotTaken("HTTP 503")
        self.taken.append((address, message.text(1900).splitlines()[0]))
        return None


@dataclass
class OneDocument:
    """Alert memory as JSON, kept for the next process, unless the disk is full."""

    text: str = "{}"
    is_full: bool = False
    is_unreadable: bool = False
    stores: int = 0

    def load(self) -> Mapping[str, object]:
        if self.is_unreadable:
            raise OSError(13, "Permission denied")
        return cast("Mapping[str, object]", json.loads(self.text))

    def store(self, memory: Mapping[str, object]) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.text = json.dumps(memory)
        self.stores += 1


@dataclass
class Written:
    runs: list[Run] = field(default_factory=list)

    def write(self, run: Run) -> None:
        self.runs.append(run)


@dataclass
class Outside:
    channels: MemoryChannels = field(default_factory=MemoryChannels)
    alert_memory: OneDocument = field(default_factory=OneDocument)
    mail_memory: OneDocument = field(default_factory=OneDocument)
    metrics_file: Written = field(default_factory=Written)
    clock: FakeClock = field(default_factory=FakeClock)
    identity: Identity = field(
        default_factory=lambda: Identity("sheet", "table", "web1", 42, "office", "1.0", "cron")
    )
    settings: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(sync_alert_after_failures=2)
    )

    def __post_init__(self) -> None:
        self.signals = self.machine = self  # every room is this one

    def hears(self, run: Run, news: list[Rejection] | None = None) -> list[tuple[str, str]]:
        before = len(self.channels.taken)
        report(cast("Ports", self), run, news or [], [])
        return self.channels.taken[before:]


TWO_FAILED = "*listing-sync: no route*"
REJECTED = "*listing-sync: 1 listing newly rejected*"
WORK_AGAIN = "*listing-sync: runs work again*"


def failed(number: int, **facts: Any) -> Run:
    return make_run(number, RunStatus.FAILED, why="no route", **facts)


def test_processes_share_a_streak_and_every_address_hears_of_it_once() -> None:
    outside = Outside()
    heard = [outside.hears(failed(n)) for n in (1, 2, 3)]
    assert heard == [[], [("a", TWO_FAILED), ("b", TWO_FAILED)], []]
    assert outside.hears(make_run(4)) == [("a", WORK_AGAIN), ("b", WORK_AGAIN)]


def test_what_an_address_did_not_take_is_sent_to_it_alone_by_the_next_run_in_order() -> None:
    outside = Outside()
    outside.channels.dead = {"b"}
    outside.hears(failed(1))
    assert outside.hears(failed(2)) == [("a", TWO_FAILED)]
    assert outside.hears(make_run(3), NEWS) == [("a", WORK_AGAIN), ("a", REJECTED)]
    outside.channels.dead = set()
    folded = "*listing-sync: runs work again (and 1 earlier message)*"
    assert outside.hears(make_run(4)) == [("b", folded), ("b", REJECTED)]
    assert outside.hears(make_run(5)) == []


def test_a_dead_address_costs_one_try_a_run_and_keeps_the_newest_messages() -> None:
    outside = Outside()
    outside.channels.addresses = ("a",)
    outside.channels.dead = {"a"}
    for number in range(2 * UNSENT_KEPT):
        outside.hears(make_run(number), NEWS)
    assert outside.channels.tries == 2 * UNSENT_KEPT
    outside.channels.dead = set()
    folded = f"*listing-sync: 1 listing newly rejected (and {UNSENT_KEPT - 1} earlier messages)*"
    assert outside.hears(make_run(99)) == [("a", folded)]


def test_an_address_that_is_no_longer_set_is_forgotten() -> None:
    outside = Outside()
    outside.channels.dead = {"a", "b"}
    outside.hears(make_run(1), NEWS)
    outside.channels.dead = set()
    outside.channels.addresses = ("b",)
    assert outside.hears(make_run(2)) == [("b", REJECTED)]
    assert '"a"' not in outside.alert_memory.text


def test_messages_are_kept_before_they_are_sent() -> None:
    outside = Outside()

    class Killed(BaseException):
        pass

    def die(address: str, message: Message) -> NotTaken | None:
        raise Killed

    outside.channels.post = die  # type: ignore[method-assign]
    try:
        outside.hears(make_run(1), NEWS)
    except Killed:
        outside.channels = MemoryChannels()
    assert outside.hears(make_run(2)) == [("a", REJECTED), ("b", REJECTED)]


def test_sheets_that_share_a_table_have_streaks_of_their_own() -> None:
    outside = Outside()
    heard = [outside.hears(failed(n, source=source)) for n, source in enumerate("xyxy")]
    assert [len(messages) for messages in heard] == [0, 0, 2, 2]


def test_a_run_of_a_few_listings_delivers_what_waits_and_adds_nothing() -> None:
    outside = Outside()
    outside.channels.dead = {"b"}
    outside.hears(make_run(1), NEWS)
    outside.channels.dead = set()
    few = make_run(2, run_type=RunType.SELECTIVE)
    assert outside.hears(few, NEWS) == [("b", REJECTED)]


def test_every_run_is_told_to_the_metrics_file() -> None:
    outside = Outside()
    runs = [make_run(1), failed(2), make_run(3, run_type=RunType.SELECTIVE)]
    for run in runs:
        outside.hears(run)
    assert outside.metrics_file.runs == runs


def test_nothing_is_remembered_where_nobody_listens() -> None:
    outside = Outside()
    outside.channels.addresses = ()
    outside.hears(failed(1))
    assert outside.alert_memory.text == "{}"


def test_a_quiet_run_writes_nothing_to_the_disk() -> None:
    outside = Outside()
    outside.hears(make_run(1))
    assert outside.alert_memory.stores == 0


def test_a_full_disk_does_not_keep_messages_from_going_out() -> None:
    outside = Outside()
    outside.alert_memory.is_full = True
    assert outside.hears(make_run(1), NEWS) == [("a", REJECTED), ("b", REJECTED)]


def test_a_memory_that_cannot_be_read_does_not_either() -> None:
    outside = Outside()
    outside.alert_memory.is_unreadable = True
    assert outside.hears(make_run(1), NEWS) == [("a", REJECTED), ("b", REJECTED)]


def test_a_message_that_is_refused_for_good_is_dropped_told_once_and_remembered(
    logged: list[str],
) -> None:
    outside = Outside()
    outside.channels.refusing = {"b"}
    outside.hears(make_run(1), NEWS)
    outside.hears(make_run(2), NEWS)
    assert [line for line in logged if line.startswith("WARNING")] == [
        "WARNING channel b refuses messages, which are dropped: HTTP 404"
    ]
    memory = Memory.from_document(outside.alert_memory.load()["sheet"])
    assert memory.unsent == {}
    assert (memory.refused["b"].why, memory.refused["b"].dropped) == ("HTTP 404", 2)


def test_a_refusal_is_forgotten_when_a_message_is_taken_again(logged: list[str]) -> None:
    outside = Outside()
    outside.channels.refusing = {"b"}
    outside.hears(make_run(1), NEWS)
    outside.channels.refusing = set()
    assert ("b", REJECTED) in outside.hears(make_run(2), NEWS)
    assert Memory.from_document(outside.alert_memory.load()["sheet"]).refused == {}
    assert logged[-1].startswith("WARNING channel b works again, after failing since ")


def test_a_dead_channel_is_one_mail_a_day_whatever_waits(logged: list[str]) -> None:
    outside = Outside()
    outside.channels.dead = {"a", "b"}
    for number in range(1, 30):
        outside.hears(make_run(number), NEWS)
        outside.clock.sleep(3600)
    assert sum(line.startswith("WARNING channel a") for line in logged) == 2


def test_an_alert_is_sent_before_the_list_that_waited() -> None:
    outside = Outside()
    outside.channels.addresses = ("a",)
    outside.channels.dead = {"a"}
    outside.hears(make_run(1), NEWS)
    outside.channels.dead = set()
    outside.hears(failed(2))
    outside.channels.dead = {"a"}
    outside.hears(make_run(3), NEWS)
    outside.channels.dead = set()
    assert [title for _, title in (*outside.hears(failed(4)), *outside.hears(failed(5)))][-1] == (
        TWO_FAILED
    )
