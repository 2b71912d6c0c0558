from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.changes.ownership import Ours
from listing_sync.changes.rollback import Action, LeftAlone, Step, way_back, way_back_of_run
from listing_sync.changes.table_now import TableNow, means
from listing_sync.changes.undo_log import Logged, Row, folded

TYPES = {
    "number": ColumnType.TEXT,
    "price": ColumnType.MONEY,
    "note": ColumnType.TEXT,
    "facts": ColumnType.JSON,
}
TABLE = TableNow(key="number", types=TYPES, table_types={"updated_at": "timestamp with time zone"})
WAS: Row = {"id": 1, "number": "A1", "price": 100, "note": None, "own": "first", "updated_at": "t0"}
GIVEN: Row = {"id": 9, "number": "A1", "price": 100, "note": None, "own": None, "updated_at": "t9"}
NEW: Row = {"number": "A1", "price": 100, "note": None}
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
OTHERS = "changed by somebody else"


def did(old: Row | None, new: Row | None, run_id: str = "r1", **facts: Any) -> Logged:
    return Logged("A1", old, new, run_id, AT, **{"is_certain": True, **facts})


def maybe(old: Row | None, new: Row | None, run_id: str = "r1", **facts: Any) -> Logged:
    return did(old, new, run_id, is_certain=False, **facts)


def inserted(run_id: str = "r1", new: Row = NEW, given: Row = GIVEN) -> Logged:
    return did(None, new, run_id, made={n: v for n, v in given.items() if n not in new})


def back(was: Row | None, now: Row | None, *changes: Logged, table: TableNow = TABLE) -> Step:
    return way_back("A1", was, now, Ours(changes, table))


def undo(now: Row | None, *changes: Logged, table: TableNow = TABLE) -> Step:
    step = way_back_of_run("A1", "r1", now, Ours(changes, table))
    assert step is not None
    return step


def named(step: Step) -> list[tuple[str | None, str]]:
    return [(item.column, item.reason) for item in step.left_alone]


# -- to a snapshot ----------------------------------------------------------------------------


def test_what_we_wrote_is_restored_and_the_rest_is_not_looked_at() -> None:
    now = {**WAS, "price": 200, "own": "theirs", "updated_at": "t1"}
    step = back(WAS, now, did({"price": "100"}, {"price": "200"}))
    assert (step.action, step.values, step.left_alone) == (Action.RESTORE, {"price": 100}, ())


def test_what_somebody_else_wrote_over_us_is_left_and_named() -> None:
    now = {**WAS, "price": 300, "note": "ours"}
    step = back(WAS, now, did({"price": 100}, {"price": 200}), did({}, {"note": "ours"}))
    assert step.values == {"note": None}
    assert step.left_alone == (LeftAlone("A1", "price", OTHERS),)


def test_somebody_elses_return_to_a_value_of_ours_is_theirs() -> None:
    step = back(
        WAS,
        {**WAS, "price": 200},
        did({"price": 100}, {"price": 200}),
        did({"price": 200}, {"price": 300}),
    )
    assert named(step) == [("price", OTHERS)]


def test_a_value_noted_but_replaced_before_the_crash_is_still_ours() -> None:
    step = back(
        WAS,
        {**WAS, "price": 200},
        did({"price": 100}, {"price": 200}),
        maybe({"price": 200}, {"price": 300}),  # noted; its batch was never sent
    )
    assert step.values == {"price": 100}


def test_a_row_that_is_as_it_was_needs_nothing() -> None:
    step = back(WAS, WAS, did({"price": 100}, {"price": 200}))
    assert (step.action, step.left_alone) == (Action.NONE, ())


def test_a_row_that_we_removed_is_brought_back_whole() -> None:
    step = back(WAS, None, did(WAS, None))
    assert (step.action, step.values) == (Action.BRING_BACK, WAS)


