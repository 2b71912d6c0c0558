from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from listing_sync.errors import Service, SettingsError
from listing_sync.machine.alert_memory import AlertMemoryFile
from listing_sync.machine.breaker_file import BreakerFile
from listing_sync.machine.hold import HoldFile
from listing_sync.machine.state_dir import StateDir, find_state_dir, target_folder, write_atomically
from listing_sync.reliability.breaker import Breaker
from tests.fakes import FakeClock
from tests.unit.machine.conftest import Machine


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("setting", "environment", "found"),
    [
        (Path("/a"), {"STATE_DIRECTORY": "/b"}, Path("/a")),
        (None, {"STATE_DIRECTORY": "/b"}, Path("/b")),
        (None, {"STATE_DIRECTORY": "/b:/c"}, Path("/b")),
    ],
    ids=["setting wins", "systemd", "first of several"],
)
def test_the_state_directory_is_the_setting_then_systemds(setting, environment, found):
    assert find_state_dir(setting, environment) == found


def test_without_either_it_is_the_users_own():
    assert find_state_dir(None, {}).name == "listing-sync"


def test_targets_have_folders_of_their_own_that_a_person_knows_again():
    names = {
        target_folder(*t) for t in [("a.co", "b"), ("a.co", "c"), ("a", "co-b"), ("a/co", "b")]
    }
    assert len(names) == 4
    assert target_folder("xyz.supabase.co", "listings").startswith("xyz.supabase.co-listings-")
    assert "/" not in target_folder("../x", "/etc")


def test_folders_and_files_are_for_their_owner_only(machine):
    machine.state.require_writable()
    machine.state.write_json("x/y.json", {})
    folders = [machine.state.root, machine.state.path, machine.state.path / "x"]
    assert [mode(folder) for folder in folders] == [0o700] * 3
    assert mode(machine.state.path / "x/y.json") == 0o600


def test_a_file_where_the_directory_should_be_is_a_settings_error(machine):
    machine.state.root.parent.mkdir(exist_ok=True)
    machine.state.root.write_text("")
    with pytest.raises(SettingsError, match="SYNC_STATE_DIR"):
        machine.state.require_writable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_a_settings_error(machine):
    machine.state.require_writable()
    machine.state.path.chmod(0o500)
    with pytest.raises(SettingsError, match="cannot be written"):
        machine.state.require_writable()


def test_reading_before_anything_was_written_makes_nothing(machine):
    assert machine.state.read_json("x.json") is None
    assert not machine.state.root.exists()


