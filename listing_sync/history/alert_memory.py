"""Keep what alerting remembers between runs: the streak, what was told, what waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from listing_sync.history.messages import Message, message_of
from listing_sync.history.standing import Standing, standing_of
from listing_sync.lazy_dataclasses import dataclass

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Streak:
    """Runs in a row that failed, or could not begin."""

    runs: int
    since: datetime

    def to_document(self) -> dict[str, object]:
        """Return the streak as JSON keeps it."""
        return {
            "runs": self.runs,
            "since": self.since.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """An address that takes no message, and says that another try will not help."""

    since: datetime
    why: str
    dropped: int

    def to_document(self) -> dict[str, object]:
        """Return the refusal as JSON keeps it."""
        return {"since": self.since.isoformat(), "why": self.why, "dropped": self.dropped}


@dataclass(frozen=True, slots=True)
class Memory:
    """What the runs of one source remember; `failing` is what messages told of runs that fail.

    `unsent` are messages, oldest first, by the name of the address that has not taken them;
    `refused` are the addresses that answered that they never will. `unstarted` are runs in a row
    that could not begin, `stuck` is what messages told of them. `heard` are digests of rejections
    that channels heard of by a run by hand; `lost` is what messages told of columns that the sheet
    has no more.
    """

    streak: Streak | None = None
    failing: Standing | None = None
    is_error_rate_told: bool = False
    unsent: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    unstarted: Streak | None = None
    stuck: Standing | None = None
    heard: tuple[str, ...] = ()
    lost: Standing | None = None

    def to_document(self) -> dict[str, object]:
        """Return the memory as JSON keeps it."""
        return {
            "streak": self.streak and self.streak.to_document(),
            "unstarted": self.unstarted and self.unstarted.to_document(),
            "heard": list(self.heard),
            "failing": self.failing and self.failing.to_document(),
            "stuck": self.stuck and self.stuck.to_document(),
            "lost": self.lost and self.lost.to_document(),
            "is_error_rate_told": self.is_error_rate_told,
            "unsent": {
                name: [message.to_document() for message in messages]
                for name, messages in self.unsent.items()
            },
            "refused": {name: each.to_document() for name, each in self.refused.items()},
        }

    @classmethod
    def from_document(cls, document: object, now: datetime = _LONG_AGO) -> Memory:
        """Return what `to_document` gave; anything else is an empty memory.

        Messages that an earlier version kept are of `now`.
        """
        try:
            return _read_memory(document, now)
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls()


def _read_memory(document: Any, now: datetime) -> Memory:
    return Memory(
        streak=_read_streak(document["streak"]),
        unstarted=_read_streak(document.get("unstarted")),
        heard=tuple(map(str, document.get("heard", ()))),
        failing=_read_failing(document),
        stuck=standing_of(document.get("stuck")),
        lost=standing_of(document.get("lost")),
        is_error_rate_told=bool(document["is_error_rate_told"]),
        unsent={
            name: tuple(message_of(each, now) for each in kept)
            for name, kept in document["unsent"].items()
        },
        refused={
            name: Refusal(datetime.fromisoformat(each["since"]), str(each["why"]), each["dropped"])
            for name, each in document.get("refused", {}).items()
        },
    )


def _read_failing(document: Any) -> Standing | None:
    """Return what was told of failing runs, also as an earlier version kept it."""
    if "failing" in document or not document["told_at"]:
        return standing_of(document.get("failing"))
    streak, told_at = document["streak"], datetime.fromisoformat(document["told_at"])
    if not streak or not streak.get("told_causes"):
        return None
    causes = tuple(map(str, streak["told_causes"]))
    return Standing(datetime.fromisoformat(streak["since"]), int(streak["runs"]), told_at, causes)


def _read_streak(document: Any) -> Streak | None:
    return document and Streak(
        int(document["runs"]),
        datetime.fromisoformat(document["since"]),
    )
