"""Fit a message to its receiver, and put those that wait in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from listing_sync.language.sentences import phrase, phrase_number
from listing_sync.lazy_dataclasses import dataclass

_CUT = "…"


@dataclass(frozen=True, slots=True)
class Message:
    """One message in the mark-up of Slack: what matters first, then a list that may be cut.

    `more` is the command that shows the whole list. An alert goes before every list.
    """

    at: datetime
    title: str
    lines: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    more: str = ""
    is_alert: bool = True
    separator: str = "\n"

    def text(self, limit: int) -> str:
        """Return the message in at most `limit` characters, with how many items are left out."""
        body = self.body(max(limit - len(self.heading) - 1, 0))
        return _cut(f"{self.heading}\n{body}" if body else self.heading, limit)

    @property
    def heading(self) -> str:
        """Return the title as it stands above the message."""
        return f"*listing-sync: {self.title}*"

    def body(self, limit: int) -> str:
        """Return what stands below the title in at most `limit` characters."""
        head = "\n".join(self.lines)
        for shown in range(len(self.items), -1, -1):
            text = "\n".join(filter(None, (head, self._listed(shown))))
            if len(text) <= limit:
                return text
        return _cut(head, limit)

    def _listed(self, shown: int) -> str:
        listed = self.separator.join(self.items[:shown])
        left = len(self.items) - shown
        if not left:
            return listed
        rest = (
            phrase("and {left:,} more: `{command}`", left=left, command=self.more)
            if shown
            else phrase("{left:,} more: `{command}`", left=left, command=self.more)
        )
        return f"{listed}\n{rest}" if listed else rest

    def to_document(self) -> dict[str, object]:
        """Return the message as JSON keeps it."""
        return {
            "at": self.at.isoformat(),
            "title": self.title,
            "lines": list(self.lines),
            "items": list(self.items),
            "more": self.more,
            "is_alert": self.is_alert,
            "separator": self.separator,
        }


def message_of(document: Any, now: datetime) -> Message:
    """Return what `to_document` gave, or a text that an earlier version kept.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is neither.
    """
    if isinstance(document, str):
        first, *lines = document.splitlines() or [""]
        title = first.strip("*").removeprefix("listing-sync: ")
        return Message(now, title, tuple(lines))
    return Message(
        at=datetime.fromisoformat(document["at"]),
        title=str(document["title"]),
        lines=tuple(map(str, document["lines"])),
        items=tuple(map(str, document["items"])),
        more=str(document["more"]),
        is_alert=bool(document["is_alert"]),
        separator=str(document["separator"]),
    )


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent at once, and the messages that are told by it."""

    message: Message
    of: tuple[Message, ...]


def parcels(
    waiting: Sequence[Message], new: Sequence[Message], zone: tzinfo | None
) -> tuple[Parcel, ...]:
    """Return what to send, in order: alerts before lists, what waits before what is new.

    What waits bears its date; several that wait are folded into one.
    """
    ordered: list[Parcel] = []
    for is_alert in (True, False):
        old = sorted((m for m in waiting if m.is_alert is is_alert), key=lambda m: m.at)
        if old:
            ordered.append(Parcel(_late(old, zone), tuple(old)))
        ordered += [Parcel(message, (message,)) for message in new if message.is_alert is is_alert]
    return tuple(ordered)


def _late(waiting: Sequence[Message], zone: tzinfo | None) -> Message:
    first, last = waiting[0], waiting[-1]
    if len(waiting) == 1:
        said = phrase(
            "This is of {time}: it could not be delivered before.", time=_time(first.at, zone)
        )
        return replace(first, lines=(said, *first.lines))
    return Message(
        at=last.at,
        title=phrase_number(
            "{last} (and {count:,} earlier message)",
            "{last} (and {count:,} earlier messages)",
            len(waiting) - 1,
            last=last.title,
        ),
        lines=(
            phrase(
                "These could not be delivered since {time}; the last one:",
                time=_time(first.at, zone),
            ),
            *last.lines,
            phrase("All, oldest first:"),
        ),
        items=tuple(f"• {_time(each.at, zone)}: {each.title}" for each in waiting),
        more="listing-sync status",
        is_alert=last.is_alert,
    )


def _time(moment: datetime, zone: tzinfo | None) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}".rstrip()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + _CUT


def markup_free(text: str) -> str:
    """Return a text in the mark-up of Slack as plain text: links as name (address)."""
    parts: list[str] = []
    rest = text
    while "<" in rest:
        before, _, rest = rest.partition("<")
        link, _, rest = rest.partition(">")
        address, _, name = link.partition("|")
        parts += [before, f"{name} ({address})" if name else address]
    whole = "".join((*parts, rest)).replace("`", "")
    return whole.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
