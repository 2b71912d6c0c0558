from __future__ import annotations

from pathlib import Path

import pytest

from listing_sync.cells.listings import Value
from listing_sync.changes.rollout import is_in_share
from listing_sync.cli.progress import Silent
from listing_sync.commands.cutover import cutover, take_snapshot
from listing_sync.commands.verify import Verification, verify
from tests.moving_world import MovingWorld

SILENT = Silent()
SHEET = "AA1,100,for sale\nAA2,200,sold\nAA3,300,\n"
TABLE: dict[str, dict[str, Value]] = {
    "AA1": {"price": 100, "status": "for sale"},
    "AA2": {"price": "200", "status": "sold"},
    "AA3": {"price": 300},
}


def world(folder: Path, sheet: str = SHEET) -> MovingWorld:
    return MovingWorld(folder, sheet, TABLE)


def compare(ports: MovingWorld, percent: float = 100) -> Verification:
    return verify(ports, percent, SILENT)


def test_a_table_that_says_what_the_sheet_says_is_equal(tmp_path):
    found = compare(world(tmp_path))
    assert (found.is_equal, found.compared) == (True, 3)


def test_each_kind_of_difference_is_named(tmp_path):
    ports = world(tmp_path, SHEET.replace("AA3", "AA4") + "AA5,応相談,\n")
    ports.table.content["AA1"]["price"] = 99
    found = compare(ports)
    assert (found.missing, found.unexpected) == (("AA4",), ("AA3",))
    assert [(d.property_number, d.header, d.sheet, d.table) for d in found.differing] == [
        ("AA1", "価格", 100, 99)
    ]
    assert [item.property_number for item in found.rejected] == ["AA5"]


def test_a_rejected_listing_is_not_unexpected(tmp_path):
    found = compare(world(tmp_path, SHEET.replace("AA1,100", "AA1,応相談")))
    assert (found.missing, found.unexpected, len(found.rejected)) == ((), (), 1)


def test_rejections_alone_leave_the_table_written(tmp_path):
    found = compare(world(tmp_path, SHEET + "AA9,応相談,\n"))
    assert (found.is_written, found.is_equal) == (True, False)


def test_marked_rows_are_not_looked_at(tmp_path):
    ports = world(tmp_path, SHEET.replace("AA3,300,\n", ""))
    ports.table.marks["AA3"] = "2026-01-01T00:00:00+00:00"
    assert compare(ports).is_equal


@pytest.mark.parametrize("percent", [0, 30, 60, 100])
def test_only_the_share_is_compared(tmp_path, percent):
    numbers = [f"AA{number}" for number in range(50)]
    ports = MovingWorld(tmp_path, "".join(f"{number},1,\n" for number in numbers))
    found = compare(ports, percent)
    assert set(found.missing) == {number for number in numbers if is_in_share(number, percent)}


def test_a_value_that_our_run_wrote_and_somebody_replaced_is_told_apart(tmp_path):
    ports = world(tmp_path, SHEET.replace("AA1,100", "AA1,111"))
    cutover(ports, 100, SILENT)
    ports.table.content["AA1"]["price"] = 5
    ports.write_sheet(SHEET.replace("AA1,100", "AA1,111").replace("sold", "reserved"))
    assert {(d.property_number, d.by_others) for d in compare(ports).differing} == {
        ("AA1", True),
        ("AA2", False),
    }


def test_a_value_that_was_equal_from_the_start_is_known_from_the_snapshot(tmp_path):
    ports = world(tmp_path)
    take_snapshot(ports, SILENT)
    ports.table.content["AA2"]["status"] = "somebody's"
    (difference,) = compare(ports).differing
    assert difference.by_others


def test_without_a_snapshot_or_run_nobody_is_blamed(tmp_path):
    ports = world(tmp_path)
    ports.table.content["AA2"]["status"] = "somebody's"
    (difference,) = compare(ports).differing
    assert not difference.by_others


def test_a_damaged_snapshot_does_not_keep_from_comparing(tmp_path):
    ports = world(tmp_path)
    path = ports.snapshots.path_of(take_snapshot(ports, SILENT))
    path.write_bytes(path.read_bytes()[:-9])
    ports.table.content["AA2"]["status"] = "somebody's"
    assert len(compare(ports).differing) == 1
