"""Several runs at once: on one machine, of two users, of another host and of another source."""

from __future__ import annotations

import json
import os
import re
import socket
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from listing_sync.history.runs import Process
from listing_sync.machine.process import this_process
from tests.chaos.program import TAB, Running, Site, until
from tests.stack.chaos_proxy import Fault
from tests.stack.google_sheets import DEFAULT_SPREADSHEET

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

SHEET = {f"AA{number}": number for number in range(1, 31)}
SOURCE = f"google:{DEFAULT_SPREADSHEET}"


def insert_run(
    site: Site,
    *,
    status: str = "in_progress",
    source: str = SOURCE,
    silent: timedelta = timedelta(),
    clock_ahead: timedelta = timedelta(),
    listings: int = 0,
    process: Process | None = None,
) -> str:
    """Record a run of another host, last heard of some time ago by the database's clock."""
    run_id = str(uuid4())
    heard = datetime.now(UTC) - silent
    columns = {
        "id": run_id,
        "sync_type": "full",
        "trigger": "cron",
        "status": status,
        "started_at": heard + clock_ahead - timedelta(seconds=5),
        "completed_at": None if status == "in_progress" else heard,
        "heartbeat_at": heard + clock_ahead,
        "total_items": listings,
        "success_count": listings,
        "unchanged_count": listings,
        "source": source,
        "target": f"{site.supabase_proxy.url.removeprefix('http://')}/property_listings",
        "host": "elsewhere",
        "error_details": process and json.dumps({"process": asdict(process)}),
        "pid": os.getpid() if process else 4711,
        "version": "1.0",
        "created_at": heard - timedelta(seconds=5),
        "updated_at": heard,
    }
    places = ", ".join(["%s"] * len(columns))
    site.supabase.execute(
        f"insert into sync_state ({', '.join(columns)}) values ({places})", list(columns.values())
    )
    return run_id


def status_of(site: Site, run_id: str) -> str:
    (status,) = [run["status"] for run in site.runs() if run["id"] == run_id]
    return str(status)


def held_at_the_sheet(site: Site, go_on: Event) -> Running:
    """Return a run that has the lock and waits for Google until `go_on`."""
    came = Event()

    def schedule(_index: int, _method: str, target: str) -> Fault | None:
        if "values" in target and not go_on.is_set():
            came.set()
            go_on.wait(30)
        return None

    site.google_proxy.schedule = schedule
    running = site.start("sync", "all")
    until(came.is_set)
    return running


def together(site: Site, count: int, **settings: Any) -> list[dict[str, Any]]:
    running = [site.start("sync", "all", **settings) for _ in range(count)]
    ended = [each.finish() for each in running]
    assert [(each.code, each.out, each.err) for each in ended] == [(0, "", "")] * count
    return site.runs()


@pytest.mark.parametrize("count", [2, 3])
def test_runs_started_at_once_come_one_after_the_other(count: int, site: Site) -> None:
    site.put(SHEET)
    runs = together(site, count)
    assert site.prices() == SHEET
    assert [run["inserted_count"] for run in runs] == [30, *[0] * (count - 1)]
    for earlier, later in pairwise(runs):
        assert earlier["completed_at"] <= later["started_at"]


def test_two_users_with_state_directories_of_their_own_do_not_write_at_once(site: Site) -> None:
    site.put(SHEET)
    users = [
        site.start("sync", "all", sync_state_dir=str(site.folder / name)) for name in ("ann", "bob")
    ]
    assert [user.finish().code for user in users] == [0, 0]
    assert site.prices() == SHEET
    assert sorted(run["inserted_count"] for run in site.runs()) == [0, 30]


def test_a_machine_whose_first_save_is_slow_does_not_write_beside_the_other(site: Site) -> None:
    site.put(SHEET)
    is_held, other_writes, is_over = Event(), Event(), Event()

    def schedule(_index: int, method: str, target: str) -> Fault | None:
        if method == "POST" and "sync_state" in target and not is_held.is_set():
            is_held.set()
            other_writes.wait(30)
        elif method == "POST" and "property_listings" in target and not is_over.is_set():
            other_writes.set()
            is_over.wait(1.5)  # long enough for the slow one to save, look and write
            is_over.set()
        return None

    site.supabase_proxy.schedule = schedule
    slow = site.start("sync", "all", sync_state_dir=str(site.folder / "ann"))
    until(is_held.is_set)
    quick = site.start("sync", "all", sync_state_dir=str(site.folder / "bob"))
    assert [quick.finish().code, slow.finish().code] == [0, 0]
    first, second = site.runs()
    assert (first["inserted_count"], second["inserted_count"]) == (30, 0)
    assert first["completed_at"] <= second["started_at"]


def test_three_selective_runs_at_once_all_succeed(site: Site) -> None:
    site.put(SHEET)
    running = [site.start("sync", "numbers", number) for number in ("AA1", "AA2", "AA3")]
    assert [each.finish().code for each in running] == [0, 0, 0]
    assert site.prices() == {"AA1": 1, "AA2": 2, "AA3": 3}


