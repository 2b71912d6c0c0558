"""Syncing put on hold on every machine, looked for, and let go on."""

from __future__ import annotations

from uuid import UUID, uuid5

from listing_sync import logs
from listing_sync.core.runs import Run
from listing_sync.errors import (
    BatchTooLargeError,
    NotSetUpError,
    RefusedError,
    RemoteError,
    RowError,
    TransientError,
)
from listing_sync.ports import Ports, SharedHold

_PASSING = (TransientError, RowError, BatchTooLargeError, NotSetUpError)


def hold(ports: Ports, run: Run, why: str) -> str | None:
    """Put syncing on hold here and on every other machine; return what it could not do, if any.

    Raises:
        RefusedError: the file cannot be written.
    """
    who = ports.identity
    at = f"{run.started_at.astimezone():%Y-%m-%d %H:%M:%S}"
    # The record of the run itself stands in the same table.
    hold_id = str(uuid5(UUID(run.run_id), "hold"))
    reason = f"{why} at {at} by {who.user} on {who.host}, run {run.run_id}, {who.target}"
    try:
        ports.hold.place(reason)
        # Remembered before it is there: a hold of which nobody knew would never be taken away.
        ports.hold.share(*dict.fromkeys((*ports.hold.shared_ids(), hold_id)))
    except OSError as error:
        raise RefusedError(
            f"syncing cannot be put on hold ({error.strerror or error}), so nothing was changed:"
            " make room in SYNC_STATE_DIR"
        ) from error
    shared = SharedHold(hold_id, reason, who.host, str(ports.hold.path), run.started_at)
    try:
        ports.holds.place(shared)
    except (RemoteError, RefusedError) as error:
        return f"only this machine is on hold, others will sync: {error}"
    return None


def held_here(ports: Ports) -> str | None:
    """Return why syncing is on hold by the file of this machine, None when it is not."""
    reason = ports.hold.reason()
    return None if reason is None else _sentence(reason, str(ports.hold.path))


def held_elsewhere(ports: Ports, *, may_release: bool) -> str | None:
    """Return why syncing is on hold by another machine, None when it is not.

    Holds of this machine, whose file somebody has deleted, count no more; with `may_release` they
    are taken away. A passing failure holds nobody: a run without records still syncs.
    """
    ours = set(ports.hold.shared_ids())
    try:
        if ours and may_release:
            for hold_id in sorted(ours):
                ports.holds.release(hold_id)
            ports.hold.share()
        holds = [item for item in ports.holds.all() if item.hold_id not in ours]
    except _PASSING as error:
        logs.event("info", "holds_unknown", f"holds of other machines are not known: {error}")
        return None
    if not holds:
        return None
    first = holds[0]
    return _sentence(
        first.reason,
        f"{first.path} on {first.host}, whose next sync lets every machine go on; where that"
        f" machine is gone, the row {first.hold_id} of sync_state",
    )


def _sentence(reason: str, path: str) -> str:
    why = f" ({reason.strip()})" if reason.strip() else ""
    return f"syncing is on hold{why}. To go on, delete the file {path}"
