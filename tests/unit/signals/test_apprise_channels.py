"""Apprise against a real SMTP server and a JSON receiver on loopback."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from socket import create_server, socket
from threading import Event, Thread
from time import monotonic

import pytest
from aiosmtpd.controller import Controller

from listing_sync.history.messages import Message
from listing_sync.ports import NotTaken
from listing_sync.signals.apprise_channels import AppriseChannels
from tests.stack.loopback import Answer, LoopbackServer, Request, Wire
from tests.stack.receiver import Receiver

pytestmark = pytest.mark.slow

LINK = "https://docs.google.com/x#gid=0&range=F2"
MESSAGE = Message(
    datetime(2026, 1, 31, tzinfo=UTC),
    "AA00001 newly rejected &amp; kept",
    ("sheet → table",),
    items=(
        "• AA00001 <https://docs.google.com/x#gid=0&amp;range=F2|Listings!F2> 価格: not a number",
    ),
    more="listing-sync status --rejected",
    is_alert=False,
)


class Box:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def mail_server(box: Box) -> Iterator[str]:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"mailto://127.0.0.1:{port}?from=sync@office.example&to=it@office.example"
    finally:
        controller.stop()


def send(url: str, message: Message = MESSAGE) -> NotTaken | None:
    channels = AppriseChannels([url])
    return channels.post(channels.addresses[0], message)


def test_a_mail_has_a_useful_subject_and_links_to_the_cells(mail_server: str, box: Box) -> None:
    assert send(mail_server) is None
    (mail,) = box.mails
    assert mail["subject"] == "listing-sync: AA00001 newly rejected & kept"
    body = mail.get_body(("plain", "html"))
    assert body is not None
    text = body.get_content()
    assert LINK in text.replace("&amp;", "&")
    assert "価格: not a number" in text


def test_the_json_target_gets_title_and_text() -> None:
    with Receiver() as receiver:
        assert send(receiver.url.replace("http://", "json://")) is None
        (request,) = receiver.requests
    body = json.loads(request.body)
    assert body["title"] == "listing-sync: AA00001 newly rejected & kept"
    assert body["message"].startswith("sheet → table\n")


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(400, True), (404, True), (408, False), (425, False), (429, False), (500, False)],
)
def test_a_refusal_is_final_as_its_status_says(status: int, *, is_final: bool) -> None:
    with Receiver(Answer(status)) as receiver:
        refusal = send(receiver.url.replace("http://", "json://"))
    assert refusal == NotTaken(f"HTTP {status}", is_final=is_final)


def test_a_mail_server_that_is_away_is_asked_again_later(mail_server: str) -> None:
    refusal = send("mailto://127.0.0.1:1?from=a@b.example&to=c@d.example")
    assert refusal is not None
    assert not refusal.is_final


def test_a_receiver_whose_limit_is_not_known_gets_less_than_1_900_characters() -> None:
    many = Message(
        MESSAGE.at, "60 listings", (), tuple(f"• {'x' * 60} {n}" for n in range(60)), "all"
    )
    with Receiver() as receiver:
        assert send(receiver.url.replace("http://", "json://"), many) is None
        text = json.loads(receiver.requests[0].body)["message"]
    assert len(text) <= 1900
    assert text.endswith(" more: all")


def test_nobody_is_given_the_credentials_of_netrc_and_no_redirect_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password something\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    with Receiver() as elsewhere:
        moved = Answer(307, (("Location", elsewhere.url), ("Set-Cookie", "a=b")))
        with Receiver(moved) as receiver:
            assert send(receiver.url.replace("http://", "json://")) == NotTaken("HTTP 307")
            (request,) = receiver.requests
        assert elsewhere.requests == []
    assert "authorization" not in request.headers


def test_credentials_of_the_address_are_sent() -> None:
    with Receiver() as receiver:
        assert send(receiver.url.replace("http://", "json://somebody:something@")) is None
        assert receiver.requests[0].headers["authorization"].startswith("Basic ")


class Endless(LoopbackServer):
    def serve(self, request: Request, wire: Wire) -> None:
        wire.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:  # until the client has had enough
            wire.connection.sendall(b"x" * 65536)


def test_an_answer_without_an_end_is_not_read_on() -> None:
    with Endless() as server:
        assert send(server.url.replace("http://", "json://")) is None


def test_an_answer_that_unpacks_to_more_is_not_unpacked_on() -> None:
    packed = gzip.compress(b"x" * 2 * 1024 * 1024)
    with Receiver(Answer(200, (("Content-Encoding", "gzip"),), packed)) as receiver:
        assert send(receiver.url.replace("http://", "json://")) is None


@pytest.mark.parametrize("speaks", [b"", b"250-more\r\n" * 1000])
def test_a_server_that_comes_to_no_end_is_left_in_time(speaks: bytes) -> None:
    def talk() -> None:
        near, _ = listener.accept()
        with near, suppress(OSError):
            while True:
                near.sendall(speaks or b"\0")
                ended.wait(0 if speaks else 0.05)

    ended = Event()
    with create_server(("127.0.0.1", 0)) as listener:
        Thread(target=talk, daemon=True).start()
        channels = AppriseChannels(
            [f"mailto://127.0.0.1:{listener.getsockname()[1]}?from=a@b.example&to=c@d.example"],
            timeout_s=1.5,
        )
        began = monotonic()
        refusal = channels.post(channels.addresses[0], MESSAGE)
        assert monotonic() - began < 4
    assert refusal is not None
    assert not refusal.is_final


def test_no_address_shows_more_than_its_kind() -> None:
    channels = AppriseChannels(["mailtos://somebody:secret@office.example"])
    assert channels.place(channels.addresses[0]) == "address 1 (mailtos) of SYNC_NOTIFY_URLS"


def test_an_address_that_apprise_does_not_know_is_named_by_its_place() -> None:
    (problem,) = AppriseChannels(["json://localhost", "nonsense://x"]).problems()
    assert problem.startswith("address 2 (nonsense) of SYNC_NOTIFY_URLS is none that Apprise knows")


def test_apprise_is_imported_only_when_a_message_is_due() -> None:
    program = (
        "import sys; from listing_sync.signals.apprise_channels import AppriseChannels as A;"
        " A(['json://localhost']).addresses; sys.exit('apprise' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
