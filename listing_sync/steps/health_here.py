"""Look at what this machine keeps, without writing: its folder of state, and who was not told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from listing_sync.history.alert_memory import Memory
from listing_sync.history.exposure import folder_problem
from listing_sync.history.run_checks import checks_of_waiting, progress_check, share_check
from listing_sync.history.runs import Run
from listing_sync.history.verdict import Check, CheckName, channels_check, fail, ok, warn
from listing_sync.language.sentences import marked, phrase, phrase_number, spoken
from listing_sync.ports import Ports
from listing_sync.reliability.breaker import BreakerState
from listing_sync.steps.after_run import remembered
from listing_sync.steps.going_now import lock_run_id

_LEAST_FREE_BYTES = 1_000_000
"""What a run keeps of its lock, breakers and changes; with less it soon fails."""
_BREAKERS = {
    BreakerState.CLOSED: marked("closed"),
    BreakerState.HALF_OPEN: marked("half-open"),
    BreakerState.OPEN: marked("open"),
}


def folder_fault(folder: Path) -> str | None:
    """Return what is wrong with the folder of state: who else may write there, or that none can."""
    return _exposed(folder) or _unwritable(folder)


def _exposed(root: Path) -> str | None:
    try:
        status = root.stat()
    except OSError:  # not made yet
        return None
    return folder_problem(str(root), status.st_uid, status.st_mode, os.geteuid())


def channels_found(ports: Ports) -> Check:
    """Say what alerting remembers of the addresses that are set; not being readable is named."""
    channels = ports.signals.channels
    memory = remembered(ports, ports.identity.source) if channels.addresses else Memory()
    waiting = sum(len(memory.unsent.get(name, ())) for name in channels.addresses)
    refusing = [
        phrase_number(
            "{place} refuses messages since {time:%Y-%m-%d %H:%M} ({why}; {count:,} message lost)",
            "{place} refuses messages since {time:%Y-%m-%d %H:%M} ({why}; {count:,} messages lost)",
            refusal.dropped,
            place=channels.place(name),
            time=refusal.since.astimezone(),
            why=refusal.why,
        )
        for name, refusal in memory.refused.items()
        if name in channels.addresses
    ]
    return channels_check(waiting, refusing)


def runs_kept_here(ports: Ports, waiting: Sequence[Run], now: datetime) -> tuple[Check, ...]:
    """Judge the runs by what this machine keeps of them, while Supabase cannot be asked.

    `waiting` are those of the journal; of those before, the newest undo file tells when one wrote.
    """
    wrote_at = None
    with suppress(OSError):
        wrote_at = next((at for _, at in ports.machine.undo.runs()), None)
    return (
        *checks_of_waiting(waiting, wrote_at, now, ports.settings.sync_stale_after),
        progress_check(waiting, now, lock_run_id(ports)),
        share_check(ports.settings.sync_rollout_percent, waiting),
    )


def _unwritable(folder: Path) -> str | None:
    """Return why runs cannot keep anything in a folder, found without writing there.

    Of one that is not made yet, its nearest parent tells: that is where it will be made.
    """
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        disk = os.statvfs(there)
    except OSError:  # named by who reads it
        return None
    if disk.f_flag & os.ST_RDONLY:
        return phrase(
            "the disk of {folder} is mounted read-only: runs end with 78; remount it (dmesg says"
            " why it is so), or name another folder",
            folder=there,
        )
    free = disk.f_bavail if os.geteuid() else disk.f_bfree
    if free * disk.f_frsize < _LEAST_FREE_BYTES or (disk.f_files and not disk.f_favail):
        return phrase(
            "the disk of {folder} is full: runs end with 78; free space there (df -h, df -i)",
            folder=there,
        )
    if not os.access(there, os.W_OK | os.X_OK):
        return phrase(
            "{folder} cannot be written by this user: runs end with 78; look at its rights",
            folder=there,
        )
    return None


def breaker_check(name: CheckName, state: BreakerState) -> Check:
    """Judge the breaker of a service."""
    if state is BreakerState.OPEN:
        return fail(
            name,
            phrase(
                "open: the service failed too often in a row; runs end at once until"
                " SYNC_CIRCUIT_BREAKER_TIMEOUT has passed, then one try is let through"
            ),
        )
    return ok(name, spoken(_BREAKERS[state]))


def journal_check(waiting: int) -> Check:
    """Say how many runs wait here to be recorded."""
    if not waiting:
        return ok(CheckName.JOURNAL, phrase("empty"))
    detail = phrase_number(
        "{count:,} run not yet recorded in Supabase: the next run does it",
        "{count:,} runs not yet recorded in Supabase: the next run does it",
        waiting,
    )
    return warn(CheckName.JOURNAL, detail)
