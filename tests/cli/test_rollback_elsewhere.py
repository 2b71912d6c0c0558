"""`migrate rollback` where other machines, each with its own SYNC_STATE_DIR, have written too."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.cli.homes import Office
from tests.stack.chaos_proxy import ChaosProxy, Fault, status

pytestmark = pytest.mark.stack

HOST = socket.gethostname()


@pytest.fixture
def elsewhere(office: Office) -> dict[str, str]:
    return {"SYNC_STATE_DIR": str(office.folder / "elsewhere")}


def left(said: Any) -> list[tuple[str, str | None, str]]:
    return [(item["number"], item["column"], item["reason"]) for item in said["leftAlone"]]


def test_what_a_run_of_another_machine_wrote_since_is_not_laid_at_somebodys_door(office, elsewhere):
    office.sheet("AA1,100", "AA2,100")
    office.sync()
    office.sheet("AA1,200", "AA2,200", "AA3,200")
    run_id = office.sync()
    office.sheet("AA1,300", "AA2,200", "AA3,300")
    later = office.sync(**elsewhere)

    said = office.back("--run", run_id, code=1)

    assert sorted(left(said)) == [
        ("AA1", "price", f"changed by somebody else, or a run on {HOST}"),
        ("AA3", "price", f"added by us, changed by somebody else, or a run on {HOST}"),
    ]
    (warning,) = said["warnings"]
    assert warning.startswith("1 run that is not known to this SYNC_STATE_DIR may have written")
    assert f"{later} of " in warning
    assert office.rows("price") == [(300,), (100,), (300,)]
    office.let_go_on()

    refused = office.run("migrate", "rollback", "--run", later, "--yes")
    assert (refused.code, f"run {later} ran on {HOST}" in refused.err) == (3, True)
    there = office.run("migrate", "rollback", "--run", later, "--yes", **elsewhere)
    assert (there.code, "2 restored" in there.out) == (0, True)
    # What is as this machine left it can be undone here now.
    assert office.back("--run", run_id)["restored"] == 1
    assert office.rows("price") == [(100,), (100,)]


@pytest.mark.parametrize("way", ["--run", "--snapshot"])
def test_whose_clock_is_slow_has_written_since_all_the_same(office, elsewhere, way):
    office.sheet("AA1,100")
    office.sync()
    office.sheet("AA1,200")
    what = office.snapshot() if way == "--snapshot" else office.sync()
    office.sheet("AA1,300")
    later = office.sync(**elsewhere)
    office.project.execute(
        "update sync_state set started_at = started_at - interval '50 s',"
        " completed_at = completed_at - interval '50 s' where id = %s",
        (later,),
    )
    said = office.back(way, what, code=1)
    assert left(said) == [("AA1", "price", f"changed by somebody else, or a run on {HOST}")]


def test_a_run_elsewhere_that_ended_before_is_not_named(office, elsewhere):
    office.sheet("AA1,100")
    office.sync(**elsewhere)
    office.sheet("AA1,200")
    snapshot, run_id = office.snapshot(), "latest"
    office.project.execute("update homes set price = 300")
    for what in (("--snapshot", snapshot), ("--run", run_id)):
        said = office.back(*what, code=1)
        assert left(said) == [("AA1", "price", "changed by somebody else")]
        assert said["warnings"] == []


def test_records_that_cannot_be_read_keep_nobody_from_going_back(office):
    def no_records(_: int, method: str, target: str) -> Fault | None:
        return status(503) if method == "GET" and "/sync_state" in target else None

    office.settings["SYNC_RETRY_ATTEMPTS"] = "0"
    with ChaosProxy(office.project.url) as proxy:
        office.settings["SUPABASE_URL"] = proxy.url
        office.sheet("AA1,100", "AA2,100")
        office.sync()
        office.sheet("AA1,200", "AA2,200")
        run_id = office.sync()
        office.project.execute("update homes set price = 300 where num = 'AA2'")
        proxy.schedule = no_records
        said = office.back("--run", run_id, code=1)
    assert office.rows("price") == [(100,), (300,)]
    assert left(said) == [("AA2", "price", "changed by somebody else, or a run on another machine")]
    (warning,) = said["warnings"]
    assert warning.startswith("which runs of other machines have written since is not known: ")


def test_who_has_no_snapshot_is_told_where_to_look(office, elsewhere):
    office.sheet("AA1,100")
    nothing = office.run("migrate", "rollback", "--yes")
    assert (nothing.code, "`migrate cutover` takes one" in nothing.err) == (3, True)
    office.snapshot()
    refused = office.run("migrate", "rollback", "--yes", **elsewhere)
    assert (refused.code, f"runs on {HOST} wrote it too" in refused.err) == (3, True)
