from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.runs import Cause, Run, RunStats, RunStatus, RunType, StoredRejection
from listing_sync.machine.journal import KEPT_ENTRIES, MOST_ENTRIES, JournalFiles
from listing_sync.ports import JournalEntry
from tests.fakes import START


def run(number: int, **changes: Any) -> Run:
    return replace(
        Run(
            run_id=f"00000000-0000-4000-8000-{number:012}",
            run_type=RunType.FULL,
            trigger="cron",
            status=RunStatus.FAILED,
            started_at=START + timedelta(seconds=number),
            completed_at=START + timedelta(seconds=number, microseconds=5),
            heartbeat_at=START,
            stats=RunStats(total=3, failed=1, skipped=2),
            cause=Cause(Category.NETWORK, "connection refused"),
            source="sheet",
            target="xyz/listings",
            host="h",
            pid=1,
            version="1.0",
            metrics={"requests": 3},
            warnings=("one", "two"),
        ),
        **changes,
    )


def journal(machine) -> JournalFiles:
    return JournalFiles(machine.state, timedelta(days=90))


def test_nothing_waits_at_first(machine):
    assert journal(machine).entries() == ()


def test_runs_come_back_whole_and_oldest_first(machine):
    rejection = Rejection(
        "AA1", 17, "Price", "Listings!F17", "ask", "not a number", link="https://x"
    )
    stored = StoredRejection(run(1).run_id, rejection, START, {"物件番号": "AA1"})
    entries = (JournalEntry(run(1), (stored,)), JournalEntry(run(2, cause=None), ()))
    for entry in reversed(entries):
        journal(machine).add(entry)
    assert journal(machine).entries() == entries


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(text=st.text(), metrics=st.dictionaries(st.text(), st.integers() | st.none()))
def test_any_text_survives(machine, text, metrics):
    entry = JournalEntry(run(1, trigger=text, metrics=metrics), ())
    journal(machine).add(entry)
    assert journal(machine).entries() == (entry,)


def test_a_run_added_again_is_there_once_as_it_was_last(machine):
    for status in (RunStatus.IN_PROGRESS, RunStatus.FAILED):
        journal(machine).add(JournalEntry(run(1, status=status), ()))
    assert [entry.run.status for entry in journal(machine).entries()] == [RunStatus.FAILED]


def test_a_delivered_run_is_gone_and_may_be_delivered_twice(machine):
    for number in (1, 2):
        journal(machine).add(JournalEntry(run(number), ()))
    for _ in range(2):
        journal(machine).delivered(run(1).run_id)
    assert [entry.run for entry in journal(machine).entries()] == [run(2)]


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"run":{},"rejections":[]}', b"[]"], ids=repr)
def test_a_damaged_entry_is_set_aside_and_the_others_are_delivered(machine, content):
    journal(machine).add(JournalEntry(run(2), ()))
    machine.put("journal/20260101T000000.000000Z_x.json", content)
    assert [entry.run for entry in journal(machine).entries()] == [run(2)]
    assert len(machine.warnings) == 1
    assert [entry.run for entry in journal(machine).entries()] == [run(2)]
    assert len(machine.warnings) == 1


def test_entries_older_than_the_history_are_dropped(machine):
    for number in range(KEPT_ENTRIES):
        machine.put(f"journal/20260228T000000.{number:06}Z_x.json", b"{}")
    machine.clock.sleep(timedelta(days=91).total_seconds())
    new = run(2, started_at=machine.clock.now())
    journal(machine).add(JournalEntry(new, ()))
    names = machine.names("journal")
    assert len(names) == KEPT_ENTRIES
    assert names[0].startswith("20260228T000000.000001Z")


def test_a_clock_that_was_ahead_for_one_run_drops_nothing(machine):
    journal(machine).add(JournalEntry(run(1), ()))
    machine.clock.sleep(timedelta(days=3000).total_seconds())
    journal(machine).add(JournalEntry(run(2, started_at=machine.clock.now()), ()))
    assert [entry.run.run_id for entry in journal(machine).entries()] == [
        run(1).run_id,
        run(2).run_id,
    ]


def test_no_more_than_a_thousand_wait(machine):
    for number in range(MOST_ENTRIES):
        machine.put(f"journal/20260228T000000.{number:06}Z_x.json", b"{}")
    journal(machine).add(JournalEntry(run(1), ()))
    names = machine.names("journal")
    assert len(names) == MOST_ENTRIES
    assert names[0].startswith("20260228T000000.000001Z")
    assert names[-1].endswith(f"{run(1).run_id}.json")


def test_entries_are_for_their_owner_only(machine):
    journal(machine).add(JournalEntry(run(1), ()))
    (path,) = (machine.state.path / "journal").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