def test_columns_that_are_gone_or_only_the_databases_are_not_brought_back() -> None:
    there = frozenset(WAS) - {"own"}
    table = TableNow("number", TYPES, columns=there, fixed=frozenset({"id"}))
    step = back(WAS, None, did(WAS, None), table=table)
    assert step.values.keys() == WAS.keys() - {"own", "id"}
    assert (step.gone, step.given) == (frozenset({"own"}), frozenset({"id"}))


def test_a_row_that_we_removed_and_made_anew_gets_back_what_the_insert_did_not_give() -> None:
    step = back(WAS, GIVEN, did(WAS, None), inserted("r2"))
    assert step.action is Action.RESTORE
    assert step.values == {"id": 1, "own": "first", "updated_at": "t0"}


def test_what_somebody_typed_into_a_row_made_anew_stays_and_is_named() -> None:
    step = back(WAS, {**GIVEN, "own": "typed since"}, did(WAS, None), inserted("r2"))
    assert "own" not in step.values
    assert named(step) == [("own", OTHERS)]


def test_a_row_that_we_removed_and_may_not_have_made_anew_is_brought_back() -> None:
    step = back(WAS, None, did(WAS, None), maybe(None, NEW, "r2"))
    assert (step.action, step.values) == (Action.BRING_BACK, WAS)


def test_a_row_that_we_removed_and_made_anew_and_somebody_removed_stays_away() -> None:
    step = back(WAS, None, did(WAS, None), inserted("r2"))
    assert named(step) == [(None, "removed by somebody else")]


def test_what_a_row_made_anew_by_somebody_no_longer_holds_is_named() -> None:
    step = back(WAS, {**WAS, "own": None}, did(WAS, None))
    assert (step.action, named(step)) == (Action.NONE, [("own", OTHERS)])
    never_removed = back(WAS, {**WAS, "own": None}, maybe(WAS, None))
    assert named(never_removed) == []


def test_a_row_that_we_inserted_is_removed() -> None:
    assert back(None, GIVEN, inserted()).action is Action.REMOVE


def test_a_row_that_we_inserted_and_that_is_gone_needs_nothing() -> None:
    step = back(None, None, inserted())
    assert (step.action, step.left_alone) == (Action.NONE, ())


def test_a_row_that_we_inserted_and_somebody_changed_stays() -> None:
    step = back(None, {**GIVEN, "price": 999}, inserted())
    assert step.action is Action.NONE
    assert named(step) == [("price", "added by us, changed by somebody else")]


def test_a_row_that_somebody_made_anew_is_not_ours_though_it_reads_the_same() -> None:
    table = TableNow("number", TYPES, fixed=frozenset({"id"}), identities=frozenset({"id"}))
    another = {**GIVEN, "id": 10}
    step = back(None, another, inserted(), table=table)
    assert (step.action, named(step)) == (Action.NONE, [(None, "added by somebody else")])
    step = undo(another, inserted(), table=table)
    assert (step.action, named(step)) == (Action.NONE, [(None, "added anew by somebody else")])
    # What our own second row lost of the first is not given to somebody else's third.
    removed = did(WAS, None)
    assert undo(GIVEN, removed, inserted("r2"), table=table).values["own"] == "first"
    assert undo(another, removed, inserted("r2"), table=table).values == {}


def test_a_row_that_we_inserted_and_somebody_filled_in_stays() -> None:
    step = back(None, {**GIVEN, "own": "typed since"}, inserted())
    assert step.action is Action.NONE
    assert named(step) == [("own", "added by us, filled in by somebody else")]


def test_what_an_insert_gave_where_nobody_saw_it_is_judged_by_what_it_can_be() -> None:
    now = {**GIVEN, "updated_at": "2026-03-01T09:00:05+00:00"}
    assert back(None, now, maybe(None, NEW)).action is Action.REMOVE
    late = {**now, "updated_at": "2026-03-09T09:00:05+00:00"}
    assert back(None, late, maybe(None, NEW)).action is Action.NONE
    step = back(None, {**now, "own": "typed"}, maybe(None, NEW))
    assert named(step) == [
        ("own", "added by us; whether it was filled in by somebody else is not known")
    ]


