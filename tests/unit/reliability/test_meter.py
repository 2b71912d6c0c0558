from __future__ import annotations

import pytest

from listing_sync.errors import Service
from listing_sync.reliability.meter import Meter, percentile


def test_a_new_meter_has_counted_nothing():
    assert Meter().snapshot() == {
        "requests": 0,
        "retries": 0,
        "bytes": 0,
        "bytes_from_supabase": 0,
        "bytes_from_google": 0,
        "rate_limit_wait_s": 0.0,
        "retry_wait_s": 0.0,
        "clock_off_s": None,
        "latency_p50_s": None,
        "latency_p95_s": None,
        "latency_p99_s": None,
    }


def test_counts_add_up():
    meter = Meter()
    for latency_s in (0.3, 0.1, 0.2):
        meter.add_request(latency_s)
    meter.add_retry()
    meter.add_bytes(10)
    meter.add_bytes(5)
    meter.add_received(Service.SUPABASE, 4)
    meter.add_received(Service.GOOGLE, 3)
    meter.add_received(Service.GOOGLE, 2)
    meter.add_rate_limit_wait(0.5)
    meter.add_retry_wait(1.0)
    meter.add_retry_wait(2.0)
    assert meter.snapshot() == {
        "requests": 3,
        "retries": 1,
        "bytes": 15,
        "bytes_from_supabase": 4,
        "bytes_from_google": 5,
        "rate_limit_wait_s": 0.5,
        "retry_wait_s": 3.0,
        "clock_off_s": None,
        "latency_p50_s": 0.2,
        "latency_p95_s": 0.3,
        "latency_p99_s": 0.3,
    }


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (50, 50), (95, 95), (99, 99), (100, 100)]
)
def test_percentiles_are_values_that_were_seen(percent, expected):
    assert percentile([float(n) for n in range(1, 101)], percent) == expected
