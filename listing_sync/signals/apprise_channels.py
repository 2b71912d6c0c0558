"""Send messages by Apprise: e-mail, chats and push services, each by one address."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any

from listing_sync.history.messages import Message
from listing_sync.language.sentences import phrase
from listing_sync.ports import NotTaken, Trial
from listing_sync.signals.addresses import SecretAddresses
from listing_sync.signals.posting import not_in_time

TIMEOUT_S = 20.0
MISSING = "Apprise is not installed: pip install 'listing-sync[notify]'"
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_CHILD = """
import json, sys
task = json.loads(sys.stdin.read())
sys.path[:] = task.pop("path")
from listing_sync.signals.apprise_child import carry_out
carry_out(**task)
"""


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
        return _sent(self._urls[address], message, self._timeout_s)

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


def _sent(url: str, message: Message, timeout_s: float) -> NotTaken | None:
    """Send by a process of its own, which ends in time and holds no more than it may.

    What it is to do comes by stdin, since arguments are seen by everybody on the machine.
    """
    task = {"path": sys.path, "seconds": timeout_s, "url": url, "message": asdict(message)}
    try:
        ended = subprocess.run(  # noqa: S603 - this Python, and a text of ours
            [sys.executable, "-P", "-c", _CHILD],
            input=json.dumps(task, default=datetime.isoformat),
            capture_output=True,
            encoding="utf-8",
            timeout=timeout_s,
            check=False,
        )
        found = json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        return NotTaken(not_in_time(timeout_s))
    except (OSError, ValueError):  # it was ended by its limits
        return NotTaken(phrase("not taken"))
    return NotTaken(**found) if found else None


def _receiver(apprise: Any, url: str) -> Any:
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)
