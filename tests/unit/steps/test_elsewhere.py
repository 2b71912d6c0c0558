"""Who else may have written to the table, of whose work nothing is known here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from listing_sync.errors import Category, RemoteError, Service, TransientError
from listing_sync.history.runs import Run, RunStats, RunStatus
from listing_sync.steps.elsewhere import Elsewhere, heard_before, runs_elsewhere
from tests.fakes import MemoryRecords
from tests.runs import make_run, run_id

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
WROTE = RunStats(total=5, updated=5)
NOTHING = RunStats(total=5, unchanged=5)


def run(number: int, host: str, stats: RunStats = WROTE, **more: Any) -> Run:
    return make_run(number, stats=stats, host=host, **more)


def ports(*runs: Run, here: tuple[int, ...] = (), away: RemoteError | None = None) -> Any:
    records = MemoryRecords(source="sheet", target="table")
    for each in runs:
        records.save(each)
    records.away = away
    known = tuple((run_id(number), AT) for number in here)
    return SimpleNamespace(
        identity=SimpleNamespace(host="here"),
        machine=SimpleNamespace(undo=SimpleNamespace(runs=lambda: known)),
        target=SimpleNamespace(records=records),
    )


def found(world: Any) -> tuple[Run, ...]:
    return runs_elsewhere(world, lambda _: AT - timedelta(days=1)).runs


def test_a_run_whose_changes_are_kept_here_is_not_elsewhere() -> None:
    mine, theirs = run(1, "here"), run(2, "there")
    assert found(ports(theirs, mine, here=(1,))) == (theirs,)


def test_so_is_one_of_this_host_that_kept_its_changes_in_another_folder() -> None:
    other_folder = run(1, "here")
    failed = run(2, "here", NOTHING, status=RunStatus.FAILED)
    assert found(ports(failed, other_folder)) == (other_folder,)


def test_one_of_another_host_that_did_not_end_well_may_have_written() -> None:
    died = run(1, "there", NOTHING, status=RunStatus.FAILED)
    assert found(ports(died)) == (died,)


def test_where_the_records_cannot_be_read_that_is_said_and_ends_no_rollback() -> None:
    away = ports(away=TransientError("away", service=Service.SUPABASE, category=Category.NETWORK))
    elsewhere = runs_elsewhere(away, lambda _: AT)
    assert elsewhere.others == "somebody else, or a run on another machine"
    assert elsewhere.warning == (
        "which runs of other machines have written since is not known: away"
    )
    assert heard_before(away) is None


def test_who_may_have_done_it_is_named_by_the_hosts() -> None:
    assert Elsewhere().others == "somebody else"
    assert Elsewhere().warning is None
    runs = tuple(run(number, host) for number, host in enumerate(["b", "a", "b", "c"]))
    assert Elsewhere(runs[:1]).others == "somebody else, or a run on b"
    assert Elsewhere(runs).others == "somebody else, or a run on a, b and 1 more"


def test_the_newest_runs_are_named_and_where_they_can_be_undone() -> None:
    said = Elsewhere(tuple(run(number, "b") for number in range(1, 6))).warning
    assert said is not None
    assert said.startswith(
        "5 runs that are not known to this SYNC_STATE_DIR may have written since"
    )
    assert f"{run_id(1)} of 2026-03-01 09:" in said
    assert "and 2 more" in said
    assert run_id(4) not in said
