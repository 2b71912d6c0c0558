"""The webhook against `responses` for statuses, against a real server for shape and time-outs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
import responses

from listing_sync.history.messages import Message
from listing_sync.ports import NotTaken
from listing_sync.signals.webhook import SlackWebhook
from tests.stack.chaos_proxy import ChaosProxy, Drip
from tests.stack.forward_proxy import ForwardProxy
from tests.stack.loopback import Answer, LoopbackServer, Request, Wire
from tests.stack.postgres import free_port
from tests.stack.receiver import Receiver

URL = "https://hooks.example.com/services/T0/topsecret?token=hidden"


MESSAGE = Message(datetime(2026, 1, 31, tzinfo=UTC), "2 runs failed", ("& 物件 &lt;x&gt;",))
TEXT = "*listing-sync: 2 runs failed*\n& 物件 &lt;x&gt;"
TAKEN = None


def post_to(url: str, timeout_s: float = 5) -> NotTaken | None:
    webhook = SlackWebhook([url], timeout_s=timeout_s)
    (address,) = webhook.addresses
    return webhook.post(address, MESSAGE)


def test_a_message_is_posted_as_slack_documents_it() -> None:
    with Receiver() as receiver:
        assert post_to(receiver.url + "/services/T0/topsecret?token=hidden") is TAKEN
        (request,) = receiver.requests
    assert (request.method, request.target) == ("POST", "/services/T0/topsecret?token=hidden")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"text": TEXT}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 410, 425, 429, 500, 502, 503])
@responses.activate
def test_what_will_never_be_taken_is_told_from_what_may_be(status: int) -> None:
    responses.post(URL, status=status)
    is_final = status in {400, 401, 403, 404, 410}
    assert post_to(URL) == NotTaken(f"HTTP {status}", is_final=is_final)
    assert len(responses.calls) == 1


@pytest.mark.parametrize("status", [301, 307, 400, 403, 404, 410, 429, 500, 503])
def test_any_other_answer_is_not_taken_and_no_redirect_is_followed(
    status: int,
) -> None:
    with Receiver() as elsewhere:
        moved = Answer(status, (("Location", elsewhere.url),))
        with Receiver(moved) as receiver:
            refusal = post_to(receiver.url)
            assert len(receiver.requests) == 1
        assert elsewhere.requests == []
    assert refusal == NotTaken(f"HTTP {status}", is_final=status in {400, 403, 404, 410})


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"http://127.0.0.1:{free_port()}/topsecret?token=hidden", "ConnectionError"),
        ("http://127.0.0.1:x/topsecret?token=hidden", "ValueError"),
        ("https://hooks.invalid/topsecret?token=hidden", "ConnectionError"),
    ],
    ids=["refused", "no address", "no such host"],
)
def test_a_failure_never_names_the_address(url: str, why: str) -> None:
    assert post_to(url) == NotTaken(why)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (
            "",
            "wants user and password (HTTP 407): write http://user:password@host:port in ALL_PROXY",
        ),
        (
            "anna:topsecret@",
            (
                "does not take the user and password in ALL_PROXY (HTTP 407): correct them, special"
                " characters percent-encoded"
            ),
        ),
    ],
    ids=["none", "wrong"],
)
def test_a_proxy_that_asks_for_a_password_is_named_as_for_every_service(
    monkeypatch: pytest.MonkeyPatch, scheme: str, credentials: str, words: str
) -> None:
    with ForwardProxy("anna:word") as proxy:
        monkeypatch.setenv("all_proxy", proxy.url.replace("//", f"//{credentials}"))
        refusal = post_to(f"{scheme}://hooks.invalid/topsecret?token=hidden")
        address = proxy.url
    assert refusal == NotTaken(f"the proxy {address} {words}")


def test_the_password_of_a_proxy_is_sent_to_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver, ForwardProxy("anna:w@rd") as proxy:
        monkeypatch.setenv("all_proxy", proxy.url.replace("//", "//anna:w%40rd@"))
        assert post_to(f"{receiver.url}/services") is TAKEN
        assert "proxy-authorization" not in receiver.requests[0].headers
        assert len(proxy.requests) == 1


def test_what_a_receiver_gives_to_keep_is_not_sent_to_it_again() -> None:
    with Receiver(Answer(200, (("Set-Cookie", "who=listing-sync; Path=/"),))) as receiver:
        assert post_to(receiver.url) is TAKEN
        assert post_to(receiver.url) is TAKEN
        assert len(receiver.requests) == 2
        assert not any("cookie" in request.headers for request in receiver.requests)


def test_addresses_are_named_by_digests_that_stay_the_same() -> None:
    urls = [URL, "https://chat.example.com/other"]
    names = SlackWebhook(urls).addresses
    assert names == SlackWebhook(urls).addresses
    assert names[1:] == SlackWebhook(urls[1:]).addresses
    assert not any(part in name for name in names for part in ("example", "secret"))


def test_each_address_is_posted_to_alone_and_named_by_its_place() -> None:
    with Receiver() as good, Receiver(Answer(500)) as bad:
        webhook = SlackWebhook([good.url, bad.url])
        answers = [webhook.post(address, MESSAGE) for address in webhook.addresses]
        assert answers == [TAKEN, NotTaken("HTTP 500")]
        assert [len(receiver.requests) for receiver in (good, bad)] == [1, 1]
    assert webhook.place(webhook.addresses[1]) == "webhook 2 of SYNC_ALERT_WEBHOOK_URL"


@pytest.mark.slow
def test_a_silent_server_costs_no_more_than_the_time_out() -> None:
    with Receiver() as receiver:
        receiver.hang()
        before = monotonic()
        assert post_to(receiver.url, timeout_s=0.2) == NotTaken("no answer in 0.2 s")
        assert monotonic() - before < 2


@pytest.mark.slow
def test_a_server_that_drips_its_answer_costs_no_more_either() -> None:
    drip = Drip(size_bytes=1, pause_s=0.05, head_too=True)
    with Receiver() as receiver, ChaosProxy(receiver.url, lambda *_: drip) as proxy:
        before = monotonic()
        assert post_to(proxy.url, timeout_s=0.3) is not TAKEN
        assert monotonic() - before < 1


def test_a_lone_surrogate_does_not_stop_the_alert() -> None:
    with Receiver() as receiver:
        webhook = SlackWebhook([receiver.url])
        bad = replace(MESSAGE, lines=("bad \ud800 text",))
        assert webhook.post(webhook.addresses[0], bad) is TAKEN
        assert json.loads(receiver.requests[0].body)["text"].endswith("bad ? text")


def test_nobody_is_given_the_credentials_of_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with Receiver() as receiver:
        assert post_to(f"{receiver.url}/services") is TAKEN
    assert "authorization" not in {name.lower() for name, _ in receiver.requests[0].headers.items()}


class Endless(LoopbackServer):
    def serve(self, request: Request, wire: Wire) -> None:
        wire.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:  # until the client has had enough
            wire.connection.sendall(b"x" * 65536)


def test_an_answer_is_not_read_beyond_its_status() -> None:
    with Endless() as server:
        assert post_to(f"{server.url}/services", timeout_s=2) is TAKEN
