"""`migrate rollback` on a table that an office has used: what was ours goes back, nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cli.agency import Printed
from tests.cli.homes import ALL, AREA, FACTS, MAPPING, MARKS, Office, unable_to_change_rows
from tests.cli.left_behind import leave
from tests.stack.chaos_proxy import ChaosProxy, Drop

pytestmark = pytest.mark.stack


def left(said: Any) -> list[tuple[str, str | None, str]]:
    return [(item["number"], item["column"], item["reason"]) for item in said["leftAlone"]]


def test_a_prune_of_which_one_row_was_refused_is_undone(office):
    numbers = [f"AA{n}" for n in range(11, 31)]
    office.sheet(*(f"{number},100" for number in numbers))
    office.sync()
    before = office.rows()
    office.project.execute("insert into enquiries values ('AA25')")
    office.sheet(*(f"{number},100" for number in numbers[:10]))
    run_id = office.sync(code=1)
    assert len(office.rows()) == 11
    assert office.back("--run", run_id)["broughtBack"] == 9
    assert office.rows() == before
    assert office.back("--run", run_id)["broughtBack"] == 0


def test_a_row_that_a_run_made_and_a_colleague_filled_in_stays(office):
    office.sheet("AA1,100", "AA2,100")
    run_id = office.sync()
    office.project.execute("update homes set own = 'typed' where num = 'AA1'")
    said = office.back("--run", run_id, code=1)
    assert left(said) == [("AA1", "own", "added by us, filled in by somebody else")]
    assert office.rows() == [("AA1", 100, "typed")]
    office.project.execute("update homes set own = null")
    office.back("--run", run_id)
    assert office.rows() == []


def anew(office, number: str) -> None:
    """Delete a row and make it anew, so that it reads the same."""
    office.project.execute(
        "with gone as (delete from homes where num = %s returning num, price, own, gone_on)"
        " insert into homes (num, price, own, gone_on) select * from gone",
        (number,),
    )


@pytest.mark.parametrize("is_marked", [False, True], ids=["changed", "marked"])
def test_a_row_that_a_run_changed_and_a_colleague_made_anew_is_theirs(office, is_marked):
    office.map(MAPPING + (MARKS if is_marked else ""))
    office.sheet("AA1,100", "AA2,100", "AA3,100")
    office.sync()
    office.sheet(*(() if is_marked else ("AA1,200", "AA2,200")), "AA3,100")
    run_id = office.sync()
    anew(office, "AA1")
    theirs = office.rows("num, price, gone_on")[0]
    said = office.back("--run", run_id, code=1)
    assert left(said) == [("AA1", None, "added anew by somebody else")]
    assert office.rows("num, price, gone_on") == [
        theirs,
        ("AA2", 100, None),
        ("AA3", 100, None),
    ]
    # So it is with what a rollback wrote.
    ((rollback,),) = office.project.execute(
        "select id::text from sync_state where trigger = 'rollback' order by created_at limit 1"
    )
    anew(office, "AA2")
    assert left(office.back("--run", rollback, code=1)) == [
        ("AA2", None, "added anew by somebody else")
    ]


CHANGE_ROWS = "/rpc/listing_sync_change_rows"


@pytest.fixture
def proxy(office: Office) -> Iterator[ChaosProxy]:
    """What lies between the office and its project."""
    with ChaosProxy(office.project.url) as proxy:
        office.settings["SUPABASE_URL"] = proxy.url
        yield proxy


@pytest.mark.parametrize(
    ("theirs", "reason", "rows"),
    [
        pytest.param(
            "update homes set price = 999 where num = 'AA1'",
            ("AA1", "price", "changed by somebody else"),
            [("AA1", 999, None), ("AA2", 100, None), ("AA3", 100, None)],
            id="the value",
        ),
        pytest.param(
            "update homes set own = 'typed' where num = 'AA1'",
            None,
            [("AA1", 100, "typed"), ("AA2", 100, None), ("AA3", 100, None)],
            id="another value",
        ),
        pytest.param(
            "delete from homes where num = 'AA1'",
            ("AA1", None, "removed by somebody else"),
            [("AA2", 100, None), ("AA3", 100, None)],
            id="the row",
        ),
        pytest.param(
            "update homes set own = 'typed' where num = 'AA4'",
            ("AA4", "own", "added by us, filled in by somebody else"),
            [("AA1", 100, None), ("AA2", 100, None), ("AA3", 100, None), ("AA4", 400, "typed")],
            id="a row to be removed",
        ),
        pytest.param(
            "insert into homes (num, price) values ('AA3', 300)",
            ("AA3", None, "added anew by somebody else"),
            [("AA1", 100, None), ("AA2", 100, None), ("AA3", 300, None)],
            id="a row to be brought back",
        ),
    ],
)
def test_what_a_colleague_does_in_the_moment_of_the_way_back_stays(
    office, proxy, theirs, reason, rows
):
    office.sheet("AA1,100", "AA2,100", "AA3,100")
    office.sync()
    office.sheet("AA1,200", "AA2,200", "AA4,400")
    run_id = office.sync()
    calls = count()

    def schedule(_at: int, _method: str, target: str) -> None:
        if target.endswith(CHANGE_ROWS) and next(calls) == 1:  # the first asks whether it is there
            office.project.execute(theirs)

    proxy.schedule = schedule
    done = office.run("migrate", "rollback", "--run", run_id, "--yes", "--json")
    said = json.loads(done.out)
    assert (done.code, said["verified"]) == (1 if reason else 0, True), done.err
    assert left(said) == ([reason] if reason else [])
    assert office.rows() == rows
    assert next(calls) >= 2


@pytest.mark.parametrize("is_cut_off", [False, True], ids=["in one go", "in halves"])
def test_what_a_colleague_typed_just_before_a_row_was_removed_comes_back(office, proxy, is_cut_off):
    office.sheet("AA1,100", "AA2,100", "AA3,100", "AA4,100")
    office.sync()
    office.sheet("AA1,100")
    if is_cut_off:
        office.project.execute("insert into enquiries values ('AA4')")
    asked = count()

    def schedule(_at: int, method: str, _target: str) -> None:
        if method == "DELETE" and next(asked) == 0:
            office.project.execute("update homes set own = 'typed' where num = 'AA2'")

    proxy.schedule = schedule
    run_id = office.sync(code=1 if is_cut_off else 0)
    office.back("--run", run_id)
    assert office.rows() == [
        ("AA1", 100, None),
        ("AA2", 100, "typed"),
        ("AA3", 100, None),
        ("AA4", 100, None),
    ]


def test_a_lost_answer_to_the_way_back_is_nobodys_doing(office, proxy):
    office.sheet("AA1,100", "AA2,100")
    office.sync()
    office.sheet("AA1,200", "AA3,300")
    run_id = office.sync()
    calls = count()

    def schedule(_at: int, _method: str, target: str) -> Drop | None:
        is_one = target.endswith(CHANGE_ROWS) and next(calls) in {1, 3}
        return Drop(after_forwarding=True) if is_one else None

    proxy.schedule = schedule
    done = office.run("migrate", "rollback", "--run", run_id, "--yes", "--json")
    said = json.loads(done.out)
    assert (said["restored"], said["broughtBack"], said["removed"]) == (1, 1, 1), done.err
    assert (done.code, said["leftAlone"], said["verified"]) == (0, [], True)
    assert office.rows() == [("AA1", 100, None), ("AA2", 100, None)]
    # Nor does it make ours what a colleague does next, though it is what our run had left.
    office.project.execute(
        "update homes set price = 200 where num = 'AA1'; delete from homes where num = 'AA2'"
    )
    assert left(office.back("--run", run_id, code=1)) == [
        ("AA1", "price", "changed by somebody else"),
        ("AA2", None, "removed by somebody else"),
    ]


def test_a_row_with_a_document_that_json_functions_refuse_is_led_back_all_the_same(office):
    """Half a surrogate pair: a column of type json takes it, what looks into it does not."""
    office.project.execute(
        """alter table homes add column odd json default '{"half": "\\ud83d"}'"""
    )
    try:
        office.sheet("AA1,100")
        office.sync()
        before = office.rows("num, price, odd::text")
        office.sheet("AA1,200", "AA2,200")
        run_id = office.sync()
        said = office.back("--run", run_id)
        assert (said["restored"], said["removed"]) == (1, 1)
        assert office.rows("num, price, odd::text") == before
    finally:
        office.project.execute("alter table homes drop column odd")


@pytest.mark.parametrize("is_as_before", [False, True], ids=["as read", "in any case"])
def test_what_a_trigger_keeps_is_not_counted_as_led_back(office, is_as_before):
    office.project.execute("insert into homes (num, price) values ('AA1', 100)")
    office.sheet("AA1,200", "AA2,200")
    run_id = office.sync()
    office.project.execute(
        "create function keep_home() returns trigger language plpgsql as"
        " $$ begin return null; end $$;"
        " create trigger keep_home before update or delete on homes"
        " for each row execute function keep_home()"
    )
    try:
        with unable_to_change_rows(office.project) if is_as_before else nullcontext():
            said = office.back("--run", run_id, code=1, foretells=False)
    finally:
        office.project.execute("drop function keep_home cascade")
    assert (said["restored"], said["removed"], said["verified"]) == (0, 0, False)
    assert [(number, "trigger" in reason) for number, _, reason in left(said)] == [
        ("AA2", True),
        ("AA1", True),
    ]
    office.back("--run", run_id)
    assert office.rows() == [("AA1", 100, None)]


def test_triggers_find_their_tables_as_with_any_other_write(office):
    office.project.execute(
        "create table audited (what text); grant all on audited to service_role;"
        "create function audit_home() returns trigger language plpgsql as"
        " $$ begin insert into audited values (tg_op); return coalesce(new, old); end $$;"
        " create trigger audit_home before update or delete or insert on homes"
        " for each row execute function audit_home()"
    )
    try:
        office.project.execute("insert into homes (num, price) values ('AA1', 1), ('AA3', 3)")
        office.sheet("AA1,200", "AA2,200")
        run_id = office.sync()
        office.project.execute("truncate audited")
        office.back("--run", run_id)
        assert office.project.execute("select what from audited order by 1") == [
            ("DELETE",),
            ("INSERT",),
            ("UPDATE",),
        ]
    finally:
        office.project.execute("drop function audit_home cascade; drop table audited")
    assert office.rows() == [("AA1", 1, None), ("AA3", 3, None)]


def test_a_noted_step_that_was_not_done_makes_nothing_ours(office, proxy):
    """What a colleague types later may be just what it would have written."""
    office.project.execute("insert into homes (num, price) values ('AA1', 1), ('AA2', 1)")
    office.sheet("AA1,100", "AA2,100")
    run_id = office.sync()
    calls = count()

    def schedule(_at: int, _method: str, target: str) -> None:
        if target.endswith(CHANGE_ROWS) and next(calls) == 1:
            office.project.execute("update homes set price = 999 where num = 'AA1'")

    proxy.schedule = schedule
    office.back("--run", run_id, code=1, foretells=False)
    office.project.execute("update homes set price = 1 where num = 'AA1'")
    ((rollback,),) = office.project.execute(
        "select id::text from sync_state where trigger = 'rollback'"
    )
    assert office.back("--run", rollback)["restored"] == 1
    assert office.rows() == [("AA1", 1, None), ("AA2", 100, None)]


def test_a_request_takes_rows_that_differ_in_columns_of_their_own(office, proxy):
    """Where the database has our function for it, else one does for each set of columns."""
    office.map(MAPPING + AREA)
    first = ["AA1,100,10", "AA2,100,10", "AA3,100,10"]
    office.sheet(*first)
    office.sync()
    office.sheet("AA1,200,10", "AA2,100,20", "AA3,200,20")
    run_id = office.sync()
    asked: list[str] = []

    def schedule(_at: int, method: str, target: str) -> None:
        if method == "POST" and ("/homes" in target or target.endswith(CHANGE_ROWS)):
            asked.append(target.partition("?")[0].rpartition("/")[2])

    proxy.schedule = schedule
    assert office.back("--run", run_id)["restored"] == 3
    assert asked == ["listing_sync_change_rows"] * 2
    asked.clear()
    with unable_to_change_rows(office.project):
        assert office.back("--run", "latest")["restored"] == 3
    assert asked == ["listing_sync_change_rows", *["homes"] * 3]
    assert office.rows("num, price, area") == [
        ("AA1", 200, 10),
        ("AA2", 100, 20),
        ("AA3", 200, 20),
    ]


def test_what_a_colleague_typed_into_a_row_made_anew_stays(office):
    office.project.execute(
        "insert into homes (num, price, own) values ('AA1', 100, 'first'), ('AA2', 200, 'first')"
    )
    office.sheet("AA1,100", "AA2,200", "AA3,300")
    snapshot = office.snapshot()
    office.sheet("AA3,300")
    office.sync()
    office.sheet("AA1,100", "AA2,200", "AA3,300")
    office.sync()
    office.project.execute("update homes set own = 'typed since' where num = 'AA1'")
    said = office.back("--snapshot", snapshot, code=1)
    assert left(said) == [("AA1", "own", "changed by somebody else")]
    assert office.rows() == [("AA1", 100, "typed since"), ("AA2", 200, "first")]


def test_columns_that_only_the_database_fills_are_never_sent(office):
    office.project.execute("insert into homes (num, price, own) values ('AA1', 100, 'first')")
    office.sheet("AA2,200")
    run_id = office.sync()
    assert office.back("--run", run_id)["verified"]
    assert office.rows("num, price, own, label") == [("AA1", 100, "first", "AA1")]


def test_a_column_that_was_dropped_keeps_nothing_else_from_coming_back(office):
    office.project.execute("alter table homes add column extra text")
    office.project.restart()
    office.project.execute("insert into homes (num, price, extra) values ('AA1', 1, 'x')")
    office.sheet("AA2,200")
    snapshot = office.snapshot()
    office.sync()
    office.project.execute("alter table homes drop column extra")
    office.project.restart()
    done = office.run("migrate", "rollback", "--snapshot", snapshot, "--yes", "--json")
    assert done.code == 0, done.err
    assert "the table no longer has the column extra: it is left out" in done.document["warnings"]
    assert office.rows("num, price") == [("AA1", 1)]


def test_what_is_back_already_blames_nobody(office):
    office.map(MAPPING + AREA)
    office.project.execute("insert into homes (num, price, area) values ('AA1', 100, 70.50)")
    office.sheet("AA1,200,71.25")
    run_id = office.sync()
    for restored in (1, 0):
        said = office.back("--run", run_id)
        assert (said["restored"], said["leftAlone"]) == (restored, [])
    assert office.rows("price, area::text") == [(100, "70.50")]


def test_documents_come_back_as_they_were_and_true_is_not_one(office):
    office.map(MAPPING + FACTS)
    office.project.execute(
        """insert into homes (num, price, facts) values ('AA1', 1, '{"a": 1, "b": [1.5]}')"""
    )
    before = office.rows("num, facts::text")
    office.sheet('AA1,1,,"{""a"": true, ""b"": [1.5]}"')
    run_id = office.sync()
    assert office.back("--run", run_id)["restored"] == 1
    assert office.rows("num, facts::text") == before


def test_a_second_rollback_after_a_trigger_moved_the_time_blames_nobody(office):
    office.project.execute("insert into homes (num, price, own) values ('AA1', 100, 'first')")
    office.sheet("AA2,200")
    snapshot = office.snapshot()
    office.sync()
    office.sheet("AA1,100", "AA2,200")
    office.sync()
    assert office.back("--snapshot", snapshot)["restored"] == 1
    said = office.back("--snapshot", snapshot)
    assert (said["restored"], said["removed"], said["leftAlone"]) == (0, 0, [])
    assert office.rows() == [("AA1", 100, "first")]


def test_a_column_taken_out_of_the_mapping_since_goes_back_too(office):
    office.map(MAPPING + AREA)
    office.project.execute("insert into homes (num, price, area) values ('AA1', 100, 70)")
    office.sheet("AA1,100,70.5")
    run_id = office.sync()
    office.map(MAPPING)
    assert office.back("--run", run_id)["restored"] == 1
    assert office.rows("area::text") == [("70.00",)]


def test_marks_in_a_date_are_taken_back(office):
    office.map(MAPPING + MARKS)
    office.sheet("AA1,100", "AA2,200")
    snapshot = office.snapshot()
    office.sync()
    office.sheet("AA1,100")
    run_id = office.sync()
    assert [mark is None for (mark,) in office.rows("gone_on")] == [True, False]
    assert office.back("--run", run_id)["restored"] == 1
    assert office.rows("gone_on") == [(None,), (None,)]
    office.let_go_on()
    office.sync()
    assert office.back("--snapshot", snapshot)["removed"] == 2


def test_runs_are_undone_one_after_another_the_newest_first(office):
    office.project.execute("insert into homes (num, price, own) values ('AA1', 1, 'first')")
    office.sheet("AA1,100", "AA2,100")
    first = office.sync()
    office.sheet("AA1,200")
    second = office.sync()
    office.sheet("AA2,300")
    third = office.sync()
    for run_id in (third, second, first):
        said = office.back("--run", run_id)
        assert (said["leftAlone"], said["verified"]) == ([], True)
    assert office.rows() == [("AA1", 1, "first")]


def test_a_snapshot_that_was_led_back_to_leaves_earlier_runs_to_be_undone(office):
    office.project.execute("insert into homes (num, price) values ('AA1', 1)")
    office.sheet("AA1,100")
    first = office.sync()
    office.sheet("AA1,200", "AA2,200")
    snapshot = office.snapshot()
    office.back("--snapshot", snapshot)
    assert office.rows() == [("AA1", 100, None)]
    assert office.back("--run", first)["leftAlone"] == []
    assert office.rows() == [("AA1", 1, None)]


def test_a_later_run_of_ours_is_named_as_ours(office):
    office.sheet("AA1,100")
    office.sync()
    office.sheet("AA1,200")
    run_id = office.sync()
    office.sheet("AA1,300")
    later = office.sync()
    ((number, column, reason),) = left(office.back("--run", run_id, code=1))
    assert (number, column) == ("AA1", "price")
    assert reason.startswith(f"changed by run {later} of ")


def test_a_rollback_holds_the_other_machines_too(office):
    other = str(office.folder / "elsewhere")
    office.sheet("AA1,100")
    office.sync()
    office.sheet("AA1,200")
    run_id = office.sync()
    office.back("--run", run_id)
    here, there = refused(office), refused(office, SYNC_STATE_DIR=other)
    assert there.err.startswith(here.err.rstrip())
    assert office.rows("price") == [(100,)]
    office.let_go_on()
    office.sync()
    office.sync(SYNC_STATE_DIR=other)
    assert office.rows("price") == [(200,)]


def refused(office: Office, **settings: str) -> Printed:
    done = office.run("sync", "all", **settings)
    assert (done.code, "syncing is on hold" in done.err) == (3, True)
    return done


def test_a_rollback_of_a_run_that_wrote_half_says_what_is_as_it_was(office):
    office.project.execute(
        "insert into homes (num, price) select 'AA' || n, 1 from generate_series(10, 29) n"
    )
    office.project.execute("alter table homes add constraint small check (price < 1000)")
    before = office.rows()
    office.sheet(*(f"AA{n},{2 if n % 2 else 2000}" for n in range(10, 30)))
    run_id = office.sync(code=1)
    office.project.execute("alter table homes drop constraint small")
    said = office.back("--run", run_id)
    assert (said["restored"], said["leftAlone"]) == (10, [])
    assert office.rows() == before


def test_what_version_1_0_0_left_is_gone_on_with_and_undone(office):
    left_by = leave(office.project, office.folder)
    office.sheet("AA1,130", "AA2,210", "AA5,500", "AA9,x")
    looked = office.run("health")
    assert "silent for 1 d; if it is dead" in " ".join(looked.out.split())
    done = office.run("sync", "all", *ALL)
    # Its tab is now told by what was read: no other source, and no news.
    assert (done.code, done.out, done.err) == (1, "Removed 1 listing: AA4\n", "")
    states = "select status, removed_count from sync_state order by created_at"
    assert office.project.execute(states)[-2:] == [("failed", 0), ("partial", 1)]
    looked = office.run("migrate", "rollback", "--run", left_by["run"], "--dry-run", "--json")
    assert looked.document["broughtBack"] == 1
    ((number, column, reason), *_) = left(looked.document)
    assert (number, column) == ("AA1", "price")
    assert reason.startswith(f"changed by run {left_by['killed']} of ")
    said = office.back("--run", left_by["killed"], code=1)
    assert said["restored"] == 2
    assert left(said)[0][2].startswith("made anew by run ")
    said = office.back()
    assert (said["restored"], said["broughtBack"], said["removed"]) == (1, 1, 1)
    assert office.rows() == [("AA1", 100, "first"), ("AA2", 200, "second"), ("AA3", 300, "third")]


def stamped(path: Path, stamp: str) -> Path:
    """Rename an undo file as if its run had begun at another time."""
    sequence, _, rest = path.name.partition("-")
    return path.rename(path.with_name(f"{sequence}-{stamp}_{rest.partition('_')[2]}"))


def undo_files(office: Office) -> list[Path]:
    return sorted((office.folder / "state").glob("*/undo/*"))


def test_what_a_snapshot_needs_outlives_the_history(office):
    office.project.execute("insert into homes (num, price) values ('AA1', 100)")
    office.sheet("AA1,100")
    office.snapshot()
    office.sheet("AA1,200")
    office.sync()
    (written,) = undo_files(office)
    written = stamped(written, "20200101T000000.000000Z")
    for number in range(101):
        name = f"{99_000_000 + number:08}-20200202T000000.000000Z_{number}.jsonl.gz"
        written.with_name(name).write_bytes(b"")
    office.sync()
    assert written in undo_files(office)
    assert office.back()["restored"] == 1
    assert office.rows("price") == [(100,)]


def test_a_clock_that_was_set_back_hides_no_run_from_the_way_back(office):
    office.project.execute("insert into homes (num, price) values ('AA1', 100)")
    office.sheet("AA1,100")
    office.snapshot()
    office.sheet("AA1,999")
    office.sync()
    stamped(undo_files(office)[-1], "20200101T000000.000000Z")
    assert office.back()["restored"] == 1
    assert office.rows("price") == [(100,)]


def test_a_rollback_that_gave_way_holds_nobody(office):
    office.sheet("AA1,100")
    office.sync()
    office.sheet("AA1,200")
    run_id = office.sync()
    # Another machine is at work, by the database's clock.
    office.project.execute(
        "insert into sync_state (sync_type, status, host, pid, source, target, trigger,"
        " started_at, heartbeat_at) select 'full', 'in_progress', 'another', 1, source, target,"
        " 'cron', now(), now() from sync_state limit 1"
    )
    done = office.run("migrate", "rollback", "--run", run_id, "--yes", SYNC_LOCK_TIMEOUT="1")
    assert done.code == 75, done.err
    assert not (office.folder / "state" / "hold").exists()
    assert office.rows("price") == [(200,)]
    office.project.execute("delete from sync_state where host = 'another'")
    office.sheet("AA1,300")
    office.sync()
    assert office.rows("price") == [(300,)]


def test_a_run_in_another_pid_namespace_is_not_taken_for_dead(office):
    unshare = ("unshare", "--pid", "--fork", "--mount-proc")
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no pid namespace of one's own is permitted here")
    office.sheet(*(f"AA{number},100" for number in range(10, 60)))
    first = office.start("sync", "all", SYNC_BATCH_SIZE="1", SYNC_RATE_LIMIT="2")
    try:
        until = time.monotonic() + 30
        while not office.rows() and time.monotonic() < until:
            time.sleep(0.05)
        elsewhere = {"SYNC_STATE_DIR": str(office.folder / "there"), "SYNC_LOCK_TIMEOUT": "1"}
        second = office.start("sync", "all", within=unshare, **elsewhere)
        _, said = second.communicate(timeout=60)
        states = office.project.execute("select status from sync_state")
    finally:
        first.terminate()
        first.communicate(timeout=30)
    assert (second.returncode, states) == (75, [("in_progress",)]), said
