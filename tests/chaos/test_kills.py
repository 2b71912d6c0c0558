"""kill -9 at any moment: the next run does the rest and says what became of the dead one."""

from __future__ import annotations

import signal
import time
from random import Random
from threading import Event
from typing import Any

import pytest

from tests.chaos.how_many import KILLS
from tests.chaos.program import Site, until
from tests.stack.chaos_proxy import Drop, Fault

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

SHEET = {f"AA{number}": number for number in range(1, 41)}
LONGEST_RUN_S = 1.2
REQUESTS = 18


@pytest.mark.parametrize("number", range(KILLS))
def test_the_run_after_a_kill_does_the_rest_and_closes_the_dead_one(
    number: int, site: Site
) -> None:
    chance = Random(number)
    site.put(SHEET)
    if number % 3 == 0:
        running = site.start("sync", "all")
        time.sleep(chance.uniform(0, LONGEST_RUN_S))
        running.send(signal.SIGKILL)
        running.finish()
    else:
        _kill_at_request(chance.randrange(REQUESTS), site, was_done=chance.random() < 0.5)
    site.proceed()
    before = site.prices()

    ended = site.run("sync", "all")

    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert site.prices() == SHEET
    *dead, last = site.runs()
    assert len(dead) <= 1
    for run in dead:
        assert run["status"] in {"interrupted", "completed"}
        _check_totals(run)
        assert run["success_count"] <= len(before)
    assert last["status"] == "completed"
    assert last["inserted_count"] == len(SHEET) - len(before)
    _check_totals(last)
    assert site.journal() == []


def _kill_at_request(number: int, site: Site, *, was_done: bool) -> None:
    """Kill a run when its request `number` has come in, or been done and not answered."""
    came = Event()
    answered = Event()

    def schedule(index: int, _method: str, _target: str) -> Fault | None:
        if index < number:
            return None
        came.set()
        answered.wait(10)
        return Drop(after_forwarding=was_done)

    site.supabase_proxy.schedule = schedule
    running = site.start("sync", "all", sync_retry_delay="60000")
    until(lambda: came.is_set() or running.is_over)
    if not was_done:
        running.send(signal.SIGKILL)
    answered.set()
    until(lambda: running.is_over or len(site.supabase_proxy.log) > number)
    running.send(signal.SIGKILL)
    running.finish()


def _check_totals(run: dict[str, Any]) -> None:
    assert run["success_count"] == (
        run["inserted_count"] + run["updated_count"] + run["unchanged_count"]
    )
    assert run["total_items"] == run["success_count"] + run["failed_count"] + run["skipped_count"]
