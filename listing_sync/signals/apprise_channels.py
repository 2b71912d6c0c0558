"""Send messages by Apprise: e-mail, chats and push services, each by one address.

Apprise tells only whether a message was taken; its log tells the status that the service answered.

Source: Apprise, "Development API"; its plugins' `body_maxlen`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any

from listing_sync.history.messages import Message, markup_free
from listing_sync.ports import NotTaken, Trial
from listing_sync.signals.addresses import SecretAddresses
from listing_sync.signals.posting import is_final, within
from listing_sync.signals.webhook import LIMIT

TIMEOUT_S = 20.0
MISSING = "Apprise is not installed: pip install 'listing-sync[notify]'"
_MOST = 20_000
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_STATUS = re.compile(r"\berror=(\d{3})\b")
_UNLIMITED = frozenset({"mailto", "mailtos"})
_PUSH_WIDTH = 200


class AppriseChannels(SecretAddresses):
    """The addresses of SYNC_NOTIFY_URLS."""

    def __init__(self, urls: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(urls, timeout_s=timeout_s)

    def place(self, address: str) -> str:
        """Return which one it is; of the address no more than its kind is shown."""
        kind = self._urls[address].partition("://")[0]
        return f"address {self.addresses.index(address) + 1} ({kind}) of SYNC_NOTIFY_URLS"

    def post(self, address: str, message: Message) -> NotTaken | None:
        """Send one message; return why it was not taken."""
        return within(self._timeout_s, lambda: _send(self._urls[address], message))

    def problems(self) -> tuple[str, ...]:
        """Return which addresses Apprise does not know, without showing them."""
        if not self._urls:
            return ()
        try:
            apprise = import_module("apprise")  # half a second that quiet runs do without
        except ImportError:
            return (f"SYNC_NOTIFY_URLS: {MISSING}",)
        return tuple(
            f"{self.place(name)} is none that Apprise knows: its wiki has the form of each service"
            for name, url in self._urls.items()
            if _receiver(apprise, url) is None
        )

    def trials(self, text: str) -> tuple[Trial, ...]:
        """Return one message to each address."""
        message = Message(_ANY_TIME, "a trial", (text,))
        return tuple(
            Trial(
                f"SYNC_NOTIFY_URLS, address {position} ({url.partition('://')[0]})",
                partial(self._try, name, message),
            )
            for position, (name, url) in enumerate(self._urls.items(), 1)
        )

    def _try(self, address: str, message: Message) -> str | None:
        refusal = self.post(address, message)
        return refusal.why if refusal else None


def _send(url: str, message: Message) -> NotTaken | None:
    try:
        return _sent(import_module("apprise"), url, message)
    except ImportError:
        return NotTaken(MISSING)
    except Exception as error:  # noqa: BLE001 - a signal that fails must not fail a good run
        return NotTaken(type(error).__name__)  # its text may hold the address


def _sent(apprise: Any, url: str, message: Message) -> NotTaken | None:
    receiver = _receiver(apprise, url)
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


def _receiver(apprise: Any, url: str) -> Any:
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)
