"""A month of any standing trouble, 288 runs a day, is at most 35 mails and as many messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from uuid import UUID

import pytest

from listing_sync.errors import Category
from listing_sync.history.alert_memory import Memory
from listing_sync.history.alerts import Ended, due_messages, due_unstarted
from listing_sync.history.runs import Cause, Run, RunStatus
from listing_sync.steps.standing_trouble import Mails
from tests.fakes import START, FakeClock
from tests.runs import make_run

RUNS_A_DAY = 288
MOST = 35
GOOD, PARTIAL, FAILED = RunStatus.COMPLETED, RunStatus.PARTIAL, RunStatus.FAILED
COLUMN = "Price: 180 of 180 cells #REF!, the first Listings!E2"


class MemoryOfMails:
    """What mails have told, for one month."""

    def __init__(self) -> None:
        self._document: Mapping[str, object] = {}

    def load(self) -> Mapping[str, object]:
        return self._document

    def store(self, memory: Mapping[str, object]) -> None:
        self._document = memory


@dataclass
class Month:
    """Counts what an office is sent."""

    clock: FakeClock = field(default_factory=FakeClock)
    memory: Memory = field(default_factory=Memory)
    mails: int = 0
    messages: int = 0

    def __post_init__(self) -> None:
        self._mails = Mails(MemoryOfMails(), self.clock, is_watched=False)

    def ran(self, status: RunStatus, why: str | None) -> None:
        """Hear of a run that began."""
        self._mail("runs", why if status is FAILED else None)
        self._mail("column", why if status is PARTIAL else None)
        ended = Ended(self._run(status, why), (), (), self.clock.now(), UTC, 3)
        messages, self.memory = due_messages(ended, self.memory)
        self.messages += len(messages)

    def could_not_begin(self, why: str) -> None:
        """Hear of a run that ended with 75 or 78."""
        self._mail("runs", why)
        message, self.memory = due_unstarted(
            self.memory, why, self.clock.now(), place="here", after_failures=3
        )
        self.messages += message is not None

    def signal_failed(self, why: str | None) -> None:
        """Hear of a good run whose ping was taken, or not."""
        self.ran(GOOD, None)
        self._mail("SYNC_HEARTBEAT_URL", why)

    def _run(self, status: RunStatus, why: str | None) -> Run:
        cause = Cause(Category.NETWORK, why) if why else None
        return make_run(1, status, minutes=self._minutes, took_s=1).ended(
            status, self.clock.now(), cause
        )

    @property
    def _minutes(self) -> float:
        return (self.clock.now() - START).total_seconds() / 60

    def _mail(self, subject: str, why: str | None) -> None:
        self.mails += self._mails.heed(subject, why)[0] is not None


def breaker(at: int) -> str:
    return f"Supabase failed {5 + at} times in a row: nothing is asked of it before 09:{at % 60:02}"


def locked(at: int) -> str:
    return f"another run holds the lock: office on web1, process {at}, run {UUID(int=at)}; waited"


TROUBLES: Mapping[str, Callable[[Month, int], None]] = {
    "a service that is away": lambda month, _: month.ran(FAILED, "the project is paused"),
    "two causes in turn": lambda month, at: month.ran(
        FAILED, breaker(at) if at % 2 else "the name does not resolve (in 3 s)"
    ),
    "another cause each time": lambda month, at: month.ran(
        FAILED, f"refused by {chr(97 + at % 20)}"
    ),
    "an outage that comes and goes": lambda month, at: month.ran(
        *((FAILED, "no route") if at % 6 < 3 else (GOOD, None))
    ),
    "a night without a network each day": lambda month, at: month.ran(
        *((FAILED, "no route") if at % RUNS_A_DAY < 12 else (GOOD, None))
    ),
    "a lock that is always taken": lambda month, at: month.could_not_begin(locked(at)),
    "a mapping that is broken": lambda month, _: month.could_not_begin("mapping.toml: no type"),
    "a lock that is often taken": lambda month, at: (
        month.could_not_begin(locked(at)) if at % 5 else month.ran(GOOD, None)
    ),
    "a column that fails": lambda month, _: month.ran(PARTIAL, COLUMN),
    "a column that fails now and then": lambda month, at: month.ran(
        *((PARTIAL, COLUMN) if at % 2 else (GOOD, None))
    ),
    "a monitor that is away": lambda month, _: month.signal_failed("HTTP 503"),
    "a monitor that is away now and then": lambda month, at: month.signal_failed(
        "HTTP 503" if at % 3 else None
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_month_of_it_is_told_about_once_a_day(trouble: Callable[[Month, int], None]) -> None:
    month = Month()
    for at in range(30 * RUNS_A_DAY):
        trouble(month, at)
        month.clock.set_wall(START + timedelta(days=1) / RUNS_A_DAY * (at + 1))
    assert 1 <= month.mails <= MOST
    assert month.messages <= MOST
