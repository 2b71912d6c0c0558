"""Add up requests, bytes, retries, waits and latencies of one run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil

from listing_sync.errors import Service
from listing_sync.reliability.server_time import agreed_off_s, clock_off_s

_DATES_KEPT = 100


class Meter:
    """Counts what a run asks of a service; shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies_s: list[float] = []
        self._retries = 0
        self._bytes = 0
        self._received = dict.fromkeys(Service, 0)
        self._rate_limit_wait_s = 0.0
        self._retry_wait_s = 0.0
        self._clock_off_s = {service: deque[float](maxlen=_DATES_KEPT) for service in Service}

    def add_head(
        self, service: Service, headers: Mapping[str, str], sent: datetime, received: datetime
    ) -> None:
        """Note what the date of an answer says of this machine's clock."""
        off_s = clock_off_s(headers, sent, received)
        if off_s is not None:
            with self._lock:
                self._clock_off_s[service].append(off_s)

    def add_request(self, latency_s: float) -> None:
        """Count a request that has ended, however it ended."""
        with self._lock:
            self._latencies_s.append(latency_s)

    def add_retry(self) -> None:
        """Count a try after the first."""
        with self._lock:
            self._retries += 1

    def add_bytes(self, count: int) -> None:
        """Count bytes of bodies, sent or received."""
        with self._lock:
            self._bytes += count

    def add_received(self, service: Service, count: int) -> None:
        """Count bytes of answers' bodies, as they came."""
        with self._lock:
            self._received[service] += count

    def add_rate_limit_wait(self, wait_s: float) -> None:
        """Count time spent waiting for a token."""
        with self._lock:
            self._rate_limit_wait_s += wait_s

    def add_retry_wait(self, wait_s: float) -> None:
        """Count time spent waiting after failures, one's own or another thread's."""
        with self._lock:
            self._retry_wait_s += wait_s

    def snapshot(self) -> dict[str, int | float | None]:
        """Return the counts so far; seconds end in `_s`, percentiles are None before any request.

        Keys: requests, retries, bytes, bytes_from_supabase, bytes_from_google, rate_limit_wait_s,
        retry_wait_s, clock_off_s (None: no answer was dated), latency_p50_s, latency_p95_s,
        latency_p99_s.
        """
        with self._lock:
            latencies_s = sorted(self._latencies_s)
            return {
                "requests": len(latencies_s),
                "retries": self._retries,
                "bytes": self._bytes,
                **{f"bytes_from_{name}": count for name, count in self._received.items()},
                "rate_limit_wait_s": round(self._rate_limit_wait_s, 3),
                "retry_wait_s": round(self._retry_wait_s, 3),
                "clock_off_s": agreed_off_s(self._clock_off_s.values()),
                **{f"latency_p{p}_s": percentile(latencies_s, p) for p in (50, 95, 99)},
            }


def percentile(ascending: Sequence[float], percent: int) -> float | None:
    """Return the nearest-rank percentile; None of nothing."""
    if not ascending:
        return None
    return round(ascending[max(0, ceil(len(ascending) * percent / 100) - 1)], 6)
