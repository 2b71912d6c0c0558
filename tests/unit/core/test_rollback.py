from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.core.mapping import ColumnType
from listing_sync.core.rollback import Action, LeftAlone, Row, Step, way_back

TYPES = {"number": ColumnType.TEXT, "price": ColumnType.MONEY, "note": ColumnType.TEXT}
WAS = {"id": 1, "number": "A1", "price": 100, "note": None, "updated_at": "t0"}


@dataclass(frozen=True, slots=True)
class Logged:
    old: Row | None
    new: Row | None


def back(was: Row | None, now: Row | None, *written: Logged) -> Step:
    return way_back("A1", was, now, written, TYPES, tuple(TYPES))


def test_what_we_wrote_is_restored_and_the_rest_is_not_looked_at() -> None:
    now = {**WAS, "price": 200, "updated_at": "t1"}
    step = back(WAS, now, Logged({"price": 100}, {"price": "200"}))
    assert (step.action, step.values, step.left_alone) == (Action.RESTORE, {"price": 100}, ())


def test_what_somebody_else_wrote_over_us_is_left_and_named() -> None:
    now = {**WAS, "price": 300, "note": "ours"}
    step = back(WAS, now, Logged({"price": 100}, {"price": 200}), Logged({}, {"note": "ours"}))
    assert step.values == {"note": None}
    assert step.left_alone == (LeftAlone("A1", "price", "changed by somebody else"),)


def test_a_value_logged_but_replaced_before_the_crash_is_still_ours() -> None:
    step = back(
        WAS,
        {**WAS, "price": 200},
        Logged({"price": 100}, {"price": 200}),
        Logged({"price": 200}, {"price": 300}),  # logged; its batch was never sent
    )
    assert step.values == {"price": 100}


def test_a_row_that_is_as_it_was_needs_nothing() -> None:
    step = back(WAS, WAS, Logged({"price": 100}, {"price": 200}))
    assert (step.action, step.left_alone) == (Action.NONE, ())


def test_a_row_that_we_removed_is_brought_back_whole() -> None:
    step = back(WAS, None, Logged(WAS, None))
    assert (step.action, step.values) == (Action.BRING_BACK, WAS)


def test_a_row_that_we_removed_and_made_anew_is_brought_back_whole() -> None:
    now = {"id": 9, "number": "A1", "price": 100, "note": None, "updated_at": "t9"}
    new = {"number": "A1", "price": 100, "note": None}
    step = back(WAS, now, Logged(WAS, None), Logged(None, new))
    assert (step.action, step.values) == (Action.BRING_BACK, WAS)


def test_a_row_that_we_inserted_is_removed() -> None:
    now = {"id": 2, "number": "A1", "price": 100, "note": None, "updated_at": "t1"}
    new = {"number": "A1", "price": 100, "note": None}
    assert back(None, now, Logged(None, new)).action is Action.REMOVE


def test_a_row_that_we_inserted_and_that_is_gone_needs_nothing() -> None:
    step = back(None, None, Logged(None, {"number": "A1"}))
    assert (step.action, step.left_alone) == (Action.NONE, ())


def test_a_column_that_is_gone_is_not_looked_for() -> None:
    now = {name: value for name, value in WAS.items() if name != "note"}
    assert back(WAS, now, Logged({"note": None}, {"note": "x"})).action is Action.NONE


def test_a_row_that_we_inserted_and_somebody_changed_stays() -> None:
    now = {"id": 2, "number": "A1", "price": 999, "note": None}
    step = back(None, now, Logged(None, {"number": "A1", "price": 100, "note": None}))
    assert step.action is Action.NONE
    assert [item.column for item in step.left_alone] == ["price"]


@pytest.mark.parametrize(
    ("was", "now", "reason"),
    [
        pytest.param(WAS, None, "removed by somebody else", id="removed"),
        pytest.param(None, WAS, "added by somebody else", id="added"),
    ],
)
def test_rows_that_others_added_or_removed_are_left_and_named(
    was: Row | None, now: Row | None, reason: str
) -> None:
    step = back(was, now)
    assert step.action is Action.NONE
    assert step.left_alone == (LeftAlone("A1", None, reason),)


def test_one_run_is_undone_from_the_values_it_replaced() -> None:
    log = Logged({"price": 100}, {"price": 200})
    now = {**WAS, "price": 200, "note": "of a later run"}
    step = way_back("A1", log.old, now, [log], TYPES, ("price",))
    assert (step.action, step.values, step.left_alone) == (Action.RESTORE, {"price": 100}, ())


# Ours and theirs write from different sets, so that who wrote last can be told.
writes = st.tuples(
    st.booleans(), st.sampled_from(["price", "note"]), st.integers(1, 3), st.booleans()
)


@given(st.lists(writes, max_size=8))
def test_ours_goes_back_and_theirs_stays(steps: list[tuple[bool, str, int, bool]]) -> None:
    now: dict[str, object] = dict(WAS)
    theirs: dict[str, object] = {}
    log = []
    for ours, column, value, is_sent in steps:
        if ours:
            log.append(Logged({column: now[column]}, {column: value}))
            if not is_sent:
                continue
            now[column] = value
            theirs.pop(column, None)
        else:
            now[column] = theirs[column] = -value
    step = back(WAS, now, *log)
    assert {**now, **step.values} == {**WAS, **theirs}
    assert {item.column for item in step.left_alone} == set(theirs)
