"""Look at this machine for the processes of the runs that have not ended."""

from __future__ import annotations

from collections.abc import Iterable

from listing_sync.errors import ListingSyncError
from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.signs_of_life import Going, going
from listing_sync.ports import Ports


def going_now(ports: Ports, runs: Iterable[Run]) -> tuple[Going, ...]:
    """Return those of the runs that are in progress, with what their processes show."""
    in_progress = [run for run in runs if run.status is RunStatus.IN_PROGRESS]
    if not in_progress:
        return ()
    now, holder = ports.clock.now(), lock_run_id(ports)
    return tuple(
        going(run, now, is_there=_is_there(ports, run), holds_lock=run.run_id == holder)
        for run in in_progress
    )


def lock_run_id(ports: Ports) -> str | None:
    """Return which run holds the lock of this machine; None: none, or it cannot be read."""
    try:
        holder = ports.machine.lock.holder()
    except (OSError, ListingSyncError):
        return None
    return holder.run_id if holder else None


def _is_there(ports: Ports, run: Run) -> bool | None:
    """Return whether the process of a run is there; None where it cannot be seen from here."""
    ours, its = ports.identity.process, run.process
    if not its.started or (its.boot_id, its.space) != (ours.boot_id, ours.space):
        return None
    return ports.machine.is_process_there(run.pid, its.started)