def test_what_a_trigger_may_have_derived_anew_is_left_and_blames_nobody() -> None:
    made = inserted(given={**GIVEN, "own": "A1 100"})
    ours = did({"price": 100}, {"price": 200}, "r2")
    now = {**GIVEN, "price": 200, "own": "A1 200"}
    step = back(None, now, made, ours)
    assert step.action is Action.NONE
    assert named(step) == [
        ("own", "added by us, changed by a trigger of the table or by somebody else")
    ]
    # Without an update of ours nothing of ours can have moved the trigger.
    (alone,) = named(back(None, {**now, "price": 100}, made))
    assert alone == ("own", "added by us, filled in by somebody else")
    default = TableNow("number", TYPES, defaults={"own": "'A1 100'::text"})
    assert named(back(None, {**now, "updated_at": "t9"}, made, ours, table=default)) == [
        ("own", "added by us, filled in by somebody else")
    ]
    again = back(WAS, now, did(WAS, None), made, ours)
    assert named(again) == [("own", "changed by a trigger of the table or by somebody else")]


@pytest.mark.parametrize(
    ("default", "value"),
    [("'it''s new'::text", "it's new"), ("7", 7), ("'-1'::integer", -1), ("true", True)],
)
def test_the_default_of_a_column_is_nobodys_work(default: str, value: Value) -> None:
    table = TableNow("number", TYPES, defaults={"own": default})
    now = {**GIVEN, "own": value, "updated_at": None}
    assert back(None, now, maybe(None, NEW), table=table).action is Action.REMOVE
    step = back(None, {**now, "own": "typed"}, maybe(None, NEW), table=table)
    assert step.action is Action.NONE


def test_a_column_that_came_after_the_insert_is_judged_by_what_it_can_hold() -> None:
    table = TableNow("number", TYPES, primary_key=frozenset({"id"}))
    assert back(None, {**GIVEN, "late": None}, inserted(), table=table).action is Action.REMOVE
    step = back(None, {**GIVEN, "late": "typed"}, inserted(), table=table)
    assert [item.column for item in step.left_alone] == ["late"]


def test_a_moment_that_a_trigger_moves_blames_nobody() -> None:
    moved = {**GIVEN, "updated_at": "t99"}
    assert back(None, moved, inserted()).action is Action.REMOVE
    typed = back(None, moved, inserted(given={**GIVEN, "updated_at": None}))
    assert named(typed) == [("updated_at", "added by us, filled in by somebody else")]
    assert back(WAS, {**WAS, "updated_at": "t99"}, did(WAS, None), inserted("r2", given=WAS)) == (
        Step("A1", Action.NONE, {}, {**WAS, "updated_at": "t99"})
    )


@pytest.mark.parametrize(
    ("seen", "action"), [(2, Action.REMOVE), (3, Action.NONE)], ids=["ours", "more than ours"]
)
def test_a_number_that_a_trigger_counts_up_with_our_updates_is_ours(
    seen: int, action: Action
) -> None:
    updates = [did({"price": n}, {"price": n + 1}, f"u{n}") for n in (100, 101)]
    now = {**GIVEN, "price": 102, "seen": seen}
    assert back(None, now, inserted(given={**GIVEN, "seen": 0}), *updates).action is action


def test_what_the_database_puts_in_place_of_the_value_of_then_counts_as_back() -> None:
    table = TableNow("number", TYPES, table_types={"seen": "integer"})
    was, now = {**WAS, "seen": 1}, {**WAS, "seen": 7}
    restored = did({"seen": 6}, {"seen": 1}, "back", made={"seen": 7})
    assert back(was, now, did(was, None), inserted("r2", given=was), restored, table=table) == (
        Step("A1", Action.NONE, {}, now)
    )


