"""Where no run comes, or none comes to its end, health, mail and chat still say so."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest

from tests.drills.crond import Plight
from tests.drills.office import FIVE_MINUTES_S, Office, joined
from tests.stack.loopback import Answer, Request

pytestmark = pytest.mark.stack

HOUR_S = 3600.0


@pytest.fixture
def hanging(office: Office) -> Iterator[threading.Event]:
    """Let Google answer none of whoever asks while no event is set; health may ask all the same."""
    lets_go = threading.Event()

    def hang(request: Request) -> Answer | None:
        if request.path.startswith("/v4/") and office.is_starting:
            lets_go.wait(30)
        return None

    office.google.before_request(hang)
    yield lets_go
    lets_go.set()


def started(office: Office, *, late_s: float = 0.0) -> int:
    """Start a run that hangs; return its process once the monitor knows of it."""
    starts, looks = office.starts, threading.Event()
    asked = len(office.google.requests)
    office.is_starting = True
    process = office.start(late_s=late_s)
    while office.starts == starts or not _is_reading(office, asked):
        looks.wait(0.02)
    office.is_starting = False
    return process


def _is_reading(office: Office, since: int) -> bool:
    return any(request.path.startswith("/v4/") for request in office.google.requests[since:])


def test_a_crontab_that_was_removed_or_a_machine_that_was_off_is_missed(office: Office) -> None:
    office.series(6, until_s=HOUR_S)
    for silent_s, verdict in ((20 * 60, "DEGRADED"), (HOUR_S, "UNHEALTHY")):
        health = office.run("health", late_s=HOUR_S - silent_s)
        first = health.text.partition("\n")[0]
        assert first.startswith(f"{verdict} - schedule: no run for ")
        assert "usually one comes every 5 min" in first
        assert "`crontab -l`" in joined(health.text)


def test_a_run_that_hangs_is_named_with_its_process(
    office: Office, hanging: threading.Event
) -> None:
    process = started(office, late_s=20 * 60)
    office.settings["SYNC_LOCK_TIMEOUT"] = "0"
    mails = office.series(3)
    assert [mail.code for mail in mails] == [75] * 3
    assert [bool(mail.text) for mail in mails] == [True, False, False]
    health = office.run("health")
    office.crond.kill(process)
    assert health.text.startswith("UNHEALTHY - run in progress: ")
    [message] = office.messages
    for told in (mails[0].text, health.text, message):
        assert f"process {process}" in told.partition("\n")[0]
    assert "end that process" in joined(health.text)
    hanging.set()
    assert office.cron().code == 0


def test_runs_that_are_killed_are_told_though_they_cannot_do_it_themselves(
    office: Office, hanging: threading.Event
) -> None:
    for _ in range(3):
        office.crond.kill(started(office))
    hanging.set()
    after = office.cron()
    assert after.code == 0
    told, over = office.messages
    assert "its process died" in told.partition("\n")[0]
    assert over.startswith("*listing-sync: runs work again")
    assert "After 3 failed runs" in over


def test_a_share_that_was_left_behind_is_named_with_what_it_leaves_out(office: Office) -> None:
    mails = [office.cron(SYNC_ROLLOUT_PERCENT="10") for _ in range(2)]
    assert [(mail.code, mail.text) for mail in mails] == [(0, "")] * 2
    health = office.run("health", SYNC_ROLLOUT_PERCENT="10")
    first = health.text.partition("\n")[0]
    assert re.search(r"SYNC_ROLLOUT_PERCENT is 10: \d+ of 180 listings are left out", first)
    assert "set it to 100" in first


def test_a_clock_that_is_ahead_is_named_and_harms_nothing_once_it_is_right(office: Office) -> None:
    office.plight = Plight(real_clock=True)
    ahead = office.cron(late_s=-300)
    assert (ahead.code, ahead.text) == (0, "")
    first = office.run("health", late_s=-300).text.partition("\n")[0]
    assert re.search(r"clock: this machine's clock is \S+ min.* ahead of the time", first)
    assert "timedatectl set-ntp true" in first
    assert office.cron().code == 0
    assert re.match(r"HEALTHY - last good run: \d+\.\d s ago ", office.run("health").text)


def test_another_writer_is_named_with_listings_and_columns(office: Office) -> None:
    def undo() -> None:
        office.project.execute(
            "update property_listings set price = 1 where property_number in ('AA00001', 'AA00002')"
        )

    assert office.cron(late_s=4 * FIVE_MINUTES_S).code == 0
    for runs_ago in (3, 2, 1, 0):
        undo()
        assert office.cron(late_s=runs_ago * FIVE_MINUTES_S).text == ""
    undo()
    first = office.run("health").text.partition("\n")[0]
    assert first.startswith("DEGRADED - undone: ")
    assert "AA00001, AA00002 (price)" in first
    assert "another program or a trigger of the database undoes them each time" in first
    story = joined(office.run("status", "--listing", "AA00001").text)
    assert "undone since (by the database or another program)" in story
