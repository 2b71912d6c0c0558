"""Look at runs and health through the commands, at most so often, for however many ask."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from listing_sync.commands.health import Health, health
from listing_sync.commands.page_facts import PageFacts, page_facts
from listing_sync.commands.status import OneRun, one_run
from listing_sync.errors import ListingSyncError
from listing_sync.history.runs import ENDED, Run, RunStatus
from listing_sync.history.taking_turns import GONE_AFTER_S
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Holder, Ports
from listing_sync.serve.children import Children
from listing_sync.serve.watch import Scene

T = TypeVar("T")

HEALTH_AGE_S = 30.0
"""Google is asked for it: 60 reads a minute are all that an account has."""
RUN_AGE_S = 1.0
PAGE_AGE_S = 10.0
_ENDED_KEPT = 200
_LOOKED_AT = 3


class SingleTries:
    """The ports, with one try a request of the target: whoever waits is told of a failure."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.target = ports.probing().target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


@dataclass(slots=True)
class Shared(Generic[T]):
    """A value that is made at most every `age_s` seconds; all who want it wait for one making."""

    make: Callable[[], T]
    age_s: float
    _made_at: float | None = None
    _value: T | None = None
    _making: asyncio.Task[T] | None = field(default=None, repr=False)

    async def get(self) -> T:
        """Return the value; what made it fail is raised for each who waited."""
        if self._made_at is not None and time.monotonic() - self._made_at < self.age_s:
            return cast("T", self._value)
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(asyncio.to_thread(self.make))
        making = self._making
        value = await asyncio.shield(making)
        if making is self._making:
            self._value, self._made_at = value, time.monotonic()
            self._making = None
        return value

    def forget(self) -> None:
        """Have it made anew for the next who wants it."""
        self._made_at = None
        self._making = None


class Looking:
    """What is asked of records, journal and services."""

    def __init__(self, ports: Ports, children: Children, env_file: Path | None) -> None:
        self._ports = cast("Ports", SingleTries(ports))
        self._children = children
        self._ended: OrderedDict[str, OneRun] = OrderedDict()
        self._runs: OrderedDict[str, Shared[OneRun]] = OrderedDict()
        self.page: Shared[PageFacts] = Shared(lambda: page_facts(self._ports), PAGE_AGE_S)
        self.health: Shared[Health] = Shared(lambda: health(ports, env_file), HEALTH_AGE_S)

    async def run(self, run_id: str) -> OneRun:
        """Return one run whole, as its record or the process started here knows it best."""
        if run_id in self._ended:
            return self._ended[run_id]
        shared = self._runs.setdefault(run_id, Shared(lambda: self._one_run(run_id), RUN_AGE_S))
        _keep(self._runs, run_id)
        found = await shared.get()
        if found.run is not None and found.run.status in ENDED and not found.away:
            self._ended[run_id] = found
            _keep(self._ended, run_id)
        return found

    async def has_ended(self, run_id: str) -> bool:
        """Return whether a run is recorded as ended by now; its process may still be there."""
        self._runs.pop(run_id, None)
        run = (await self.run(run_id)).run
        return run is not None and run.status in ENDED

    def _one_run(self, run_id: str) -> OneRun:
        found = one_run(self._ports, run_id)
        ours = self._children.run(run_id)
        if ours is None or (found.run is not None and found.run.status in ENDED):
            return found
        if found.run is None:
            return OneRun(ours, (), found.away)
        if ours.status is RunStatus.QUEUED or ours.completed_at is None:
            return found
        # Its process is over, and its record does not know yet: the next run closes it.
        ended = found.run.ended(RunStatus.FAILED, ours.completed_at, ours.cause)
        return replace(found, run=ended)

    def scene(self) -> Scene:
        """Return which run is under way and which one ended last; for the thread of the watch."""
        ours = self._children.newest()
        ours_begins = ours if ours and ours.status is RunStatus.QUEUED else None
        try:
            records = self._ports.target.records
            alive = [each.run for each in records.in_progress() if self._is_alive(each.run)]
            recorded = records.recent(_LOOKED_AT)
        except ListingSyncError as error:
            return Scene(under_way=ours_begins, away=str(error))
        known = {run.run_id: run for run in recorded if run.status in ENDED}
        if ours and ours.run_id in known:
            ours_begins = None
        elif ours and ours.status in ENDED:  # it left no record, or one that does not know its end
            known[ours.run_id] = ours
        under_way = next((run for run in alive if run.run_id not in known), ours_begins)
        newest = max(known.values(), key=lambda run: run.started_at, default=None)
        return Scene(under_way, newest)

    def sign(self) -> str | None:
        """Return the id of the run that holds the lock of this machine."""
        holder = self._holder()
        return holder.run_id if holder else None

    def forget(self) -> None:
        """Have all made anew: a run has ended."""
        self._runs.clear()
        self.page.forget()
        self.health.forget()

    def run_under_way(self) -> str | None:
        """Return the id of the run that writes this target now, here or elsewhere, or waits for it.

        What cannot be asked is left to the run itself, which takes its turn.
        """
        if ours := self._children.alive():
            return ours.run_id
        if holder := self._holder():
            return holder.run_id
        try:
            claims = self._ports.target.records.in_progress()
        except ListingSyncError:
            return None
        return next((each.run.run_id for each in claims if self._is_alive(each.run)), None)

    def _holder(self) -> Holder | None:
        try:
            return self._ports.machine.lock.holder()
        except (OSError, ListingSyncError):  # health names it
            return None

    def _is_alive(self, run: Run) -> bool:
        """Return whether a record in progress is that of a living run, as far as can be seen."""
        theirs, ours = run.process, self._ports.identity.process
        if theirs.boot_id and (theirs.boot_id, theirs.space) == (ours.boot_id, ours.space):
            return self._ports.machine.is_process_there(run.pid, theirs.started)
        silent_s = (self._ports.clock.now() - run.heartbeat_at).total_seconds()
        return silent_s < GONE_AFTER_S


def _keep(kept: OrderedDict[str, Any], run_id: str) -> None:
    kept.move_to_end(run_id)
    while len(kept) > _ENDED_KEPT:
        kept.popitem(last=False)