def test_a_column_that_is_gone_is_named_as_such() -> None:
    now = {name: value for name, value in WAS.items() if name != "note"}
    step = back(WAS, now, did({"note": None, "price": 100}, {"note": "x", "price": 100}))
    assert (step.action, step.gone) == (Action.NONE, frozenset({"note"}))


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
    assert named(step) == [(None, reason)]


# -- before one run ---------------------------------------------------------------------------


def test_one_run_is_undone_from_the_values_it_replaced() -> None:
    now = {**WAS, "price": 200, "note": "of a later run"}
    later = did({"note": None}, {"note": "of a later run"}, "r2")
    step = undo(now, did({"price": "100"}, {"price": 200}), later)
    assert (step.action, step.values, step.left_alone) == (Action.RESTORE, {"price": "100"}, ())


@pytest.mark.parametrize(
    ("kind", "old", "now"),
    [
        pytest.param(ColumnType.MONEY, "100", 100, id="a number read as text"),
        pytest.param(ColumnType.AREA, "70.50", 70.5, id="a number with zeros"),
        pytest.param(ColumnType.DATE, "2026-03-01", "2026-03-01T00:00:00+00:00", id="a day"),
        pytest.param(
            ColumnType.DATETIME, "2026-03-01T09:00:00+09:00", "2026-03-01 00:00:00+00", id="moment"
        ),
        pytest.param(
            ColumnType.DATETIME, "2026-03-01T09:00:00+00:00", "2026-03-01", id="mark in a date"
        ),
        pytest.param(ColumnType.JSON, {"n": Decimal("0.10")}, {"n": 0.1}, id="a document"),
    ],
)
def test_what_is_back_already_needs_nothing_whatever_form_it_was_read_in(
    kind: ColumnType, old: Value, now: Value
) -> None:
    # The mapping of today may know nothing of the column.
    change = did({"x": old}, {"x": "other"}, types={"x": kind})
    step = undo({"number": "A1", "x": now}, change)
    assert (step.action, step.left_alone) == (Action.NONE, ())


def test_true_is_not_one_in_a_document() -> None:
    step = undo({**WAS, "facts": {"a": True}}, did({"facts": {"a": 1}}, {"facts": {"a": True}}))
    assert (step.action, step.values) == (Action.RESTORE, {"facts": {"a": 1}})


def test_a_later_run_of_ours_is_named_as_ours() -> None:
    later = did({"price": 200}, {"price": 300}, "r2")
    step = undo({**WAS, "price": 300}, did({"price": 100}, {"price": 200}), later)
    assert named(step) == [("price", "changed by run r2 of 2026-03-01 09:00 UTC")]
    step = undo({**GIVEN, "price": 300}, inserted(), did({"price": 100}, {"price": 300}, "r2"))
    assert named(step) == [("price", "added by us, changed by run r2 of 2026-03-01 09:00 UTC")]
    step = undo(None, did({"price": 100}, {"price": 200}), did(WAS, None, "r2"))
    assert named(step) == [(None, "removed by run r2 of 2026-03-01 09:00 UTC")]
    step = undo(GIVEN, inserted(), did(GIVEN, None, "r2"), inserted("r3"))
    assert named(step) == [(None, "made anew by run r3 of 2026-03-01 09:00 UTC")]


def test_undoing_a_removal_gives_back_what_a_later_insert_could_not_know() -> None:
    step = undo({**GIVEN, "price": 300}, did(WAS, None), inserted("r2", {**NEW, "price": 300}))
    assert step.values == {"id": 1, "own": "first", "updated_at": "t0"}
    assert named(step) == [("price", "changed by run r2 of 2026-03-01 09:00 UTC")]


def test_a_row_that_somebody_else_added_after_us_stays() -> None:
    step = undo(GIVEN, inserted(), did(GIVEN, None, "r2"))
    assert named(step) == [(None, "added anew by somebody else")]


