"""The whole program where containers, admins and disks give less than a machine has."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.agency import Agency, Printed, house
from tests.stack import odd_machines

pytestmark = pytest.mark.stack

NO_LOCKS = """
import errno
import fcntl


def flock(*_):
    raise OSError(errno.ENOLCK, "No locks available")


fcntl.flock = flock
"""


@pytest.fixture
def office(agency: Agency) -> Agency:
    agency.project.truncate()
    agency.sheet_is(house(1), house(2))
    (agency.folder / "volume").mkdir()
    return agency


def run(
    office: Agency,
    *arguments: str,
    within: Sequence[str] = (),
    umask: int = -1,
    removed: Sequence[str] = (),
    **settings: str,
) -> Printed:
    """Run the program as cron would, within what makes the machine odd."""
    if within and (lack := odd_machines.lacks(within)):
        pytest.skip(f"this machine cannot be made such a one: {lack}")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(office.folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **office.settings,
        **settings,
    }
    ended = subprocess.run(
        [*within, sys.executable, "-m", "listing_sync", *arguments],
        cwd="/",
        env={name: text for name, text in environment.items() if name not in removed},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        umask=umask,
        check=False,
    )
    return Printed(ended.returncode, ended.stdout, ended.stderr)


def rights(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("home", [None, "/"], ids=["no home", "HOME=/"])
def test_a_container_with_one_volume_and_no_name_is_enough(
    office: Agency, home: str | None
) -> None:
    volume = office.folder / "volume"
    there: dict[str, Any] = {
        "within": odd_machines.read_only_but(volume),
        "SYNC_STATE_DIR": str(volume / "state"),
        "removed": () if home else ("HOME",),
        **({"HOME": home} if home else {}),
    }
    for arguments, code in ((("sync", "all"), 0), (("sync", "all"), 0), (("health",), 0)):
        done = run(office, *arguments, **there)
        assert (done.code, done.err) == (code, ""), arguments
    assert len(office.table()) == 2
    assert (volume / "state").is_dir()


def test_a_read_only_disk_is_told_as_one(office: Agency) -> None:
    done = run(
        office,
        *("sync", "all"),
        within=odd_machines.read_only_but(office.folder / "volume"),
        SYNC_STATE_DIR=str(office.folder / "elsewhere"),
    )
    assert done.code == 78
    assert done.err.startswith(
        f"SYNC_STATE_DIR: {office.folder / 'elsewhere'} cannot be written: the file system is"
        " read-only: name a folder on a volume that can be written"
    )
    assert done.err.count("\n") == 1


def test_a_folder_without_the_right_to_write_is_told_with_what_helps(office: Agency) -> None:
    closed = office.folder / "closed"
    closed.mkdir(mode=0o500)
    done = run(
        office,
        *("sync", "all"),
        within=odd_machines.as_nobody() if os.geteuid() == 0 else (),
        SYNC_STATE_DIR=str(closed / "state"),
    )
    assert done.code == 78
    assert done.err.startswith(f"SYNC_STATE_DIR: {closed / 'state'} cannot be written")
    assert "name a directory of the user who runs this" in done.err
    assert office.table() == {}


def test_a_full_disk_is_told_as_one_and_nothing_is_contacted(office: Agency) -> None:
    volume = office.folder / "volume"
    there = odd_machines.full(volume)
    done = run(office, "sync", "all", within=there, SYNC_STATE_DIR=str(volume / "state"))
    assert done.code == 78
    assert "the disk is full: make room on it (df -h, df -i)" in done.err
    assert office.table() == {}
    health = run(office, "health", within=there, SYNC_STATE_DIR=str(volume / "state"))
    assert (health.code, "is full: runs end with 78" in health.out) == (2, True)


def test_a_disk_that_fills_up_costs_the_way_back_and_no_listing(office: Agency) -> None:
    office.sheet_is(*(house(n, note="x" * 40) for n in range(300)))
    volume = office.folder / "volume"
    done = run(
        office,
        *("sync", "all"),
        within=odd_machines.small(volume),
        SYNC_STATE_DIR=str(volume / "state"),
    )
    assert (done.code, "this run cannot be undone" in done.err) == (0, True)
    assert len(office.table()) == 300


def test_a_file_system_without_locks_is_told_once_and_health_knows(
    office: Agency, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NO_LOCKS, encoding="utf-8")
    there: dict[str, Any] = {"PYTHONPATH": f"{site}:{Path(__file__).parents[2]}"}
    told = run(office, "sync", "all", **there)
    assert told.code == 78
    assert "has no locks (flock), without which two runs could meet" in told.err
    assert told.err.count("\n") == 1
    again = run(office, "sync", "all", **there)
    assert (again.code, again.err) == (78, "")
    health = run(office, "health", **there)
    assert (health.code, "has no locks (flock)" in health.out) == (2, True)
    assert office.table() == {}


@pytest.mark.parametrize("umask", [0o077, 0o000], ids=["077", "000"])
def test_what_is_kept_is_the_owners_alone_whatever_the_umask(office: Agency, umask: int) -> None:
    assert run(office, "sync", "all", umask=umask).code == 0
    state = office.folder / "state"
    assert rights(state) == {0o600}
    assert {stat.S_IMODE(each.stat().st_mode) for each in (state, *state.iterdir())} == {0o700}


def test_keys_with_a_byte_order_mark_are_read(office: Agency) -> None:
    files = {
        "SUPABASE_SERVICE_ROLE_KEY": office.project.secret_key,
        "GOOGLE_SERVICE_ACCOUNT_JSON": office.google.key_json(),
    }
    for name, text in files.items():
        (office.folder / name).write_text(f"\ufeff{text}\r\n", encoding="utf-8")
    done = run(
        office,
        *("sync", "all"),
        removed=tuple(files),
        SUPABASE_SERVICE_ROLE_KEY_FILE=str(office.folder / "SUPABASE_SERVICE_ROLE_KEY"),
        GOOGLE_APPLICATION_CREDENTIALS=str(office.folder / "GOOGLE_SERVICE_ACCOUNT_JSON"),
    )
    assert (done.code, done.err) == (0, "")
    assert len(office.table()) == 2


def settings_file(office: Agency) -> Path:
    path = office.folder / "office.env"
    lines = [f"{name}='{text}'\n" for name, text in office.settings.items()]
    path.write_text("".join(lines) + "PASSWORD='a${HOME}b'\nSYNC_SHEET_NAME='${x}'\n")
    path.chmod(0o600)
    return path


def test_a_dollar_in_single_quotes_is_taken_as_written(office: Agency) -> None:
    done = run(
        office,
        *("--env-file", str(settings_file(office)), "sync", "all"),
        removed=tuple(office.settings),
        x="Listings",
    )
    assert (done.code, "no tab '${x}'" in done.err.replace('"', "'")) == (3, True), done.err


def test_two_offices_share_a_state_directory_and_hold_only_themselves(office: Agency) -> None:
    other = office.folder / "other.toml"
    mapping = (office.folder / "mapping.toml").read_text(encoding="utf-8")
    other.write_text(mapping.replace('"property_listings"', '"other_listings"'), encoding="utf-8")
    theirs: dict[str, Any] = {"SYNC_MAPPING_FILE": str(other)}
    assert run(office, "pause", "--reason", "the move", **theirs).code == 0
    held = run(office, "sync", "all", **theirs)
    assert held.code == 3
    assert "the move" in held.err
    assert "/other_listings" in held.err
    assert run(office, "sync", "all").code == 0
    assert run(office, "resume", **theirs).code == 0

    (office.folder / "state" / "hold").write_text("power cut at nine", encoding="utf-8")
    for settings in (theirs, {}):
        held = run(office, "sync", "all", **settings)
        assert held.code == 3
        assert "power cut at nine" in held.err
        assert f"{office.folder / 'state' / 'hold'}" in held.err


def test_a_mail_that_cannot_be_written_changes_no_exit_code(office: Agency) -> None:
    office.sheet_is(house(1), house(2, price="ask"))
    done = run(office, "sync", "all", within=("sh", "-c", 'exec "$@" 2>/dev/full', "sh"))
    assert (done.code, done.out) == (1, "")
    assert len(office.table()) == 1
