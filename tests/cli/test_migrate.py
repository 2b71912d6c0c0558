"""`migrate` as its user runs it, against the local stack."""

from __future__ import annotations

import itertools
import json
import os
import pty
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from listing_sync.changes.rollout import is_in_share
from tests.stack.management_api import REF, TOKEN, LoopbackManagementApi
from tests.stack.supabase_lite import SQL_FILES, SupabaseLite

pytestmark = pytest.mark.stack

HEADER = "物件番号,価格,種別\n"
STATE = "select property_number, price, property_type, address from property_listings order by 1"
NAMES = (f"moving_{number}" for number in itertools.count())


class Office:
    """A folder with settings and a sheet of `count` listings, on a Supabase project."""

    def __init__(self, folder: Path, supabase: SupabaseLite, count: int) -> None:
        self.folder = folder
        self.supabase = supabase
        self.numbers = [f"AA{10_000 + number}" for number in range(count)]
        self.write_sheet()
        settings = {
            "SUPABASE_URL": supabase.url,
            "SUPABASE_SERVICE_ROLE_KEY": supabase.secret_key,
            "SYNC_SHEET_FILE": str(folder / "Listings.csv"),
            "SYNC_STATE_DIR": str(folder / "state"),
            "SYNC_RATE_LIMIT": "0",
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (folder / ".env").write_text("".join(lines), encoding="utf-8")

    def write_sheet(self, price: int = 3_000) -> None:
        rows = [f"{number},{price + place}万円,戸建\n" for place, number in enumerate(self.numbers)]
        (self.folder / "Listings.csv").write_text(HEADER + "".join(rows), encoding="utf-8")

    def write_old_rows(self, count: int) -> None:
        """Fill the table as the old sync has it."""
        with psycopg.connect(self.supabase.dsn) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into property_listings (property_number, price, address)"
                " values (%s, %s, '旧')",
                [(number, place) for place, number in enumerate(self.numbers[:count])],
            )

    def table(self) -> list[tuple[object, ...]]:
        return self.supabase.execute(STATE)

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "listing_sync", *arguments],
            cwd=self.folder,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def json(self, *arguments: str, code: int = 0, **settings: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json", **settings)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def kill_when(self, is_due: Callable[[], bool], *arguments: str, **settings: str) -> None:
        """Run a command and kill it, as a power cut does, once it has got that far."""
        process = subprocess.Popen(
            [sys.executable, "-m", "listing_sync", *arguments],
            cwd=self.folder,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not is_due():
            assert process.poll() is None, "it ended before it was to be killed"
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL


def environment(settings: dict[str, str]) -> dict[str, str]:
    ours = ("SYNC_", "SUPABASE_", "GOOGLE_", "STATE_DIRECTORY", "JOURNAL_STREAM")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[2]), **settings}


@pytest.fixture
def office(tmp_path: Path, project: SupabaseLite) -> Office:
    return Office(tmp_path, project, 60)


# -- up ---------------------------------------------------------------------------------------


@pytest.fixture
def empty_project(stack: SupabaseLite) -> Iterator[SupabaseLite]:
    """A project without any table, on the server of the others."""
    with SupabaseLite(stack.postgres, database=next(NAMES), apply=()) as supabase:
        yield supabase


@contextmanager
def sees_new_tables(supabase: SupabaseLite) -> Iterator[None]:
    """Let the REST API notice new tables, as hosted PostgREST does by itself after a moment."""

    def restart_when_made() -> None:
        while not supabase.execute(
            "select 1 where to_regclass('public.property_listings') is not null"
        ):
            time.sleep(0.05)
        supabase.restart()

    thread = threading.Thread(target=restart_when_made)
    thread.start()
    yield
    thread.join()


def test_up_makes_the_tables_over_a_direct_connection(tmp_path, empty_project):
    office = Office(tmp_path, empty_project, 3)
    way = {"SUPABASE_DB_URL": empty_project.dsn}
    assert office.json("migrate", "plan")["pending"] == [path.name for path in SQL_FILES]
    with sees_new_tables(empty_project):
        done = office.json("migrate", "up", "--yes", **way)
    assert (done["applied"], done["visible"]) == ([path.name for path in SQL_FILES], True)
    assert office.json("migrate", "up", "--yes", **way)["applied"] == []
    plan = office.json("migrate", "plan")
    assert (plan["pending"], plan["table"]["lacks"]) == ([], [])
    assert office.run("sync", "all").returncode == 0


def test_up_makes_the_tables_over_the_management_api(tmp_path, empty_project):
    office = Office(tmp_path, empty_project, 3)
    with LoopbackManagementApi(empty_project.dsn) as server, sees_new_tables(empty_project):
        done = office.json(
            "migrate",
            "up",
            "--yes",
            SUPABASE_MANAGEMENT_URL=server.url,
            SUPABASE_ACCESS_TOKEN=TOKEN,
            SUPABASE_PROJECT_REF=REF,
        )
    assert (len(done["applied"]), done["visible"]) == (len(SQL_FILES), True)


