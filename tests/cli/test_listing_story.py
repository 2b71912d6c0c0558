"""What `status` tells of one listing and of the runs, about a real table."""

from __future__ import annotations

import os
import re
import signal
from threading import Event

import pytest

from tests.cli.agency import Agency, house
from tests.stack.chaos_proxy import ChaosProxy, Delay, status

pytestmark = pytest.mark.stack


def story_of(agency: Agency, number: str, **settings: str) -> str:
    """Return what the program says of a listing, without the line breaks of 80 columns."""
    return " ".join(agency.run("status", "--listing", number, **settings).out.split())


def test_what_another_program_undid_is_told_with_our_run_and_not_as_news(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2))
    assert agency.run("sync", "all").code == 0
    agency.set_cell("C2", 31_000_000)
    assert agency.run("sync", "all").code == 0
    run = agency.run("status", "--json").document["runs"][0]["syncId"]
    agency.project.execute(
        "update property_listings set price = 1 where property_number = 'AA10001'"
    )
    said = story_of(agency, "AA10001")
    assert "differs from row 2 in Price: written by run " + run[:8] in said
    assert "undone since (by the database or another program); the next run writes it again" in said
    document = agency.run("status", "--listing", "AA10001", "--json").document
    assert document["undone"]["syncId"] == run
    assert document["undone"]["columns"] == ["Price"]
    agency.project.execute("delete from property_listings where property_number = 'AA10002'")
    gone = story_of(agency, "AA10002")
    assert "AA10002 is not on the site, although row 3 is valid: inserted by run" in gone


def test_what_no_run_of_ours_wrote_but_the_last_one_saw_equal_is_told(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2))
    agency.project.execute(
        "insert into property_listings (property_number, property_type, price) values"
        " ('AA10001', '戸建', 30000000), ('AA10002', '戸建', 30000000)"
    )
    assert agency.run("sync", "all").code == 0
    assert agency.run("sync", "all").code == 0
    agency.project.execute(
        "update property_listings set price = 1 where property_number = 'AA10001'"
    )
    said = story_of(agency, "AA10001")
    assert re.search(
        r"as in the sheet when the run of \d\d:\d\d looked, changed since \(by the", said
    )


def test_two_rows_with_one_number_and_a_third_that_vanished(agency: Agency) -> None:
    agency.sheet_is(house(31), house(32), house(33), house(34))
    assert agency.run("sync", "all").code == 0
    agency.set_cell("A4", "AA10032")
    gone = story_of(agency, "AA10033")
    assert "AA10032 stands on rows 3 and 4; one of them may be AA10033." in gone
    assert "near it" not in gone
    twice = story_of(agency, "AA10032")
    assert "because AA10032 stands on rows 3 and 4; one of them may be AA10033." in twice


def test_looking_moves_no_breaker_and_is_refused_by_none(agency: Agency) -> None:
    agency.sheet_is(house(1))
    assert agency.run("sync", "all").code == 0
    once = {"SYNC_CIRCUIT_BREAKER_THRESHOLD": "2", "SYNC_RETRY_ATTEMPTS": "0"}
    with ChaosProxy(agency.project.url) as proxy:
        away = {**once, "SUPABASE_URL": proxy.url}
        assert agency.run("sync", "all", **away).code == 0
        proxy.schedule = lambda *_: status(503, "{}")
        for _ in range(3):
            assert agency.run("status", **away).code == 3
            assert agency.run("status", "--listing", "AA10001", **away).code == 3
        assert not [*agency.folder.rglob("breaker-supabase.json")]
        for _ in range(3):
            assert agency.run("sync", "all", **away).code == 3
        proxy.schedule = None
        failed = agency.run("status", "--listing", "AA10001", **away)
        assert failed.code == 0
        assert "is on the site and says what row 2" in failed.out
        agency.set_cell("C2", 5)
        said = story_of(agency, "AA10001", **away)
        assert re.search(r"the last \d runs failed, the first at \d\d:\d\d: ", said)
        assert "the next run" not in said


