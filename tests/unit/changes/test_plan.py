"""What a run would do, worked out from sheet and table; and when it must not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import KEPT, Checked, Listing, Rejection, SheetColumn, Value
from listing_sync.changes.given_back import NOTHING_KNOWN, Answer, learned
from listing_sync.changes.plan import Plan, TableRow, make_plan, row_taker
from listing_sync.changes.refusal import SafetyLimits, refusal
from listing_sync.changes.rewritten import rewritten_sample
from listing_sync.changes.rollout import is_in_share, within_share

NUMBER = SheetColumn(Column("property_number", ("Property Number",), ColumnType.TEXT), "番号", "A")
PRICE = SheetColumn(Column("price", ("Price",), ColumnType.MONEY), "Price", "B")
NOTE = SheetColumn(Column("note", ("Note",), ColumnType.TEXT, keep_on_blank=True), "Note", "C")


def sheet(
    *rows: tuple[str, Value, Value],
    rejected: Iterable[str] = (),
    unknown_numbers: bool = False,
) -> Checked:
    """Return what the validator made of rows of number, price and note."""
    listings = tuple(Listing(row[0], index + 2, row) for index, row in enumerate(rows))
    rejections = tuple(
        Rejection(number, 100 + index, "Price", None, "ask", "not a number")
        for index, number in enumerate(rejected)
    )
    numbers = {listing.property_number for listing in listings}
    return Checked(
        columns=(NUMBER, PRICE, NOTE),
        listings=listings,
        rejections=rejections,
        numbers=frozenset(numbers | {item.property_number or "" for item in rejections}),
        unknown_numbers=unknown_numbers,
        total_rows=len(rows) + len(rejections),
        rejected_rows=len(rejections),
    )


def page(*rows: tuple[str, Value, Value], mark: Value = None) -> Sequence[TableRow]:
    return [TableRow(row[0], row, mark) for row in rows]


def house(number: int, price: Value = 100, note: Value = "n") -> tuple[str, Value, Value]:
    return (f"AA{number}", price, note)


def houses(count: int, *, first: int = 1, price: Value = 100) -> list[tuple[str, Value, Value]]:
    return [house(number, price) for number in range(first, first + count)]


def plan_of(
    rows: list[tuple[str, Value, Value]], table: list[tuple[str, Value, Value]], **options: Any
) -> Plan:
    return make_plan(sheet(*rows), [page(*table)], **options)


# -- the plan ---------------------------------------------------------------------------------


def test_each_new_and_each_changed_listing_is_a_write() -> None:
    plan = plan_of([house(1), house(2, 200)], [house(2)])
    assert (plan.writes, plan.changes, plan.additions) == (2, 1, 1)


def test_only_a_value_that_becomes_blank_counts_as_blanked() -> None:
    plan = plan_of([house(1, None, "new"), house(2, None)], [house(1), house(2, "")])
    assert plan.blanked == (0, 1, 0)
    assert [update.blanked for update in plan.updates] == [(1,), ()]


def test_what_is_new_equal_or_different_is_told_apart_over_all_pages() -> None:
    plan = make_plan(
        sheet(house(1), house(2, 200), house(3), house(4)),
        [page(house(1)), page(house(2), house(3, "100.00"), house(9))],
    )
    assert [listing.property_number for listing in plan.inserts] == ["AA4"]
    (update,) = plan.updates
    assert (update.listing.property_number, update.changed, update.old) == ("AA2", (1,), (100,))
    assert plan.unchanged == 2
    assert plan.unlisted == ("AA9",)
    assert plan.removals == ()
    assert plan.table_size == 4


def test_rows_of_the_table_of_different_lengths_are_never_counted_in_part() -> None:
    table = [TableRow("AA1", ("AA1", 100, "n")), TableRow("AA2", ("AA2", 100))]
    with pytest.raises(ValueError, match="shorter"):
        make_plan(sheet(), [table])


def test_force_writes_equal_rows_which_are_no_changes() -> None:
    plan = plan_of([house(1), house(2, 5)], [house(1), house(2)], force=True)
    assert plan.writes == 2
    assert plan.changes == 1
    assert plan.unchanged == 0


def test_a_kept_value_is_no_difference_and_remembers_what_the_table_has() -> None:
    plan = plan_of([house(1, 100, KEPT), house(2, 5, KEPT)], [house(1), house(2, 100, "old")])
    (update,) = plan.updates
    assert update.changed == (1,)
    assert update.kept == ((2, "old"),)


def test_a_marked_listing_that_comes_back_is_unmarked_and_no_change() -> None:
    plan = make_plan(sheet(house(1, 5)), [page(house(1), mark="2026-01-01")])
    (update,) = plan.updates
    assert update.mark == "2026-01-01"
    assert (plan.changes, plan.table_size) == (0, 0)


def test_prune_removes_exactly_what_no_row_names() -> None:
    checked = sheet(house(1), rejected=["AA2"])
    table = [page(house(1), house(2), house(3)), page(house(4), mark="2026-01-01")]
    assert make_plan(checked, table, prune=True).removals == ("AA3",)


def test_prune_removes_nothing_when_a_number_cannot_be_read() -> None:
    plan = make_plan(sheet(house(1), unknown_numbers=True), [page(house(1), house(2))], prune=True)
    assert plan.removals == ()
    assert plan.unlisted == ("AA2",)


def test_additions_are_the_inserted_and_the_unmarked() -> None:
    plan = make_plan(sheet(*houses(4)), [page(house(4), mark="2026-01-01")])
    assert (len(plan.inserts), plan.additions) == (3, 4)


def test_a_rejected_number_that_no_row_bears_is_unseen_whichever_page_bears_the_others() -> None:
    checked = sheet(house(1), house(2), rejected=["AA3", "AA4", "AA5"])
    plan = make_plan(checked, [page(house(2), house(3)), page(house(5), house(9))])
    assert plan.unseen == {"AA4"}


@pytest.mark.parametrize(
    ("pages", "has_rows"), [([], False), ([[]], False), ([page(house(1)), []], True)]
)
def test_a_table_has_rows_where_any_page_showed_one(
    pages: list[Sequence[TableRow]], *, has_rows: bool
) -> None:
    assert make_plan(sheet(), pages).has_rows is has_rows


def test_filled_are_the_values_that_are_neither_null_nor_empty() -> None:
    notes = ("n", None, "", "x", "")
    rows = [house(number, note=note) for number, note in enumerate(notes)]
    assert plan_of([], rows).filled == (5, 5, 2)


@pytest.mark.parametrize(
    ("found", "stored"),
    [(f"AA{len('1')}", None), ("aa1", "aa1"), (" AA1", " AA1")],  # the first is another object
    ids=repr,
)
def test_a_row_is_written_under_the_number_as_it_bears_it(found: str, stored: str | None) -> None:
    take = row_taker((NUMBER, PRICE, NOTE), NOTHING_KNOWN, force=True)
    update = take(Listing("AA1", 2, house(1)), TableRow(found, house(1)))
    assert update is not None
    assert (update.stored, update.key) == (stored, found)


@pytest.mark.parametrize(
    ("row", "is_of_table"),
    [
        pytest.param(("AA1", "$6.00", "n"), True, id="only what the table makes otherwise"),
        pytest.param(("AA1", "$6.00", "m"), False, id="and a note"),
        pytest.param(("AA1", "$5.00", "n"), False, id="known, so equal"),
    ],
)
def test_a_difference_is_the_tables_own_where_all_of_it_may_be(
    row: tuple[str, Value, Value], *, is_of_table: bool
) -> None:
    answer = Answer("AA1", "AA1", ("price",), {"price": (5, "$5.00")})
    known = learned(NOTHING_KNOWN, [answer], (), {})
    (update,) = plan_of([house(1, 5)], [row], known=known, force=True).updates
    assert update.is_of_table is is_of_table


@given(st.sets(st.integers(1, 300)), st.sets(st.integers(1, 300)), st.integers(0, 100))
def test_rows_outside_the_share_are_not_looked_at(
    listed: set[int], stored: set[int], percent: int
) -> None:
    checked = within_share(sheet(*[house(number) for number in listed]), percent)
    plan = make_plan(
        checked, [page(*[house(number) for number in stored])], percent=percent, prune=True
    )
    ours = {number for number in listed | stored if is_in_share(f"AA{number}", percent)}
    assert plan.table_size == len(stored & ours)
    assert {item.property_number for item in plan.inserts} == {
        f"AA{number}" for number in (listed - stored) & ours
    }
    assert plan.unchanged == len(listed & stored & ours)


def test_rejections_outside_the_share_are_skipped_rows_without_a_number_stay() -> None:
    checked = sheet(house(1), rejected=[f"AA{number}" for number in range(2, 50)])
    nameless = Rejection(None, 99, None, None, None, "no property number")
    checked = within_share(
        Checked(
            checked.columns,
            checked.listings,
            (*checked.rejections, nameless),
            checked.numbers,
            unknown_numbers=True,
            total_rows=50,
            rejected_rows=49,
        ),
        0,
    )
    assert checked.rejections == (nameless,)
    assert (checked.total_rows, checked.rejected_rows, checked.listings) == (50, 1, ())


# -- refusals ---------------------------------------------------------------------------------

REFUSED = re.compile(r"run once: `sync((?: --[a-z]+-limit \d+)+)`$")


def way_on(message: str, limits: SafetyLimits) -> SafetyLimits:
    """Return the limits that the message proposes."""
    found = REFUSED.search(message)
    assert found, message
    words = found[1].split()
    options = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    return SafetyLimits(
        options.get("--prune-limit", limits.prune_percent),
        options.get("--change-limit", limits.change_percent),
    )


def pruned(size: int, removed: int) -> Plan:
    return plan_of(houses(size - removed), houses(size), prune=True)


def changed(size: int, count: int) -> Plan:
    return plan_of([*houses(count, price=7), *houses(size - count, first=count + 1)], houses(size))


def inserted(size: int, count: int) -> Plan:
    return plan_of(houses(size + count), houses(size))


def blanked(size: int, count: int) -> Plan:
    table = [house(number, 100, "n" if number <= 10 else None) for number in range(1, size + 1)]
    rows = [(row[0], row[1], None if index < count else row[2]) for index, row in enumerate(table)]
    return plan_of(rows, table)


@pytest.mark.parametrize(
    ("passes", "refused", "limits", "told"),
    [
        pytest.param(
            pruned(100, 10),
            pruned(100, 11),
            SafetyLimits(10, 50),
            "11 of 100",
            id="ten percent removed",
        ),
        pytest.param(
            pruned(100, 29), pruned(100, 30), SafetyLimits(29, 50), "30 of 100", id="no float's 29"
        ),
        pytest.param(
            pruned(1000, 7),
            pruned(1000, 8),
            SafetyLimits(0.7, 50),
            "8 of 1000",
            id="part of a percent",
        ),
        pytest.param(
            pruned(3, 0), pruned(3, 1), SafetyLimits(0, 50), "1 of 3", id="nothing removed"
        ),
        pytest.param(
            changed(20, 10), changed(20, 11), SafetyLimits(10, 50), "11 of 20", id="half changed"
        ),
        pytest.param(
            changed(19, 19),
            changed(20, 20),
            SafetyLimits(10, 50),
            "20 of 20",
            id="tables below twenty",
        ),
        pytest.param(
            inserted(20, 10),
            inserted(20, 11),
            SafetyLimits(10, 50),
            "11 would be added to a table of 20",
            id="half inserted",
        ),
        pytest.param(
            inserted(19, 900),
            inserted(20, 900),
            SafetyLimits(10, 50),
            "900",
            id="small tables grow",
        ),
        pytest.param(
            blanked(30, 5),
            blanked(30, 6),
            SafetyLimits(10, 50),
            "6 of 10 values",
            id="half blanked",
        ),
        pytest.param(
            blanked(30, 2),
            blanked(30, 3),
            SafetyLimits(10, 15),
            "3 of 10 values",
            id="two values that go are an edit",
        ),
    ],
)
def test_a_limit_passes_at_its_border_and_refuses_one_more(
    passes: Plan, refused: Plan, limits: SafetyLimits, told: str
) -> None:
    assert refusal(passes, limits) is None
    message = refusal(refused, limits, command="sync")
    assert message is not None
    assert told in message
    assert refusal(refused, way_on(message, limits)) is None


def test_a_change_limit_of_a_hundred_percent_is_no_limit() -> None:
    assert refusal(inserted(20, 100), SafetyLimits(10, 100)) is None
    assert refusal(blanked(30, 10), SafetyLimits(10, 100)) is None


def test_a_prune_limit_of_a_hundred_percent_lets_the_whole_table_go() -> None:
    assert refusal(plan_of([], houses(50), prune=True), SafetyLimits(100, 50)) is None


def test_the_columns_changed_most_are_named() -> None:
    message = refusal(changed(20, 20), SafetyLimits(10, 50))
    assert message is not None
    assert "'Price' 20" in message


@given(
    st.integers(0, 60),
    st.integers(0, 40),
    st.integers(0, 40),
    st.floats(0, 100),
    st.floats(1, 100),
)
def test_who_follows_the_way_on_is_not_refused_again(
    size: int, removed: int, added: int, prune_limit: float, change_limit: float
) -> None:
    limits = SafetyLimits(prune_limit, change_limit)
    stays = max(size - removed, 0)
    rows = [*houses(stays, price=None), *houses(added, first=1000)]
    plan = plan_of(rows, houses(size), prune=True)
    message = refusal(plan, limits, command="sync")
    if message is not None:
        assert refusal(plan, way_on(message, limits)) is None


# -- what is written again and again ------------------------------------------------------------


def test_the_sample_of_what_is_written_is_small_and_the_same_each_time() -> None:
    def sample_of(plan: Plan) -> dict[str, dict[str, int]]:
        return rewritten_sample(plan.columns, [*plan.inserts, *plan.updates], "property_number")

    sample = sample_of(plan_of(houses(200, price=7), houses(200)))
    assert list(sample) == ["price"]
    assert len(sample["price"]) == 16
    assert sample == sample_of(plan_of(houses(200, price=7)[::-1], houses(200)))
    assert list(sample_of(plan_of(houses(2), houses(1)))) == ["property_number"]
