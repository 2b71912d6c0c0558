from __future__ import annotations

import hashlib
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from listing_sync.errors import RefusedError
from listing_sync.machine.snapshots import SnapshotFiles
from tests.fakes import START

COLUMNS = ("property_number", "price", "note")
ROWS = [{"property_number": f"AA{n}", "price": f"{n}.10", "note": None} for n in range(5)]


def take(snapshots, *, first=True, at=START, pages=(ROWS[:3], ROWS[3:])):
    return snapshots.take(taken_at=at, columns=COLUMNS, first=first, pages=pages)


@pytest.fixture
def snapshots(machine):
    return SnapshotFiles(machine.state, "xyz/listings")


def test_a_snapshot_comes_back_as_it_was_taken(snapshots):
    meta = take(snapshots)
    found = snapshots.find(snapshots.path_of(meta))
    assert (found.rows, found.target, found.columns, found.first) == (
        5,
        "xyz/listings",
        COLUMNS,
        True,
    )
    assert list(snapshots.rows(found)) == list(snapshots.rows(meta)) == ROWS


def test_an_empty_table_has_a_snapshot_too(snapshots):
    meta = take(snapshots, pages=())
    assert (snapshots.find(snapshots.path_of(meta)).rows, list(snapshots.rows(meta))) == (0, [])


def test_snapshots_are_listed_newest_first_and_the_first_one_is_told(snapshots):
    assert snapshots.all() == ()
    take(snapshots)
    take(snapshots, first=False, at=START + timedelta(hours=1))
    listed = [(meta.taken_at - START, meta.first) for meta in snapshots.all()]
    assert listed == [(timedelta(hours=1), False), (timedelta(0), True)]


def test_a_name_alone_is_looked_for_among_the_snapshots(snapshots):
    meta = take(snapshots)
    assert snapshots.find(Path(meta.name)).taken_at == START


def test_the_checksum_is_what_sha256sum_checks(snapshots):
    path = snapshots.path_of(take(snapshots))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.with_name(f"{path.name}.sha256").read_text() == f"{digest}  {path.name}\n"


@pytest.mark.parametrize("position", [0, 12, -9, -1])
def test_a_damaged_snapshot_is_refused_before_the_first_row(snapshots, position):
    meta = take(snapshots)
    path = snapshots.path_of(meta)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(RefusedError, match="damaged"):
        snapshots.find(path)
    with pytest.raises(RefusedError, match="damaged"):
        next(snapshots.rows(meta))


def test_a_snapshot_of_another_target_is_refused(machine, snapshots):
    path = snapshots.path_of(take(snapshots))
    with pytest.raises(RefusedError, match="xyz/listings, not of abc/listings"):
        SnapshotFiles(machine.state, "abc/listings").find(path)


def test_what_is_not_there_is_refused_with_the_way_on(snapshots, tmp_path):
    with pytest.raises(RefusedError, match="migrate rollback"):
        snapshots.find(tmp_path / "none.jsonl.gz")


def test_a_file_that_is_no_snapshot_is_refused_although_its_checksum_fits(snapshots, tmp_path):
    path = tmp_path / "other.jsonl.gz"
    path.write_bytes(b"other")
    digest = hashlib.sha256(b"other").hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  other\n")
    with pytest.raises(RefusedError, match="not a snapshot"):
        snapshots.find(path)


def test_a_snapshot_that_was_cut_short_is_never_seen(machine, snapshots):
    def pages():
        yield ROWS
        raise KeyError

    with pytest.raises(KeyError):
        take(snapshots, pages=pages())
    assert (snapshots.all(), machine.names("snapshots")) == ((), [])


def test_a_file_without_its_checksum_is_no_snapshot_yet(snapshots):
    path = snapshots.path_of(take(snapshots))
    path.with_name(f"{path.name}.sha256").unlink()
    assert snapshots.all() == ()
    with pytest.raises(RefusedError, match="cannot be read"):
        snapshots.find(path)


def test_files_are_for_their_owner_only(machine, snapshots):
    take(snapshots)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (machine.state.path / "snapshots").iterdir()}
    assert modes == {0o600}
