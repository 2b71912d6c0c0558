"""What the catalogue says of tables, and that the SQL which is advised works as printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.table_check import lacks_of
from listing_sync.errors import PermanentError, RowError
from listing_sync.ports import Back
from listing_sync.supabase.asked_back import asked_back
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.table import SupabaseTable
from tests.contract.supabase_rest import Calls, connected, project_of
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

LONG = "a_name_of_sixty_three_letters_which_is_as_long_as_postgres_takes"[:63]
TABLES = f"""
create domain public.short as varchar(5);
create table public."Homes" (
  "Id" bigint generated always as identity primary key,
  "Number" varchar(12) not null unique,
  price numeric(15, 0),
  tax numeric generated always as (price * 0.1) stored,
  slug public.short,
  "order" integer not null,
  opened_at timestamptz not null default now(),
  gone_at timestamptz
);
create table public."order" ("select" text, "{LONG}" text not null);
create table public.late (number text unique deferrable, gone_at boolean);
create table public.part (number text, gone_at timestamptz default now());
create unique index part_number on public.part (number) where gone_at is null;
create table public.folded (number text, gone_at text not null);
create unique index folded_number on public.folded (lower(number));
create table public.paired (number text, office text, unique (number, office));
create view public.seen as select * from public.part;
create table public.closed (number text unique);
create table public.plain (
  number text primary key, price numeric(15, 0), floor smallint, note varchar(4), "As it is" text,
  id uuid not null default gen_random_uuid(), made_at timestamptz not null default now()
);
create table public.small (number text primary key, price numeric(15, 0), id serial);
create function public.shout() returns trigger language plpgsql as $$
begin new.number := upper(new.number); return new; end $$;
create table public.shouted (number text primary key, id serial);
create trigger shout before insert on public.shouted for each row execute function public.shout();
create table public.touched (number text primary key, note text, id serial);
create trigger shout before update on public.touched for each row execute function public.shout();
create table public.ruled (number text primary key, id serial);
create rule also as on insert to public.ruled do also notify nobody;
create table public.parted (number text primary key, id serial) partition by hash (number);
create table public.parted_1 partition of public.parted for values with (modulus 1, remainder 0);
create table public.told (
  "Id" bigint generated always as identity, number text primary key, note text, gone_at timestamptz
);
create table public.untold (
  id bigint generated always as identity, number text primary key, note text, gone_at timestamptz
);
grant insert, update, select (number, note, gone_at) on public.untold to service_role;
grant all on public.told, public.plain, public.small, public.shouted, public.touched, public.ruled,
  public.parted to service_role;
grant usage on all sequences in schema public to service_role;
grant all on public."Homes", public."order", public.late, public.part, public.folded, public.paired,
  public.seen to service_role;