def test_a_removal_undone_after_somebody_removed_the_row_again_is_theirs() -> None:
    step = undo(None, did(WAS, None), inserted("r2"))
    assert named(step) == [(None, "removed by somebody else")]
    assert undo(None, did({"price": 1}, {"price": 2})).left_alone == (
        LeftAlone("A1", None, "removed by somebody else"),
    )


def test_what_a_run_inserted_and_is_gone_is_back() -> None:
    assert undo(None, inserted()) == Step("A1", Action.NONE, {}, None)


def test_a_listing_that_the_run_did_not_change_has_no_step() -> None:
    assert way_back_of_run("A1", "r1", WAS, Ours([did({}, {"note": "x"}, "r2")], TABLE)) is None


def test_what_one_run_noted_twice_is_one_change() -> None:
    first, second = maybe({"a": 1}, {"a": 2}), did({"a": 2, "b": 0}, {"a": 3, "b": 1})
    whole = folded([first, second])
    assert whole is not None
    assert (whole.old, whole.new) == ({"a": 1, "b": 0}, {"a": 3, "b": 1})
    assert folded([maybe(WAS, None), maybe(WAS, None)]) == maybe(WAS, None)


# Ours and theirs write from different sets, so that who wrote last can be told.
writes = st.tuples(
    st.booleans(), st.sampled_from(["price", "note"]), st.integers(1, 3), st.booleans()
)


@given(st.lists(writes, max_size=8))
def test_ours_goes_back_and_theirs_stays(steps: list[tuple[bool, str, int, bool]]) -> None:
    now: dict[str, Value] = dict(WAS)
    theirs: dict[str, Value] = {}
    log = []
    for place, (ours, column, base, is_sent) in enumerate(steps):
        value = base + 10 * place
        if ours:
            log.append(
                (did if is_sent else maybe)({column: now[column]}, {column: value}, f"r{place}")
            )
            if not is_sent:
                continue
            now[column] = value
            theirs.pop(column, None)
        else:
            now[column] = theirs[column] = -value
    step = back(WAS, now, *log)
    assert {**now, **step.values} == {**WAS, **theirs}
    assert {item.column for item in step.left_alone} == set(theirs)


def test_an_insert_that_was_changed_in_the_same_run_stays_an_insert() -> None:
    whole = folded([inserted(), did({"price": 1}, {"price": 2}, "r1")])
    assert whole is not None
    assert whole.old is None
    assert whole.new is not None
    assert whole.new["price"] == 2


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        (True, True, True),
        (True, 1, False),
        ("x", "x", True),
        ("7", 7.0, True),
        ("seven", 7, False),
        ({"a": 1}, {"a": 1}, True),
    ],
)
def test_values_of_a_column_of_which_nothing_is_known_are_judged_by_themselves(
    left: Value, right: Value, *, is_same: bool
) -> None:
    assert TableNow("number", TYPES).is_same("unheard_of", left, right) is is_same


def test_a_moment_that_is_none_is_no_work_of_a_run() -> None:
    table = TableNow("number", TYPES, table_types={"seen_at": "timestamp with time zone"})
    at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert table.may_be_given("seen_at", "2026-03-01T09:00:05+00:00", [at])
    assert not table.may_be_given("seen_at", "infinity", [at])
    assert not means(1, 1, None)


NUMBERED = replace(TABLE, identities=frozenset({"id"}))
UPDATED = did({"price": 100}, {"price": 200})


def test_a_row_of_the_snapshot_that_others_made_anew_is_left_though_a_value_is_ours() -> None:
    anew = {**WAS, "id": 7, "price": 200}
    assert named(back(WAS, anew, UPDATED, table=NUMBERED)) == [
        (None, "added anew by somebody else")
    ]
    assert back(WAS, {**anew, "id": 1}, UPDATED, table=NUMBERED).values == {"price": 100}
    # Which row it is cannot be told.
    assert back(WAS, anew, UPDATED).values == {"price": 100}


