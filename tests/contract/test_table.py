"""The target table over REST, against a real PostgreSQL behind Supabase Lite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.json_exact import decode
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.compare import is_equal
from listing_sync.changes.plan import TableRow
from listing_sync.errors import BatchTooLargeError, PermanentError, RowError, TransientError
from listing_sync.ports import Back, Table
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.table import SupabaseTable
from tests.contract.supabase_rest import Calls, connected, project_of
from tests.stack.chaos_proxy import ChaosProxy, Drop, html, status
from tests.stack.postgrest import PostgrestFront
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

ODD_KEYS = (
    "AA1,AA2",
    'say "hi"',
    "(AA1)",
    "it's",
    "back\\slash",
    "物件１",
    "a.b:c",
    "100%",
    "a&b=c",
    " lead",
    "+plus",
    "#hash",
)
# Lite alone takes these for something else after `gt.`, where PostgREST takes them as they stand.
ODDER_KEYS = ("null", "true", "", "()", "\tAA1", "\u3000", "AA1 ", 'end\\"', "{AA1}", "AA1", "\nx")

NUMBERS = "select number from things"
TABLES = """
create table public.things (
  number text unique,
  price numeric,
  area numeric(10, 2),
  size bigint,
  note text not null default '',
  seen_at timestamptz,
  extra jsonb,
  check (price >= 0)
);
create table public.unkeyed (number text, price numeric);
create table public.refusing (number text primary key);
create function public.refuse() returns trigger language plpgsql as
  $$ begin raise exception 'no %', new.number; end $$;
create trigger refuse before insert on public.refusing
  for each row execute function public.refuse();
grant all on public.things, public.unkeyed, public.refusing to service_role;
create table public.closed (number text primary key);
"""


def column(name: str, kind: ColumnType = ColumnType.TEXT, **more) -> Column:
    return Column(name=name, headers=(name,), type=kind, **more)


NUMBER = column("number")
PRICE = column("price", ColumnType.DECIMAL)
AREA = column("area", ColumnType.AREA)
SIZE = column("size", ColumnType.INTEGER)
NOTE = column("note")
COLUMNS = (NUMBER, PRICE, AREA, SIZE, NOTE)


def mapping(table: str = "things", *columns: Column, mark: str | None = "seen_at") -> SheetMapping:
    return SheetMapping(table=table, key="number", columns=columns or COLUMNS, mark_column=mark)


@pytest.fixture(scope="module")
def lite() -> Iterator[SupabaseLite]:
    """A project of this module's own, whose pages end after 7 rows."""
    with project_of(TABLES, max_rows=7) as project:
        yield project


@pytest.fixture
def things(lite: SupabaseLite) -> SupabaseLite:
    lite.truncate()
    return lite


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture(params=["lite", "postgrest"])
def rest(request: pytest.FixtureRequest, things: SupabaseLite, calls: Calls) -> Iterator[Rest]:
    """The API as Lite serves it, and as PostgREST does."""
    with ExitStack() as stack:
        url = things.url
        if request.param == "postgrest":
            url = stack.enter_context(PostgrestFront(things, max_rows=7)).url
        yield stack.enter_context(connected(url, things.secret_key, calls))


@pytest.fixture
def table(rest: Rest) -> Table:
    return SupabaseTable(rest, mapping())


def numbers_of(pages) -> list[str]:
    return [row.property_number for page in pages for row in page]


def insert(things: SupabaseLite, *numbers: str | None) -> None:
    for number in numbers:
        things.execute("insert into things (number) values (%s)", (number,))


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 14, 15])
def test_pages_yield_every_row_whatever_the_server_cuts(things, table, count):
    things.execute(
        "insert into things (number) select 'AA' || n from generate_series(1, %s) n", (count,)
    )
    assert sorted(numbers_of(table.pages(COLUMNS))) == sorted(f"AA{n}" for n in range(1, count + 1))


def test_rows_without_a_key_are_not_seen_and_end_nothing(things, table):
    insert(things, *[None] * 9, "AA1", "AA2", *[None] * 9)
    assert numbers_of(table.pages(COLUMNS)) == ["AA1", "AA2"]


