"""ports.Database, both ways, on a real PostgreSQL with Supabase's roles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from listing_sync.changes.migrations import statements_of
from listing_sync.errors import Category, PermanentError, SettingsError, TransientError
from listing_sync.supabase.management import ManagementApi
from listing_sync.supabase.migrations import AppliedMigrations
from listing_sync.supabase.postgres import PostgresDatabase
from listing_sync.supabase.sql_files import migration_files
from tests.contract.supabase_rest import connected
from tests.fakes import straight
from tests.stack.management_api import REF, TOKEN, LoopbackManagementApi
from tests.stack.postgres import execute
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

FILES = migration_files()
NAMES = (f"up_{number}" for number in itertools.count())
APPLIED = "select name, checksum from sync_migrations order by name"
TABLES = "select tablename from pg_tables where schemaname = 'public' order by 1"


@pytest.fixture
def dsn(stack: SupabaseLite) -> Iterator[str]:
    """A database as that of a new project: nothing in it, nothing granted."""
    name = next(NAMES)
    yield stack.postgres.create_database(name)
    stack.postgres.drop_database(name)


@contextmanager
def management_api(dsn: str) -> Iterator[ManagementApi]:
    with LoopbackManagementApi(dsn) as server:
        yield ManagementApi(
            server.url, REF, TOKEN, timeout_s=10, call=straight, now=lambda: datetime.now(UTC)
        )


@contextmanager
def connection(dsn: str) -> Iterator[PostgresDatabase]:
    yield PostgresDatabase(dsn, call=straight)


@pytest.fixture(params=[management_api, connection], ids=["management API", "SUPABASE_DB_URL"])
def database(request, dsn):
    with request.param(dsn) as database:
        yield database


def apply_all(database) -> None:
    for file in FILES:
        database.apply(statements_of(file))


def test_all_files_are_applied_and_recorded(dsn, database):
    apply_all(database)
    assert execute(dsn, APPLIED) == [(file.name, file.checksum) for file in FILES]


def test_applying_all_twice_is_harmless(dsn, database):
    apply_all(database)
    execute(dsn, "insert into property_listings (property_number) values ('AA1')")
    apply_all(database)
    assert execute(dsn, "select count(*) from property_listings") == [(1,)]


def test_rows_come_back_by_column(database):
    assert list(database.query("select 1 as one, 'x' as text")) == [{"one": 1, "text": "x"}]


def test_a_half_applied_file_is_completed_by_the_next_time(dsn, database):
    database.apply(statements_of(FILES[0]))
    database.apply(FILES[1].statements[:4])
    apply_all(database)
    assert execute(dsn, APPLIED) == [(file.name, file.checksum) for file in FILES]


def test_a_refused_statement_stops_the_file_and_says_what_postgresql_said(dsn, database):
    apply_all(database)
    with pytest.raises(PermanentError, match='relation "nosuch" does not exist') as caught:
        database.apply(["alter table nosuch add x int;", "drop table sync_errors;"])
    assert (caught.value.code, caught.value.category) == ("42P01", Category.DATABASE)
    assert ("sync_errors",) in execute(dsn, TABLES)


def test_a_direct_connection_applies_a_whole_file_or_nothing(dsn):
    with connection(dsn) as database, pytest.raises(PermanentError):
        database.apply(["create table made (x int);", "select nosuch();"])
    assert execute(dsn, TABLES) == []


def test_an_existing_table_with_other_columns_and_triggers_stays_as_it_is(dsn, database):
    execute(dsn, "create table property_listings (ref text not null, property_number text)")
    execute(dsn, "insert into property_listings values ('r', 'AA1')")
    apply_all(database)
    columns = execute(
        dsn,
        "select column_name, is_nullable from information_schema.columns"
        " where table_name = 'property_listings' order by ordinal_position",
    )
    assert columns == [("ref", "NO"), ("property_number", "YES")]


def test_the_api_sends_one_statement_a_call(dsn):
    with LoopbackManagementApi(dsn) as server:
        database = ManagementApi(
            server.url, REF, TOKEN, timeout_s=10, call=straight, now=lambda: datetime.now(UTC)
        )
        apply_all(database)
    assert len(server.queries) == sum(len(statements_of(file)) for file in FILES)


def test_the_publishable_key_reads_nothing_of_what_was_made(project: SupabaseLite):
    project.execute("insert into property_listings (property_number) values ('AA1')")
    for table in ("property_listings", "sync_state", "sync_errors", "sync_migrations"):
        with psycopg.connect(project.dsn) as session:
            session.execute("set local role anon")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"select * from {table}")


# -- what REST sees ---------------------------------------------------------------------------


def test_rest_sees_what_was_recorded(project: SupabaseLite):
    project.execute("insert into sync_migrations (name, checksum) values ('1.sql', 'abc')")
    with connected(project.url, project.secret_key) as rest:
        assert AppliedMigrations(rest).applied() == {"1.sql": "abc"}
        assert AppliedMigrations(rest).files == FILES


def test_a_record_that_the_key_may_not_read_counts_as_nothing_applied(project: SupabaseLite):
    with connected(project.url, project.publishable_key) as rest:
        with pytest.raises(PermanentError):
            rest.read(rest.table("sync_migrations").select("*"), "reading")
        assert AppliedMigrations(rest).applied() == {}


def test_a_project_without_the_record_has_nothing_applied(stack: SupabaseLite):
    with (
        SupabaseLite(stack.postgres, database=next(NAMES), apply=()) as empty,
        connected(empty.url, empty.secret_key) as rest,
    ):
        assert AppliedMigrations(rest).applied() == {}


# -- what goes wrong on the way to PostgreSQL -------------------------------------------------


def test_a_lock_held_by_somebody_else_is_of_the_moment(dsn):
    execute(dsn, "create table held (x int)")
    hurried = ["set local lock_timeout = '10ms';", "alter table held add y int;"]
    with psycopg.connect(dsn) as other, connection(dsn) as database:
        other.execute("lock table held")
        with pytest.raises(TransientError) as caught:
            database.apply(hurried)
    assert caught.value.code == "55P03"


def test_a_database_that_does_not_exist_is_named(stack):
    dsn = stack.postgres.dsn_of("nosuch")
    with (
        connection(dsn) as database,
        pytest.raises(PermanentError, match='"nosuch" does not exist'),
    ):
        database.query("select 1")


def test_nobody_listening_is_of_the_moment():
    database = PostgresDatabase("postgresql://u:p@127.0.0.1:9/x", call=straight)
    with pytest.raises(TransientError, match="Connection refused"):
        database.query("select 1")


def test_a_url_that_is_none_is_a_setting_and_is_not_quoted():
    with pytest.raises(SettingsError, match="SUPABASE_DB_URL") as caught:
        PostgresDatabase("postgresql://u:s3cret%zz@h/x", call=straight)
    assert "s3cret" not in str(caught.value)
