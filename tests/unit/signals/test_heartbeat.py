"""Pings in the shapes that healthchecks.io documents."""

from __future__ import annotations

from time import monotonic

import pytest

from listing_sync.signals.heartbeat import HealthchecksHeartbeat
from tests.stack.loopback import Answer
from tests.stack.receiver import Receiver

RUN = "0b8f3a52-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("address", "ping"),
    [
        ("/secret-uuid", "/secret-uuid{}?rid=" + RUN),
        ("/secret-uuid/", "/secret-uuid{}?rid=" + RUN),
        ("/secret-uuid?create=1", "/secret-uuid{}?create=1&rid=" + RUN),
    ],
    ids=["plain", "slash", "query"],
)
def test_start_success_and_failure_go_where_they_belong(address: str, ping: str) -> None:
    with Receiver() as receiver:
        heartbeat = HealthchecksHeartbeat(receiver.url + address)
        heartbeat.started(RUN)
        heartbeat.succeeded(RUN, "completed: 10 listings")
        heartbeat.failed(RUN, "failed: 10 listings")
        assert [(request.target, request.body) for request in receiver.requests] == [
            (ping.format("/start"), b""),
            (ping.format(""), b"completed: 10 listings"),
            (ping.format("/fail"), b"failed: 10 listings"),
        ]


def test_nobody_is_pinged_where_nobody_listens() -> None:
    heartbeat = HealthchecksHeartbeat(None)
    assert heartbeat.started(RUN) is None
    assert heartbeat.succeeded(RUN, "") is None


def test_a_ping_that_fails_once_is_repeated_in_silence() -> None:
    answers = iter([Answer(502), Answer(200)])
    with Receiver(lambda _: next(answers)) as receiver:
        assert HealthchecksHeartbeat(receiver.url).started(RUN) is None
        assert [request.path for request in receiver.requests] == ["/start", "/start"]


def test_a_ping_that_fails_twice_is_told_without_the_address() -> None:
    with Receiver(Answer(404)) as receiver:
        assert HealthchecksHeartbeat(receiver.url).failed(RUN, "") == "HTTP 404"
        assert len(receiver.requests) == 2


@pytest.mark.slow
def test_a_silent_server_costs_two_time_outs_at_most() -> None:
    with Receiver() as receiver:
        receiver.hang()
        before = monotonic()
        why = HealthchecksHeartbeat(receiver.url, timeout_s=0.2).started(RUN)
        assert monotonic() - before < 2
    assert why == "no answer in 0.2 s"


def test_without_an_address_there_is_nothing_to_try() -> None:
    assert HealthchecksHeartbeat(None).trials(RUN, "a trial") == ()
