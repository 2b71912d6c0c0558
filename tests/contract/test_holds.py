"""The same tests against the fake and the real holds: they cannot tell them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from listing_sync.history.sources import Source
from listing_sync.ports import Holds, SharedHold
from listing_sync.supabase.holds import SupabaseHolds
from listing_sync.supabase.run_records import SupabaseRunRecords
from tests.contract.supabase_rest import connected
from tests.fakes import START, MemoryHolds
from tests.runs import run_id
from tests.stack.supabase_lite import SupabaseLite

HOLD = SharedHold(run_id(7), "rolled back", "web1", "/var/lib/sync/hold", START)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.stack)])
def holds(request: pytest.FixtureRequest) -> Iterator[Holds]:
    if request.param == "fake":
        yield MemoryHolds()
        return
    project: SupabaseLite = request.getfixturevalue("project")
    with connected(project.url, project.secret_key) as rest:
        yield SupabaseHolds(rest, target="xyz/listings", version="1.0")


def test_a_hold_is_seen_until_it_is_released(holds):
    assert holds.all() == ()
    holds.place(HOLD)
    holds.place(HOLD)
    assert holds.all() == (HOLD,)
    later = replace(HOLD, hold_id=run_id(8), since=START.replace(hour=10))
    holds.place(later)
    assert holds.all() == (HOLD, later)
    for hold in (HOLD, HOLD, later):
        holds.release(hold.hold_id)
    assert holds.all() == ()


@pytest.mark.stack
def test_a_hold_is_of_one_target_and_is_no_run(project):
    with connected(project.url, project.secret_key) as rest:
        SupabaseHolds(rest, target="xyz/listings", version="1.0").place(HOLD)
        assert SupabaseHolds(rest, target="xyz/homes", version="1.0").all() == ()
        records = SupabaseRunRecords(rest, source=Source(""), target="xyz/listings")
        assert (records.recent(9), records.in_progress()) == ((), ())
