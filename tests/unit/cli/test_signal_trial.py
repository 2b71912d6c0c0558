"""`test-signals` as somebody who sets up alerts runs it, to a webhook and a monitor on loopback."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from listing_sync.cli.app import run
from tests.stack.loopback import Answer
from tests.stack.receiver import Receiver


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("SYNC_", "SUPABASE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUPABASE_URL", "https://xyz.supabase.co")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "sb_secret_abcdefghijklmnopqrst")
    monkeypatch.setenv("SYNC_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver() as receiver:
        monkeypatch.setenv("SYNC_ALERT_WEBHOOK_URL", f"{receiver.url}/a,{receiver.url}/b")
        monkeypatch.setenv("SYNC_HEARTBEAT_URL", f"{receiver.url}/beat")
        yield receiver


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["listing-sync", "test-signals", *arguments])
    with pytest.raises(SystemExit) as exit_:
        run()
    return exit_.value.code


def test_each_channel_and_monitor_gets_one_message_and_is_told(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch) == 0
    assert [request.path for request in receiver.requests] == [
        *("/a", "/b", "/beat/start", "/beat/fail", "/beat")
    ]
    text = json.loads(receiver.requests[0].body)["text"]
    assert text.startswith("Trial of listing-sync on ")
    assert "xyz.supabase.co" in text
    printed = capsys.readouterr().out
    assert printed.count(": taken") == 5
    assert receiver.url not in printed


def test_what_was_not_taken_is_named_and_the_others_are_sent_all_the_same(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.reply = lambda request: Answer(404 if request.path == "/a" else 200)
    assert asked(monkeypatch, "--json") == 1
    signals = json.loads(capsys.readouterr().out)["signals"]
    assert [each["taken"] for each in signals] == [False, True, True, True, True]
    assert signals[0] == {
        "to": "SYNC_ALERT_WEBHOOK_URL, address 1",
        "taken": False,
        "problem": "HTTP 404",
    }


def test_where_nothing_is_set_it_says_what_could_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch) == 1
    assert "No channel is set: SYNC_ALERT_WEBHOOK_URL" in capsys.readouterr().out
