"""Over several runs: crashes are heard, news are told once, and a sheet is one source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category, LockTimeoutError, Service, StoppedError, TransientError
from listing_sync.history.messages import Message
from listing_sync.history.runs import Cause, Run, RunStatus, StoredRejection
from listing_sync.history.taking_turns import GONE_AFTER_S
from listing_sync.ports import Holder, NotTaken
from tests.fakes import START
from tests.runs import make_run
from tests.sync_world import SyncWorld, in_table, listing

AWAY = TransientError("no answer", service=Service.SUPABASE, category=Category.NETWORK)
BAD = listing("AA1", price="ask")


@dataclass
class Channel:
    """One address that takes every message."""

    addresses: tuple[str, ...] = ("a",)
    taken: list[str] = field(default_factory=list)

    def problems(self) -> tuple[str, ...]:
        return ()

    def place(self, address: str) -> str:
        return f"channel {address}"

    def post(self, _address: str, message: Message) -> NotTaken | None:
        self.taken.append(message.heading)
        return None


@pytest.fixture
def world(tmp_path: Path) -> SyncWorld:
    return listening(SyncWorld(tmp_path, [BAD, listing("AA2")]))


def listening(world: SyncWorld) -> SyncWorld:
    world.channels = Channel()
    return world


def told(world: SyncWorld) -> list[str | None]:
    """Run; return what cron's mail and the channel both say of rejections."""
    before = len(world.channels.taken)
    news = [item.property_number for item in world.sync().news]
    heard = [text for text in world.channels.taken[before:] if "rejected" in text]
    assert bool(heard) == bool(news)
    return news


# -- crashes --------------------------------------------------------------------------------------


def test_a_bug_closes_its_record_as_failed_pings_and_is_told_without_data(
    world: SyncWorld,
) -> None:
    world.settings = world.settings.model_copy(update={"sync_alert_after_failures": 1})

    def bug(*_: object) -> None:
        raise ZeroDivisionError("AA1, 3,480万円")

    world.table.pages = bug
    with pytest.raises(ZeroDivisionError):
        world.sync()
    (run,) = world.records.runs.values()
    assert run.status is RunStatus.FAILED
    assert run.cause == Cause(
        Category.UNKNOWN,
        "a bug in listing-sync (ZeroDivisionError): run it with -v, and report what it says",
    )
    assert (run.stats.total, run.stats.failed, run.stats.skipped) == (2, 1, 1)
    assert world.heartbeat.kinds == ["started", "failed"]
    (heading,) = world.channels.taken
    assert heading.startswith("*listing-sync: a bug in listing-sync (ZeroDivisionError)")


class Killed(BaseException):
    """What no run can do anything about."""


def test_runs_that_are_killed_are_told_by_the_next_ones_though_those_are_killed_too(
    world: SyncWorld,
) -> None:
    def killed(*_: object) -> Iterator[None]:
        raise Killed

    pages, world.table.pages = world.table.pages, killed
    for _ in range(4):
        with pytest.raises(Killed):
            world.sync()
        world.clock.sleep(GONE_AFTER_S)
    assert world.channels.taken == ["*listing-sync: its process died (process 42 on web1)*"]
    assert world.heartbeat.kinds == ["started", *["failed", "started"] * 3]
    dead = [run for run in world.records.recent(9) if run.status is RunStatus.FAILED]
    assert {run.cause.message for run in dead if run.cause} == {
        "its process died (process 42 on web1)"
    }
    world.table.pages = pages
    world.sync()
    assert "*listing-sync: runs work again*" in world.channels.taken


# -- news -----------------------------------------------------------------------------------------


def test_what_appeared_while_the_records_could_not_be_read_is_told_by_the_next_run(
    world: SyncWorld,
) -> None:
    def away(*_: object, **__: object) -> tuple[Run, ...]:
        raise AWAY

    recent, world.records.recent = world.records.recent, away
    assert told(world) == []
    assert len(world.records.stored) == 1
    world.records.recent = recent
    assert told(world) == ["AA1"]
    assert told(world) == []


def test_what_an_interrupted_run_found_is_told_once(world: SyncWorld) -> None:
    def stopped(*_: object) -> Iterator[None]:
        raise StoppedError("stopped by SIGTERM", signal=15)

    pages, world.table.pages = world.table.pages, stopped
    result = world.sync()
    assert result.run.status is RunStatus.INTERRUPTED
    assert result.news == ()
    world.table.pages = pages
    assert [item.property_number for item in world.sync().news] == ["AA1"]
    assert world.sync().news == ()
    messages = world.channels.taken
    assert [text for text in messages if "rejected" in text] == [
        "*listing-sync: 1 listing newly rejected*"
    ]


def test_a_run_by_hand_leaves_the_news_to_the_next_mail_and_the_channel_hears_it_once(
    world: SyncWorld,
) -> None:
    cron = world.identity
    world.identity = replace(cron, trigger="manual")
    for _ in range(2):
        assert [item.property_number for item in world.sync().news] == ["AA1"]
    world.identity = cron
    assert [item.property_number for item in world.sync().news] == ["AA1"]
    assert world.sync().news == ()
    assert [text for text in world.channels.taken if "rejected" in text] == [
        "*listing-sync: 1 listing newly rejected*"
    ]


