"""Post messages in the way of Slack.

Source: Slack, "Sending messages using incoming webhooks".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit

from listing_sync.history.messages import Message
from listing_sync.ports import NotTaken, Trial
from listing_sync.signals.addresses import SecretAddresses
from listing_sync.signals.posting import post

TIMEOUT_S = 10.0
LIMIT = 1_900
"""Characters that every receiver takes: Discord's way of Slack ends at 2,000."""
_LIMITS = {"hooks.slack.com": 3_900}
"""Slack, "Truncating really long messages": 4,000 are shown whole."""


class SlackWebhook(SecretAddresses):
    """The addresses of SYNC_ALERT_WEBHOOK_URL."""

    def __init__(self, urls: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(urls, timeout_s=timeout_s)

    def place(self, address: str) -> str:
        """Return which one it is."""
        return f"webhook {self.addresses.index(address) + 1} of SYNC_ALERT_WEBHOOK_URL"

    def post(self, address: str, message: Message) -> NotTaken | None:
        """Post one message; return why it was not taken."""
        url = self._urls[address]
        return self._send(url, message.text(_LIMITS.get(urlsplit(url).hostname or "", LIMIT)))

    def problems(self) -> tuple[str, ...]:
        """Return nothing: settings.py has looked at the addresses."""
        return ()

    def trials(self, text: str) -> tuple[Trial, ...]:
        """Return one message to each address."""
        return tuple(
            Trial(f"SYNC_ALERT_WEBHOOK_URL, address {position}", partial(self._try, url, text))
            for position, url in enumerate(self._urls.values(), 1)
        )

    def _try(self, url: str, text: str) -> str | None:
        refusal = self._send(url, text)
        return refusal.why if refusal else None

    def _send(self, url: str, text: str) -> NotTaken | None:
        body = json.dumps({"text": text}, ensure_ascii=False).encode("utf-8", "replace")
        return post(url, body, "application/json", timeout_s=self._timeout_s)
