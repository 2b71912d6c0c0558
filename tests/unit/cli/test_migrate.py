"""`migrate` as people and scripts read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import Result

from listing_sync.cells.listings import Value
from listing_sync.changes.migrations import SqlFile
from listing_sync.cli.face import Face
from listing_sync.cli.migrate import register
from listing_sync.cli.text import cell_width
from listing_sync.errors import Category, PermanentError, RefusedError, Service
from tests.command_line import runner
from tests.local_world import HEADER
from tests.moving_world import MovingWorld

SHEET = "".join(f"AA{number},{number}万円,売出中\n" for number in range(100, 130))
TABLE: dict[str, dict[str, Value]] = {
    f"AA{number}": {"price": 5, "status": "\x1b[31m[red]"} for number in range(100, 125)
}
FILE = SqlFile("0001_x.sql", "create table public.x (y int);", "abc", ("create table x ();",))
RUN_ID = "3f2b8c1e-6d4a-4c1b-9a77-0d9b7f3f5e21"


class GivenFace(Face):
    world: MovingWorld

    @contextmanager
    def open(  # type: ignore[override]
        self,
        *,
        flags: Mapping[str, object] | None = None,
        json_output: bool = False,
        **_: object,
    ) -> Iterator[MovingWorld]:
        self.json_output = json_output
        given = {name: value for name, value in (flags or {}).items() if value is not None}
        self.world.settings = self.world.settings.model_copy(update=given)
        yield self.world


def ask(world: MovingWorld, *arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    app.callback()(lambda: None)
    face = GivenFace()
    face.world = world
    return runner().invoke(app, ["migrate", *arguments], obj=face)


def document(world: MovingWorld, *arguments: str) -> dict[str, Any]:
    return json.loads(ask(world, *arguments, "--json").stdout)


@pytest.fixture
def world(tmp_path: Path) -> MovingWorld:
    ports = MovingWorld(tmp_path, SHEET, TABLE)
    ports.migrations.files = (FILE,)
    return ports


def in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_a_plan_is_read_from_top_to_bottom(world):
    result = ask(world, "plan")
    assert result.exit_code == 0
    assert in_order(
        result.stdout,
        "0001_x.sql",
        "Table listings",
        "Left alone, not in the mapping: photo",
        "Would insert 5 listings",
        "Would update 25 listings",
        "30 listings: 5 to insert, 25 to update, 0 equal, 0 rejected",
        "Headers that the mapping lacks",
        "None.",
    )


def test_the_sql_alone_can_be_pasted(world):
    world.table.description = replace(
        world.table.description, columns={"property_number": "text", "price": "text"}
    )
    printed = ask(world, "plan", "--sql")
    assert printed.exit_code == 0
    assert in_order(
        printed.stdout,
        "-- 0001_x.sql\n\ncreate table x ();",
        "-- no column status\nalter table",
        "notify pgrst, 'reload schema';",
    )
    statements = [line for line in printed.stdout.splitlines() if line]
    assert all(
        line.startswith(("--", "create", "insert", "alter", "notify")) for line in statements
    )


def test_sql_and_json_do_not_go_together(world):
    assert ask(world, "plan", "--sql", "--json").exit_code == 2


def test_a_plan_without_a_readable_sheet_still_shows_the_rest(world):
    world.write_sheet("AA1,2\n", "番号,備考\n")
    result = ask(world, "plan")
    assert (result.exit_code, "Not known" in result.stderr) == (3, True)
    assert "[columns.remarks]" in result.stdout


def test_a_plan_as_json_has_the_keys_of_the_contract(world):
    plan = document(world, "plan")
    assert {"pending", "table", "changes", "draftMapping"} <= plan.keys()
    assert plan["pending"] == ["0001_x.sql"]
    assert plan["changes"]["inserted"] == 5
    assert len(plan["differences"]["updates"]) == 25


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        ("verify",),
        ("cutover", "--dry-run"),
        ("cutover", "--yes"),
        ("rollback", "--dry-run"),
        ("rollback", "--yes"),
    ],
    ids=" ".join,
)
def test_every_table_fits_80_columns_and_steers_no_terminal(world, arguments, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    if "rollback" in arguments:
        ask(world, "cutover", "--yes")
    result = ask(world, *arguments)
    # Sentences are for the terminal to wrap; the lines of tables are not.
    for line in result.stdout.splitlines():
        assert cell_width(line) <= 80 or "  " not in line.strip(), line
    assert "\x1b[31m" not in result.stdout


def test_verify_counts_and_names_what_differs(world):
    result = ask(world, "verify")
    assert result.exit_code == 1
    assert in_order(
        result.stdout,
        "Compared 30 listings (share 100 %):",
        "0 equal, 5 missing in the table, 25 differing",
        "Missing in the table: AA125, AA126",
        "1000000 / 5",
        "and 30 more (all with --json)",
    )


def test_verify_as_json_has_the_keys_of_the_contract(world):
    found = document(world, "verify")
    assert {"missing", "unexpected", "differing", "rejected"} <= found.keys()
    assert found["differing"][0] == {
        "number": "AA100",
        "column": "価格",
        "sheet": 1000000,
        "table": 5,
        "changedByOthers": False,
    }


def test_verify_of_equal_sides_is_one_breath(world):
    ask(world, "cutover", "--yes")
    result = ask(world, "verify")
    assert (result.exit_code, result.stdout) == (
        0,
        "Compared 30 listings (share 100 %):\n  30 equal\n",
    )


def test_a_cutover_ends_with_the_line_for_cron(world):
    result = ask(world, "cutover", "--percent", "100", "--yes")
    assert result.exit_code == 0
    assert in_order(
        result.stdout, "Kept the first snapshot", "30 equal", "SYNC_ROLLOUT_PERCENT=100"
    )


def test_a_cutover_whose_sync_fails_ends_with_the_way_back(world):
    world.table.refused["AA100"] = PermanentError(
        "the key is refused", service=Service.SUPABASE, category=Category.DATABASE
    )
    result = ask(world, "cutover", "--yes")
    assert result.exit_code == 3
    assert "migrate rollback --snapshot" in result.stderr
    assert "SYNC_ROLLOUT_PERCENT" not in result.stdout


def test_a_cutover_as_json_has_run_snapshot_and_verification(world):
    done = document(world, "cutover", "--yes")
    assert {"syncId", "stats", "errors", "snapshot", "leftAlone", "verification"} <= done.keys()
    assert Path(str(done["snapshot"])).exists()


def test_a_cutover_on_hold_takes_no_snapshot(world):
    world.hold.place("closed for the holidays")
    result = ask(world, "cutover", "--yes")
    assert isinstance(result.exception, RefusedError)
    assert world.snapshots.all() == ()


def test_a_rollback_lists_snapshots_and_says_how_to_go_on(world):
    ask(world, "cutover", "--yes")
    world.table.content["AA100"]["price"] = 77
    result = ask(world, "rollback", "--yes")
    assert result.exit_code == 1
    assert in_order(
        result.stdout,
        "->",
        "first",
        "25 restored, 0 brought back, 5 removed",
        "AA100",
        "changed by somebody else",
        "Verified",
        "`listing-sync resume` lets it go on.",
    )


def test_a_rollback_looked_at_shows_each_value_now_and_then(world):
    ask(world, "cutover", "--yes")
    result = ask(world, "rollback", "--dry-run")
    assert result.exit_code == 0
    assert in_order(result.stdout, "AA100", "price: 1000000 -> 5", "25 would be restored")
    assert "on hold" not in result.stdout


def test_a_rollback_as_json_has_counts_snapshot_and_what_was_left(world):
    ask(world, "cutover", "--yes")
    back = document(world, "rollback", "--yes")
    assert (back["restored"], back["removed"], back["leftAlone"]) == (25, 5, [])
    assert back["verified"] is True


def test_pending_files_that_changed_say_so(world):
    world.migrations.record = {"0001_x.sql": "older"}
    assert "changed since it was applied" in ask(world, "plan").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("cutover",), id="cutover"),
        pytest.param(("rollback",), id="rollback"),
        pytest.param(("rollback", "--yes", "--run", "7"), id="no UUID"),
        pytest.param(("rollback", "--yes", "--run", RUN_ID, "--snapshot", "x"), id="both"),
        pytest.param(("verify", "--percent", "101"), id="percent"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(world, arguments):
    result = ask(world, *arguments)
    assert result.exit_code == 2
    assert world.table.requests == []


def test_unmapped_headers_are_drafted(world):
    world.write_sheet("AA100,1,売出中,12\n", HEADER.strip() + ",総戸数\n")
    assert "[columns.total_units]" in ask(world, "plan").stdout
