"""Whoever is to be told may be away, refuse or take little: that is told too."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from socket import socket

import pytest
from aiosmtpd.controller import Controller

from tests.drills import causes
from tests.drills.office import MANY, Office, joined
from tests.stack.loopback import Answer, Request

pytestmark = pytest.mark.stack

TOO_LONG = 1900


def on(path: str, answer: Answer, office: Office) -> None:
    """Let requests of one path be answered so, all others well."""

    def reply(request: Request) -> Answer:
        return answer if request.path.startswith(path) else Answer(200, body=b"ok")

    office.chat.reply = reply


def test_a_webhook_that_is_gone_is_told_once_by_mail_and_always_by_health(office: Office) -> None:
    on("/chat", Answer(404, body=b"no_service"), office)
    causes.pause_project(office)
    mails = office.series(5)
    refused = [mail for mail in mails if "SYNC_ALERT_WEBHOOK_URL" in mail.text]
    assert len(refused) == 1
    assert "refuses messages, which are dropped" in refused[0].text
    office.supabase.schedule = None
    on("/chat", Answer(404, body=b"no_service"), office)
    office.cron()
    health = office.run("health")
    assert health.text.startswith(
        "DEGRADED - channels: webhook 1 of SYNC_ALERT_WEBHOOK_URL refuses"
    )
    assert "listing-sync test-signals" in joined(health.text)


def test_a_receiver_that_takes_little_refuses_no_alert(office: Office) -> None:
    def reply(request: Request) -> Answer:
        is_long = request.path == "/chat" and len(json.loads(request.body)["text"]) > TOO_LONG
        return Answer(400, body=b"too long") if is_long else Answer(200, body=b"ok")

    office.chat.reply = reply
    office.set_column("E", [f"応相談 {number}" for number in range(MANY)])
    assert office.cron().code == 1
    causes.pause_project(office)
    office.series(2)
    listed, alert = office.messages
    assert "and 1" in listed.rpartition("\n")[2]
    assert "listing-sync status --rejected" in listed
    assert "the project is paused" in alert.partition("\n")[0]
    assert not any("refuses" in mail.text for mail in office.series(2))


def test_a_monitor_that_is_away_is_one_mail_and_one_more_when_it_is_back(office: Office) -> None:
    on("/monitor", Answer(503), office)
    mails = office.series(5)
    assert {mail.code for mail in mails} == {0}
    assert [bool(mail.text) for mail in mails] == [True, False, False, False, False]
    assert "SYNC_HEARTBEAT_URL was not reached (HTTP 503)" in mails[0].first_line
    office.chat.reply = Answer(200)
    again = office.cron()
    assert "SYNC_HEARTBEAT_URL works again" in again.first_line


class Box:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def box(office: Office) -> Iterator[Box]:
    """A mail server and a JSON receiver beside the chat."""
    box = Box()
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    json_target = office.chat.url.replace("http://", "json://")
    office.settings["SYNC_NOTIFY_URLS"] = (
        f"mailto://127.0.0.1:{port}?from=sync@office.example&to=it@office.example"
        f" {json_target}/json"
    )
    yield box
    controller.stop()


def test_mail_and_other_channels_hear_of_a_column_with_its_cell(office: Office, box: Box) -> None:
    causes.break_column(office)
    assert office.cron().code == 1
    [mail] = box.mails
    assert "Price: 180 of 180 cells #REF!, the first Listings!E2" in mail["subject"]
    body = html.unescape(mail.get_body(("html", "plain")).get_content())  # type: ignore[union-attr]
    assert "https://docs.google.com/spreadsheets/d/" in body
    assert "range=E2" in body
    [posted] = [json.loads(r.body) for r in office.chat.requests if r.path == "/json"]
    assert "Price: 180 of 180 cells #REF!" in posted["title"]
    assert office.cron().text == ""
    assert len(box.mails) == 1