def test_a_key_of_whole_numbers_is_read_in_their_order(things, rest):
    things.execute(
        "create table if not exists public.numbered (number integer primary key, price numeric)"
    )
    things.execute("grant all on public.numbered to service_role")
    things.restart()
    number = column("number", ColumnType.INTEGER)
    table = SupabaseTable(rest, mapping("numbered", number, PRICE, mark=None))
    table.upsert(["number", "price"], [[n, "1"] for n in range(1, 21)])
    assert numbers_of(table.pages([number, PRICE])) == [str(n) for n in range(1, 21)]
    assert numbers_of(table.rows([number], ["2", "10", "99"])) == ["2", "10"]


def test_numbers_keep_every_digit(things, table):
    things.execute(
        "insert into things (number, price, area, size)"
        " values ('AA1', 1234567890123456.78, 70.25, 9007199254740993)"
    )
    [[row]] = table.pages(COLUMNS)
    assert row == TableRow("AA1", ("AA1", "1234567890123456.78", "70.25", "9007199254740993", ""))


def test_what_is_read_whole_is_taken_back_unchanged(things, table):
    things.execute(
        "insert into things values ('AA1', 12345678901234.5, 0.10, 3, 'x', now(),"
        ' \'{"a": [1.5, "2.50", null], "b": true}\')'
    )
    columns = "number, price, area, size, note, seen_at, extra::text"
    before = things.execute(f"select {columns} from things")
    [row] = table.whole_rows(["AA1"])
    things.truncate()
    table.upsert(tuple(row), [tuple(row.values())])
    assert things.execute(f"select {columns} from things") == before


@pytest.mark.parametrize(
    "text",
    ['{"n": 1e23}', '{"n": [true, 1]}', "7"],
)
def test_a_document_that_was_written_is_found_equal_to_its_cell(things, rest, text):
    extra = column("extra", ColumnType.JSON)
    table = SupabaseTable(rest, mapping("things", NUMBER, extra, mark=None))
    wanted = decode(text)
    table.upsert(["number", "extra"], [("AA1", wanted)])
    [[row]] = table.pages((NUMBER, extra))
    assert is_equal(wanted, row.values[1], ColumnType.JSON)
    assert things.execute("select extra = %s::jsonb from things", (text,)) == [(True,)]


def test_whole_pages_have_every_column_of_every_row(things, table):
    insert(things, *(f"AA{n}" for n in range(1, 10)))
    rows = [row for page in table.whole_pages() for row in page]
    assert [row["number"] for row in rows] == [f"AA{n}" for n in range(1, 10)]
    assert set(rows[0]) == {"number", "price", "area", "size", "note", "seen_at", "extra"}


def test_odd_keys_are_written_found_marked_and_deleted(things, table):
    table.upsert(["number", "price"], [(key, 1) for key in sorted(ODD_KEYS)])
    assert sorted(numbers_of(table.pages(COLUMNS))) == sorted(ODD_KEYS)
    for key in ODD_KEYS:
        assert numbers_of(table.rows(COLUMNS, [key])) == [key]
        table.mark([key], datetime(2026, 1, 1, tzinfo=UTC))
    assert things.execute("select count(*) from things where seen_at = '2026-01-01 00:00Z'") == [
        (len(ODD_KEYS),)
    ]
    assert numbers_of(table.rows(COLUMNS, ODD_KEYS)) == numbers_of(table.pages(COLUMNS))
    table.delete(ODD_KEYS)
    assert things.execute("select count(*) from things") == [(0,)]


@pytest.mark.parametrize("key", [*ODD_KEYS, *ODDER_KEYS])
def test_a_number_is_never_taken_for_another(things, table, key):
    insert(things, *ODD_KEYS, *ODDER_KEYS)
    assert numbers_of(table.rows(COLUMNS, [key])) == [key]
    assert sorted(numbers_of(table.rows(COLUMNS, [key, "AA1"]))) == sorted({key, "AA1"})
    table.delete([key])
    gone = {*ODD_KEYS, *ODDER_KEYS} - {number for (number,) in things.execute(NUMBERS)}
    assert gone == {key}


def test_rows_finds_those_there_are_among_more_than_fit_into_one_address(things, table, calls):
    things.execute("insert into things (number) select 'AA' || n from generate_series(1, 30) n")
    asked = [f"AA{n}" for n in range(20, 900)]
    assert sorted(numbers_of(table.rows(COLUMNS, asked))) == sorted(f"AA{n}" for n in range(20, 31))
    assert 2 <= len(calls.made) <= 6