"""


def column(name: str, kind: ColumnType = ColumnType.TEXT) -> Column:
    return Column(name, (name,), kind)


@pytest.fixture(scope="module")
def lite() -> Iterator[SupabaseLite]:
    with project_of(TABLES) as project:
        yield project


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def rest(lite: SupabaseLite, calls: Calls) -> Iterator[Rest]:
    with connected(lite.url, lite.secret_key, calls) as rest:
        yield rest


def table(rest: Rest, name: str, key: str = "number", *more: Column, mark: str | None = None):
    return SupabaseTable(rest, SheetMapping(name, key, (column(key), *more), mark_column=mark))


def test_one_request_tells_all_of_a_table(rest, calls):
    homes = table(rest, "Homes", "Number")
    described = homes.describe()
    assert described.columns == {
        "Id": "bigint",
        "Number": "character varying",
        "price": "numeric",
        "tax": "numeric",
        "slug": "character varying",
        "order": "integer",
        "opened_at": "timestamp with time zone",
        "gone_at": "timestamp with time zone",
    }
    assert described.primary_key == ("Id",)
    assert described.required == {"Number", "order"}
    assert described.generated == {"Id", "tax"}
    assert described.identities == {"Id"}
    assert described.defaults == {"opened_at": "now()"}
    assert described.longest == {"Number": 12, "slug": 5}
    assert homes.accepts_key()
    assert len(calls.made) == 1


def test_a_missing_table_and_one_that_may_not_be_read_are_told_apart(rest):
    assert not table(rest, "nosuch").describe().exists
    with pytest.raises(PermanentError, match='grant all on "closed" to service_role') as caught:
        table(rest, "closed").describe()
    assert caught.value.code == "42501"


def test_ninety_nine_missing_columns_are_found_in_one_request(rest, calls):
    wide = [column(f"missing_{n}") for n in range(99)]
    asked = table(rest, "part", "number", *wide)
    described = asked.describe()
    lacks = lacks_of(described.facts(key_is_unique=asked.accepts_key()), asked._mapping)
    assert len([lack for lack in lacks if lack.what.startswith("no column")]) == 99
    assert len(calls.made) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("late", "deferrable late_number_key"),
        ("part", "only for a part of the rows (index part_number)"),
        ("folded", "an expression (index folded_number)"),
        ("paired", "only together (number, office)"),
        ("order", "not unique"),
    ],
)
def test_a_key_that_no_upsert_can_go_by_is_told_with_sql_that_works(lite, rest, name, said):
    key = "select" if name == "order" else "number"
    asked = table(rest, name, key)
    facts = asked.describe().facts(key_is_unique=asked.accepts_key())
    [fault] = [lack for lack in lacks_of(facts, asked._mapping) if said in lack.what]
    lite.execute(fault.sql or "")
    asked.describe()
    assert asked.accepts_key()


def test_a_view_is_named_as_one(rest):
    seen = table(rest, "seen")
    described = seen.describe()
    assert described.is_view
    assert lacks_of(described.facts(key_is_unique=False), seen._mapping)[0].what.startswith(
        "seen is a view"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("late", "mark_column gone_at is boolean"),
        ("part", "has the default now(): every new listing is born withdrawn"),
        ("folded", "mark_column gone_at must not be null"),
    ],
)
def test_a_mark_column_that_cannot_work_is_told_with_sql_that_works(lite, rest, name, said):
    asked = table(rest, name, mark="gone_at")
    [fault] = lacks_of(asked.describe().facts(key_is_unique=None), asked._mapping)
    assert said in fault.what
    lite.execute(fault.sql or "")
    assert lacks_of(asked.describe().facts(key_is_unique=None), asked._mapping) == ()


def test_sql_for_columns_of_any_name_works_as_printed(lite, rest):
    new = [column("Mixed Case", ColumnType.MONEY), column("user"), column(LONG[:-1])]
    asked = table(rest, "Homes", "Number", *new)
    lacks = lacks_of(asked.describe().facts(key_is_unique=True), asked._mapping)
    for lack in lacks:
        lite.execute(lack.sql or "select")
    left = lacks_of(asked.describe().facts(key_is_unique=True), asked._mapping)
    assert left == ()


ROOMS = SheetMapping(
    "rooms",
    "number",
    (column("number"), column("slug"), column("note")),
    mark_column="gone_at",
)
ROWS = """
create table public.rooms (
  number text primary key, slug varchar(10) unique, note varchar(20), gone_at timestamptz
);
grant all on public.rooms to service_role;
insert into public.rooms values ('AA1', 'oita-1', null, now()), ('AA2', 'oita-2', null, null);
"""


@pytest.fixture(scope="module")
def rooms(lite: SupabaseLite) -> None:
    lite.execute(ROWS)
    lite.restart()


@pytest.mark.parametrize(
    ("slug", "note", "column_", "said"),
    [
        ("oita-1", None, "slug", "AA1, withdrawn, holds slug oita-1, which must be unique"),
        ("oita-2", None, "slug", "AA2 holds slug oita-2, which must be unique"),
        ("x" * 11, None, "slug", "longer than the table takes, in characters: slug (11, takes 10)"),
        ("x" * 11, "n" * 21, "slug", "slug (11, takes 10), note (21, takes 20)"),
        ("ok", "n" * 21, "note", "note (21, takes 20)"),
    ],
)
def test_a_refused_row_names_the_column_and_who_holds_the_value(
    rooms, rest, slug, note, column_, said
):
    with pytest.raises(RowError, match=re.escape(said)) as caught:
        SupabaseTable(rest, ROOMS).upsert(["number", "slug", "note"], [("AA3", slug, note)])
    assert caught.value.column == column_


def test_of_several_rows_nobody_is_asked_for(rooms, rest, calls):
    rows = [("AA3", "oita-1"), ("AA4", "b")]
    with pytest.raises(RowError, match="violates unique constraint"):
        SupabaseTable(rest, ROOMS).upsert(["number", "slug"], rows)
    assert len(calls.made) == 1


def test_without_the_function_the_api_has_to_do(lite, calls):
    """And without the right to use it."""
    name = "public.listing_sync_table_facts(text)"
    lite.execute(f"revoke execute on function {name} from service_role")
    try:
        with connected(lite.url, lite.secret_key, calls) as rest:
            asked = table(rest, "Homes", "Number", column("nope"))
            described = asked.describe()
            assert (set(described.columns), described.defaults) == ({"Number"}, None)
            assert asked.accepts_key()
    finally:
        lite.execute(f"grant execute on function {name} to service_role")


@pytest.mark.parametrize("is_marked", [False, True], ids=["updated", "marked"])
def test_which_row_it_was_comes_back_with_what_is_written_where_it_may_be_read(
    lite, rest, is_marked
):
    ids = {}
    for name in ("told", "untold"):
        lite.execute(f"insert into {name} (number, note) values ('AA1', 'a'), ('AA2', 'b')")
        listings = table(rest, name, "number", column("note"), mark="gone_at")
        if is_marked:
            ids[name] = listings.mark(["AA2", "AA9"], datetime(2026, 1, 1, tzinfo=UTC))
            continue
        listings.generated()
        came = listings.upsert(["number", "note"], [("AA2", "c")], back=Back.DOUBTFUL)
        ids[name] = {row.pop("number"): row for row in came}
    assert ids == {"told": {"AA2": {"Id": 2}}, "untold": {"AA2": {}}}
    written = "gone_at is not null" if is_marked else "note = 'c'"
    assert lite.execute(f"select number from untold where {written}") == [("AA2",)]
    lite.execute("truncate told, untold restart identity")


@pytest.mark.parametrize(
    ("name", "of_insert", "of_update"),
    [
        ("small", (), ()),
        ("touched", (), ("shout",)),
        ("shouted", ("shout",), ()),
        ("ruled", ("also",), ("also",)),
    ],
)
def test_what_meets_an_insert_or_an_update_is_told(rest, name, of_insert, of_update):
    asked = table(rest, name)
    assert not asked.keeps_inserts()
    described = asked.describe()
    assert (described.insert_hooks, described.update_hooks) == (of_insert, of_update)
    assert asked.keeps_inserts() == (not of_insert)


@pytest.mark.parametrize("name", ["parted", "seen"])
def test_of_a_partitioned_table_and_a_view_it_is_not_known(rest, name):
    asked = table(rest, name)
    described = asked.describe()
    assert (described.insert_hooks, described.update_hooks) == (None, None)
    assert not asked.keeps_inserts()


@pytest.mark.parametrize("name", ["shouted", "parted"])
def test_an_insert_that_something_meets_comes_back_whole(lite, rest, name):
    lite.execute(f"truncate public.{name}")
    asked = table(rest, name)
    asked.generated()
    [row] = asked.upsert(("number",), [("aa1",)], back=Back.UNKNOWN)
    assert row.keys() == {"number", "id"}
    assert row["number"] == ("AA1" if name == "shouted" else "aa1")


def test_only_what_the_database_may_make_otherwise_comes_back_of_an_insert(lite, rest):
    lite.execute("truncate public.small")
    price = column("price", ColumnType.MONEY)
    asked = table(rest, "small", "number", price)
    asked.generated()
    [row] = asked.upsert(("number", "price"), [("AA1", 3)], back=Back.UNKNOWN)
    assert row.keys() == {"number", "id"}
    [row] = asked.upsert(("number", "price"), [("AA2", "3.5")], back=Back.UNKNOWN)
    assert row.keys() == {"number", "id", "price"}
    assert row["price"] == 4
    [row] = asked.upsert(("number", "price"), [("AA3", 3)], back=Back.WHOLE)
    assert row.keys() == {"number", "id", "price"}


def test_only_what_the_database_may_make_otherwise_comes_back_of_an_update(lite, rest):
    lite.execute("truncate public.small")
    price = column("price", ColumnType.MONEY)
    asked = table(rest, "small", "number", price)
    asked.generated()
    for number, came in ((3, set()), ("3.5", {"price"}), (5, set())):
        [row] = asked.upsert(("number", "price"), [("AA1", number)], back=Back.DOUBTFUL)
        assert row.keys() == {"number", *came}
    assert lite.execute("select price from public.small") == [(5,)]


def test_an_update_that_something_meets_has_all_that_was_written_come_back(lite, rest):
    lite.execute("truncate public.touched")
    asked = table(rest, "touched", "number", column("note"))
    asked.generated()
    for note in ("a", "b"):
        [row] = asked.upsert(("number", "note"), [("AA1", note)], back=Back.DOUBTFUL)
        assert row == {"number": "AA1", "note": note}


def test_nothing_is_left_out_of_an_update_where_the_file_of_before_does_not_tell(rest):
    asked = table(rest, "small", "number", column("price", ColumnType.MONEY))
    known = asked.describe()
    sent: dict[str, list[Value]] = {"number": ["AA1"], "price": [3]}
    assert asked_back(Back.DOUBTFUL, asked._mapping, known, sent) == "number"
    older = replace(known, update_hooks=None)
    assert asked_back(Back.DOUBTFUL, asked._mapping, older, sent) == "number,price"


def test_a_column_with_an_odd_name_has_the_whole_row_come_back(lite, rest):
    lite.execute("truncate public.plain")
    asked = table(rest, "plain", "number", column("floor", ColumnType.INTEGER))
    asked.generated()
    [row] = asked.upsert(("number", "floor"), [("AA1", 3)], back=Back.UNKNOWN)
    assert row.keys() > {"number", "As it is", "id", "made_at", "price"}


def test_nothing_is_left_out_before_the_catalogue_was_asked(lite, rest):
    lite.execute("truncate public.small")
    [row] = table(rest, "small").upsert(("number",), [("AA1",)], back=Back.UNKNOWN)
    assert row.keys() == {"number", "price", "id"}
