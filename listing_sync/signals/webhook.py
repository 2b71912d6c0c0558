"""Post messages in the way of Slack.

Source: Slack, "Sending messages using incoming webhooks".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from hashlib import sha256

from listing_sync import logs
from listing_sync.ports import Trial
from listing_sync.signals.posting import post

TIMEOUT_S = 10.0


class SlackWebhook:
    """The addresses of SYNC_ALERT_WEBHOOK_URL, each known by a digest that outlives a run."""

    def __init__(self, urls: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> None:
        self._urls = {sha256(url.encode()).hexdigest()[:12]: url for url in urls}
        self._timeout_s = timeout_s

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the names of the addresses, in the order of the setting."""
        return tuple(self._urls)

    def post(self, address: str, text: str) -> bool:
        """Post one message; return whether it was taken. A failure is a warning."""
        why = self._send(address, text)
        if why is not None:
            position = self.addresses.index(address) + 1
            logs.event(
                "warning",
                "webhook_failed",
                f"webhook {position} of SYNC_ALERT_WEBHOOK_URL did not take the alert ({why});"
                " the next run sends it again",
            )
        return why is None

    def trials(self, text: str) -> tuple[Trial, ...]:
        """Return one message to each address."""
        return tuple(
            Trial(f"SYNC_ALERT_WEBHOOK_URL, address {position}", partial(self._send, address, text))
            for position, address in enumerate(self.addresses, 1)
        )

    def _send(self, address: str, text: str) -> str | None:
        """Return None when the message was taken, else why not."""
        body = json.dumps({"text": text}, ensure_ascii=False).encode("utf-8", "replace")
        return post(self._urls[address], body, "application/json", timeout_s=self._timeout_s)
