"""Send one message to each channel and monitor, and say what came back."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one message; `problem` None: it was taken."""

    to: str
    problem: str | None


def try_signals(ports: Ports) -> Iterator[Tried]:
    """Send each message in turn; nothing is recorded, and no alert counts it."""
    who = ports.identity
    text = phrase(
        "Trial of listing-sync on {host}: messages about {target} arrive here. Nothing is wrong.",
        host=who.host,
        target=who.target,
    )
    for trial in ports.signals.trials(str(uuid4()), text):
        yield Tried(trial.to, trial.send())
