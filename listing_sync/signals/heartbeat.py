"""Ping a monitor in the way of healthchecks.io: start, success, failure.

Source: healthchecks.io documentation, "Pinging API".
"""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode, urlsplit, urlunsplit

from listing_sync.ports import Trial
from listing_sync.signals.posting import post

TIMEOUT_S = 5.0
TRIES = 2


class HealthchecksHeartbeat:
    """Pings SYNC_HEARTBEAT_URL; None: nobody listens. Each ping returns why it was not taken."""

    def __init__(self, url: str | None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._timeout_s = timeout_s

    def started(self, run_id: str) -> str | None:
        """Say that a run has begun."""
        return self._send("/start", run_id, "")

    def succeeded(self, run_id: str, summary: str) -> str | None:
        """Say that it went well, be it in part; `summary` holds counts only."""
        return self._send("", run_id, summary)

    def failed(self, run_id: str, summary: str) -> str | None:
        """Say that it failed."""
        return self._send("/fail", run_id, summary)

    def trials(self, run_id: str, text: str) -> tuple[Trial, ...]:
        """Return one ping of each kind, the last of which leaves the monitor content."""
        if self._url is None:
            return ()
        kinds = (("start", "/start"), ("failure", "/fail"), ("success", ""))
        return tuple(
            Trial(f"SYNC_HEARTBEAT_URL, {kind}", partial(self._send, signal, run_id, text))
            for kind, signal in kinds
        )

    def _send(self, signal: str, run_id: str, summary: str) -> str | None:
        """Return None when the ping was taken, or nobody listens, else why not."""
        if self._url is None:
            return None
        refusal = None
        url = _ping_url(self._url, signal, run_id)
        for _ in range(TRIES):
            body = summary.encode("utf-8", "replace")
            refusal = post(url, body, "text/plain; charset=utf-8", timeout_s=self._timeout_s)
            if refusal is None:
                return None
        return refusal.why if refusal else None


def _ping_url(url: str, signal: str, run_id: str) -> str:
    """Return the address with `signal` at the end of its path and the run in its query."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode({"rid": run_id})) if part)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + signal, query=query))