def test_one_made_anew_as_it_was_blames_nobody() -> None:
    step = back(WAS, {**WAS, "id": 7}, UPDATED, table=NUMBERED)
    assert (step.action, step.left_alone) == (Action.NONE, ())


def test_a_row_that_others_made_anew_is_none_that_a_run_updated() -> None:
    updated = replace(UPDATED, made={"id": 1})
    now = {**WAS, "price": 200}
    assert undo(now, updated, table=NUMBERED).values == {"price": 100}
    anew = {**now, "id": 7}
    theirs = [(None, "added anew by somebody else")]
    assert named(undo(anew, updated, table=NUMBERED)) == theirs
    # A later run of ours wrote into theirs.
    later = did({"note": None}, {"note": "x"}, "r2", made={"id": 7})
    assert named(undo({**anew, "note": "x"}, updated, later, table=NUMBERED)) == theirs
    # What is back already counts as back, whoever made it.
    assert undo({**anew, "price": 100}, updated, table=NUMBERED).left_alone == ()
    # Before, a run did not ask which row it was.
    assert undo(anew, UPDATED, table=NUMBERED).values == {"price": 100}


def test_a_row_whose_id_a_rollback_gave_back_is_still_ours() -> None:
    changes = (
        did(WAS, None),
        inserted("r2"),
        did({"id": 9, "own": None}, {"id": 1, "own": "first"}, "r3", made={"id": 1}),
    )
    step = back(WAS, {**WAS, "price": 200}, *changes, UPDATED, table=NUMBERED)
    assert (step.values, step.left_alone) == ({"price": 100}, ())


def test_an_id_that_a_rollback_may_not_have_given_back_makes_nobody_elses_row() -> None:
    cut_off = maybe({"id": 9, "own": None}, {"id": 1, "own": "first"}, "r3")
    step = back(WAS, GIVEN, did(WAS, None), inserted("r2"), cut_off, table=NUMBERED)
    assert step.action is Action.RESTORE


def test_that_an_update_told_which_row_it_was_is_no_writing_of_the_id() -> None:
    later = did({"note": None}, {"note": "x"}, "r2", made={"id": 9})
    wrote = Ours((inserted(), later), NUMBERED).wrote("id", 9)
    assert wrote is not None
    assert wrote.run_id == "r1"


def test_what_a_person_may_type_into_a_primary_key_tells_no_row_from_another() -> None:
    table = replace(
        TABLE,
        primary_key=frozenset({"number", "id", "ward", "town"}),
        defaults={"id": "gen_random_uuid()", "town": "'north'::text"},
    )
    assert table.row_ids == {"id"}
    assert replace(table, defaults={}).row_ids == set()
    assert replace(table, defaults=None).row_ids == {"id", "ward", "town"}


def test_a_row_that_others_made_anew_after_a_removal_as_it_was_is_back() -> None:
    now = {**WAS, "id": 7}
    step = undo(now, did(WAS, None), table=NUMBERED)
    assert (step.action, step.left_alone) == (Action.NONE, ())
    step = undo({**now, "price": 5}, did(WAS, None), table=NUMBERED)
    assert named(step) == [(None, "added anew by somebody else")]


# -- after rollbacks --------------------------------------------------------------------------


def took_back(*run_ids: str) -> dict[str, Any]:
    return {"undoes": frozenset(run_ids)}


SECOND = did({"price": 200}, {"price": 300}, "r2")
UNDONE = did({"price": 300}, {"price": 200}, "back", **took_back("r2"))


def test_runs_are_undone_one_after_another_the_newest_first() -> None:
    now = {**WAS, "price": 200}
    assert undo(now, UPDATED, SECOND, UNDONE).values == {"price": 100}
    # Of the rollback itself, what it gave back is its own.
    step = way_back_of_run("A1", "back", now, Ours((UNDONE,), TABLE))
    assert step is not None
    assert step.values == {"price": 300}
    # Before, a rollback did not tell what it took back.
    before = replace(UNDONE, undoes=frozenset())
    assert "changed by run back" in named(undo(now, UPDATED, SECOND, before))[0][1]


