"""Put foreign texts into alerts so that no receiver sees a mention, a link or mark-up in them.

Slack, Mattermost, Discord, Rocket.Chat and what Apprise reaches read different signs; full-width
twins of those signs look alike to a person and are nothing to any of them.

Source: Slack, "Formatting text for app surfaces"; Mattermost, "Incoming webhooks" (link names);
Discord, "Message formatting".
"""

from __future__ import annotations

import re

from listing_sync.cells.wording import plain

_LONGEST = 1000
# An address has a word before its @, a mention has none: anna@office.example, @channel, <@U0>.
_MENTION = re.compile(r"(?<![\w.+-])@(?=\w)|(?<=<)[@!#]")
_MARKDOWN_LINK = re.compile(r"\](?=\()")
_LINK = re.compile(r"://|(?i:\bwww\.(?=\w))")
_EMPHASIS = re.compile(r"[*~`|]|(?<!\w)_|_(?!\w)")
_TWIN = {ord(char): ord(char) + 0xFEE0 for char in "@!#*~`|_:."}
"""The full-width forms of ASCII (Unicode, "Halfwidth and Fullwidth Forms")."""


def foreign(text: str, width: int) -> str:
    """Return what somebody else wrote (a title, a header, a cell's place) in `width` characters."""
    short = _one_line(text)
    short = short if len(short) <= width else f"{short[: width - 1]}…"
    for pattern in (_LINK, _EMPHASIS):
        short = pattern.sub(lambda found: found[0].translate(_TWIN), short)
    return _unmentioned(short)


def spoken(text: str, width: int = _LONGEST) -> str:
    """Return a sentence of ours that may quote others; addresses to open stay what they are."""
    said = _one_line(text)
    return _unmentioned(said if len(said) <= width else f"{said[: width - 1]}…")


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))


def _unmentioned(text: str) -> str:
    """Return the text without mentions and, as Slack reads it, without mark-up."""
    text = _MENTION.sub(lambda found: found[0].translate(_TWIN), text)
    text = _MARKDOWN_LINK.sub("] ", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
