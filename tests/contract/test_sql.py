"""The files of sql/ on a real PostgreSQL with Supabase's roles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.mapping import parse_mapping
from listing_sync.supabase.sql_files import migration_files, split_statements
from tests.stack.postgres import execute
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
DOWN = sorted((ROOT / "sql" / "down").glob("*.sql"), reverse=True)
OPTIONAL = ROOT / "sql" / "optional" / "website_read_policy.sql"
SHAPE = """
select table_name, column_name, data_type, column_default, is_nullable,
  numeric_precision, numeric_scale
from information_schema.columns where table_schema = 'public' order by 1, ordinal_position
"""
RIGHTS = (
    "select relname, relacl::text, relrowsecurity from pg_class where relkind = 'r' and "
    "relnamespace = 'public'::regnamespace order by 1"
)
NAMES = (f"sql_{number}" for number in itertools.count())


class Database:
    """An empty database in which Supabase's roles may use the schema public."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def run(self, statement: str):
        return execute(self.dsn, statement)

    def apply(self, text: str) -> None:
        """Run each statement by itself, as the Management API does."""
        for statement in split_statements(text):
            self.run(statement)

    def apply_all(self) -> None:
        for file in migration_files():
            self.apply(file.text)

    def as_role(self, role: str, statement: str):
        with psycopg.connect(self.dsn) as connection:
            connection.execute(f"set local role {role}")
            return connection.execute(statement).fetchall()


@pytest.fixture
def empty(stack: SupabaseLite) -> Iterator[Database]:
    name = next(NAMES)
    database = Database(stack.postgres.create_database(name))
    # As on older projects, where the API's roles get everything by default.
    database.run(
        "alter default privileges in schema public"
        " grant all on tables to anon, authenticated, service_role"
    )
    yield database
    stack.postgres.drop_database(name)


@pytest.fixture
def database(empty: Database) -> Database:
    empty.apply_all()
    return empty


def test_applying_twice_changes_nothing(database):
    before = database.run(SHAPE), database.run(RIGHTS)
    database.run("insert into property_listings (property_number) values ('AA1')")
    database.apply_all()
    assert (database.run(SHAPE), database.run(RIGHTS)) == before
    assert database.run("select count(*) from property_listings") == [(1,)]


def test_an_existing_table_is_not_touched(empty):
    empty.run("create table property_listings (property_number text, mine int)")
    before = empty.run(SHAPE), empty.run(RIGHTS)
    [file] = [file for file in migration_files() if "property_listings" in file.name]
    empty.apply(file.text)
    assert (empty.run(SHAPE), empty.run(RIGHTS)) == before
    assert empty.run("select count(*) from pg_trigger") == [(0,)]


def test_the_table_has_the_columns_of_the_bundled_mapping(database):
    text = (ROOT / "listing_sync" / "mapping.toml").read_text(encoding="utf-8")
    mapping = parse_mapping(text, name="mapping.toml")
    types = {
        ColumnType.AREA: ("numeric", 10, 2),
        ColumnType.MONEY: ("numeric", 15, 0),
        ColumnType.DATE: ("date", None, None),
    }
    wanted = {
        column.name: types.get(column.type, ("text", None, None)) for column in mapping.columns
    }
    own = {"id", "created_at", "updated_at", "withdrawn_at"}
    columns = database.run(
        "select column_name, data_type, numeric_precision, numeric_scale"
        " from information_schema.columns where table_name = 'property_listings'"
    )
    assert {name for name, *_ in columns} == set(wanted) | own
    assert {name: tuple(facts) for name, *facts in columns if name not in own} == wanted


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize("table", ["sync_migrations", "sync_errors", "property_listings"])
def test_visitors_may_not_read_our_tables(database, role, table):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.as_role(role, f"select count(*) from {table}")


def test_authenticated_reads_how_runs_went_but_not_what_is_private(database):
    database.run(
        "insert into sync_state (id, sync_type, trigger, status, started_at, heartbeat_at, source,"
        " target, host, pid, version) values (gen_random_uuid(), 'full', 'cron', 'in_progress',"
        " now(), now(), 's', 't', 'h', 1, '1')"
    )
    private = {"error_details", "metrics", "host", "pid", "source"}
    columns = {
        name
        for (name,) in database.run(
            "select column_name from information_schema.columns where table_name = 'sync_state'"
        )
    }
    public = ", ".join(sorted(columns - private))
    assert len(database.as_role("authenticated", f"select {public} from sync_state")) == 1
    for column in private:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.as_role("authenticated", f"select {column} from sync_state")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.as_role("anon", "select id from sync_state")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.as_role("authenticated", "update sync_state set status = 'failed' returning id")


@pytest.mark.parametrize("table", ["sync_migrations", "sync_state", "sync_errors"])
def test_service_role_may_do_everything(database, table):
    assert database.as_role("service_role", f"delete from {table} returning *") == []


def test_every_table_has_row_level_security(database):
    assert {row[2] for row in database.run(RIGHTS)} == {True}


def test_updated_at_follows_an_update(database):
    database.run("insert into property_listings (property_number) values ('AA1')")
    database.run("update property_listings set price = 1")
    assert database.run("select updated_at > created_at from property_listings") == [(True,)]


@pytest.mark.parametrize("words", ["status = 'done'", "sync_type = 'half'"])
def test_a_record_in_other_words_is_refused(database, words):
    database.run(
        "insert into sync_state (id, sync_type, trigger, status, started_at, heartbeat_at, source,"
        " target, host, pid, version) values (gen_random_uuid(), 'full', 'cron', 'in_progress',"
        " now(), now(), 's', 't', 'h', 1, '1')"
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        database.run(f"update sync_state set {words}")


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_the_optional_policy_hides_withdrawn_listings(database, role):
    database.apply(OPTIONAL.read_text(encoding="utf-8"))
    database.apply(OPTIONAL.read_text(encoding="utf-8"))
    database.run(
        "insert into property_listings (property_number, withdrawn_at)"
        " values ('AA1', null), ('AA2', now())"
    )
    assert database.as_role(role, "select property_number from property_listings") == [("AA1",)]
    for refused in (
        "delete from property_listings returning property_number",
        "select special_notes from property_listings",
        "select sales_assignee from property_listings",
        "select * from property_listings",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.as_role(role, refused)


def test_down_files_leave_nothing_and_can_be_run_again(database):
    for path in DOWN * 2:
        database.apply(path.read_text(encoding="utf-8"))
    assert database.run(SHAPE) == []
    assert (
        database.run("select proname from pg_proc where pronamespace = 'public'::regnamespace")
        == []
    )


def test_listings_are_not_taken_down_while_there_are_any(database):
    database.run("insert into property_listings (property_number) values ('AA1')")
    texts = {path.name: path.read_text(encoding="utf-8") for path in DOWN}
    first = texts.pop("0004_property_listings.sql")
    others = texts.values()
    with pytest.raises(psycopg.errors.RaiseException, match="has rows"):
        database.apply(first)
    for text in others:
        database.apply(text)
    database.run("update property_listings set price = 1")
    assert database.run("select property_number from property_listings") == [("AA1",)]


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_visitors_may_not_ask_what_a_table_is(database, role):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.as_role(role, "select listing_sync_table_facts('sync_state')")
    [(facts,)] = database.as_role("service_role", "select listing_sync_table_facts('sync_state')")
    assert facts["kind"] == "r"


def test_there_is_a_down_file_for_each_file():
    assert [path.name for path in reversed(DOWN)] == [file.name for file in migration_files()]