def test_what_a_rollback_gave_back_to_somebody_else_is_theirs() -> None:
    second = did({"price": 250}, {"price": 300}, "r2")
    back_again = did({"price": 300}, {"price": 250}, "back", **took_back("r2"))
    now = {**WAS, "price": 250}
    assert named(undo(now, UPDATED, second, back_again)) == [("price", OTHERS)]
    assert named(back(WAS, now, UPDATED, second, back_again)) == [("price", OTHERS)]


def test_what_a_rollback_set_to_another_value_than_was_replaced_is_its_own() -> None:
    second = did({"price": 250}, {"price": 300}, "r2")
    to_snapshot = did({"price": 300}, {"price": 90}, "back", **took_back("r1", "r2"))
    step = undo({**WAS, "price": 90}, UPDATED, second, to_snapshot)
    assert "changed by run back" in named(step)[0][1]


def test_a_row_that_was_removed_and_brought_back_is_the_one_that_it_was() -> None:
    removed = did({**GIVEN, "price": 200}, None, "r2")
    whole = {**GIVEN, "id": 12, "price": 200}
    brought = did(None, whole, "back", made={}, **took_back("r2"))
    updated = replace(UPDATED, made={"id": 9})
    step = undo(whole, updated, removed, brought, table=NUMBERED)
    assert (step.values, step.left_alone) == ({"price": 100}, ())
    made = replace(inserted(), new={**NEW, "price": 200})
    assert undo(whole, made, removed, brought, table=NUMBERED).action is Action.REMOVE
    # What nobody maps is not looked at, as it was not before.
    typed = {**whole, "own": "typed"}
    step = back({**GIVEN, "price": 100}, typed, updated, removed, brought, table=NUMBERED)
    assert (step.values, step.left_alone) == ({"id": 9, "price": 100}, ())


def test_a_row_that_was_made_anew_and_taken_away_again_is_as_it_was_removed() -> None:
    again, away = inserted("r2"), did(GIVEN, None, "back", **took_back("r2"))
    assert undo(None, did(WAS, None), again, away).action is Action.BRING_BACK
    assert back(WAS, None, did(WAS, None), again, away).action is Action.BRING_BACK
    # Somebody adds it after that: it is theirs.
    assert ("own", OTHERS) in named(undo(GIVEN, did(WAS, None), again, away))


def test_what_a_rollback_wrote_into_a_row_made_anew_is_its_own() -> None:
    removed, again = did(WAS, None, "r2"), inserted("r3")
    filled = did({"own": None}, {"own": "first"}, "back", **took_back("r2", "r3"))
    wrote = Ours((UPDATED, removed, again, filled), TABLE).wrote("own", "first")
    assert wrote is filled


def test_a_rollback_of_a_rollback_puts_the_run_in_force_again() -> None:
    redone = did({"price": 200}, {"price": 300}, "again", **took_back("back"))
    step = undo({**WAS, "price": 300}, UPDATED, SECOND, UNDONE, redone)
    assert "changed by run r2" in named(step)[0][1]


def test_a_row_that_a_rollback_may_have_removed_is_judged_by_whether_it_is_there() -> None:
    cut_off = maybe(GIVEN, None, "back", **took_back("r1"))
    assert undo(GIVEN, inserted(), cut_off).action is Action.REMOVE
    assert (
        undo(
            None, did(WAS, None), inserted("r2"), maybe(GIVEN, None, "back", **took_back("r2"))
        ).action
        is Action.BRING_BACK
    )
    brought = maybe(None, WAS, "back", **took_back("r1"))
    assert undo(None, did(WAS, None), brought).action is Action.BRING_BACK
