"""Syncing put on hold on every machine, looked for, and let go on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4, uuid5

from listing_sync import logs
from listing_sync.errors import (
    BatchTooLargeError,
    NotSetUpError,
    RefusedError,
    RemoteError,
    RowError,
    TransientError,
)
from listing_sync.history.runs import Run
from listing_sync.language.sentences import english_of, marked, phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Hold, Holds, Ports, SharedHold

_MAKE_ROOM = marked("make room in SYNC_STATE_DIR")
_PASSING = (TransientError, RowError, BatchTooLargeError, NotSetUpError)


def hold(ports: Ports, run: Run, why: str) -> str | None:
    """Put syncing on hold here and on every other machine; return what it could not do, if any.

    Raises:
        RefusedError: the file cannot be written.
    """
    # The record of the run itself stands in the same table.
    hold_id = str(uuid5(UUID(run.run_id), "hold"))
    problem = phrase("so nothing was changed: {what_to_do}", what_to_do=_MAKE_ROOM)
    return _place(ports, hold_id, why, run.started_at, problem, what=f", run {run.run_id}")


def pause(ports: Ports, why: str) -> str | None:
    """Put syncing on hold for a person; return what it could not do, if any.

    Raises:
        RefusedError: it is on hold already, or the file cannot be written.
    """
    if held := held_here(ports.machine.hold):
        raise RefusedError(held)
    words = phrase("paused: {why}", why=why) if why else phrase("paused")
    return _place(ports, str(uuid4()), words, ports.clock.now(), _MAKE_ROOM)


@dataclass(frozen=True, slots=True)
class Resumed:
    """What `resume` let go on: the reason of this machine's hold, None when there was none.

    `elsewhere` are the holds of other machines; with `everywhere` they are let go too. `problem`
    says what could not be done.
    """

    here: str | None
    elsewhere: tuple[SharedHold, ...]
    problem: str | None = None


def resume(ports: Ports, *, everywhere: bool) -> Resumed:
    """Let syncing go on here, for the machines that held because of it, and perhaps everywhere.

    Raises:
        RefusedError: the file cannot be deleted.
    """
    hold = ports.machine.hold
    reason = None if hold.is_of_all and not everywhere else hold.reason()
    try:
        hold.remove()
        if everywhere:
            hold.remove(of_all=True)
    except OSError as error:
        raise RefusedError(
            phrase(
                "the file {path} cannot be deleted ({why})",
                path=hold.path,
                why=system_words(error),
            )
        ) from error
    still = held_here(hold)
    ours = set(ports.machine.hold.shared_ids())
    try:
        for hold_id in sorted(ours):
            ports.target.holds.release(hold_id)
        ports.machine.hold.share()
        others = tuple(item for item in ports.target.holds.all() if item.hold_id not in ours)
        for item in others if everywhere else ():
            ports.target.holds.release(item.hold_id)
    except (RemoteError, RefusedError) as error:
        unknown = phrase("other machines may still be on hold: {why}", why=error)
        return Resumed(reason, (), still or unknown)
    return Resumed(reason, others, still)


def _place(
    ports: Ports, hold_id: str, why: str, since: datetime, problem: str, *, what: str = ""
) -> str | None:
    who = ports.identity
    at = f"{since.astimezone():%Y-%m-%d %H:%M:%S}"
    reason = phrase(
        "{why} at {at} by {user} on {host}{what}, {target}",
        why=why,
        at=at,
        user=who.user,
        host=who.host,
        what=what,
        target=who.target,
    )
    try:
        ports.machine.hold.place(reason)
        # Remembered before it is there: a hold of which nobody knew would never be taken away.
        ports.machine.hold.share(*dict.fromkeys((*ports.machine.hold.shared_ids(), hold_id)))
    except OSError as error:
        raise RefusedError(
            phrase(
                "syncing cannot be put on hold ({why}), {problem}",
                why=system_words(error),
                problem=problem,
            )
        ) from error
    shared = SharedHold(hold_id, reason, who.host, str(ports.machine.hold.path), since)
    try:
        ports.target.holds.place(shared)
    except (RemoteError, RefusedError) as error:
        return phrase("only this machine is on hold, others will sync: {why}", why=error)
    return None


def held_here(hold: Hold) -> str | None:
    """Return why syncing is on hold by the file of this machine, None when it is not."""
    reason = hold.reason()
    if reason is None:
        return None
    if hold.is_of_all:
        if not reason.strip():
            return phrase(
                "syncing of every target of this machine is on hold. To go on, delete the file"
                " {path}, or run `listing-sync resume --everywhere`",
                path=hold.path,
            )
        return phrase(
            "syncing of every target of this machine is on hold ({why}). To go on, delete the file"
            " {path}, or run `listing-sync resume --everywhere`",
            why=reason.strip(),
            path=hold.path,
        )
    return _sentence(reason, str(hold.path))


def held_elsewhere(hold: Hold, holds: Holds, *, may_release: bool) -> str | None:
    """Return why syncing is on hold by another machine, None when it is not.

    Holds of this machine, whose file somebody has deleted, count no more; with `may_release` they
    are taken away. A passing failure holds nobody: a run without records still syncs.
    """
    ours = set(hold.shared_ids())
    try:
        if ours and may_release:
            for hold_id in sorted(ours):
                holds.release(hold_id)
            hold.share()
        others = [item for item in holds.all() if item.hold_id not in ours]
    except _PASSING as error:
        logs.event(
            "info", "holds_unknown", f"holds of other machines are not known: {english_of(error)}"
        )
        return None
    if not others:
        return None
    first = others[0]
    return _sentence(
        first.reason,
        phrase(
            "{path} on {host}, whose next sync lets every machine go on; where that machine is"
            " gone, run `listing-sync resume --everywhere`",
            path=first.path,
            host=first.host,
        ),
    )


def _sentence(reason: str, path: str) -> str:
    if not reason.strip():
        return phrase(
            "syncing is on hold. To go on, run `listing-sync resume`, or delete the file {path}",
            path=path,
        )
    return phrase(
        "syncing is on hold ({why}). To go on, run `listing-sync resume`, or delete the file"
        " {path}",
        why=reason.strip(),
        path=path,
    )
