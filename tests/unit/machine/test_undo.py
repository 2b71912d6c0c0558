from __future__ import annotations

import gzip
import json
import os
import random
import resource
import stat
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.json_exact import decode
from listing_sync.errors import RefusedError
from listing_sync.machine.snapshots import SnapshotFiles
from listing_sync.machine.undo import UndoFiles
from listing_sync.machine.written import written_since
from listing_sync.ports import Replaced
from tests.fakes import START

VALUES = st.none() | st.booleans() | st.integers() | st.text()
ROWS = st.none() | st.dictionaries(st.text(min_size=1), VALUES, max_size=4)
CHANGES = st.builds(Replaced, st.text(min_size=1), ROWS, ROWS)


def update(number: str, new: int) -> Replaced:
    return Replaced(number, {"price": new - 1}, {"price": new})


def path_of(machine, run_id):
    return next((machine.state.path / "undo").glob(f"*_{run_id}.jsonl.gz"))


@pytest.mark.slow
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


def test_runs_are_listed_newest_first_whatever_the_clock_says(machine):
    undo = UndoFiles(machine.state)
    for day in (1, 3, 2):
        undo.record(f"r{day}", START + timedelta(days=day), [update("AA1", day)])
    assert undo.runs() == tuple((f"r{d}", START + timedelta(days=d)) for d in (2, 3, 1))