def test_a_selective_run_beside_a_full_one_is_safe(site: Site) -> None:
    site.put(SHEET)
    running = [site.start("sync", "all"), site.start("sync", "numbers", "AA7")]
    assert [each.finish().code for each in running] == [0, 0]
    assert site.prices() == SHEET
    assert sum(run["inserted_count"] for run in site.runs()) == 30


def test_who_waits_too_long_for_the_lock_is_told_who_holds_it_where_and_since_when(
    site: Site,
) -> None:
    site.put(SHEET)
    go_on = Event()
    first = held_at_the_sheet(site, go_on)
    waited = site.run("sync", "all", sync_lock_timeout="0")
    go_on.set()
    assert first.finish().code == 0
    assert waited.code == 75
    said = (
        rf"on {socket.gethostname()}, process {first.pid}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d"
    )
    assert re.search(said, waited.err)
    assert "SYNC_LOCK_TIMEOUT" in waited.err
    assert len(site.runs()) == 1


def test_a_live_run_of_another_host_is_waited_for_and_never_closed(site: Site) -> None:
    site.put(SHEET)
    other = insert_run(site)
    ended = site.run("sync", "all", sync_lock_timeout="1")
    assert ended.code == 75
    assert re.search(r"process 4711 on elsewhere, since \d{4}-\d\d-\d\d", ended.err)
    assert status_of(site, other) == "in_progress"
    assert site.prices() == {}


def test_a_run_goes_on_once_that_of_another_host_has_ended(site: Site) -> None:
    site.put(SHEET)
    other = insert_run(site)
    waiting = site.start("sync", "all")
    until(lambda: len(site.supabase_proxy.log) >= 2)
    site.supabase.execute(
        "update sync_state set status = 'completed', completed_at = now() where id = %s", (other,)
    )
    assert waiting.finish().code == 0
    assert site.prices() == SHEET


def test_a_run_of_another_host_silent_for_two_minutes_is_closed(site: Site) -> None:
    site.put(SHEET)
    other = insert_run(site, silent=timedelta(seconds=121))
    assert site.run("sync", "all").code == 0
    assert status_of(site, other) == "failed"


def test_a_run_whose_clock_was_a_day_ahead_blocks_nobody_once_it_is_silent(site: Site) -> None:
    site.put(SHEET)
    other = insert_run(site, silent=timedelta(seconds=121), clock_ahead=timedelta(hours=26))
    assert site.run("sync", "all", sync_lock_timeout="1").code == 0
    assert status_of(site, other) == "failed"


@pytest.mark.parametrize(("silent_s", "code"), [(41, 0), (5, 75)])
def test_a_run_of_this_host_whose_process_is_gone_is_closed_once_it_is_silent(
    site: Site, silent_s: int, code: int
) -> None:
    site.put(SHEET)
    other = insert_run(site, silent=timedelta(seconds=silent_s), process=_ended_process())
    assert site.run("sync", "all", sync_lock_timeout="1").code == code
    assert status_of(site, other) == ("in_progress" if code else "failed")


def test_a_live_run_whose_process_cannot_be_seen_from_here_is_waited_for(site: Site) -> None:
    site.put(SHEET)
    elsewhere = replace(_ended_process(), space="pid:[1]")
    other = insert_run(site, silent=timedelta(seconds=60), process=elsewhere)
    assert site.run("sync", "all", sync_lock_timeout="1").code == 75
    assert status_of(site, other) == "in_progress"
    assert site.prices() == {}


def test_a_dead_run_of_another_source_is_closed_too_and_is_no_failure_of_this_one(
    site: Site,
) -> None:
    site.put(SHEET)
    other = insert_run(site, source="google:Another", silent=timedelta(seconds=121))
    assert site.run("sync", "all").code == 0
    assert status_of(site, other) == "failed"
    assert "google:Another" not in site.run("status").out


def test_nothing_is_removed_where_another_source_wrote_the_table(site: Site) -> None:
    site.put(SHEET)
    assert site.run("sync", "all").code == 0
    insert_run(site, status="completed", source="google:Another", listings=5)
    site.put({number: price for number, price in SHEET.items() if number != "AA1"})
    refused = site.run("sync", "all", "--prune")
    assert refused.code == 3
    assert "google:Another" in refused.err
    assert "without --prune" in refused.err
    assert site.prices() == SHEET


def test_the_same_tab_spelled_otherwise_is_the_same_source(site: Site) -> None:
    site.put(SHEET)
    insert_run(site, status="completed", source=f"{SOURCE}#{TAB}", listings=30)
    assert site.run("sync", "all").code == 0
    site.put({number: price for number, price in SHEET.items() if number != "AA1"})
    ended = site.run("sync", "all", "--prune", sync_sheet_name=TAB)
    assert (ended.code, ended.err) == (0, "")
    assert "AA1" not in site.prices()
    assert {run["source"] for run in site.runs()} == {f"{SOURCE}#gid=0", f"{SOURCE}#{TAB}"}
    places: list[dict[str, Any]] = [
        {},
        {"sync_sheet_name": TAB},
        {"sync_state_dir": str(site.folder / "new")},
    ]
    for settings in places:
        shown = json.loads(site.run("status", "--json", **settings).out)
        assert len(shown["runs"]) == 3


def _ended_process() -> Process:
    """Return where a process of this machine was that is no longer there: its number is used."""
    return replace(this_process(), started="1", lock="0:0")
