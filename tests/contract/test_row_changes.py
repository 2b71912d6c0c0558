"""Rows that are changed only while they still are as they were read, on a real PostgreSQL."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.errors import (
    GeneratedColumnError,
    NoColumnError,
    NullRefusedError,
    PermanentError,
    RemoteError,
    RowError,
)
from listing_sync.ports import RowChange
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.table import SupabaseTable
from tests.contract.supabase_rest import Calls, connected, project_of
from tests.stack.postgrest import PostgrestFront
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

KEY = 'a "key'
TABLES = """
create table public."Odd %s" ("Id" bigint generated always as identity, "a ""key" text unique,
  "drop'" text, b text);
create domain public.short as varchar(5);
create table public.typed (
  number char(5) primary key, id bigint generated always as identity, price numeric,
  size bigint, share double precision, at timestamptz, day date, took interval, paid money,
  doc json, docb jsonb, raw bytea, spot point, tags text[], word public.short, is_new boolean,
  shout text generated always as (upper(word::text)) stored
);
create table public.listed (number text primary key, price numeric(15, 0), note text not null,
  slug text unique);
create domain public.kind as text not null;
create table public.trap (number text primary key, t text, n text, o text, r text, w text, c text,
  place text, key text, made text, change text, each text, given text, sort public.kind,
  "select" text, told text);
create table public.family (number text primary key, parent text references public.family (number),
  note text);
create table public.placed (number text primary key, place integer unique deferrable);
create extension hstore;
create table public.stocked (number text primary key, price numeric, stock public.hstore);
grant all on public.placed, public.trap, public.family, public.stocked to service_role;
create table public.closed (number text primary key, note text);
grant all on public."Odd %s", public.typed, public.listed to service_role;
"""
TYPED = """
insert into public.typed values ('A1', default, 12345678901234567890.50, 9007199254740993, 0.1,
  '2026-01-01 00:00:00.123456+09', '2026-01-01', '1 day 2 hours', 5.25, '{"b" : 1, "a": 1, "a":2}',
  '{"b": 1.50}', '\\xff', '(1,2)', '{"x,y",null}', 'oita', true);