def test_a_replaced_file_leaves_no_other_behind(machine):
    machine.state.write_json("x.json", 1)
    machine.state.write_json("x.json", {"物件": "\ud800"})
    assert machine.names() == ["x.json"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    (tmp_path / "x").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "x", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"failures":1', b"[1] 2"], ids=repr)
def test_a_damaged_file_is_set_aside_with_a_warning(machine, content):
    machine.put("x.json", content)
    assert machine.state.read_json("x.json") is None
    assert machine.names() == ["x.json.damaged-20260301T090000Z"]
    assert len(machine.warnings) == 1
    assert "set aside" in machine.warnings[0]


def test_a_damaged_file_that_cannot_be_set_aside_is_ignored_with_a_warning(machine):
    machine.put("x.json", b"{")
    machine.put("x.json.damaged-20260301T090000Z/in the way", b"")
    assert machine.state.read_json("x.json") is None
    assert "cannot be set aside" in machine.warnings[0]


# -- breaker ----------------------------------------------------------------------------------


def test_each_service_has_its_breaker_and_the_next_process_finds_it(machine):
    at = machine.clock.now().timestamp()
    BreakerFile(machine.state, Service.SUPABASE).save(Breaker(failures=5, opened_at=at))
    found = BreakerFile(machine.state, Service.SUPABASE).load()
    assert (found.failures, found.opened_at) == (5, at)
    assert BreakerFile(machine.state, Service.GOOGLE).load() == Breaker()


def test_an_opening_in_the_future_is_put_right_once_so_that_its_timeout_passes(machine):
    now = machine.clock.now().timestamp()
    file = BreakerFile(machine.state, Service.SUPABASE)
    file.save(Breaker(failures=5, opened_at=now + 1e6))
    assert file.load().opened_at == now
    machine.clock.sleep(100)
    assert file.load().opened_at == now


@pytest.mark.parametrize("content", [b"[]", b'{"failures":"many"}', b'{"failures":-1}'], ids=repr)
def test_what_is_no_breaker_counts_as_closed_and_is_set_aside(machine, content):
    machine.put("breaker-supabase.json", content)
    assert BreakerFile(machine.state, Service.SUPABASE).load() == Breaker()
    assert machine.names() == ["breaker-supabase.json.damaged-20260301T090000Z"]


def test_a_breaker_that_cannot_be_kept_is_a_warning(machine):
    (machine.state.path / "breaker-supabase.json").mkdir(parents=True)
    file = BreakerFile(machine.state, Service.SUPABASE)
    file.save(Breaker(failures=1))
    assert file.load() == Breaker()
    assert len(machine.warnings) == 2


# -- hold and alerts --------------------------------------------------------------------------


def test_hold_is_a_file_whose_text_is_the_reason(machine):
    hold = HoldFile(machine.state.root, machine.state.path)
    assert hold.reason() is None
    hold.place("rolled back")
    assert hold.reason() == "rolled back"
    hold.path.write_bytes(b"")
    assert hold.reason() == ""
    assert hold.path == machine.state.path / "hold"
    assert not hold.is_of_all


def test_two_offices_in_one_state_directory_hold_only_themselves(machine):
    one = HoldFile(machine.state.root, machine.state.root / "one")
    other = HoldFile(machine.state.root, machine.state.root / "other")
    one.place("rolled back by one")
    assert other.reason() is None
    other.remove()
    assert one.reason() == "rolled back by one"


def test_a_persons_hold_in_the_root_is_of_every_target(machine):
    hold = HoldFile(machine.state.root, machine.state.path)
    machine.state.root.mkdir(parents=True, exist_ok=True)
    (machine.state.root / "hold").write_text("moving house\n", encoding="utf-8")
    assert (hold.reason(), hold.is_of_all) == ("moving house", True)
    assert hold.path == machine.state.root / "hold"
    hold.remove()
    assert hold.reason() == "moving house"
    hold.remove(of_all=True)
    assert hold.reason() is None


def test_alert_memory_survives_and_starts_empty(machine):
    memory = AlertMemoryFile(machine.state)
    assert memory.load() == {}
    memory.store({"since": "2026"})
    assert AlertMemoryFile(machine.state).load() == {"since": "2026"}
    machine.put("alerts.json", json.dumps([1]).encode())
    assert memory.load() == {}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_state_directory_and_its_parents_are_ours_alone_whatever_the_umask(
    umask: int, tmp_path: Path
) -> None:
    root = tmp_path / "above" / "state"
    state = StateDir(root, root / "target", FakeClock(), print)
    before = os.umask(umask)
    try:
        state.require_writable()
    finally:
        os.umask(before)
    made = (root.parent, root, root / "target")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o700] * 3


def test_a_state_directory_that_others_may_write_is_refused(machine: Machine) -> None:
    machine.state.require_writable()
    machine.state.root.chmod(0o777)
    with pytest.raises(SettingsError, match=r"others may write in .*chmod 700"):
        machine.state.require_writable()


def test_a_named_pipe_in_place_of_a_state_file_is_not_waited_for(machine: Machine) -> None:
    machine.state.require_writable()
    os.mkfifo(machine.state.path / "breaker.json")
    with pytest.raises(OSError, match="not a regular file"):
        machine.state.read_json("breaker.json")


def test_a_state_file_beyond_any_of_ours_is_not_read(machine: Machine) -> None:
    machine.state.require_writable()
    path = machine.state.path / "breaker.json"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(OSError, match="larger than any"):
        machine.state.read_json("breaker.json")