def test_marked_rows_say_so_and_an_upsert_can_unmark_them(things, table):
    insert(things, "AA1", "AA2")
    table.mark(["AA2"], datetime(2026, 1, 1, tzinfo=UTC))
    [[first, second]] = table.pages(COLUMNS)
    assert first.mark is None
    assert datetime.fromisoformat(str(second.mark)) == datetime(2026, 1, 1, tzinfo=UTC)
    table.upsert(["number", "seen_at"], [("AA2", None)])
    assert not any(row.mark for page in table.pages(COLUMNS) for row in page)


def test_without_a_mark_column_nothing_is_marked(rest):
    with pytest.raises(ValueError, match="no mark column"):
        SupabaseTable(rest, mapping(mark=None)).mark(["AA1"], datetime(2026, 1, 1, tzinfo=UTC))


def test_upsert_leaves_other_columns_as_they_are(things, table):
    things.execute("insert into things (number, price, note) values ('AA1', 1, 'mine')")
    table.upsert(["number", "price"], [("AA1", 2), ("AA2", 3)])
    assert things.execute("select number, price::int, note from things order by 1") == [
        ("AA1", 2, "mine"),
        ("AA2", 3, ""),
    ]


def test_a_batch_with_one_refused_row_writes_nothing(things, table):
    with pytest.raises(RowError, match="violates check constraint"):
        table.upsert(["number", "price"], [("AA1", 1), ("AA2", -1)])
    assert things.execute("select count(*) from things") == [(0,)]


def test_a_refused_null_names_its_column(table):
    with pytest.raises(RowError) as caught:
        table.upsert(["number", "note"], [("AA1", None)])
    assert (caught.value.code, caught.value.column) == ("23502", "note")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("\ud800", id="half-a-surrogate-pair"),
        pytest.param(float("nan"), id="nan"),
        pytest.param("a\0b", id="nul"),
    ],
)
def test_what_cannot_be_sent_or_stored_is_the_rows_fault(table, value):
    with pytest.raises(RowError):
        table.upsert(["number", "note"], [("AA1", value)])


def test_a_triggers_refusal_is_the_rows_fault(rest):
    with pytest.raises(RowError):
        SupabaseTable(rest, mapping("refusing", NUMBER, mark=None)).upsert(["number"], [("AA1",)])


def test_two_rows_of_one_key_are_refused(things, rest):
    things.execute("insert into unkeyed (number) values ('AA1'), ('AA2'), ('AA2')")
    unkeyed = SupabaseTable(rest, mapping("unkeyed", NUMBER, PRICE, mark=None))
    with pytest.raises(PermanentError, match="add unique"):
        list(unkeyed.pages((NUMBER,)))
    with pytest.raises(PermanentError):
        unkeyed.delete(["AA2"])
    assert things.execute("select count(*) from unkeyed") == [(3,)]


def test_accepts_key_tells_a_unique_key_from_none_and_writes_nothing(things, rest, table):
    unkeyed = SupabaseTable(rest, mapping("unkeyed", NUMBER, mark=None))
    refusing = SupabaseTable(rest, mapping("refusing", NUMBER, mark=None))
    assert (table.accepts_key(), unkeyed.accepts_key(), refusing.accepts_key()) == (
        True,
        False,
        True,
    )
    for name in ("things", "unkeyed", "refusing"):
        assert things.execute(f"select count(*) from {name}") == [(0,)]
    nope = SupabaseTable(rest, SheetMapping(table="things", key="nope", columns=(column("nope"),)))
    with pytest.raises(PermanentError, match="the column nope of things"):
        nope.accepts_key()


def test_describe_finds_out_which_mapped_columns_there_are(rest):
    wide = mapping("things", NUMBER, column("nope"), PRICE, column("neither"))
    described = SupabaseTable(rest, wide).describe()
    assert described.exists
    there = {"number", "price", "area", "size", "note", "seen_at", "extra"}
    assert set(described.columns) in (there, {"number", "price", "seen_at"})
    assert not SupabaseTable(rest, mapping("nosuch")).describe().exists


@pytest.mark.parametrize(
    ("extra", "sql"),
    [
        (
            column("nope", ColumnType.MONEY),
            'alter table public."things" add column "nope" numeric;',
        ),
        (
            column("nope", ColumnType.AREA, scale=2),
            'alter table public."things" add column "nope" numeric(10,2);',
        ),
        (column("nope", ColumnType.DATE), 'alter table public."things" add column "nope" date;'),
        (column("nope"), 'alter table public."things" add column "nope" text;'),
    ],
    ids=["money", "area", "date", "text"],
)
def test_a_missing_column_is_named_with_the_sql_that_adds_it(rest, extra, sql):
    wide = SupabaseTable(rest, mapping("things", NUMBER, extra))
    with pytest.raises(PermanentError, match="has no column nope") as reading:
        list(wide.pages((NUMBER, extra)))
    with pytest.raises(PermanentError, match="has no column nope") as writing:
        wide.upsert(["number", "nope"], [("AA1", None)])
    assert sql in str(reading.value)
    assert sql in str(writing.value)


