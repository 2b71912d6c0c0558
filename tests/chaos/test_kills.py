"""kill -9 at any moment: the next run does the rest and says what became of the dead one."""

from __future__ import annotations

import signal
import time
import zlib
from random import Random
from threading import Event
from typing import Any

import pytest

from listing_sync.machine.undo_lines import changes_in
from tests.chaos.how_many import KILLS
from tests.chaos.program import Running, Site, until
from tests.stack.chaos_proxy import Fault, Hold

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

BEFORE = {f"AA{number}": 1 for number in range(1, 31)}
SHEET = {f"AA{number}": number for number in range(11, 51)}
"""Ten listings go, ten stay as they are or nearly so, ten more change, twenty are new."""
LONGEST_RUN_S = 1.2
REQUESTS = 24


@pytest.mark.parametrize("number", range(KILLS))
def test_the_run_after_a_kill_does_the_rest_and_closes_the_dead_one(
    number: int, site: Site
) -> None:
    chance = Random(number)
    site.fill(BEFORE)
    site.put(SHEET)
    if number % 3 == 0:
        running = _start(site)
        time.sleep(chance.uniform(0, LONGEST_RUN_S))
        running.send(signal.SIGKILL)
        running.finish()
    else:
        _kill_at_request(chance.randrange(REQUESTS), site, was_done=chance.random() < 0.5)
    site.proceed()
    left = site.prices()
    changed = {number for number, _ in left.items() ^ BEFORE.items()}
    assert changed <= _remembered(site)

    ended = _start(site).finish()

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "" or ended.out.startswith("Removed ")  # which is news, also to cron
    assert site.prices() == SHEET
    *dead, last = site.runs()
    assert len(dead) <= 1
    for run in dead:
        assert run["status"] in {"failed", "completed"}
        _check_totals(run)
        assert run["inserted_count"] + run["updated_count"] + run["removed_count"] <= len(changed)
    assert last["status"] == "completed"
    assert last["inserted_count"] == len(SHEET.keys() - left.keys())
    assert last["unchanged_count"] == len(SHEET.items() & left.items())
    assert last["removed_count"] == len(left.keys() - SHEET.keys())
    _check_totals(last)
    assert site.journal() == []


def _start(site: Site, **settings: Any) -> Running:
    return site.start("sync", "all", "--prune", sync_prune_limit="100", **settings)


def _remembered(site: Site) -> set[str]:
    """Return the listings of which the disk knows what a run did to them."""
    paths = (site.folder / "state").glob("*/undo/*")
    lines = [line for path in paths for line in _whole_members(path.read_bytes()).splitlines()]
    return {change.property_number for line in lines for change in changes_in(line)}


def _whole_members(packed: bytes) -> bytes:
    """Unpack gzip members up to one that was cut off."""
    lines = b""
    while packed:
        unpacker = zlib.decompressobj(wbits=31)
        member = unpacker.decompress(packed)
        if not unpacker.eof:
            break
        lines += member
        packed = unpacker.unused_data
    return lines


def _kill_at_request(number: int, site: Site, *, was_done: bool) -> None:
    """Kill a run while its request `number` waits, before or after the service did its work."""
    came = Event()
    is_dead = Event()

    def schedule(index: int, _method: str, _target: str) -> Fault | None:
        return None if index < number else Hold(came, is_dead, after_forwarding=was_done)

    site.supabase_proxy.schedule = schedule
    running = _start(site)
    until(lambda: came.is_set() or running.is_over)
    running.send(signal.SIGKILL)
    running.finish()
    is_dead.set()


def _check_totals(run: dict[str, Any]) -> None:
    assert run["success_count"] == (
        run["inserted_count"] + run["updated_count"] + run["unchanged_count"]
    )
    assert run["total_items"] == run["success_count"] + run["failed_count"] + run["skipped_count"]
