"""Remember between runs which troubles the mails of this machine have told."""

from __future__ import annotations

from listing_sync import logs
from listing_sync.cells.wording import count, duration
from listing_sync.history.standing import Standing, Word, seen, standing_of
from listing_sync.ports import Ports


def heed(ports: Ports, subject: str, cause: str | None) -> tuple[Word | None, Standing | None]:
    """Return what a mail is to say of a trouble now; None: it was told.

    A person who looks at the terminal sees everything, and takes no news from the next mail.
    Where nothing can be remembered all is told: nobody knows what was.
    """
    memory = ports.machine.mail_memory
    if ports.identity.trigger == "manual":
        return (None, None) if cause is None else (Word.BEGINS, None)
    try:
        document = dict(memory.load())
        before = standing_of(document.pop(subject, None))
        word, after = seen(before, cause, ports.clock.now())
        if after != before:
            kept = {subject: after.to_document()} if after else {}
            memory.store(document | kept)
    except OSError:
        return (None, None) if cause is None else (Word.BEGINS, None)
    # Of what is over, that which was.
    return word, after or before


def tell_signal(ports: Ports, name: str, subject: str, why: str | None, text: str) -> None:
    """Say of a signal that fails what was not said; `why` None: it works."""
    word, standing = heed(ports, subject, why)
    if word is Word.OVER and standing is not None:
        logs.event(
            "warning", name, f"{subject} works again, after failing since {_since(standing)}"
        )
    elif why is not None:
        level = "info" if word is None else "warning"
        logs.event(level, name, f"{text}{history_of(standing, ports)}")


def history_of(standing: Standing | None, ports: Ports) -> str:
    """Return since when and how often a trouble was seen; nothing when it has just begun."""
    if standing is None or standing.times == 1:
        return ""
    age_s = (ports.clock.now() - standing.since).total_seconds()
    return f" (since {_since(standing)}, {duration(age_s)}, {count(standing.times, 'time')})"


def _since(standing: Standing) -> str:
    return f"{standing.since.astimezone():%Y-%m-%d %H:%M}"