def test_changes_of_a_listing_come_newest_first_and_no_more_than_asked(machine):
    undo = UndoFiles(machine.state)
    undo.record("r1", START, [update("AA1", 1), update("AA10", 7)])
    undo.record("r2", START + timedelta(days=1), [update("AA1", 2)])
    undo.record("r2", START + timedelta(days=1), [update("AA2", 9), update("AA1", 3)])
    found = undo.changes_of("AA1", 2)
    assert [(change.run_id, change.new) for change in found] == [
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
    UndoFiles(machine.state, {"price": ColumnType.MONEY}).record("r", START, [update("物件", 1)])
    path = path_of(machine, "r")
    assert list(map(json.loads, gzip.decompress(path.read_bytes()).splitlines())) == [
        {"types": {"price": "money"}},
        ["物件", {"price": 0}, {"price": 1}],
    ]
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


def test_a_file_that_is_deleted_under_a_run_is_made_anew(machine):
    undo = UndoFiles(machine.state)
    undo.record("r", START, [update("AA1", 1)])
    path_of(machine, "r").unlink()
    undo.record("r", START, [update("AA2", 2)])
    assert list(undo.read("r")) == [update("AA2", 2)]


def test_runs_side_by_side_keep_a_file_each_and_one_is_open(machine):
    undo = UndoFiles(machine.state)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(9):
        for run in ("r1", "r2"):
            undo.record(run, START, [update(run, number)])
    assert [len(list(undo.read(run))) for run in ("r1", "r2")] == [9, 9]
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_old_files_are_deleted_but_never_the_newest(machine):
    undo = UndoFiles(machine.state)
    for day in range(5):
        undo.record(f"r{day}", START + timedelta(days=day), [update("AA1", day)])
    undo.delete_older(START + timedelta(days=3), keep=1)
    assert [run_id for run_id, _ in undo.runs()] == ["r4", "r3"]
    undo.delete_older(START + timedelta(days=9), keep=1)
    assert [run_id for run_id, _ in undo.runs()] == ["r4"]


def logged(written, number):
    return [(change.run_id, change.new, change.is_certain) for change in written.changes_of(number)]


def snapshot_of(machine, at=START):
    return SnapshotFiles(machine.state, "t").take(
        taken_at=at, columns=("n",), first=False, pages=[[{"n": "AA1"}]]
    )


def test_what_runs_did_after_a_snapshot_is_found_by_listing_oldest_first(machine):
    undo = UndoFiles(machine.state)
    undo.record("before", START, [update("AA1", 1)])
    snapshot = snapshot_of(machine, START + timedelta(days=1))
    # The clock was set back since.
    undo.record("r1", START - timedelta(days=1), [update("AA1", 2), update("AA2", 7)])
    undo.record("r2", START - timedelta(days=2), [update("AA1", 3)])
    with written_since(undo, snapshot) as written:
        assert logged(written, "AA1") == [("r1", {"price": 2}, False), ("r2", {"price": 3}, False)]
        assert logged(written, "AA3") == []
        assert list(written.numbers_of("r1")) == ["AA1", "AA2"]
    with written_since(undo, "r2") as written:
        assert logged(written, "AA1") == [("r2", {"price": 3}, False)]
    with written_since(undo, None) as written:
        assert len(written.changes_of("AA1")) == 3


def test_what_was_refused_is_struck_out_and_what_was_done_is_certain(machine):
    undo = UndoFiles(machine.state, {"price": ColumnType.MONEY})
    undo.record("r", START, [update("AA1", 1), update("AA2", 2), update("AA3", 3)])
    undo.conclude("r", done=["AA1"], refused=["AA2"], made={"AA1": {"price": "1.00"}})
    undo.record("r", START, [update("AA2", 9)])
    undo.conclude("r", done=["AA2"])
    with written_since(undo, None) as written:
        (first,) = written.changes_of("AA1")
        assert (first.made, first.types) == ({"price": "1.00"}, {"price": ColumnType.MONEY})
        assert logged(written, "AA2") == [("r", {"price": 9}, True)]
        assert logged(written, "AA3") == [("r", {"price": 3}, False)]
    (second,) = undo.changes_of("AA2", 9)
    assert (second.new, second.is_certain) == ({"price": 9}, True)
    (one,) = undo.changes_of("AA1", 9)
    assert (one.made, one.types) == ({"price": "1.00"}, {"price": ColumnType.MONEY})
    assert [change.is_certain for change in undo.changes_of("AA3", 9)] == [False]


def test_an_outcome_of_a_run_that_noted_nothing_makes_no_file(machine):
    undo = UndoFiles(machine.state)
    undo.conclude("r", done=["AA1"])
    assert undo.runs() == ()


def test_files_of_version_1_are_read_and_come_before_all_others(machine):
    line = b'["AA1",{"price":1},{"price":2}]\n'
    machine.put("undo/20990101T000000.000000Z_old.jsonl.gz", gzip.compress(line))
    undo = UndoFiles(machine.state)
    undo.record("new", START, [update("AA1", 3)])
    assert [run_id for run_id, _ in undo.runs()] == ["new", "old"]
    with written_since(undo, None) as written:
        assert logged(written, "AA1") == [
            ("old", {"price": 2}, False),
            ("new", {"price": 3}, False),
        ]
    snapshot = snapshot_of(machine)
    with written_since(undo, snapshot) as written:
        assert written.changes_of("AA1") == ()
    of_version_1 = replace(snapshot, sequence=None)
    with written_since(undo, of_version_1) as written:
        assert [change.run_id for change in written.changes_of("AA1")] == ["old", "new"]


def test_what_a_kept_snapshot_needs_is_kept(machine):
    undo = UndoFiles(machine.state)
    undo.record("before", START, [update("AA1", 1)])
    snapshot = snapshot_of(machine)
    undo.record("after", START, [update("AA1", 2)])
    undo.delete_older(START + timedelta(days=99), keep=0)
    assert [run_id for run_id, _ in undo.runs()] == ["after"]
    for path in (machine.state.path / "snapshots").glob(f"{snapshot.name}*"):
        path.unlink()
    undo.delete_older(START + timedelta(days=99), keep=0)
    assert undo.runs() == ()


def test_a_change_of_another_listing_is_not_taken_for_that_of_one_that_it_names(machine):
    undo = UndoFiles(machine.state)
    undo.record("r", START, [Replaced('AA"1', None, {"note": "AA2"}), update("AA2", 2)])
    with written_since(undo, None) as written:
        assert logged(written, "AA2") == [("r", {"price": 2}, False)]
        assert list(written.numbers_of("r")) == ['AA"1', "AA2"]


def test_a_document_of_several_lines_keeps_its_text(machine):
    document = decode('{"a":\n 1.10,\r\n "b": "\\n"}')
    undo = UndoFiles(machine.state)
    undo.record("r", START, [Replaced("AA1", {"facts": document}, {"facts": None})])
    (change,) = undo.read("r")
    assert change.old is not None
    facts: Any = change.old["facts"]
    assert facts.text == document.text


def test_a_listing_is_found_as_the_table_spells_its_number(machine):
    undo = UndoFiles(machine.state)
    undo.record("r", START, [Replaced("001", None, {"price": 1})])
    undo.conclude("r", done=["001"], spelled={"001": "1"})
    with written_since(undo, None) as written:
        assert list(written.numbers_of("r")) == ["1"]
        assert logged(written, "1") == [("r", {"price": 1}, True)]


def test_inserts_name_their_columns_once_and_are_found_one_by_one(machine):
    undo = UndoFiles(machine.state)
    rows = [Replaced(f"AA{number}", None, {"price": number, "note": None}) for number in range(9)]
    undo.record("r", START, [*rows, update("AA3", 5), Replaced("AA9", None, {"price": 1})])
    (_, lines), *_ = [(file, [*undo.lines(file.path)]) for file in undo.since(None)]
    assert b"".join(lines).count(b"note") == 1
    assert [change.new for change in undo.changes_of("AA3", 9)] == [{"price": 5}, rows[3].new]
    with written_since(undo, None) as written:
        assert logged(written, "AA8") == [("r", rows[8].new, False)]


STAMPED = "0000000009-20260301T090000.000000Z_r9.jsonl.gz"


def plant(machine, content: bytes, name: str = STAMPED) -> None:
    folder = machine.state.path / "undo"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def test_a_batch_that_unpacks_to_more_than_any_is_damage(machine, monkeypatch):
    undo = UndoFiles(machine.state)
    undo.record("r", START, [update("AA1", 1)])
    monkeypatch.setattr("listing_sync.machine.undo.LARGEST_BATCH_BYTES", 3_000)
    path = path_of(machine, "r")
    path.write_bytes(path.read_bytes() + gzip.compress(b"x" * 3_001))
    assert list(undo.read("r")) == [update("AA1", 1)]
    assert "damaged" in machine.warnings[0]


def test_a_batch_that_could_not_be_read_again_is_not_recorded(machine, monkeypatch):
    monkeypatch.setattr("listing_sync.machine.undo._FIRST_LINE_BYTES", 2_000)
    monkeypatch.setattr("listing_sync.machine.undo.LARGEST_BATCH_BYTES", 3_000)
    undo = UndoFiles(machine.state)
    with pytest.raises(OSError, match="may hold"):
        undo.record("r", START, [Replaced("AA1", {"note": "x" * 2_000}, None)])


@pytest.mark.parametrize(
    "line",
    [
        b"[",
        b"[1]",
        b'["AA1"]',
        b'["AA1",1,2]',
        b'["AA1",[],{}]',
        b"{}x",
        b"[]",
        b'{"done":1}',
        b'{"types":[]}',
        b'{"columns":1,"inserted":{"AA1":[1]}}',
        b'{"columns":["a"],"inserted":{"AA1":[]}}',
        b'{"columns":["a"]}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_by_name(machine, line):
    plant(machine, gzip.compress(b'["AA1",null,{"price":1}]\n' + line + b"\n"))
    undo = UndoFiles(machine.state)

    def look() -> None:
        with written_since(undo, None) as written:
            written.changes_of("AA1")
            written.changes_of("")

    with suppress(RefusedError):
        undo.changes_of("AA1", 5)
    with pytest.raises(RefusedError, match=r"r9\.jsonl\.gz is damaged, or was not written"):
        look()


@pytest.mark.parametrize(
    "name",
    ["copy.jsonl.gz", "0000000009-99999999T999999.000000Z_r.jsonl.gz", "x_r.jsonl.gz", "a_b.gz"],
)
def test_a_file_of_another_name_is_none_of_ours(machine, name):
    plant(machine, b"", name)
    undo = UndoFiles(machine.state)
    assert undo.runs() == ()
    undo.delete_older(START + timedelta(days=1), keep=0)
    assert (machine.state.path / "undo" / name).exists()


def test_what_a_rollback_was_to_take_back_is_known_of_the_runs_before_it(machine):
    undo = UndoFiles(machine.state)
    told: list[tuple[str, dict[str, Any] | None]] = [
        ("r1", None),
        ("r2", None),
        ("one", {"run": "r2"}),
        ("r3", None),
        ("since", {"since": 1}),
        ("odd", {"until": 9}),
    ]
    for run_id, undoes in told:
        undo.record(run_id, START, [update("AA1", 1)], undoes=undoes)
    with written_since(undo, None) as written:
        undone = {change.run_id: change.undoes for change in written.changes_of("AA1")}
    assert undone == {
        "r1": frozenset(),
        "r2": frozenset(),
        "one": {"r2"},
        "r3": frozenset(),
        "since": {"r2", "one", "r3"},
        "odd": frozenset(),
    }
