"""The chaos proxy does to a client exactly what it was told to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from tests.stack.chaos_proxy import (
    ChaosProxy,
    Delay,
    Drip,
    Drop,
    Fault,
    Hold,
    Reset,
    Respond,
    Truncate,
    html,
    redirect,
    status,
)
from tests.stack.loopback import Answer
from tests.stack.receiver import Receiver


@pytest.fixture
def service() -> Iterator[Receiver]:
    with Receiver(Answer(200, (("X-Here", "yes"),), b"0123456789")) as receiver:
        yield receiver


def send(service: Receiver, fault: Fault | None) -> tuple[httpx.Response, ChaosProxy]:
    with (
        ChaosProxy(service.url, lambda *_: fault) as proxy,
        httpx.Client(base_url=proxy.url, timeout=1) as client,
    ):
        return client.post("/path?a=%2Fb", content=b"body"), proxy


def test_without_a_fault_a_request_passes_unchanged(service: Receiver) -> None:
    answer, proxy = send(service, None)
    assert (answer.status_code, answer.content, answer.headers["x-here"]) == (
        200,
        b"0123456789",
        "yes",
    )
    (seen,) = service.requests
    assert (seen.method, seen.target, seen.body) == ("POST", "/path?a=%2Fb", b"body")
    assert [each.upstream_status for each in proxy.log] == [200]


@pytest.mark.parametrize(
    ("fault", "code", "forwarded"),
    [
        pytest.param(status(429, retry_after="3"), 429, 0, id="status"),
        pytest.param(html(), 200, 0, id="html"),
        pytest.param(redirect(307, "http://127.0.0.1:9/"), 307, 0, id="redirect"),
        pytest.param(Respond(Answer(504), after_forwarding=True), 504, 1, id="after forwarding"),
        pytest.param(Delay(0.02), 200, 1, id="delay"),
        pytest.param(Delay(0.02, status(503)), 503, 0, id="delay, then a status"),
        pytest.param(Drip(4, 0.01), 200, 1, id="drip"),
        pytest.param(Drip(50, 0.01, head_too=True), 200, 1, id="drip the head too"),
    ],
)
def test_a_fault_with_an_answer(service: Receiver, fault: Fault, code: int, forwarded: int) -> None:
    answer, _ = send(service, fault)
    assert (answer.status_code, len(service.requests)) == (code, forwarded)


@pytest.mark.parametrize(
    ("fault", "error", "forwarded"),
    [
        pytest.param(Drop(), httpx.RemoteProtocolError, 0, id="drop"),
        pytest.param(Drop(after_forwarding=True), httpx.RemoteProtocolError, 1, id="drop after"),
        pytest.param(Reset(), httpx.ReadError, 0, id="reset"),
        pytest.param(Reset(after_forwarding=True), httpx.ReadError, 1, id="reset after"),
        pytest.param(Truncate(3), httpx.RemoteProtocolError, 1, id="truncate"),
        pytest.param(Delay(5), httpx.ReadTimeout, 0, id="delay past the timeout"),
    ],
)
def test_a_fault_without_an_answer(
    service: Receiver, fault: Fault, error: type[httpx.HTTPError], forwarded: int
) -> None:
    with pytest.raises(error):
        send(service, fault)
    assert len(service.requests) == forwarded


def test_an_answer_can_be_held_until_it_is_let_go(service: Receiver) -> None:
    done, release = Event(), Event()
    with ThreadPoolExecutor() as pool:
        sent = pool.submit(send, service, Hold(done, release, after_forwarding=True))
        assert done.wait(10)
        assert (len(service.requests), sent.done()) == (1, False)
        release.set()
        with pytest.raises(httpx.RemoteProtocolError):
            sent.result()


def test_the_schedule_sees_number_method_and_target(service: Receiver) -> None:
    seen: list[tuple[int, str, str]] = []
    with ChaosProxy(service.url, lambda *about: seen.append(about)) as proxy:
        httpx.get(f"{proxy.url}/one")
        httpx.delete(f"{proxy.url}/two?x=1")
    assert seen == [(0, "GET", "/one"), (1, "DELETE", "/two?x=1")]
    assert [request.at <= time.monotonic() for request in proxy.requests] == [True, True]
