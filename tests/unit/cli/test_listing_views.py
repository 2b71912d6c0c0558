"""What `status --listing --json` gives, against docs/contract.md section 4."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from listing_sync.changes.undone import Deed, Undone
from listing_sync.cli.json_output import rejection_document
from listing_sync.cli.listing_views import listing_document
from listing_sync.history.outlook import Outlook
from listing_sync.history.story import (
    ChangeKind,
    ColumnChange,
    Difference,
    LastChange,
    SheetView,
    Story,
    TableView,
)
from tests.fakes import START
from tests.runs import REJECTION, run_id

STORY = Story(
    property_number="AA1",
    sheet=SheetView((17, 20), None, (REJECTION,), ()),
    table=TableView(is_there=True, is_marked=False, differences=(Difference("Price", 5, None),)),
    is_in_share=True,
    is_pruned=False,
    last_change=LastChange(run_id(1), START, ChangeKind.UPDATED, (ColumnChange("Price", None, 5),)),
    rejected_since=None,
    refusals=(),
    outlook=Outlook(due=START),
    hold=None,
    problems=(),
    undone=Undone(run_id(1), START, Deed.WROTE, ("Price",)),
)


def test_a_listing_has_the_keys_of_the_contract() -> None:
    document = listing_document(STORY)
    answer = document.pop("answer")
    assert isinstance(answer, str)
    assert answer.startswith("AA1 is on the site with older values")
    assert document == {
        "propertyNumber": "AA1",
        "row": 17,
        "inTable": True,
        "upToDate": False,
        "differences": [{"column": "Price", "sheet": 5, "table": None}],
        "givenBack": [],
        "lastChanged": "2026-03-01T09:00:00Z",
        "lastChange": {
            "syncId": run_id(1),
            "change": "updated",
            "columns": [{"column": "Price", "old": None, "new": 5}],
        },
        "undone": {
            "syncId": run_id(1),
            "at": "2026-03-01T09:00:00Z",
            "change": "written",
            "columns": ["Price"],
        },
        "nextRun": "2026-03-01T09:00:00Z",
        "rejections": [rejection_document(REJECTION)],
        "problems": [],
    }


@pytest.mark.parametrize(
    ("sheet", "table", "expected"),
    [
        (None, None, (None, None, None)),
        (
            SheetView((), None, (), ()),
            TableView(is_there=False, is_marked=False, differences=()),
            (None, False, True),
        ),
    ],
    ids=["both away", "nowhere"],
)
def test_what_is_not_known_is_null(sheet, table, expected) -> None:
    document = listing_document(replace(STORY, sheet=sheet, table=table, last_change=None))
    assert (document["row"], document["inTable"], document["upToDate"]) == expected
    assert (document["lastChanged"], document["rejections"]) == (None, [])
    json.dumps(document)
