"""Start runs as processes of their own, which go on when this one ends, and see how they end."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import IO
from uuid import uuid4

from listing_sync import logs
from listing_sync.cells.wording import plain
from listing_sync.errors import Category
from listing_sync.history.runs import Cause, Process, Run, RunStatus, RunType
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports
from listing_sync.serve.orders import Order
from listing_sync.steps.recording import new_run

_KEPT = 50
_LARGEST_REPORT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Launch:
    """How this program is started, in what environment, and which variable takes the id."""

    program: Sequence[str]
    environment: Mapping[str, str]
    run_variable: str


@dataclass(slots=True)
class Child:
    """A run that was started here; `run` is what is known of it without its record."""

    run: Run
    process: subprocess.Popen[bytes]
    report: IO[bytes]

    @property
    def is_alive(self) -> bool:
        """Return whether its process is there."""
        return self.process.poll() is None


class Children:
    """The runs that were started here; at most one is alive."""

    def __init__(self, ports: Ports, launch: Launch) -> None:
        self._ports = ports
        self._launch = launch
        self._children: dict[str, Child] = {}
        self._lock = threading.Lock()

    def alive(self) -> Run | None:
        """Return the run whose process is there."""
        with self._lock:
            children = [*self._children.values()]
        return next((self._seen(child) for child in children if child.is_alive), None)

    def newest(self) -> Run | None:
        """Return what is known here of the run that was started last."""
        with self._lock:
            children = [*self._children.values()]
        return self._seen(children[-1]) if children else None

    def end(self, number: int) -> None:
        """End the run that is alive by a signal, and wait until it has recorded itself."""
        with self._lock:
            alive = [child for child in self._children.values() if child.is_alive]
        for child in alive:
            child.process.send_signal(number)
            child.process.wait()

    def run(self, run_id: str) -> Run | None:
        """Return what is known here of a run that was started here."""
        child = self._children.get(run_id)
        return None if child is None else self._seen(child)

    def start(self, order: Order, who: str) -> Run:
        """Start the run and return it as queued; the caller has seen that no other is alive."""
        run = self._run(order)
        environment = {**self._launch.environment, self._launch.run_variable: run.run_id}
        if order.batch_size is not None:
            environment["SYNC_BATCH_SIZE"] = str(order.batch_size)
        report = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child has ended
        process = subprocess.Popen(  # noqa: S603 - this program; numbers stand behind --
            [*self._launch.program, *_command(order)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=report,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with self._lock:
            self._children[run.run_id] = Child(run, process, report)
            for run_id in [*self._children][:-_KEPT]:
                self._children.pop(run_id).report.close()
        what = "all" if order.numbers is None else f"{len(order.numbers)} numbers"
        logs.event("info", "run_ordered", f"{plain(who)} started run {run.run_id} of {what}")
        return run

    def _run(self, order: Order) -> Run:
        run_type = RunType.FULL if order.numbers is None else RunType.SELECTIVE
        begun = new_run(self._ports, run_type, "manual")
        # The process is the child's, which is not there yet.
        return replace(begun, run_id=str(uuid4()), status=RunStatus.QUEUED, process=Process())

    def _seen(self, child: Child) -> Run:
        """Return its run; as failed, and why, once it has ended."""
        if child.is_alive or child.run.status is not RunStatus.QUEUED:
            return child.run
        with self._lock:
            if child.run.status is RunStatus.QUEUED:
                child.run = _ended(child, self._ports.clock.now())
                child.report.close()
        return child.run


def _command(order: Order) -> list[str]:
    flags = ["--json", *(["--force"] if order.force else [])]
    if order.numbers is None:
        return ["sync", "all", *flags]
    return ["sync", "numbers", *flags, "--", *order.numbers]


def _ended(child: Child, now: datetime) -> Run:
    """Return the run as it ended for whoever finds no record of it."""
    code = child.process.returncode
    if code < 0:
        why = f"its process was killed (signal {-code})"
    else:
        why = _problems_in(child.report) or f"it ended with exit code {code} and left no record"
    cause = Cause(Category.UNKNOWN, logs.redacted(plain(why)))
    return replace(child.run, status=RunStatus.FAILED, completed_at=now, cause=cause)


def _problems_in(report: IO[bytes]) -> str:
    """Return why a run could not begin, as it said it."""
    report.seek(0)
    try:
        problems = json.loads(report.read(_LARGEST_REPORT)).get("problems", ())
    except (AttributeError, ValueError):
        return ""
    return "; ".join(str(each) for each in problems)