def test_a_missing_mark_column_is_named_with_its_own_type(rest):
    table = SupabaseTable(rest, mapping("things", NUMBER, mark="withdrawn_at"))
    with pytest.raises(PermanentError, match='add column "withdrawn_at" timestamptz;'):
        list(table.pages((NUMBER,)))


def test_a_missing_table_and_a_missing_right_say_what_to_do(rest):
    with pytest.raises(PermanentError, match="there is no table nosuch") as caught:
        list(SupabaseTable(rest, mapping("nosuch")).pages((NUMBER,)))
    assert caught.value.code == "PGRST205"
    assert 'create table public."nosuch" ( "number" text not null unique,' in str(caught.value)
    closed = SupabaseTable(rest, mapping("closed", NUMBER, mark=None))
    for refused in (lambda: list(closed.pages((NUMBER,))), closed.describe, closed.accepts_key):
        with pytest.raises(PermanentError, match='grant all on "closed" to service_role'):
            refused()


@pytest.mark.parametrize("key", ["sb_secret_wrong_00000000", None], ids=["wrong", "publishable"])
def test_a_wrong_key_stops_the_run_without_being_named(things, key):
    key = key or things.publishable_key
    with connected(things.url, key) as rest, pytest.raises(PermanentError) as caught:
        list(SupabaseTable(rest, mapping()).pages((NUMBER,)))
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(html(200), PermanentError, id="html"),
        pytest.param(status(200), PermanentError, id="empty"),
        pytest.param(status(200, "{}"), PermanentError, id="object"),
        pytest.param(status(200, "[1]"), PermanentError, id="numbers"),
        pytest.param(status(302, location="/elsewhere"), PermanentError, id="redirect"),
        pytest.param(status(307, location="/elsewhere"), PermanentError, id="redirect-post"),
        pytest.param(status(503, retry_after="2"), TransientError, id="unavailable"),
        pytest.param(html(502), TransientError, id="gateway"),
        pytest.param(Drop(), TransientError, id="dropped"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_never_taken_for_one(things, fault, kind):
    insert(things, "AA1")
    with (
        ChaosProxy(things.url, lambda *_: fault) as proxy,
        connected(proxy.url, things.secret_key) as rest,
    ):
        table = SupabaseTable(rest, mapping())
        with pytest.raises(kind):
            list(table.pages(COLUMNS))
        if fault != status(200):
            with pytest.raises(kind):
                table.upsert(["number"], [("AA2",)])
    assert things.execute("select number from things") == [("AA1",)]


def test_a_page_that_is_too_slow_is_asked_for_in_smaller_parts(things):
    things.execute("insert into things (number) select 'AA' || n from generate_series(1, 5) n")
    slow = status(500, '{"code": "57014", "message": "canceling statement due to timeout"}')

    def schedule(index, method, target):
        return slow if "limit=1000" in target or "limit=500" in target else None

    with (
        ChaosProxy(things.url, schedule) as proxy,
        connected(proxy.url, things.secret_key) as rest,
    ):
        assert len(numbers_of(SupabaseTable(rest, mapping()).pages(COLUMNS))) == 5


def test_a_table_too_slow_for_a_single_row_is_an_error(things):
    slow = status(500, '{"code": "57014", "message": "canceling statement due to timeout"}')
    with (
        ChaosProxy(things.url, lambda *_: slow) as proxy,
        connected(proxy.url, things.secret_key) as rest,
        pytest.raises(BatchTooLargeError),
    ):
        list(SupabaseTable(rest, mapping()).pages(COLUMNS))


def test_an_upsert_gives_back_the_rows_as_the_database_made_them(things, table):
    insert(things, "AA1")
    made = table.upsert(["number", "price"], [("AA2", "1.50")], back=Back.WHOLE)
    (row,) = made
    assert (row["number"], float(row["price"])) == ("AA2", 1.5)
    assert row.keys() > {"number", "price"}
    (row,) = table.upsert(["number", "price"], [("AA1", 2)])
    assert row.keys() == {"number", "price"}
