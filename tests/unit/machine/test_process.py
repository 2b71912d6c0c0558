"""A process is told from every other by more than its number."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from listing_sync.history.runs import Process
from listing_sync.machine.process import is_there, this_process


def test_this_process_is_there_as_long_as_its_start_is_its_own() -> None:
    ours = this_process()
    assert ours.boot_id
    assert ours.space.startswith("pid:")
    assert is_there(os.getpid(), ours.started)
    assert not is_there(os.getpid(), "1")
    assert is_there(os.getpid())


def test_a_process_that_has_ended_is_not_there() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not is_there(ended.pid, "1")
    assert not is_there(2**40)


def test_the_start_is_read_behind_whatever_the_process_is_called(tmp_path: Path) -> None:
    folder = tmp_path / str(os.getpid())
    folder.mkdir()
    (tmp_path / "self").symlink_to(folder.name)
    fields = " ".join(str(number) for number in range(3, 53))
    (folder / "stat").write_text(f"1 (a) b (c)) {fields}", encoding="utf-8")
    assert is_there(os.getpid(), "22", proc=tmp_path)
    assert not is_there(os.getpid(), "21", proc=tmp_path)


def test_the_numbers_of_another_space_are_not_compared(tmp_path: Path) -> None:
    folder = tmp_path / str(os.getpid())
    folder.mkdir()
    (folder / "stat").write_text("1 (a) " + "1 " * 50, encoding="utf-8")
    (tmp_path / "self").symlink_to("1")
    assert is_there(os.getpid(), "22", proc=tmp_path)


def test_where_the_system_tells_nothing_nothing_is_known(tmp_path: Path) -> None:
    assert this_process(tmp_path) == Process()
    assert is_there(os.getpid(), "1", proc=tmp_path)