def test_up_without_a_way_prints_the_sql_and_fails(tmp_path, empty_project):
    done = Office(tmp_path, empty_project, 1).run("migrate", "up")
    assert done.returncode == 3
    assert "create table if not exists public.sync_state" in done.stdout
    assert "SQL editor" in done.stderr
    empty_project.execute(done.stdout)
    assert empty_project.execute("select count(*) from sync_migrations") == [(len(SQL_FILES),)]


def test_up_as_json_is_one_document_with_the_sql(tmp_path, empty_project):
    done = Office(tmp_path, empty_project, 1).json("migrate", "up", code=3)
    assert "create table" in str(done["sql"])
    assert "SQL editor" in str(done["problem"])


def test_up_dry_prints_the_sql_and_applies_nothing(tmp_path, empty_project):
    office = Office(tmp_path, empty_project, 1)
    done = office.run("migrate", "up", "--dry-run", SUPABASE_DB_URL=empty_project.dsn)
    assert (done.returncode, "create table" in done.stdout) == (0, True)
    assert empty_project.execute("select to_regclass('public.sync_state')") == [(None,)]


# -- asking -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("migrate", "up"), id="up"),
        pytest.param(("migrate", "cutover"), id="cutover"),
        pytest.param(("migrate", "rollback"), id="rollback"),
        pytest.param(("migrate", "rollback", "--yes", "--run", "not-a-uuid"), id="not a run"),
    ],
)
def test_without_a_terminal_to_ask_on_it_is_a_usage_error(office, arguments):
    done = office.run(*arguments, SUPABASE_DB_URL="postgresql://postgres@127.0.0.1:9/x")
    assert (done.returncode, done.stdout) == (2, "")
    assert office.table() == []


@pytest.mark.parametrize(("answer", "code", "written"), [("y", 0, 60), ("n", 3, 0)])
def test_on_a_terminal_it_shows_what_it_will_do_and_asks(office, answer, code, written):
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(office.folder)
        arguments = [sys.executable, "-m", "listing_sync", "migrate", "cutover"]
        os.execve(sys.executable, arguments, environment({"NO_COLOR": "1"}))
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, answer.encode() + b"\n")
    while chunk := read_or_end(terminal):
        shown += chunk
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == code, shown.decode()
    assert "Would insert 60 listings" in shown.decode()
    assert len(office.table()) == written


