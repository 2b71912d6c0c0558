from __future__ import annotations

import errno

import pytest

from listing_sync.history.exposure import disk_problem, folder_problem


@pytest.mark.parametrize(
    ("owner", "mode", "mine", "words"),
    [
        pytest.param(5, 0o40700, 5, None, id="ours alone"),
        pytest.param(5, 0o40755, 5, None, id="others may look"),
        pytest.param(0, 0o42775, 5, None, id="shared by root with a group"),
        pytest.param(5, 0o40770, 5, "mode 0770", id="our group may write"),
        pytest.param(0, 0o40775, 0, "mode 0775", id="root, whose group may write"),
        pytest.param(0, 0o41777, 5, "mode 1777", id="everybody may write"),
        pytest.param(6, 0o40700, 5, "another user", id="of another"),
        pytest.param(6, 0o40700, 0, "another user", id="of another, seen by root"),
    ],
)
def test_who_else_may_plant_files_is_said(
    owner: int, mode: int, mine: int, words: str | None
) -> None:
    problem = folder_problem("/state", owner, mode, mine)
    assert problem is None if words is None else words in (problem or "")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "full: make room"),
        (errno.EROFS, "read-only: name a folder on a volume"),
        (errno.EDQUOT, "quota"),
        (errno.EIO, "the disk fails"),
    ],
)
def test_a_disk_that_takes_nothing_is_told_with_what_helps(number: int, words: str) -> None:
    problem = disk_problem(number, "/var/state")
    assert problem is not None
    assert problem.startswith("/var/state cannot be written: ")
    assert words in problem
    assert (disk_problem(number) or "").startswith("a file cannot be written: ")


def test_another_failure_is_not_the_disks() -> None:
    assert disk_problem(errno.EACCES, "/var/state") is None
    assert disk_problem(None) is None
