"""Send one message by Apprise, in a process that does nothing else and is bounded.

Its plugins speak to servers in many ways, of which only HTTP can be made to follow our rules; none
has a limit of its own. Apprise tells only whether a message was taken; its log tells the status
that the service answered.

Source: Apprise, "Development API"; its plugins' `body_maxlen`.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from typing import Any

from listing_sync.history.messages import Message, markup_free
from listing_sync.ports import NotTaken
from listing_sync.signals.apprise_channels import MISSING
from listing_sync.signals.posting import is_final
from listing_sync.signals.webhook import LIMIT

_LARGEST_BYTES = 300 * 1024 * 1024
_MOST = 20_000
_STATUS = re.compile(r"\berror=(\d{3})\b")
_UNLIMITED = frozenset({"mailto", "mailtos"})
_PUSH_WIDTH = 200


def carry_out(url: str, message: Mapping[str, Any], seconds: float) -> None:
    """Send a message, and write to stdout as JSON why it was not taken, or null."""
    signal.setitimer(signal.ITIMER_REAL, seconds)  # also when nobody waits for it any more
    resource.setrlimit(resource.RLIMIT_DATA, (_LARGEST_BYTES, _LARGEST_BYTES))
    refusal = _send(url, Message(**{**message, "at": datetime.fromisoformat(message["at"])}))
    sys.stdout.write(json.dumps(asdict(refusal) if refusal else None))


def _send(url: str, message: Message) -> NotTaken | None:
    try:
        apprise = import_module("apprise")
        import_module("listing_sync.signals.apprise_session").let_requests_follow_our_rules()
        return _sent(apprise, url, message)
    except ImportError:
        return NotTaken(MISSING)
    except Exception as error:  # noqa: BLE001 - a signal that fails must not fail a good run
        return NotTaken(type(error).__name__)  # its text may hold the address


def _sent(apprise: Any, url: str, message: Message) -> NotTaken | None:
    receiver = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if receiver is None:
        return NotTaken("no address that Apprise knows", is_final=True)
    title = markup_free(f"listing-sync: {message.title}")
    width = _limit(apprise, receiver)
    if not receiver.title_maxlen:  # it has no titles: Apprise puts them above the text
        width -= len(title) + 2
    with apprise.LogCapture(level=apprise.logging.WARNING) as log:
        is_taken = receiver.notify(
            title=title[: receiver.title_maxlen or len(title)],
            body=_body(message, width),
            body_format=apprise.NotifyFormat.TEXT,
        )
        found = _STATUS.search(log.getvalue())
    if is_taken:
        return None
    if found is None:
        return NotTaken("not taken")
    return NotTaken(f"HTTP {found[1]}", is_final=is_final(int(found[1])))


def _body(message: Message, width: int) -> str:
    """Return the text below the title as plain text; a mail without one shows its title."""
    for limit in range(width, 0, -_PUSH_WIDTH):
        text = markup_free(message.body(limit))
        if len(text) <= width:
            return text or markup_free(message.title)
    return markup_free(message.title)[:width]


def _limit(apprise: Any, receiver: Any) -> int:
    """Return how many characters a receiver takes, as far as it is known."""
    if receiver.body_maxlen < apprise.NotifyBase.body_maxlen:
        return int(min(receiver.body_maxlen, _MOST))
    return _MOST if _UNLIMITED & {*_schemes(receiver)} else LIMIT


def _schemes(receiver: Any) -> tuple[str, ...]:
    names = (receiver.protocol, receiver.secure_protocol)
    return tuple(
        name
        for each in names
        if each
        for name in ((each,) if isinstance(each, str) else tuple(each))
    )
