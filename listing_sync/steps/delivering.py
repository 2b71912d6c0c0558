"""Deliver messages to every channel: what waits, what is due, and what is refused for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from listing_sync import logs
from listing_sync.cells.wording import count
from listing_sync.history.alert_memory import Memory, Refusal
from listing_sync.history.messages import Message, parcels
from listing_sync.language.sentences import Marked, marked, spoken
from listing_sync.ports import Telling
from listing_sync.steps.standing_trouble import tell_signal

_DROPPED = marked("{place} refuses messages, which are dropped: {why}")
_NOT_TAKEN = marked("{place} did not take the alert ({why}); the next run sends it")

UNSENT_KEPT = 10


def waiting_with(ports: Telling, memory: Memory, new: Sequence[Message]) -> Memory:
    """Return the memory with the new messages waiting at every address that is set."""
    unsent = {
        address: _kept((*memory.unsent.get(address, ()), *new))
        for address in ports.signals.channels.addresses
    }
    refused = {name: each for name, each in memory.refused.items() if name in unsent}
    return replace(memory, unsent=_not_empty(unsent), refused=refused)


def deliver(ports: Telling, memory: Memory, new: Sequence[Message]) -> Memory:
    """Send what waits at each address, `new` among it; return the memory of what still does."""
    unsent, refused = dict(memory.unsent), dict(memory.refused)
    for address, messages in memory.unsent.items():
        old = [each for each in messages if each not in new]
        due = [each for each in messages if each in new]
        left, refusal = _send(ports, address, old, due, refused.get(address))
        unsent[address] = left
        if refusal is None:
            refused.pop(address, None)
        else:
            refused[address] = refusal
    return replace(memory, unsent=_not_empty(unsent), refused=refused)


def _send(
    ports: Telling,
    address: str,
    old: Sequence[Message],
    due: Sequence[Message],
    refusal: Refusal | None,
) -> tuple[tuple[Message, ...], Refusal | None]:
    """Send in order up to the first failure that may pass; one that will not drops its message."""
    channels, now = ports.signals.channels, ports.clock.now()
    pending = list(parcels(old, due, now.astimezone().tzinfo))
    while pending:
        refused = channels.post(address, pending[0].message)
        if refused is None:
            refusal = None
            _tell(ports, address, None, _NOT_TAKEN)
        elif refused.is_final:
            refusal = _refused(refusal, refused.why, len(pending[0].of), now)
            _tell(ports, address, refused.why, _DROPPED)
        else:
            _tell(ports, address, refused.why, _NOT_TAKEN)
            break
        pending.pop(0)
    return tuple(message for parcel in pending for message in parcel.of), refusal


def _refused(before: Refusal | None, why: str, dropped: int, now: datetime) -> Refusal:
    if before is None:
        return Refusal(now, why, dropped)
    return Refusal(before.since, why, before.dropped + dropped)


def _tell(ports: Telling, address: str, why: str | None, text: Marked) -> None:
    place = ports.signals.channels.place(address)
    tell_signal(ports, "channel_failed", place, why, spoken(text, place=place, why=why))


def _kept(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the messages that may wait: of too many the oldest lists go first."""
    over = len(messages) - UNSENT_KEPT
    if over <= 0:
        return messages
    ordered = sorted(range(len(messages)), key=lambda at: (messages[at].is_alert, at))
    dropped = set(ordered[:over])
    logs.event("info", "messages_dropped", f"{count(over, 'old message')} will not be sent")
    return tuple(each for at, each in enumerate(messages) if at not in dropped)


def _not_empty(unsent: Mapping[str, tuple[Message, ...]]) -> dict[str, tuple[Message, ...]]:
    return {address: messages for address, messages in unsent.items() if messages}
