"""Signals and the time limit in every phase of a run: prompt, recorded, nothing half told."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import pytest

from tests.chaos.program import Finished, Site, until
from tests.chaos.test_overlap import held_at_the_sheet, insert_run
from tests.stack.chaos_proxy import Delay, Fault, status
from tests.stack.receiver import Receiver

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

SHEET = {f"AA{number}": number for number in range(1, 31)}
PROMPT_S = 5.0
"""From the signal to the end, on a busy machine; alone it is a few tenths. What a run would wait
for otherwise takes 30 s and more."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a run is stopped: when a request to one side comes in.

    The request is held until the signal was sent, or gets the answer `fault` at once.
    """

    side: str
    method: str
    target: str
    fault: Fault | None = None
    settings: dict[str, Any] = field(default_factory=dict)


PHASES = {
    "reading": Phase("google", "GET", "values"),
    "signing in": Phase("google", "POST", "token"),
    "opening the record": Phase("supabase", "POST", "sync_state"),
    "comparing": Phase("supabase", "GET", "property_listings"),
    "writing": Phase("supabase", "POST", "property_listings"),
    "waiting to read again": Phase(
        "google", "GET", "values", status(503), {"sync_retry_delay": "60000"}
    ),
    "waiting to write again": Phase(
        "supabase", "POST", "property_listings", status(503), {"sync_retry_delay": "60000"}
    ),
    "waiting for what Retry-After says": Phase(
        "supabase", "POST", "property_listings", status(429, retry_after="50")
    ),
    "waiting for the rate limit": Phase(
        "supabase",
        "GET",
        "property_listings",
        Delay(0.01),
        {"sync_rate_limit": "1", "sync_batch_size": "1"},
    ),
}


def stop_in(phase: Phase, number: signal.Signals, site: Site) -> tuple[Finished, float]:
    """Return how a run ended that got the signal in this phase, and how long that took."""
    came, sent = Event(), Event()

    def schedule(_index: int, method: str, target: str) -> Fault | None:
        if method != phase.method or phase.target not in target:
            return None
        came.set()
        if phase.fault is None:
            sent.wait(30)
        return phase.fault

    proxy = {"google": site.google_proxy, "supabase": site.supabase_proxy}[phase.side]
    proxy.schedule = schedule
    running = site.start("-v", "sync", "all", **phase.settings)
    until(came.is_set)
    if phase.fault is not None:
        time.sleep(0.1)  # for the answer to come back
    began = time.monotonic()
    running.send(number)
    sent.set()
    ended = running.finish()
    site.proceed()
    return ended, time.monotonic() - began


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        *((phase, signal.SIGTERM) for phase in PHASES.values()),
        (PHASES["reading"], signal.SIGINT),
        (PHASES["writing"], signal.SIGINT),
    ],
    ids=[*PHASES, "reading, Ctrl-C", "writing, Ctrl-C"],
)
def test_a_signal_ends_a_run_at_once_and_leaves_its_record(
    phase: Phase, number: signal.Signals, site: Site
) -> None:
    site.put(SHEET)

    ended, took_s = stop_in(phase, number, site)

    assert ended.code == 128 + number
    assert f"Stopped: stopped by {number.name}" in ended.err
    assert took_s < PROMPT_S
    if site.journal():  # one that had no time to be opened
        assert site.runs() == []
        assert site.run("sync", "all").code == 0
    run = site.runs()[0]
    assert run["status"] == "interrupted"
    assert run["total_items"] == run["success_count"] + run["skipped_count"]
    assert run["failed_count"] == 0
    assert run["success_count"] == run["inserted_count"]
    if len(site.runs()) == 1:
        assert run["inserted_count"] == len(site.prices())


def test_a_signal_ends_the_wait_for_the_lock(site: Site) -> None:
    site.put(SHEET)
    go_on = Event()
    first = held_at_the_sheet(site, go_on)
    waiting = site.start("sync", "all")
    time.sleep(0.8)
    began = time.monotonic()
    waiting.send(signal.SIGTERM)
    ended = waiting.finish()
    assert time.monotonic() - began < PROMPT_S
    go_on.set()
    assert ended.code == 143
    assert first.finish().code == 0
    assert len(site.runs()) == 1


def test_a_signal_ends_the_wait_for_a_run_of_another_host(site: Site) -> None:
    site.put(SHEET)
    other = insert_run(site)
    waiting = site.start("sync", "all")
    until(lambda: len(site.supabase_proxy.log) >= 2)
    began = time.monotonic()
    waiting.send(signal.SIGTERM)
    assert waiting.finish().code == 143
    assert time.monotonic() - began < PROMPT_S
    statuses = {run["id"]: run["status"] for run in site.runs()}
    assert statuses.pop(other) == "in_progress"
    assert list(statuses.values()) == ["interrupted"]


def test_a_second_signal_ends_the_program_at_once(site: Site) -> None:
    site.put(SHEET)
    came, go_on = Event(), Event()

    def schedule(_index: int, method: str, target: str) -> None:
        if method == "POST" and "property_listings" in target:
            came.set()
            go_on.wait(30)

    site.supabase_proxy.schedule = schedule
    running = site.start("sync", "all")
    until(came.is_set)
    running.send(signal.SIGTERM)
    time.sleep(1.2)  # more than the longest wait of the main thread, which may have just begun
    assert not running.is_over, "requests in flight are finished"
    running.send(signal.SIGTERM)
    began = time.monotonic()
    assert running.finish().code == -signal.SIGTERM  # 143 for a shell
    assert time.monotonic() - began < PROMPT_S
    go_on.set()
    site.proceed()
    assert site.run("sync", "all").code == 0
    assert [run["status"] for run in site.runs()] == ["failed", "completed"]


def test_what_is_in_flight_at_a_signal_is_finished_and_counted(site: Site) -> None:
    site.put(SHEET)
    phase = PHASES["writing"]
    ended, _ = stop_in(phase, signal.SIGTERM, site)
    assert ended.code == 143
    written = len(site.prices())
    assert 0 < written < len(SHEET)
    (run,) = site.runs()
    assert (run["inserted_count"], run["skipped_count"]) == (written, len(SHEET) - written)


def test_a_run_stopped_in_its_last_write_is_recorded_as_stopped_with_nothing_left_out(
    site: Site,
) -> None:
    site.put({"AA1": 1})
    ended, _ = stop_in(PHASES["writing"], signal.SIGTERM, site)
    assert ended.code == 143
    (run,) = site.runs()
    assert (run["status"], run["inserted_count"], run["skipped_count"]) == ("interrupted", 1, 0)
    assert site.journal() == []


def test_a_stopped_run_leaves_its_messages_to_the_next_one(site: Site) -> None:
    site.put({**SHEET, "AA99": "応相談"})
    with Receiver() as chat:
        writing = PHASES["writing"]
        phase = replace(writing, settings={"sync_alert_webhook_url": chat.url})
        ended, _ = stop_in(phase, signal.SIGTERM, site)
        assert ended.code == 143
        assert not chat.requests
        assert site.run("sync", "all", sync_alert_webhook_url=chat.url).code == 1
        assert "AA99" in chat.requests[0].body.decode()


def test_the_time_limit_fails_the_run_and_skips_the_rest(site: Site) -> None:
    site.put(SHEET)
    site.supabase_proxy.schedule = lambda _index, method, target: (
        Delay(0.7) if method == "POST" and "property_listings" in target else None
    )
    ended = site.run("sync", "all", sync_time_limit="1", sync_concurrency="1")
    assert ended.code == 3
    assert "SYNC_TIME_LIMIT" in ended.err
    (run,) = site.runs()
    assert run["status"] == "failed"
    assert run["failed_count"] == 0
    assert run["skipped_count"] == len(SHEET) - len(site.prices()) > 0