insert into public.typed (number) values ('A2');
"""


@pytest.fixture(scope="module")
def lite() -> Iterator[SupabaseLite]:
    with project_of(TABLES) as project:
        yield project


@pytest.fixture
def rest(lite: SupabaseLite) -> Iterator[Rest]:
    lite.truncate()
    with connected(lite.url, lite.secret_key) as rest:
        yield rest


def table_of(rest: Rest, name: str = "listed", key: str = "number") -> SupabaseTable:
    return SupabaseTable(rest, SheetMapping(name, key, (Column(key, (key,), ColumnType.TEXT),)))


@pytest.fixture
def table(rest: Rest, lite: SupabaseLite) -> SupabaseTable:
    lite.execute(
        "insert into listed values ('AA1', 1, 'one', 's1'), ('AA2', 2, 'two', 's2'),"
        " ('AA3', 3, 'three', 's3')"
    )
    return table_of(rest)


def listed(lite: SupabaseLite) -> dict[str, tuple[Any, ...]]:
    rows = lite.execute("select number, price, note, slug from listed order by 1")
    return {number: tuple(values) for number, *values in rows}


def made_by(
    table: SupabaseTable, changes: Sequence[RowChange], told: Sequence[str] = ()
) -> Mapping[int, Mapping[str, Any]]:
    changed = table.change_rows(changes, told)
    assert changed is not None
    assert changed.is_certain
    return changed.made


def update(number: str, now: Mapping[str, Any], to: Mapping[str, Any]) -> RowChange:
    return RowChange({"number": number, **now}, to)


def test_each_row_is_changed_in_columns_of_its_own_and_only_as_it_was_read(lite, table):
    made = made_by(
        table,
        [
            update("AA1", {"price": 1}, {"price": 10}),
            update("AA2", {"note": "two", "slug": "s2"}, {"note": "zwei", "slug": None}),
            update("AA3", {"price": 4}, {"price": 30}),
            update("AA9", {"price": None}, {"price": 90}),
            RowChange(None, {"number": "AA4", "note": "four"}),
            RowChange(None, {"number": "AA3", "note": "not this"}),
        ],
    )
    assert made == {
        0: {"number": "AA1", "price": 10},
        1: {"number": "AA2", "note": "zwei", "slug": None},
        4: {"number": "AA4", "price": None, "note": "four", "slug": None},
    }
    assert listed(lite) == {
        "AA1": (10, "one", "s1"),
        "AA2": (2, "zwei", None),
        "AA3": (3, "three", "s3"),
        "AA4": (None, "four", None),
    }


def test_a_row_is_deleted_only_if_all_of_it_is_as_it_was_read(lite, table):
    one, two = table.whole_rows(["AA1", "AA2"])
    assert made_by(table, [RowChange({**one, "slug": None}, None)]) == {}
    assert made_by(table, [RowChange(two, None)]) == {0: {"number": "AA2"}}
    assert made_by(table, [RowChange(two, None)]) == {}
    assert listed(lite).keys() == {"AA1", "AA3"}


def test_a_row_that_was_read_is_known_again_whatever_its_types(lite, rest):
    """As PostgREST reads it."""
    lite.execute(TYPED)
    with PostgrestFront(lite) as front, connected(front.url, lite.secret_key) as other:
        rows = table_of(other, "typed").whole_rows(["A1", "A2"])
    typed = table_of(rest, "typed")
    changed = [RowChange(row, {"tags": ["z"]}) for row in rows]
    made = made_by(typed, changed, ["id"])
    assert [(row["id"], row["tags"]) for row in made.values()] == [
        (row["id"], ["z"]) for row in rows
    ]
    again = [{**row, "tags": ["z"]} for row in rows]
    assert made_by(typed, [RowChange(row, None) for row in again]) == {
        0: {"number": "A1   "},
        1: {"number": "A2   "},
    }


def test_every_digit_and_the_text_of_a_document_arrive(lite, rest):
    typed = table_of(rest, "typed")
    whole: dict[str, Any] = {
        "number": "A1",
        "price": Decimal("12345678901234567890.50"),
        "size": 9007199254740993,
        "doc": {"n": Decimal("1.50")},
        "word": "ｵｵｲﾀ😀",
    }
    made = made_by(typed, [RowChange(None, whole)])
    assert (made[0]["price"], made[0]["size"]) == (Decimal("12345678901234567890.50"), 2**53 + 1)
    assert json.dumps(made[0]["word"]) == json.dumps(whole["word"])
    assert lite.execute("select price::text, size, doc::text, word::text from typed") == [
        ("12345678901234567890.50", 9007199254740993, '{"n":1.50}', "ｵｵｲﾀ😀")
    ]


def test_names_of_any_kind_are_taken_as_names(lite, rest):
    lite.execute("""insert into public."Odd %s" values (default, 'x', 'y', 'z')""")
    odd = table_of(rest, "Odd %s", KEY)
    [(row,)] = lite.execute("""select to_jsonb(t) from public."Odd %s" as t""")
    assert made_by(odd, [RowChange(row, {"drop'": "t.b"})], ["Id"]) == {
        0: {KEY: "x", "drop'": "t.b", "Id": row["Id"]}
    }
    assert made_by(odd, [RowChange({**row, "drop'": "t.b"}, None)]) == {0: {KEY: "x"}}


@pytest.mark.parametrize(
    ("name", "change", "kind", "column"),
    [
        ("listed", update("AA1", {"nope": 1}, {"nope": 2}), NoColumnError, "nope"),
        ("listed", update("AA1", {}, {"nope": 2}), NoColumnError, "nope"),
        ("listed", RowChange(None, {"number": "AA9", "nope": 1}), NoColumnError, "nope"),
        ("typed", update("A1", {}, {"shout": "X"}), GeneratedColumnError, "shout"),
        (
            "typed",
            RowChange(None, {"number": "A9", "shout": "X"}),
            GeneratedColumnError,
            "shout",
        ),
        ("listed", RowChange(None, {"number": "AA9"}), NullRefusedError, "note"),
        ("listed", update("AA1", {}, {"note": None}), NullRefusedError, "note"),
        ("listed", update("AA1", {}, {"slug": "s2"}), RowError, "slug"),
        ("typed", update("A1", {}, {"word": "longer"}), RowError, "word"),
        ("typed", update("A1", {}, {"price": "much"}), RowError, None),
    ],
)
def test_a_refusal_names_the_column_and_leaves_the_rest_of_the_request_undone(
    lite, rest, table, name, change, kind, column
):
    lite.execute(TYPED)
    before = listed(lite)
    good = update("AA2", {}, {"note": "not to be"})
    changes = [good, change] if name == "listed" else [change]
    with pytest.raises(kind) as refused:
        table_of(rest, name).change_rows(changes)
    assert isinstance(refused.value, RemoteError)
    assert refused.value.column == column
    assert listed(lite) == before


def test_names_that_the_function_itself_uses_are_just_names(lite, rest):
    trap = table_of(rest, "trap")
    lite.execute("insert into trap (number, t, n, place, key, sort) values ('a', 1, 2, 3, 4, 'x')")
    [row] = trap.whole_rows(["a"])
    new = {"t": "5", "n": None, "place": "6", "made": "7", "select": "8", "told": "9", "each": "0"}
    made = made_by(trap, [RowChange(row, new)], ["key"])
    assert made == {0: {"number": "a", "key": "4", **new}}
    assert made_by(trap, [RowChange({**row, **new}, None)]) == {0: {"number": "a"}}
    assert made_by(trap, [RowChange(None, {**row, **new})]) == {0: {**row, **new}}


def test_rows_that_refer_to_one_another_go_and_come_together(lite, rest):
    family = table_of(rest, "family")
    ours = {
        name: {"number": name, "parent": parent, "note": None}
        for name, parent in (("a", "b"), ("b", "c"), ("c", "a"))
    }
    rows = list(ours.values())
    assert made_by(family, [RowChange(None, row) for row in rows]) == dict(enumerate(rows))
    assert made_by(family, [RowChange(row, None) for row in rows]) == {
        place: {"number": row["number"]} for place, row in enumerate(rows)
    }
    assert lite.execute("select * from family") == []


def test_what_one_row_gives_up_another_may_take(lite, table):
    """In whatever order they come; two that want to change places cannot."""
    made = made_by(
        table,
        [
            update("AA1", {"slug": "s1"}, {"slug": "s2"}),
            update("AA2", {"slug": "s2"}, {"slug": "s3"}),
            update("AA3", {"slug": "s3"}, {"slug": "s4"}),
        ],
    )
    assert sorted(made) == [0, 1, 2]
    assert [row[2] for row in listed(lite).values()] == ["s2", "s3", "s4"]
    with pytest.raises(RowError):
        made_by(
            table,
            [
                update("AA1", {"slug": "s2"}, {"slug": "s3"}),
                update("AA2", {"slug": "s3"}, {"slug": "s2"}),
            ],
        )
    assert [row[2] for row in listed(lite).values()] == ["s2", "s3", "s4"]


def test_a_row_that_holds_what_json_does_not_take_back_is_known_and_changed(lite, rest):
    stocked = table_of(rest, "stocked")
    lite.execute("insert into stocked values ('a', 1, 'x=>1,y=>null'), ('b', 1, null)")
    with PostgrestFront(lite) as front, connected(front.url, lite.secret_key) as other:
        rows = table_of(other, "stocked").whole_rows(["a", "b"])
    changes = [RowChange(row, {"price": 2}) for row in rows]
    assert made_by(stocked, changes) == {
        0: {"number": "a", "price": 2},
        1: {"number": "b", "price": 2},
    }
    gone = [RowChange({**row, "price": 2}, None) for row in rows]
    assert made_by(stocked, gone) == {0: {"number": "a"}, 1: {"number": "b"}}


def test_half_a_surrogate_pair_cannot_be_sent(table):
    with pytest.raises(RowError, match="half a surrogate pair"):
        made_by(table, [update("AA1", {}, {"note": "\ud83d"})])


def test_a_value_that_somebody_else_holds_is_told_with_whose_it_is(table):
    with pytest.raises(RowError, match="AA2"):
        made_by(table, [update("AA1", {"slug": "s1"}, {"slug": "s2"})])


@pytest.mark.parametrize(
    ("theirs", "change"),
    [
        ("update listed set price = 7 where number = 'AA1'", {"price": 10}),
        ("update listed set note = 'typed' where number = 'AA1'", None),
        ("delete from listed where number = 'AA1'", {"price": 10}),
    ],
    ids=["a value", "a row to be deleted", "a row that goes"],
)
def test_what_somebody_is_writing_in_that_moment_stays(lite, table, theirs, change):
    [row] = table.whole_rows(["AA1"])
    found: list[object] = []
    with psycopg.connect(lite.dsn) as colleague:
        colleague.execute(theirs)
        ours = threading.Thread(
            target=lambda: found.append(made_by(table, [RowChange(row, change)]))
        )
        ours.start()
        waits_for_a_lock(lite)
        colleague.commit()
    ours.join(10)
    assert found == [{}]
    assert listed(lite).get("AA1") in {(7, "one", "s1"), (1, "typed", "s1"), None}


def waits_for_a_lock(lite: SupabaseLite) -> None:
    for _ in range(1000):
        if lite.execute("select 1 from pg_locks where not granted"):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_a_row_that_somebody_is_adding_in_that_moment_stays(lite, table):
    found: list[object] = []
    with psycopg.connect(lite.dsn) as colleague:
        colleague.execute("insert into listed values ('AA7', 7, 'theirs', null)")
        change = RowChange(None, {"number": "AA7", "note": "ours"})
        ours = threading.Thread(target=lambda: found.append(made_by(table, [change])))
        ours.start()
        waits_for_a_lock(lite)
        colleague.commit()
    ours.join(10)
    assert found == [{}]
    assert listed(lite)["AA7"] == (7, "theirs", None)


def test_without_the_function_or_the_right_to_it_nothing_is_changed_so(lite, table):
    name = "public.listing_sync_change_rows(text, text, text, text[])"
    change = update("AA1", {"price": 1}, {"price": 10})
    lite.execute(f"revoke execute on function {name} from service_role")
    assert table.change_rows([change]) is None
    lite.execute(f"grant execute on function {name} to service_role")
    lite.execute("alter function public.listing_sync_change_rows rename to away")
    lite.restart()
    try:
        assert table.change_rows([]) is None
    finally:
        lite.execute("alter function public.away rename to listing_sync_change_rows")
        lite.restart()
    assert made_by(table, []) == {}
    assert listed(lite)["AA1"][0] == 1


def test_nobody_but_the_service_role_may_use_it(lite, table):
    calls = Calls()
    with connected(lite.url, lite.publishable_key, calls) as public:
        try:
            made = table_of(public).change_rows([update("AA1", {"price": 1}, {"price": 10})])
        except PermanentError:
            made = None
    assert made is None
    assert calls.made
    assert listed(lite)["AA1"][0] == 1


def test_what_can_be_checked_later_is_checked_when_all_is_done(lite, rest):
    """As in one statement: rows change places where their constraint is deferrable."""
    lite.execute("insert into placed values ('a', 1), ('b', 2), ('c', 3)")
    placed = table_of(rest, "placed")
    swap = [
        RowChange({"number": "a", "place": 1}, {"place": 2}),
        RowChange({"number": "b", "place": 2}, {"place": 1}),
    ]
    assert made_by(placed, swap).keys() == {0, 1}
    with pytest.raises(RowError):
        placed.change_rows([RowChange({"number": "a", "place": 2}, {"place": 3})])
    assert lite.execute("select place from placed order by number") == [(2,), (1,), (3,)]
