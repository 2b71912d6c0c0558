"""What sync_errors keeps of a reason."""

from __future__ import annotations

from dataclasses import asdict
from uuid import uuid4

import pytest

from listing_sync.cells.listings import Rejection
from listing_sync.history.runs import StoredRejection
from listing_sync.language.catalogue import speak
from listing_sync.language.choice import Language
from listing_sync.language.sentences import phrase
from listing_sync.supabase.run_rows import (
    rejection_to_row,
    row_to_rejection,
    row_to_run,
    run_to_row,
)
from tests.fakes import START
from tests.runs import make_run


def stored(reason, code, payload=None):
    rejection = Rejection("AA1", 3, "Price", "F3", "ask", reason, code=code)
    return StoredRejection(str(uuid4()), rejection, START, payload)


def test_a_reason_comes_back_in_the_language_of_who_asks(japanese):
    kept = stored(phrase("not a number", code="not_a_number"), "not_a_number", {"Price": "ask"})
    row = rejection_to_row(kept)
    assert row["message"] == "数値として読み取れません"
    assert row_to_rejection(row) == kept
    speak(Language.ENGLISH)
    back = row_to_rejection(row)
    assert (back.rejection.reason, back.rejection.code) == ("not a number", "not_a_number")
    assert back.payload == {"Price": "ask"}


def test_a_row_of_an_earlier_version_says_what_it_said_and_has_no_code():
    row = rejection_to_row(stored("not a number", None, {"Price": "ask"}))
    assert row["payload"] == {"Price": "ask"}
    back = row_to_rejection(row).rejection
    assert (back.reason, back.code) == ("not a number", None)


def test_what_is_kept_of_a_reason_is_storable_and_does_not_widen_the_payload():
    reason = phrase("wrong unit: {unit}", code="wrong_unit", unit="\0\ud800")
    row = rejection_to_row(stored(reason, "wrong_unit", {"Note": "x" * 20_000}))
    assert row["payload"][""]["said"] == ["wrong unit: {unit}", {"unit": "\ufffd\ufffd"}]
    assert len(row["payload"]["Note"]) < 8192


ROW = {
    **run_to_row(make_run(1)),
    "created_at": "2026-03-01T09:00:00+00:00",
    "updated_at": "2026-03-01T09:00:00+00:00",
}


@pytest.mark.parametrize("value", [None, [], {"a": 1}, "x", True, -(10**30), "9999-12-31T23:59-14"])
@pytest.mark.parametrize("name", ROW)
def test_a_row_is_a_run_or_is_refused_whatever_somebody_wrote_there(name, value):
    try:
        run = row_to_run({**ROW, name: value})
    except (LookupError, TypeError, ValueError, OverflowError):
        return
    assert isinstance(run.run_id, str)
    assert isinstance(run.pid, int | None)
    assert all(type(count) is int for count in asdict(run.stats).values())
