from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from listing_sync.changes.given_back import Answer, GivenBack, learned
from listing_sync.changes.migrations import SqlFile
from listing_sync.cli.progress import Silent
from listing_sync.commands.migrate_plan import (
    MigrationPlan,
    find_lacking_sql,
    make_migration_plan,
)
from listing_sync.errors import Category, NotGrantedError, PermanentError, Service
from listing_sync.ports import TableDescription
from tests.fakes import folded
from tests.local_world import HEADER
from tests.moving_world import COLUMNS, MovingWorld

SILENT = Silent()
SHEET = "AA1,100,for sale\nAA2,200,sold\nAA3,応相談,\n"
CREATES = """
  create table public.listings (
    property_number text not null unique,
    withdrawn_at timestamptz,
    price numeric(15, 0)
  );
"""
FILE = SqlFile("1.sql", CREATES, "abc", ("create",))


def plan(ports: MovingWorld) -> MigrationPlan:
    found = make_migration_plan(ports, SILENT)
    assert ports.table.writes == []
    return found


def world(folder: Path) -> MovingWorld:
    return MovingWorld(folder, SHEET, {"AA1": {"price": 1, "status": "for sale"}})


def refused(code: str) -> PermanentError:
    return PermanentError("no", service=Service.SUPABASE, category=Category.DATABASE, code=code)


def test_it_tells_what_a_first_sync_would_change(tmp_path):
    changes = plan(world(tmp_path)).changes
    assert changes is not None
    stats = changes.stats
    assert (stats.inserted, stats.updated, stats.unchanged, stats.failed) == (1, 1, 0, 1)
    assert [update.old for update in changes.plan.updates] == [(1,)]


def test_it_names_columns_that_the_mapping_leaves_alone(tmp_path):
    assert plan(world(tmp_path)).table.not_owned == ("photo",)


def test_without_a_table_everything_would_be_inserted(tmp_path):
    ports = MovingWorld(tmp_path, SHEET)
    ports.table.description = TableDescription(
        exists=False, columns={}, primary_key=(), required=frozenset()
    )
    found = plan(ports)
    assert found.changes is not None
    assert len(found.changes.plan.inserts) == 2
    assert "create table" in (found.table.lacks[0].sql or "")


def test_a_table_that_migrate_up_creates_lacks_only_columns_that_it_does_not_have(tmp_path):
    ports = MovingWorld(tmp_path, SHEET)
    ports.migrations.files = (FILE,)
    ports.table.description = TableDescription(
        exists=False, columns={}, primary_key=(), required=frozenset()
    )
    its_file, status, *others = plan(ports).table.lacks
    assert (its_file.sql, "migrate up" in its_file.what) == (None, True)
    assert (status.what, others) == ("no column status", [])
    assert 'add column "status" text' in (status.sql or "")
    assert find_lacking_sql(ports).lacks == (status,)


def test_a_missing_column_counts_as_blank_in_every_row(tmp_path):
    ports = world(tmp_path)
    columns = {name: kind for name, kind in COLUMNS.items() if name != "status"}
    ports.table.description = replace(ports.table.description, columns=columns)
    found = plan(ports)
    assert found.changes is not None
    (update,) = found.changes.plan.updates
    assert update.old == (1, None)
    assert "no column status" in found.table.lacks[0].what


def test_a_table_that_may_not_be_read_gets_its_grant(tmp_path):
    ports = world(tmp_path)
    ports.table.away = NotGrantedError("no", service=Service.SUPABASE, category=Category.DATABASE)
    ports.table.accepts_key = lambda: ports.table._ask("read", ())
    found = plan(ports)
    assert found.changes is None
    assert "grant select" in (found.table.lacks[0].sql or "")
    assert "may not be read" in (found.obstacle or "")


def test_a_service_that_refuses_all_is_told_at_once(tmp_path):
    ports = world(tmp_path)
    ports.table.away = refused("PGRST301")
    ports.table.accepts_key = lambda: ports.table._ask("read", ())
    with pytest.raises(PermanentError):
        make_migration_plan(ports, SILENT)


def test_a_key_that_is_not_unique_is_a_lack(tmp_path):
    ports = world(tmp_path)
    ports.table.is_unique = False
    assert "is not unique" in plan(ports).table.lacks[0].what


@pytest.mark.parametrize(
    ("record", "pending", "changed"),
    [
        pytest.param({}, ["1.sql"], [False], id="never applied"),
        pytest.param({"1.sql": "abc"}, [], [], id="applied"),
        pytest.param({"1.sql": "old"}, ["1.sql"], [True], id="changed since"),
    ],
)
def test_pending_files_are_those_whose_checksum_is_not_recorded(tmp_path, record, pending, changed):
    ports = world(tmp_path)
    ports.migrations.files = (FILE,)
    ports.migrations.record = record
    found = plan(ports)
    assert [item.file.name for item in found.pending] == pending
    assert [item.changed for item in found.pending] == changed


def test_headers_that_the_mapping_lacks_are_drafted_with_their_letters(tmp_path):
    ports = world(tmp_path)
    ports.write_sheet(
        "AA1,100,for sale,3,角部屋,x\nAA2,200,sold,4,,x\nAA3,1,,5,,x\n",
        HEADER.strip() + ",総戸数,謎,謎\n",
    )
    draft = plan(ports).draft
    assert '[columns.total_units]\nheader = "総戸数"\ntype = "integer"' in draft
    assert '# "謎" stands on several columns' in draft


def test_a_draft_is_made_although_the_key_is_missing_in_the_sheet(tmp_path):
    ports = world(tmp_path)
    ports.write_sheet("AA1,100\n", "番号,備考\n")
    found = plan(ports)
    assert "[columns.remarks]" in found.draft
    assert found.changes is None
    assert "property_number" in (found.obstacle or "")


def test_a_column_that_gives_back_something_else_is_named_with_its_example(tmp_path):
    ports = world(tmp_path)
    known = learned(
        GivenBack(), [Answer("AA1", "AA1", ("price",), {"price": (100, "$100.00")})], (), {}
    )
    ports.given_back.store(known.to_document())
    ports.table.content["AA1"]["price"] = "$100.00"
    found = plan(ports)
    assert 'price (wrote 100, reads "$100.00") gives back' in found.table.lacks[-1].what
    assert found.changes is not None
    assert found.changes.stats.unchanged == 1


def test_a_number_that_the_table_spells_otherwise_is_not_new(tmp_path):
    ports = MovingWorld(tmp_path, SHEET, {"aa1": {"price": 100, "status": "for sale"}})
    ports.table._equality = folded
    changes = plan(ports).changes
    assert changes is not None
    assert [listing.property_number for listing in changes.plan.inserts] == ["AA2"]