def test_a_run_that_hangs_is_called_so_with_its_process(agency: Agency) -> None:
    agency.sheet_is(house(1))
    with ChaosProxy(agency.project.url) as proxy:
        agency.settings["SUPABASE_URL"] = proxy.url
        assert agency.run("sync", "all").code == 0
        agency.set_cell("C2", 6)
        arrived = Event()

        def hold(_: int, method: str, target: str) -> Delay | None:
            if method == "POST" and "property_listings" in target and "rpc" not in target:
                arrived.set()
                return Delay(60)
            return None

        proxy.schedule = hold
        process = agency.start("sync", "all")
        try:
            assert arrived.wait(30)
            os.kill(process.pid, signal.SIGSTOP)
            agency.project.execute(
                "update sync_state set heartbeat_at = now() - interval '25 minutes'"
                " where status = 'in_progress'"
            )
            proxy.schedule = None
            said = story_of(agency, "AA10001")
            runs = agency.run("status").out
            document = agency.run("status", "--json").document
        finally:
            process.kill()
            process.communicate()
    assert f"hangs: process {process.pid} on" in said
    assert "keeps the lock, so no other run can start; end that process" in said
    assert "the next run writes" not in said
    assert f"hangs: process {process.pid} on" in " ".join(runs.split())
    assert document["runs"][0]["life"] == "hangs"


def test_status_says_what_was_skipped_and_why(agency: Agency) -> None:
    agency.sheet_is(*(house(number) for number in range(8)))
    assert agency.run("sync", "all", SYNC_ROLLOUT_PERCENT="50").code == 0
    assert agency.run("sync", "numbers", "AA10001", "AA99999").code == 1
    runs = agency.run("status").out
    assert "  skipped: 1 not in the sheet: AA99999" in runs
    assert re.search(r"  skipped: \d outside the share of SYNC_ROLLOUT_PERCENT", runs)
    latest = " ".join(agency.run("status", "latest").out.split())
    assert "Skipped 1 not in the sheet: AA99999" in latest
    run = agency.run("status", "--json").document["runs"][1]["syncId"]
    agency.project.execute("update property_listings set price = 1")
    rolled_back = agency.run("migrate", "rollback", "--run", run, "--yes")
    assert rolled_back.code == 1
    assert "changed by somebody else since, and left alone: AA1000" in agency.run("status").out


def test_the_next_run_is_due_after_the_usual_distance(agency: Agency) -> None:
    agency.sheet_is(house(1))
    for _ in range(6):
        assert agency.run("sync", "all").code == 0
    agency.project.execute(
        "with runs as"
        " (select id, row_number() over (order by started_at desc) as at from sync_state)"
        " update sync_state set started_at = now() - (at * interval '10 minutes' - interval '7"
        " minutes'), completed_at = now() - (at * interval '10 minutes' - interval '7 minutes')"
        " from runs where runs.id = sync_state.id"
    )
    agency.set_cell("C2", 5)
    said = story_of(agency, "AA10001")
    assert re.search(r"the next run, due about \d\d:\d\d, writes it\.", said), said
    agency.project.execute(
        "update sync_state set started_at = started_at - interval '3 hours',"
        " completed_at = completed_at - interval '3 hours'"
    )
    said = story_of(agency, "AA10001")
    assert "no run for 3 h 3 min, usually one comes every 10 min: is cron still on" in said
    assert "writes it" not in said


def test_what_a_trigger_makes_of_a_value_is_told_where_no_run_changes_it(agency: Agency) -> None:
    agency.sheet_is(house(1))
    assert agency.run("sync", "all").code == 0
    agency.project.execute(
        "create or replace function keep_price() returns trigger language plpgsql as"
        " $$ begin new.price := old.price; return new; end $$"
    )
    agency.project.execute(
        "create trigger keep_price before update on property_listings"
        " for each row execute function keep_price()"
    )
    try:
        agency.set_cell("C2", 5)
        agency.run("sync", "all")
        said = story_of(agency, "AA10001")
    finally:
        agency.project.execute("drop trigger keep_price on property_listings")
        agency.project.execute("drop function keep_price()")
    assert 'but for Price: of "5" the table makes "30000000" (a trigger' in said
