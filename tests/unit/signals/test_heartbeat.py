"""Pings in the shapes that healthchecks.io documents."""

from __future__ import annotations

from time import monotonic

import pytest
import responses

from listing_sync.signals.heartbeat import HealthchecksHeartbeat
from tests.stack.loopback import Answer
from tests.stack.receiver import Receiver

URL = "https://hc.example.com/secret-uuid"
RUN = "0b8f3a52-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("url", "ping"),
    [
        (URL, "https://hc.example.com/secret-uuid{}?rid=" + RUN),
        (URL + "/", "https://hc.example.com/secret-uuid{}?rid=" + RUN),
        (URL + "?create=1", "https://hc.example.com/secret-uuid{}?create=1&rid=" + RUN),
    ],
    ids=["plain", "slash", "query"],
)
@responses.activate
def test_start_success_and_failure_go_where_they_belong(url: str, ping: str) -> None:
    for signal in ("/start", "", "/fail"):
        responses.post(ping.format(signal), body="OK")
    heartbeat = HealthchecksHeartbeat(url)
    heartbeat.started(RUN)
    heartbeat.succeeded(RUN, "completed: 10 listings")
    heartbeat.failed(RUN, "failed: 10 listings")
    assert [(call.request.url, call.request.body) for call in responses.calls] == [
        (ping.format("/start"), None),
        (ping.format(""), b"completed: 10 listings"),
        (ping.format("/fail"), b"failed: 10 listings"),
    ]


@responses.activate
def test_nobody_is_pinged_where_nobody_listens() -> None:
    heartbeat = HealthchecksHeartbeat(None)
    heartbeat.started(RUN)
    heartbeat.succeeded(RUN, "")
    assert len(responses.calls) == 0


def test_a_ping_that_fails_once_is_repeated_in_silence() -> None:
    answers = iter([Answer(502), Answer(200)])
    with Receiver(lambda _: next(answers)) as receiver:
        assert HealthchecksHeartbeat(receiver.url).started(RUN) is None
        assert [request.path for request in receiver.requests] == ["/start", "/start"]


@responses.activate
def test_a_ping_that_fails_twice_is_told_without_the_address() -> None:
    responses.post(URL + "/fail", status=404)
    assert HealthchecksHeartbeat(URL).failed(RUN, "") == "HTTP 404"
    assert len(responses.calls) == 2


def test_a_silent_server_costs_two_time_outs_at_most() -> None:
    with Receiver() as receiver:
        receiver.hang()
        before = monotonic()
        why = HealthchecksHeartbeat(receiver.url, timeout_s=0.2).started(RUN)
        assert monotonic() - before < 2
    assert why == "no answer in 0.2 s"


def test_without_an_address_there_is_nothing_to_try() -> None:
    assert HealthchecksHeartbeat(None).trials(RUN, "a trial") == ()
