"""Put numbers and foreign texts into words that people read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from listing_sync.language.sentences import phrase

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    r"""Return foreign text on one line, every invisible or steering character escaped.

    Control characters, line breaks, bidirectional overrides, zero-width characters and lone
    surrogates become `\n`, `\x1b`, `\u202e`; spaces of any width stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if is_hidden(char) else char for char in text
    )


def is_hidden(character: str) -> bool:
    """Return whether a character is seen by nobody, or steers a terminal."""
    return unicodedata.category(character) in _HIDDEN


def utc_text(moment: datetime) -> str:
    """Return a moment as 2026-01-31T09:30:00Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def one_line(header: str) -> str:
    """Return a header as people say it: without the line breaks that make it narrow."""
    return " ".join(header.split())


def left_out(column: str) -> str:
    """Return the warning for a column that nobody can write."""
    return phrase(
        "column {column} is filled by the database itself (generated) and was left out: take it"
        " out of the mapping",
        column=column,
    )


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: 1 listing, 1,200 listings, 3 retries."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """Return the first of the names in a row, and how many more there are: a, b and 3 more."""
    shown = ", ".join(map(plain, names[:most]))
    if len(names) <= most:
        return shown
    return phrase("{names} and {more:,} more", names=shown, more=len(names) - most)


def percent(share: float) -> str:
    """Return a share (0 to 1) in percent, never rounded to a false 0 or 100: 99.9%, <0.1%."""
    value = share * 100
    if 0 < value < 0.1:  # noqa: PLR2004 - the smallest that is shown
        return "<0.1%"
    if 99.9 < value < 100:  # noqa: PLR2004 - the largest below all
        return ">99.9%"
    return f"{value:.1f}".removesuffix(".0") + "%"


def duration(seconds: float) -> str:
    """Return a time span in at most two units: 0.4 s, 12 s, 3 min 5 s, 2 h 5 min, 3 d 4 h."""
    if seconds < 10:  # noqa: PLR2004 - below, tenths matter
        return phrase("{seconds:.1f} s", seconds=max(seconds, 0))
    minutes, rest_s = divmod(round(seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    days, rest_h = divmod(hours, 24)
    if not minutes:
        return phrase("{seconds} s", seconds=rest_s)
    if not hours:
        if not rest_s:
            return phrase("{minutes} min", minutes=minutes)
        return phrase("{minutes} min {seconds} s", minutes=minutes, seconds=rest_s)
    if not days:
        if not rest_min:
            return phrase("{hours} h", hours=hours)
        return phrase("{hours} h {minutes} min", hours=hours, minutes=rest_min)
    if not rest_h:
        return phrase("{days} d", days=days)
    return phrase("{days} d {hours} h", days=days, hours=rest_h)