def test_runs_that_find_the_lock_taken_are_told_once_at_the_third(world: SyncWorld) -> None:
    world.settings = world.settings.model_copy(update={"sync_lock_timeout": 0})
    world.state.require_writable()
    holder = Holder("web1", 7, "office", "other", START)
    with world.lock.held(holder, 0):
        for _ in range(5):
            with pytest.raises(LockTimeoutError):
                world.sync()
    (heading,) = world.channels.taken
    assert heading.startswith("*listing-sync: another run")
    world.sync()
    with world.lock.held(holder, 0), pytest.raises(LockTimeoutError):
        world.sync()
    assert sum("another run" in text for text in world.channels.taken) == 1


@pytest.mark.slow
def test_what_stands_is_not_told_anew_after_an_outage_of_any_length(world: SyncWorld) -> None:
    assert told(world) == ["AA1"]
    world.sheet._call = _raise_away
    for _ in range(60):
        assert told(world) == []
    del world.sheet._call
    world.sheet._call = lambda send, *_: send()
    assert told(world) == []


def _raise_away(*_: object, **__: object) -> NoReturn:
    raise AWAY


def test_a_run_dated_in_the_future_makes_nothing_new(world: SyncWorld) -> None:
    ahead = timedelta(hours=2)
    world.records.save(make_run(7, minutes=ahead.total_seconds() / 60, told=True))
    assert told(world) == ["AA1"]
    assert told(world) == []


def test_what_the_run_that_was_waited_for_told_is_not_told_again(world: SyncWorld) -> None:
    other = make_run(7, RunStatus.IN_PROGRESS, host="web2")
    world.records.save(other)

    def end() -> None:
        ended = make_run(7, RunStatus.PARTIAL, told=True, rejections_run_id=other.run_id)
        stored = [_stored(ended)]
        world.records.save(ended)
        world.records.save_rejections(stored)

    world.clock.at(100, end)
    assert told(world) == []
    assert world.clock.monotonic() >= 100


def _stored(run: Run) -> StoredRejection:
    reason = "not a number; expected an amount, e.g. 34800000, 3,480万円"
    return StoredRejection(
        run.run_id, Rejection("AA1", 2, "Price", "Listings!C2", "ask", reason), START
    )


def test_the_wait_for_another_run_is_no_part_of_the_time_limit(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA2")], sync_time_limit=1)
    other = make_run(7, RunStatus.IN_PROGRESS, host="web2", heartbeat_at=START)
    world.records.save(other)
    world.clock.at(100, lambda: world.records.save(replace(other, status=RunStatus.QUEUED)))
    run = world.sync().run
    assert run.status is RunStatus.COMPLETED
    assert run.started_at >= START + timedelta(seconds=100)


# -- one sheet ------------------------------------------------------------------------------------

ID = "google:ID"


def test_a_tab_spelled_otherwise_goes_on_with_history_alerts_and_prune(tmp_path: Path) -> None:
    world = listening(SyncWorld(tmp_path, [BAD], {"AA3": in_table("AA3")}))
    world.settings = world.settings.model_copy(update={"sync_alert_after_failures": 1})
    world.next_process(ID, ID)
    assert told(world) == ["AA1"]
    world.sheet._call = _raise_away
    assert world.sync().run.status is RunStatus.FAILED
    world.next_process(f"{ID}#Listings", ID)
    world.sheet._call = lambda send, *_: send()
    before = len(world.channels.taken)
    assert world.sync(prune=True, dry_run=True).refused is None
    result = world.sync(prune=True)
    assert (result.error, result.news, result.run.stats.removed) == (None, (), 1)
    assert result.run.source == f"{ID}#gid=0"
    assert world.channels.taken[before:] == [
        "*listing-sync: runs work again*",
        "*listing-sync: 1 listing removed*",
    ]


def test_records_of_an_older_version_under_another_spelling_are_ours(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1")], {"AA3": in_table("AA3")})
    for number, name in enumerate((ID, f"{ID}#Listings", f"{ID}#gid=0")):
        world.records.save(make_run(number, source=name))
    world.next_process(f"{ID}#Listings", ID)
    assert world.sync(prune=True).run.stats.removed == 1


def test_another_tab_of_the_same_spreadsheet_is_another_source(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1")], {"AA3": in_table("AA3")})
    world.records.save(make_run(1, source=f"{ID}#gid=5"))
    world.next_process(ID, ID)
    assert f"{ID}#gid=5" in str(world.sync(prune=True).error)


def test_a_dry_run_learns_nothing_for_the_next(tmp_path: Path) -> None:
    world = SyncWorld(tmp_path, [listing("AA1")])
    world.state.require_writable()
    world.next_process(ID, ID)
    world.sync(dry_run=True)
    assert list(world.state.path.glob("sources.json")) == []
