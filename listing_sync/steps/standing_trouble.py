"""Remember between runs which troubles the mails of this machine have told."""

from __future__ import annotations

from listing_sync import logs
from listing_sync.cells.wording import duration
from listing_sync.history.standing import Standing, Word, seen, standing_of
from listing_sync.language.sentences import english_of, phrase_number
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Clock, JsonMemory, Telling

MANUAL = "manual"
"""The trigger of a run that a person watches on a terminal."""


@dataclass(frozen=True, slots=True)
class Mails:
    """What cron mails of one target; whoever watches sees everything and takes no news from it."""

    memory: JsonMemory
    clock: Clock
    is_watched: bool

    def heed(self, subject: str, cause: str | None) -> tuple[Word | None, Standing | None]:
        """Return what is to be said of a trouble now (None: it was told), and since when it lasts.

        Where nothing can be remembered all is told: nobody knows what was.
        """
        if self.is_watched:
            return (None, None) if cause is None else (Word.BEGINS, None)
        try:
            document = dict(self.memory.load())
        except OSError:
            document = {}
        before = standing_of(document.pop(subject, None))
        known = None if cause is None else str(english_of(cause))
        word, after = seen(before, known, self.clock.now())
        try:
            if after != before:
                self.memory.store(document | ({subject: after.to_document()} if after else {}))
        except OSError:
            return (None, None) if cause is None else (Word.BEGINS, None)
        return word, after or before

    def history_of(self, standing: Standing | None) -> str:
        """Return since when and how often a trouble was seen; nothing when it has just begun."""
        if standing is None or standing.times == 1:
            return ""
        age_s = (self.clock.now() - standing.since).total_seconds()
        return phrase_number(
            " (since {time}, {age}, {count:,} time)",
            " (since {time}, {age}, {count:,} times)",
            standing.times,
            time=since(standing),
            age=duration(age_s),
        )


def mails_of(ports: Telling) -> Mails:
    """Return the mails about this target."""
    return Mails(ports.machine.mail_memory, ports.clock, ports.identity.trigger == MANUAL)


def tell_signal(ports: Telling, name: str, subject: str, why: str | None, text: str) -> None:
    """Say of a signal that fails what was not said; `why` None: it works."""
    mails = mails_of(ports)
    word, standing = mails.heed(subject, why)
    if word is Word.OVER and standing is not None:
        logs.event(
            "warning",
            name,
            f"{english_of(subject)} works again, after failing since {since(standing)}",
        )
    elif why is not None:
        level = "info" if word is None else "warning"
        logs.event(level, name, f"{english_of(text)}{english_of(mails.history_of(standing))}")


def since(standing: Standing) -> str:
    """Return since when a trouble lasts, in the machine's own time zone."""
    return f"{standing.since.astimezone():%Y-%m-%d %H:%M}"
