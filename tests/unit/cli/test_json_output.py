"""cli/json_output.py against docs/contract.md section 4."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Listing, SheetColumn
from listing_sync.cells.wording import utc_text
from listing_sync.changes.plan import Plan, Update
from listing_sync.cli.json_output import (
    plan_document,
    run_document,
    runs_document,
)
from listing_sync.commands.status import Recent
from listing_sync.history.runs import RunStats, RunStatus
from tests.fakes import START
from tests.runs import REJECTION, make_run, run_id

PARTIAL = make_run(
    1,
    RunStatus.PARTIAL,
    stats=RunStats(total=1000, failed=5, inserted=10, updated=20, unchanged=965),
)


def test_a_run_is_the_document_of_the_contract() -> None:
    assert run_document(PARTIAL, [REJECTION]) == {
        "syncId": run_id(1),
        "type": "full",
        "status": "partial",
        "startedAt": "2026-03-01T09:00:00Z",
        "completedAt": "2026-03-01T09:01:00Z",
        "stats": {
            "total": 1000,
            "success": 995,
            "failed": 5,
            "skipped": 0,
            "inserted": 10,
            "updated": 20,
            "unchanged": 965,
            "removed": 0,
        },
        "removed": [],
        "errors": [
            {
                "propertyNumber": "AA12345",
                "row": 17,
                "column": "Price",
                "cell": "Listings!F17",
                "value": "ask",
                "category": "validation_error",
                "error": "not a number",
                "code": None,
                "link": "https://docs.google.com/spreadsheets/d/x/edit#gid=0&range=F17",
            }
        ],
    }


def test_what_stopped_a_run_is_its_first_error() -> None:
    document = run_document(make_run(1, RunStatus.FAILED, why="no answer"), [REJECTION])
    errors = document["errors"]
    assert isinstance(errors, list)
    assert errors[0] == {
        "propertyNumber": None,
        "row": None,
        "column": None,
        "cell": None,
        "value": None,
        "category": "network_error",
        "error": "no answer",
        "code": None,
        "link": None,
    }
    assert len(errors) == 2


def test_errors_are_an_empty_list_when_there_are_none_and_left_out_when_not_asked() -> None:
    assert run_document(PARTIAL, ())["errors"] == []
    assert "errors" not in run_document(PARTIAL, None)


def test_a_run_in_progress_has_no_end() -> None:
    going = make_run(1, RunStatus.IN_PROGRESS, stats=RunStats(total=9, unchanged=2))
    document = run_document(going, None)
    assert (document["status"], document["completedAt"]) == ("in_progress", None)


def test_a_long_value_is_cut_at_200_characters() -> None:
    errors = run_document(PARTIAL, [replace(REJECTION, value="語" * 300)])["errors"]
    assert isinstance(errors, list)
    assert errors[0]["value"] == "語" * 200


def test_a_dry_run_says_so_and_extra_keys_come_last() -> None:
    document = run_document(PARTIAL, (), dry_run=True, extra={"refusal": None})
    assert list(document)[-2:] == ["dryRun", "refusal"]
    assert document["dryRun"] is True


def test_times_are_utc_to_the_second() -> None:
    tokyo = START.astimezone(timezone(timedelta(hours=9))).replace(microsecond=999999)
    assert utc_text(tokyo) == "2026-03-01T09:00:00Z"


def test_a_plan_lists_every_change_by_the_headers_of_the_sheet() -> None:
    columns = tuple(
        SheetColumn(Column(name, (name,), ColumnType.TEXT), header, letter)
        for name, header, letter in (("number", "Number", "A"), ("price", "価格", "B"))
    )
    listing = Listing("AA2", 3, ("AA2", 5))
    plan = Plan(
        columns=columns,
        inserts=(Listing("AA1", 2, ("AA1", 1)),),
        updates=(
            Update(listing, (1,), (4,)),
            Update(replace(listing, property_number="AA3"), (), (), mark="2026-01-01"),
        ),
        unchanged=0,
        unlisted=("AA9",),
        removals=("AA9",),
        table_size=2,
        filled=(2, 2),
        blanked=(0, 0),
    )
    assert plan_document(plan, "too many") == {
        "changes": {
            "inserts": ["AA1"],
            "updates": [
                {
                    "propertyNumber": "AA2",
                    "columns": [{"column": "価格", "old": 4, "new": 5}],
                    "unmarked": False,
                },
                {"propertyNumber": "AA3", "columns": [], "unmarked": True},
            ],
            "removals": ["AA9"],
        },
        "refusal": "too many",
    }


def test_the_last_runs_have_no_errors_and_mark_those_of_the_journal() -> None:
    waiting = replace(make_run(2), in_journal=True)
    document = runs_document(Recent((waiting, PARTIAL), None, ()))
    assert document == {
        "runs": [run_document(waiting, None), run_document(PARTIAL, None)],
    }
    assert [run.get("inJournal") for run in document["runs"]] == [True, None]  # type: ignore[attr-defined]


def test_runs_without_supabase_say_why() -> None:
    assert runs_document(Recent((), "paused", ())) == {"runs": [], "error": "paused"}
