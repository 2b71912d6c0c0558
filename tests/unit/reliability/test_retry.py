from __future__ import annotations

import pytest

from listing_sync.reliability.retry import retry_delays


@pytest.mark.parametrize(
    ("first_s", "retries", "delays"),
    [
        pytest.param(1.0, 3, (1, 2, 4), id="defaults"),
        pytest.param(1.0, 7, (1, 2, 4, 8, 16, 16, 16), id="never above 16 s"),
        pytest.param(0.05, 3, (0.05, 0.1, 0.2), id="50 ms"),
        pytest.param(20.0, 2, (16, 16), id="first above the cap"),
        pytest.param(1.0, 0, (), id="no retries"),
        pytest.param(0.0, 2, (0, 0), id="no wait"),
    ],
)
def test_waits_double_up_to_the_cap(first_s, retries, delays):
    assert retry_delays(first_s, retries) == pytest.approx(delays)


@pytest.mark.parametrize("arguments", [(-1, 1), (1, -1), (1, 1, -1)])
def test_a_negative_argument_is_refused(arguments):
    with pytest.raises(ValueError, match="negative"):
        retry_delays(*arguments)
