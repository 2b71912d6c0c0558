from __future__ import annotations

import gzip
import json
import os
import random
import resource
import stat
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listing_sync.local.undo import UndoFiles
from listing_sync.local.written import written_since
from listing_sync.ports import Replaced
from tests.fakes import START

VALUES = st.none() | st.booleans() | st.integers() | st.text()
ROWS = st.none() | st.dictionaries(st.text(min_size=1), VALUES, max_size=4)
CHANGES = st.builds(Replaced, st.text(min_size=1), ROWS, ROWS)


def update(number: str, new: int) -> Replaced:
    return Replaced(number, {"price": new - 1}, {"price": new})


def path_of(machine, run_id):
    return next((machine.state.path / "undo").glob(f"*_{run_id}.jsonl.gz"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(batches=st.lists(st.lists(CHANGES, max_size=5), max_size=5))
def test_what_was_recorded_is_read_in_order(machine, batches):
    undo = UndoFiles(machine.state)
    undo.delete_older(START + timedelta(days=1), keep=0)
    for batch in batches:
        undo.record("r", START, batch)
    assert list(undo.read("r")) == [change for batch in batches for change in batch]


def test_a_run_that_changed_nothing_has_no_file(machine):
    undo = UndoFiles(machine.state)
    undo.record("r", START, [])
    assert (undo.runs(), list(undo.read("r")), undo.changes_of("AA1", 5)) == ((), [], ())


def test_runs_are_listed_newest_first(machine):
    undo = UndoFiles(machine.state)
    for day in (1, 3, 2):
        undo.record(f"r{day}", START + timedelta(days=day), [update("AA1", day)])
    assert undo.runs() == tuple((f"r{d}", START + timedelta(days=d)) for d in (3, 2, 1))


def test_changes_of_a_listing_come_newest_first_and_no_more_than_asked(machine):
    undo = UndoFiles(machine.state)
    undo.record("r1", START, [update("AA1", 1), update("AA10", 7)])
    undo.record("r2", START + timedelta(days=1), [update("AA1", 2)])
    undo.record("r2", START + timedelta(days=1), [update("AA2", 9), update("AA1", 3)])
    found = undo.changes_of("AA1", 2)
    assert [(run_id, change.new) for run_id, _, change in found] == [
        ("r2", {"price": 3}),
        ("r2", {"price": 2}),
    ]
    assert len(undo.changes_of("AA1", 99)) == 3


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_batch_that_was_cut_off_hides_none_before_it(machine, cut):
    undo = UndoFiles(machine.state)
    undo.record("r", START, [update("AA1", 1)])
    undo.record("r", START, [update("AA2", 2)])
    path = path_of(machine, "r")
    os.truncate(path, path.stat().st_size - cut)
    assert list(undo.read("r")) == [update("AA1", 1)]
    assert machine.warnings == []


def test_damage_in_the_middle_is_a_warning(machine):
    undo = UndoFiles(machine.state)
    for number in (1, 2, 3):
        undo.record("r", START, [update(f"AA{number}", number)])
    path = path_of(machine, "r")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    first, *others = undo.read("r")
    assert (first, update("AA3", 3) in others) == (update("AA1", 1), False)
    assert len(machine.warnings) == 1


def test_files_are_gzip_and_for_their_owner_only(machine):
    UndoFiles(machine.state).record("r", START, [update("物件", 1)])
    path = path_of(machine, "r")
    assert json.loads(gzip.decompress(path.read_bytes())) == ["物件", {"price": 0}, {"price": 1}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_threads_record_side_by_side(machine):
    undo = UndoFiles(machine.state)

    def work(worker):
        for number in range(20):
            undo.record("r", START, [update(f"AA{worker}-{number}", number)])

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({change.property_number for change in undo.read("r")}) == 80


def test_a_record_that_cannot_be_kept_is_an_os_error(machine):
    machine.put("undo", b"a file where the folder should be")
    with pytest.raises(OSError, match=r"exists|directory"):
        UndoFiles(machine.state).record("r", START, [update("AA1", 1)])


def test_a_disk_that_fills_up_in_the_middle_of_a_batch_spoils_no_other(machine):
    undo = UndoFiles(machine.state)
    undo.record("r", START, [update("AA1", 1)])
    noise = Replaced("AA2", None, {"note": random.Random(1).randbytes(5000).hex()})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            undo.record("r", START, [noise])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    undo.record("r", START, [update("AA3", 3)])
    assert list(undo.read("r")) == [update("AA1", 1), update("AA3", 3)]


def test_old_files_are_deleted_but_never_the_newest(machine):
    undo = UndoFiles(machine.state)
    for day in range(5):
        undo.record(f"r{day}", START + timedelta(days=day), [update("AA1", day)])
    undo.delete_older(START + timedelta(days=3), keep=1)
    assert [run_id for run_id, _ in undo.runs()] == ["r4", "r3"]
    undo.delete_older(START + timedelta(days=9), keep=1)
    assert [run_id for run_id, _ in undo.runs()] == ["r4"]


def test_what_runs_wrote_since_a_moment_is_found_by_listing_oldest_first(machine):
    undo = UndoFiles(machine.state)
    for day in range(3):
        changes = [update("AA1", day), Replaced("AA2", None, {"name": "東京"})]
        undo.record(f"r{day}", START + timedelta(days=day), changes)
    with written_since(undo, START + timedelta(days=1)) as written:
        assert written.changes_of("AA1") == (update("AA1", 1), update("AA1", 2))
        assert written.changes_of("AA2") == (Replaced("AA2", None, {"name": "東京"}),) * 2
        assert written.changes_of("AA3") == ()
