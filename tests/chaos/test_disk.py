"""A disk that is full, not writable or holds damaged files: what must stop a run, and what not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from listing_sync.errors import BreakerOpenError, HoldError, Service, SettingsError
from listing_sync.history.runs import RunStatus
from tests.chaos.fake_world import Scene
from tests.chaos.program import Site
from tests.stack.chaos_proxy import status

SHEET = {f"AA{number}": number for number in range(1, 11)}
STATE_FILES = (
    "breaker-supabase.json",
    "breaker-google.json",
    "lock.json",
    "alerts.json",
    "journal/20260301T090000.000000Z_00000000-0000-4000-8000-000000000001.json",
)
SET_ASIDE = {STATE_FILES[0], STATE_FILES[1], Path(STATE_FILES[4]).name}
"""What a run that meets nobody and tells nobody reads."""
DAMAGES = {
    "no JSON": b"\x00\xff damaged",
    "half a file": b'{"failures": 1, "ope',
    "another document": b'["breaker"]',
    "wrong values": b'{"failures": "many", "run": {"cause": 3}, "since": 5, "opened_at": {}}',
    "empty": b"",
}

pytestmark = pytest.mark.chaos


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A scene whose first run has been, and whose sheet has changed since."""
    scene = Scene(tmp_path, {})
    scene.put({"AA1": 1})
    assert scene.run().run.status is RunStatus.COMPLETED
    scene.put(SHEET)
    return scene


def syncs(scene: Scene) -> bool:
    """Say whether a run does all that it has to."""
    is_complete = scene.run().run.status is RunStatus.COMPLETED
    return is_complete and scene.table.content.keys() == SHEET.keys()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_files_are_set_aside_and_the_run_goes_on(damage: bytes, scene: Scene) -> None:
    for name in STATE_FILES:
        path = scene.state.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(damage)
    for undo in (scene.state.path / "undo").iterdir():
        undo.write_bytes(damage)

    assert syncs(scene)

    aside = {path.name.partition(".damaged-")[0] for path in scene.folder.rglob("*.damaged-*")}
    assert aside == SET_ASIDE
    assert len(scene.warnings) == len(aside)
    assert all("is damaged: set aside as" in warning for warning in scene.warnings)
    scene.run()
    assert len(scene.warnings) == len(aside), "told once"


def test_folders_in_the_place_of_files_do_not_stop_a_run(scene: Scene) -> None:
    for name in STATE_FILES:
        (scene.state.path / name).mkdir(parents=True)
    assert syncs(scene)


@pytest.mark.parametrize("name", ["journal", "undo"])
def test_a_file_in_the_place_of_a_folder_does_not_stop_a_run(name: str, scene: Scene) -> None:
    folder = scene.state.path / name
    if folder.exists():
        folder.rename(scene.folder / "before")
    folder.touch()
    assert syncs(scene)


def test_a_hold_that_cannot_be_read_holds_nevertheless(scene: Scene) -> None:
    (scene.folder / "hold").mkdir()
    error = scene.run().error
    assert isinstance(error, HoldError)
    assert f"delete the file {scene.folder / 'hold'}" in str(error)


def test_a_lock_that_cannot_be_used_stops_the_run_before_anything_is_asked(scene: Scene) -> None:
    (scene.state.path / "lock").unlink(missing_ok=True)
    (scene.state.path / "lock").mkdir()
    with pytest.raises(SettingsError, match=r"the lock .* cannot be used"):
        scene.run()
    assert scene.asked_at_s == []


def test_a_breaker_opened_in_the_future_lets_a_probe_through_once_its_time_has_passed(
    scene: Scene,
) -> None:
    in_a_day = scene.time.now().timestamp() + 86400
    stored = json.dumps({"failures": 5, "opened_at": in_a_day})
    (scene.state.path / f"breaker-{Service.SUPABASE}.json").write_text(stored, encoding="utf-8")
    refused = scene.run()
    assert isinstance(refused.error, BreakerOpenError)
    assert refused.run.in_journal
    assert scene.asked_at_s == []
    scene.time.pass_by(60)
    assert syncs(scene)
    assert [
        run.status for run in sorted(scene.records.runs.values(), key=lambda run: run.started_at)
    ] == [*(RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.COMPLETED)]


# -- the program itself ---------------------------------------------------------------------------


@pytest.mark.stack
def test_a_full_disk_costs_the_way_back_and_nothing_else(site: Site) -> None:
    site.put(SHEET)
    ended = site.run("sync", "all", largest_file_bytes=1)
    assert ended.code == 0
    assert "this run cannot be undone" in ended.err
    assert site.prices() == SHEET
    assert [run["status"] for run in site.runs()] == ["completed"]


@pytest.mark.stack
def test_a_full_disk_and_no_database_say_that_the_record_is_lost(site: Site) -> None:
    site.put(SHEET)
    site.supabase_proxy.schedule = lambda *_: status(503)
    ended = site.run("sync", "all", largest_file_bytes=1)
    assert ended.code == 3
    assert "the record of this run is lost" in ended.err


@pytest.mark.stack
@pytest.mark.parametrize("kind", ["a file in its place", "cannot be made"])
def test_without_a_state_directory_nothing_is_contacted(kind: str, site: Site) -> None:
    site.put(SHEET)
    path = site.folder / "taken"
    path.touch()
    place = {"a file in its place": path, "cannot be made": Path("/proc/listing-sync")}[kind]
    ended = site.run("sync", "all", sync_state_dir=str(place))
    assert ended.code == 78
    assert f"SYNC_STATE_DIR: {place} cannot be written" in ended.err
    assert "name a directory" in ended.err
    assert not site.supabase_proxy.log
    assert not site.google_proxy.log


@pytest.mark.stack
def test_a_record_that_the_database_refuses_does_not_keep_later_runs_from_syncing(
    site: Site,
) -> None:
    site.put(SHEET)
    site.supabase_proxy.schedule = lambda *_: status(503)
    assert site.run("sync", "all").code == 3
    site.proceed()
    (waiting,) = site.journal()
    entry = json.loads(waiting.read_text(encoding="utf-8"))
    entry["run"]["host"] = "a NUL, which no text of PostgreSQL holds: \0"
    waiting.write_text(json.dumps(entry), encoding="utf-8")
    ended = site.run("sync", "all")
    assert ended.code == 0
    assert ended.err.startswith("Runs work again, after 1 failed run since ")
    assert ended.err.count("\n") == 1
    assert site.prices() == SHEET
    assert site.journal() == [waiting]
