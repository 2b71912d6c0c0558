"""What is kept of the table comes back exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from listing_sync.changes.seen import Bucket, Remembered
from listing_sync.machine.state_dir import StateDir
from listing_sync.machine.table_memory import TableMemoryFiles
from tests.fakes import FakeClock

SEEN = (
    Bucket("c1", {"AA1": b"0123456789abcdef", "ZZ\n1 \ud800": b""}, frozenset({"AA1"})),
    None,
    Bucket("c3", {}),
)
REMEMBERED = Remembered(datetime(2026, 3, 1, 9, tzinfo=UTC), SEEN)


@pytest.fixture
def files(tmp_path: Path) -> TableMemoryFiles:
    return TableMemoryFiles(StateDir(tmp_path, tmp_path / "target", FakeClock(), print))


def kept(folder: Path) -> Path:
    [path] = (folder / "target").iterdir()
    return path


def test_it_comes_back_for_its_source_and_identity_alone(files, tmp_path):
    assert files.load("sheet", "me") is None
    files.store("sheet", "me", REMEMBERED)
    assert files.load("sheet", "me") == REMEMBERED
    assert files.load("sheet", "another version") is None
    assert files.load("other", "me") is None
    assert kept(tmp_path).stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_any_damage_makes_it_nothing(files, tmp_path):
    files.store("sheet", "me", REMEMBERED)
    path = kept(tmp_path)
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert files.load("sheet", "me") is None, at
        path.write_bytes(content[:at])
        assert files.load("sheet", "me") is None, at