def read_or_end(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux: the other side has gone
        return b""


# -- moving over and back ---------------------------------------------------------------------


def test_verify_tells_what_differs_in_the_share_asked_for(office):
    office.write_old_rows(40)
    found = office.json("migrate", "verify", "--percent", "25", code=1)
    inside = {number for number in office.numbers if is_in_share(number, 25)}
    assert set(found["missing"]) == {n for n in office.numbers[40:] if n in inside}
    assert {item["number"] for item in found["differing"]} == inside - set(found["missing"])
    assert set(found["differing"][0]) == {"number", "column", "sheet", "table", "changedByOthers"}


def test_cutover_and_rollback_lead_there_and_back(office):
    office.write_old_rows(40)
    before = office.table()
    done = office.json("migrate", "cutover", "--percent", "100", "--yes")
    assert done["stats"]["inserted"] == 20
    assert done["cron"] == "SYNC_ROLLOUT_PERCENT=100"
    assert Path(done["snapshot"]).stat().st_mode & 0o077 == 0
    back = office.json("migrate", "rollback", "--yes")
    assert (back["restored"], back["removed"], back["verified"]) == (40, 20, True)
    assert office.table() == before


def test_a_rollback_keeps_cron_from_undoing_it(office):
    office.json("migrate", "cutover", "--yes")
    office.json("migrate", "rollback", "--yes")
    done = office.run("sync", "all")
    assert (done.returncode, "on hold" in done.stderr) == (3, True)
    held = office.run("migrate", "cutover", "--yes")
    assert (held.returncode, office.table()) == (3, [])
    next((office.folder / "state").glob("*/hold")).unlink()
    assert office.run("sync", "all").returncode == 0


def test_one_run_is_undone_by_its_id(office):
    office.run("sync", "all")
    before = office.table()
    office.write_sheet(price=3_001)
    run_id = office.json("sync", "all", "--change-limit", "100")["syncId"]
    assert office.json("migrate", "rollback", "--run", run_id, "--yes")["restored"] == 60
    assert office.table() == before


def test_dry_runs_leave_everything_as_it_was(office):
    office.write_old_rows(40)
    before = office.table()
    preview = office.json("migrate", "cutover", "--dry-run")
    assert (preview["stats"]["inserted"], preview["dryRun"]) == (20, True)
    assert office.table() == before
    office.json("migrate", "cutover", "--yes")
    after = office.table()
    assert office.json("migrate", "rollback", "--dry-run")["restored"] == 40
    assert office.table() == after


def test_a_killed_cutover_and_a_killed_rollback_are_finished_by_running_them_again(office):
    office.write_old_rows(40)
    before = office.table()
    slowly = {"SYNC_BATCH_SIZE": "4", "SYNC_CONCURRENCY": "1", "SYNC_RATE_LIMIT": "20"}
    start = ("migrate", "cutover", "--yes")
    office.kill_when(lambda: office.table() != before, *start, **slowly)
    first = next((office.folder / "state").rglob("*-first.jsonl.gz"))
    office.json(*start)
    back = ("migrate", "rollback", "--yes", "--snapshot", str(first))
    after = office.table()
    office.kill_when(lambda: office.table() != after, *back, **slowly)
    assert office.table() != before
    assert office.json(*back)["verified"]
    assert office.table() == before


def test_a_damaged_snapshot_is_refused_before_anything_is_changed(office):
    done = office.json("migrate", "cutover", "--yes")
    path = Path(done["snapshot"])
    path.write_bytes(path.read_bytes()[:-1])
    refused = office.run("migrate", "rollback", "--yes")
    assert (refused.returncode, "damaged" in refused.stderr) == (3, True)
    assert len(office.table()) == 60


OTHER_TABLE = """
create table public.homes (
  id bigint generated always as identity primary key,
  property_number text not null unique,
  price numeric,
  office text not null,
  seen integer not null default 0,
  changed_at timestamptz not null default now()
);
create function public.touch() returns trigger language plpgsql as $$
begin new.changed_at := now(); new.seen := new.seen + 1; return new; end $$;
create trigger touch before update on public.homes for each row execute function public.touch();
alter table public.homes enable row level security;
grant all on public.homes to service_role;
insert into public.homes (property_number, price, office)
  select 'AA' || n, n, 'Tokyo' from generate_series(10000, 10029) n;
"""
OTHER_MAPPING = """
table = "homes"
key = "property_number"
[columns.property_number]
header = "物件番号"
type = "text"
required = true
[columns.price]
header = "価格"
type = "money"
scale = 0
"""


def test_an_existing_table_with_other_columns_and_triggers_goes_there_and_back(tmp_path, stack):
    made = tmp_path / "homes.sql"
    made.write_text(OTHER_TABLE)
    homes = "select id, property_number, price, office from homes order by 1"
    with SupabaseLite(stack.postgres, database=next(NAMES), apply=(*SQL_FILES, made)) as supabase:
        office = Office(tmp_path, supabase, 40)
        (tmp_path / "mapping.toml").write_text(OTHER_MAPPING, encoding="utf-8")
        mapped: dict[str, Any] = {"SYNC_MAPPING_FILE": str(tmp_path / "mapping.toml")}
        before = supabase.execute(homes)
        refused = office.json("migrate", "cutover", "--yes", code=1, **mapped)
        assert refused["stats"]["failed"] == 40
        assert all("office" in error["error"] for error in refused["errors"])
        assert supabase.execute(homes) == before
        supabase.execute("alter table homes alter column office set default 'Osaka'")
        done = office.json("migrate", "cutover", "--yes", **mapped)
        assert (done["stats"]["updated"], done["stats"]["inserted"]) == (30, 10)
        office.numbers = office.numbers[5:]
        office.write_sheet()
        settings = mapped | {"SYNC_CHANGE_LIMIT": "100", "SYNC_PRUNE_LIMIT": "100"}
        assert office.json("sync", "all", "--prune", **settings)["stats"]["removed"] == 5
        back = office.json("migrate", "rollback", "--yes", **mapped)
        assert (back["verified"], back["broughtBack"]) == (True, 5)
        assert back["warnings"] == ["rows that are brought back get a new id"]
        without_id = [row[1:] for row in before]
        assert sorted(row[1:] for row in supabase.execute(homes)) == without_id


def test_five_thousand_listings_move_over_while_the_old_sync_goes_on_writing(tmp_path, project):
    office = Office(tmp_path, project, 5_000)
    office.write_old_rows(4_900)
    before = office.table()
    with old_sync(office):
        for percent in (10, 25, 50, 75, 100):
            done = office.run("migrate", "cutover", "--percent", str(percent), "--yes", "--json")
            found = json.loads(done.stdout)["verification"]
            assert found["missing"] == []
            assert all(item["changedByOthers"] for item in found["differing"]), found["differing"]
        first = next((tmp_path / "state").rglob("*-first.jsonl.gz"))
        back = office.json("migrate", "rollback", "--yes", "--snapshot", str(first))
    assert (back["verified"], back["removed"], back["leftAlone"]) == (True, 100, [])
    assert office.table() == before


@contextmanager
def old_sync(office: Office) -> Iterator[None]:
    """Write old values over any row again and again, as the sync that is to be replaced."""
    is_over = threading.Event()
    chance = random.Random(5)

    def write() -> None:
        with psycopg.connect(office.supabase.dsn, autocommit=True) as connection:
            while not is_over.wait(0.02):
                place = chance.randrange(4_900)
                connection.execute(
                    "update property_listings set price = %s, property_type = null"
                    " where property_number = %s",
                    (place, office.numbers[place]),
                )

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
