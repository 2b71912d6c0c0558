"""How far this machine's clock is off, by the dates of answers."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.errors import Service
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.server_time import agreed_off_s, clock_off_s
from tests.fakes import START


@pytest.mark.parametrize("off_s", [0, 1, 90, -90, 86400])
def test_a_date_tells_how_far_the_clock_is_ahead(off_s: int) -> None:
    headers = {"date": format_datetime(START - timedelta(seconds=off_s))}
    assert clock_off_s(headers, START, START) == pytest.approx(off_s, abs=1)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"date": "yesterday"},
        {"date": "Sun, 01 Mar 2026 09:00:00 -0000"},
        {"date": format_datetime(START), "age": "3600"},
    ],
    ids=["none", "no date", "no zone", "from a cache"],
)
def test_other_answers_tell_nothing(headers: dict[str, str]) -> None:
    assert clock_off_s(headers, START, START) is None


@given(st.floats(0, 200), st.floats(0, 1))
def test_however_long_an_answer_takes_a_right_clock_is_right(took_s: float, share: float) -> None:
    made = START + timedelta(seconds=took_s * share)
    headers = {"date": format_datetime(made.replace(microsecond=0))}
    assert clock_off_s(headers, START, START + timedelta(seconds=took_s)) == 0


@pytest.mark.parametrize(
    ("by_service", "off_s"),
    [
        ([], None),
        ([[], []], None),
        ([[90.0, 91.0, 3000.0], []], 91),
        ([[90.0], [95.0]], 90),
        ([[90.0], [0.0]], 0),
        ([[90.0], [-90.0]], 0),
        ([[-90.0], [-80.0]], -80),
    ],
)
def test_the_clock_is_wrong_only_where_all_services_say_so(by_service, off_s) -> None:
    assert agreed_off_s(by_service) == off_s


def test_the_meter_keeps_what_the_heads_of_answers_tell() -> None:
    meter = Meter()
    assert meter.snapshot()["clock_off_s"] is None
    ahead = {"date": format_datetime(START - timedelta(seconds=121))}
    meter.add_head(Service.GOOGLE, ahead, START, START)
    meter.add_head(Service.GOOGLE, {}, START, START)
    assert meter.snapshot()["clock_off_s"] == 120
