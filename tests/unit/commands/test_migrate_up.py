from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from listing_sync.cells.listings import Value
from listing_sync.changes.migrations import PendingFile, SqlFile
from listing_sync.cli.progress import Silent
from listing_sync.commands.migrate_up import VISIBLE_WITHIN_S, apply, find_pending
from listing_sync.errors import NotSetUpError
from tests.moving_world import MovingWorld

FILES = (
    SqlFile("1.sql", "create table public.a (x int);", "abc", ("create table a;",)),
    SqlFile("2.sql", "create table public.listings (x int);", "def", ("create b;", "notify;")),
)
PENDING = tuple(PendingFile(file, changed=False) for file in FILES)


class NotedDatabase:
    """Keeps what it is told to run; `record` is its sync_migrations, None when there is none."""

    way = "notes"

    def __init__(self, record: Mapping[str, str] | None = None) -> None:
        self.record = record
        self.applied: list[Sequence[str]] = []

    def query(self, statement: str) -> Sequence[Mapping[str, Value]]:
        if "to_regclass" in statement:
            return [{"is_there": self.record is not None}]
        return [{"name": name, "checksum": text} for name, text in (self.record or {}).items()]

    def apply(self, statements: Sequence[str]) -> None:
        self.applied.append(statements)


def world(tmp_path, database: NotedDatabase | None = None) -> MovingWorld:
    ports = MovingWorld(tmp_path)
    ports.migrations.files = FILES
    ports.migrations.record = {"1.sql": "abc"}
    ports.database = database
    return ports


def test_rest_is_asked_when_there_is_no_way_to_postgresql(tmp_path):
    assert [item.file.name for item in find_pending(world(tmp_path))] == ["2.sql"]


def test_postgresql_itself_is_asked_when_it_can_be(tmp_path):
    database = NotedDatabase({"1.sql": "abc", "2.sql": "old"})
    assert find_pending(world(tmp_path, database)) == (PendingFile(FILES[1], changed=True),)


def test_an_empty_database_lacks_every_file(tmp_path):
    assert find_pending(world(tmp_path, NotedDatabase(None))) == PENDING


def test_each_file_is_applied_in_order_with_its_record(tmp_path):
    database = NotedDatabase()
    apply(world(tmp_path), database, PENDING, Silent())
    assert [list(statements[:-1]) for statements in database.applied] == [
        ["create table a;"],
        ["create b;", "notify;"],
    ]
    assert "values ('2.sql', 'def')" in database.applied[1][-1]


def test_it_waits_until_rest_sees_the_tables(tmp_path):
    ports = world(tmp_path)
    ports.records.away = NotSetUpError("not yet")
    ports.clock.at(5, lambda: setattr(ports.records, "away", None))
    assert apply(ports, NotedDatabase(), PENDING, Silent()).visible
    assert ports.clock.monotonic() >= 5


def test_it_does_not_wait_for_ever(tmp_path):
    ports = world(tmp_path)
    ports.table.description = replace(ports.table.description, exists=False)
    assert not apply(ports, NotedDatabase(), PENDING, Silent()).visible
    assert ports.clock.monotonic() == VISIBLE_WITHIN_S


def test_a_table_that_no_file_makes_is_not_waited_for(tmp_path):
    ports = world(tmp_path)
    ports.table.description = replace(ports.table.description, exists=False)
    assert apply(ports, NotedDatabase(), PENDING[:1], Silent()).visible
