"""What the database tells in place of rows: any name, any type, whatever its settings are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.table import SupabaseTable
from tests.contract.supabase_rest import connected, project_of
from tests.stack.chaos_proxy import ChaosProxy, Respond, status
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

NAME = "public.listing_sync_table_fingerprints(text, text, text[], integer, text[], boolean)"
TABLES = """
create table public."Odd %s" ("a ""key" integer primary key, "drop'" text, b text);
create table public.typed (number text, price numeric, at timestamptz, took interval,
  paid money, doc json, raw bytea, share double precision);
create view public.seen as select * from public.typed;
create table public.closed (number text unique);
grant all on public."Odd %s", public.typed, public.seen to service_role;
"""


@pytest.fixture(scope="module")
def lite() -> Iterator[SupabaseLite]:
    with project_of(TABLES, max_rows=3) as project:
        yield project


@pytest.fixture
def rest(lite: SupabaseLite) -> Iterator[Rest]:
    with connected(lite.url, lite.secret_key) as rest:
        yield rest


def fingerprints(rest: Rest, name: str, *names: str, buckets: int = 1):
    columns = tuple(Column(each, (each,), ColumnType.TEXT) for each in names)
    table = SupabaseTable(rest, SheetMapping(name, names[0], columns))
    return table.fingerprints(columns, [None] * buckets)


def test_names_of_any_kind_are_taken_as_names(lite, rest):
    lite.execute("""insert into public."Odd %s" values (7, 'x', null)""")
    [told] = fingerprints(rest, "Odd %s", 'a "key', "drop'", "b")
    assert told.keys == ("7",)


def test_values_that_run_into_one_another_are_kept_apart(lite, rest):
    told = set()
    for first, second in (("'a,'", "'b'"), ("'a'", "',b'"), ("null", "''"), ("''", "null")):
        lite.execute(f"""delete from public."Odd %s"; insert into public."Odd %s"
          values (1, {first}, {second})""")
        [one] = fingerprints(rest, "Odd %s", 'a "key', "drop'", "b")
        told.add(one.content)
    assert len(told) == 4


def test_a_fingerprint_does_not_depend_on_the_settings_of_the_session(lite, rest):
    lite.execute(
        "insert into public.typed values ('A', 1.50, '2026-01-01 00:00+09', '1 day 2 hours', 5,"
        " '{\"a\": 1}', '\\xff', 0.1)"
    )
    names = ("number", "price", "at", "took", "paid", "doc", "raw", "share")
    [before] = fingerprints(rest, "typed", *names)
    settings = {
        "timezone": "Asia/Tokyo",
        "datestyle": "SQL, DMY",
        "intervalstyle": "iso_8601",
        "extra_float_digits": "-5",
        "bytea_output": "escape",
    }
    database = lite.execute("select current_database()")[0][0]
    try:
        for name, value in settings.items():
            lite.execute(f"alter database {database} set {name} = '{value}'")
        lite.restart()
        [after] = fingerprints(rest, "typed", *names)
    finally:
        lite.execute(f"alter database {database} reset all")
        lite.restart()
    assert after == before


def test_another_type_of_a_column_is_another_fingerprint(lite, rest):
    lite.execute("create table public.changing (number text, price text)")
    lite.execute("grant all on public.changing to service_role")
    lite.execute("insert into public.changing values ('A', '5')")
    [before] = fingerprints(rest, "changing", "number", "price")
    lite.execute("alter table public.changing alter price type integer using price::integer")
    [after] = fingerprints(rest, "changing", "number", "price")
    assert after.content != before.content


@pytest.mark.parametrize(
    ("table", "names", "buckets"),
    [
        pytest.param("seen", ("number", "price"), 1, id="a view"),
        pytest.param("typed", ("number", "gone"), 1, id="a column that is not there"),
        pytest.param("nowhere", ("number",), 1, id="a table that is not there"),
        pytest.param("closed", ("number",), 1, id="a table that may not be read"),
        pytest.param("typed", ("number",), 5000, id="too many buckets"),
    ],
)
def test_what_cannot_be_told_is_not_told(rest, table, names, buckets):
    assert fingerprints(rest, table, *names, buckets=buckets) is None


def test_nothing_is_told_where_the_function_is_not_there_or_not_granted(lite, rest):
    lite.execute(f"revoke execute on function {NAME} from service_role")
    try:
        assert fingerprints(rest, "typed", "number") is None
    finally:
        lite.execute(f"grant execute on function {NAME} to service_role")


def test_a_function_that_is_too_slow_is_asked_once_and_the_table_is_read(lite):
    lite.execute("insert into typed (number) values ('AA1') on conflict do nothing")
    slow = status(500, '{"code": "57014", "message": "canceling statement due to timeout"}')
    asked = []

    def slowly(_: int, __: str, target: str) -> Respond | None:
        if "table_fingerprints" not in target:
            return None
        asked.append(target)  # the proxy's own log has it when it is answered, or a moment later
        return slow

    with (
        ChaosProxy(lite.url, slowly) as proxy,
        connected(proxy.url, lite.secret_key) as rest,
    ):
        columns = (Column("number", ("number",), ColumnType.TEXT),)
        table = SupabaseTable(rest, SheetMapping("typed", "number", columns))
        assert table.fingerprints(columns, [None]) is None
        assert table.fingerprints(columns, [None]) is None
        assert len(asked) == 1
        assert any(page for page in table.pages(columns))


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_visitors_may_not_ask(lite, role):
    [(may,)] = lite.execute(f"select has_function_privilege('{role}', '{NAME}', 'execute')")
    assert not may
