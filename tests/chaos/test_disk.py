"""A disk that is full, not writable or holds damaged files: what must stop a run, and what not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.program import Site
from tests.stack.chaos_proxy import status

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

SHEET = {f"AA{number}": number for number in range(1, 11)}
STATE_FILES = (
    "breaker-supabase.json",
    "breaker-google.json",
    "lock.json",
    "alerts.json",
    "journal/20260301T090000.000000Z_00000000-0000-4000-8000-000000000001.json",
)
DAMAGES = {
    "no JSON": b"\x00\xff damaged",
    "half a file": b'{"failures": 1, "ope',
    "another document": b'["breaker"]',
    "wrong values": b'{"failures": "many", "run": {"cause": 3}, "since": 5, "opened_at": {}}',
    "empty": b"",
}


@pytest.fixture
def synced(site: Site) -> Iterator[Site]:
    """A site whose first run has been."""
    site.put({"AA1": 1})
    assert site.run("sync", "all").code == 0
    site.put(SHEET)
    return site


def test_a_full_disk_costs_the_way_back_and_nothing_else(synced: Site) -> None:
    ended = synced.run("sync", "all", largest_file_bytes=1)
    assert ended.code == 0
    assert "this run cannot be undone" in ended.err
    assert synced.prices() == SHEET
    assert synced.runs()[-1]["status"] == "completed"


def test_a_full_disk_and_no_database_say_that_the_record_is_lost(synced: Site) -> None:
    synced.supabase_proxy.schedule = lambda *_: status(503)
    ended = synced.run("sync", "all", largest_file_bytes=1)
    assert ended.code == 3
    assert "the record of this run is lost" in ended.err
    synced.proceed()
    assert synced.run("sync", "all").code == 0
    assert synced.prices() == SHEET


@pytest.mark.parametrize("kind", ["a file in its place", "below a file", "cannot be made"])
def test_without_a_state_directory_nothing_is_contacted(kind: str, site: Site) -> None:
    site.put(SHEET)
    path = site.folder / "taken"
    path.touch()
    place = {
        "a file in its place": path,
        "below a file": path / "state",
        "cannot be made": Path("/proc/listing-sync"),
    }[kind]
    ended = site.run("sync", "all", sync_state_dir=str(place))
    assert ended.code == 78
    assert f"SYNC_STATE_DIR: {place} cannot be written" in ended.err
    assert "name a directory" in ended.err
    assert not site.supabase_proxy.log
    assert not site.google_proxy.log


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_files_are_set_aside_and_the_run_goes_on(damage: bytes, synced: Site) -> None:
    for name in STATE_FILES:
        path = synced.state / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(damage)
    for undo in (synced.state / "undo").iterdir():
        undo.write_bytes(damage)

    ended = synced.run("sync", "all")

    assert ended.code == 0
    assert synced.prices() == SHEET
    aside = {path.name for path in synced.state.rglob("*.damaged-*")}
    assert {name.partition(".json")[0] for name in aside} >= {
        "breaker-supabase",
        "breaker-google",
        Path(STATE_FILES[-1]).stem,
    }
    assert ended.err.count("is damaged: set aside as") == len(aside)
    assert synced.run("sync", "all").err == ""


def test_folders_in_the_place_of_files_do_not_stop_a_run(synced: Site) -> None:
    for name in STATE_FILES:
        path = synced.state / name
        path.unlink(missing_ok=True)
        path.mkdir(parents=True)
    ended = synced.run("sync", "all")
    assert ended.code == 0
    assert synced.prices() == SHEET


@pytest.mark.parametrize("name", ["journal", "undo"])
def test_a_file_in_the_place_of_a_folder_does_not_stop_a_run(name: str, synced: Site) -> None:
    folder = synced.state / name
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    folder.touch()
    ended = synced.run("sync", "all")
    assert ended.code == 0
    assert name in ended.err
    assert synced.prices() == SHEET


def test_a_hold_that_cannot_be_read_holds_nevertheless(synced: Site) -> None:
    (synced.folder / "state" / "hold").mkdir()
    ended = synced.run("sync", "all")
    assert ended.code == 3
    assert f"delete the file {synced.folder / 'state' / 'hold'}" in ended.err
    assert synced.prices() == {"AA1": 1}


def test_a_lock_that_cannot_be_used_stops_the_run_before_anything_is_asked(synced: Site) -> None:
    (synced.state / "lock").unlink(missing_ok=True)
    (synced.state / "lock").mkdir()
    before = len(synced.supabase_proxy.log)
    ended = synced.run("sync", "all")
    assert ended.code == 78
    assert "the lock" in ended.err
    assert len(synced.supabase_proxy.log) == before


def test_a_record_that_the_database_refuses_does_not_keep_later_runs_from_syncing(
    synced: Site,
) -> None:
    synced.supabase_proxy.schedule = lambda *_: status(503)
    assert synced.run("sync", "all").code == 3
    synced.proceed()
    (waiting,) = synced.journal()
    entry = json.loads(waiting.read_text(encoding="utf-8"))
    entry["run"]["host"] = "a NUL, which no text of PostgreSQL holds: \0"
    waiting.write_text(json.dumps(entry), encoding="utf-8")
    ended = synced.run("sync", "all")
    assert (ended.code, ended.err) == (0, "")
    assert synced.prices() == SHEET
    assert synced.journal() == [waiting]


def test_a_breaker_opened_in_the_future_lets_a_probe_through_once_its_time_has_passed(
    synced: Site,
) -> None:
    stored = {"failures": 5, "opened_at": time.time() + 86400}
    (synced.state / "breaker-supabase.json").write_text(json.dumps(stored), encoding="utf-8")
    refused = synced.run("sync", "all", sync_circuit_breaker_timeout="1500")
    assert refused.code == 3
    assert "failed 5 times in a row" in refused.err
    assert "health" in refused.err
    time.sleep(1.5)
    assert synced.run("sync", "all", sync_circuit_breaker_timeout="1500").code == 0
    assert [run["status"] for run in synced.runs()] == ["completed", "failed", "completed"]
