"""Where state goes for users that a container made up, and who else may write there."""

from __future__ import annotations

import os
import pickle
import pwd  # noqa: F401 - as platformdirs, imported while it can be read
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import platformdirs  # noqa: F401 - imported before the user loses the right to read it
import pytest

from listing_sync.errors import SettingsError
from listing_sync.machine.state_dir import StateDir, find_state_dir
from tests.fakes import FakeClock

T = TypeVar("T")
NOBODYS_NUMBER = 54321

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


def as_user(number: int, act: Callable[[], T], environment: Mapping[str, str]) -> T:
    """Return what `act` returns in a process of another user, with this environment."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.environ.clear()
            os.environ.update(environment)
            os.setgroups([])
            os.setgid(number)
            os.setuid(number)
            os.write(write, pickle.dumps(act()))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        content = answer.read()
    os.waitpid(child, 0)
    return pickle.loads(content)


@as_root
@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, "/var/lib/listing-sync"),
        ({"HOME": "/"}, "/.local/state/listing-sync"),
        ({"HOME": "/home/x"}, "/home/x/.local/state/listing-sync"),
        ({"STATE_DIRECTORY": "/var/lib/office"}, "/var/lib/office"),
    ],
    ids=["no home", "HOME=/", "home", "systemd"],
)
def test_a_number_without_a_name_has_a_place_for_its_state(
    environment: dict[str, str], place: str
) -> None:
    found = as_user(NOBODYS_NUMBER, lambda: str(find_state_dir(None, os.environ)), environment)
    assert found == place


def problem_of(root: Path) -> str:
    state = StateDir(root=root, path=root / "target", clock=FakeClock(), warn=print)
    try:
        state.require_writable()
    except SettingsError as error:
        return str(error)
    return ""


@as_root
def test_a_folder_that_a_user_may_not_write_is_told_with_what_helps(tmp_path: Path) -> None:
    problem = as_user(NOBODYS_NUMBER, lambda: problem_of(tmp_path / "state"), {})
    assert problem.startswith(f"SYNC_STATE_DIR: {tmp_path / 'state'} cannot be written")
    assert "name a directory of the user who runs this" in problem


@as_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "state"
    root.mkdir()
    os.chown(root, NOBODYS_NUMBER, NOBODYS_NUMBER)
    assert f"belongs to another user (number {NOBODYS_NUMBER})" in problem_of(root)
