"""`health` as Nagios, scripts and people read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import Result

from listing_sync.cli.face import Face
from listing_sync.cli.health import register
from listing_sync.cli.health_text import check_words, health_document, summary_line
from listing_sync.cli.text import cell_width
from listing_sync.commands.health import Health
from listing_sync.errors import Category, Service, TransientError
from listing_sync.history.run_statistics import statistics
from listing_sync.history.runs import RunStats
from listing_sync.history.verdict import Check, CheckName, CheckStatus, Verdict, fail, ok, warn
from listing_sync.ports import SheetDescription, TableDescription
from listing_sync.reliability.breaker import BreakerState
from tests.command_line import runner
from tests.fakes import START
from tests.local_world import LocalWorld
from tests.runs import make_run

RUN = make_run(stats=RunStats(total=1000, unchanged=995, failed=5), took_s=300)
HEALTH = Health(
    checked_at=START.replace(minute=8),
    verdict=Verdict.HEALTHY,
    last_sync=RUN.completed_at,
    recent=statistics([RUN], START.replace(minute=8)),
    queue_size=0,
    breaker_state=BreakerState.HALF_OPEN,
    checks=(ok(CheckName.SHEET, 'tab "物件"'), ok(CheckName.LAST_GOOD_RUN, "3 min ago")),
)
UNREAD = replace(HEALTH, last_sync=None, recent=None, queue_size=None)


def test_json_is_the_contract_s() -> None:
    assert health_document(HEALTH) == {
        "status": "healthy",
        "lastSync": "2026-03-01T09:05:00Z",
        "errorRate": 0.005,
        "avgSyncDuration": 300.0,
        "queueSize": 0,
        "circuitBreakerState": "half-open",
        "checks": [
            {"name": "sheet", "status": "ok", "detail": 'tab "物件"'},
            {"name": "last_good_run", "status": "ok", "detail": "3 min ago"},
        ],
    }


def test_what_could_not_be_read_is_null_never_zero() -> None:
    document = health_document(UNREAD)
    keys = ("lastSync", "errorRate", "avgSyncDuration", "queueSize")
    assert [document[key] for key in keys] == [None] * 4


BAD_ROUTE = fail(CheckName.SHEET, "no | route\nat all")


@pytest.mark.parametrize(
    ("health", "line"),
    [
        pytest.param(
            HEALTH,
            "HEALTHY - last good run: 3 min ago | errors=0.50%;5;10 age=180s;;86400 queue=0",
            id="healthy",
        ),
        pytest.param(
            replace(
                HEALTH,
                verdict=Verdict.DEGRADED,
                checks=(warn(CheckName.HOLD, "paused"), warn(CheckName.LAST_RUN, "partial")),
            ),
            "DEGRADED - last run: partial | errors=0.50%;5;10 age=180s;;86400 queue=0",
            id="degraded",
        ),
        pytest.param(
            replace(UNREAD, verdict=Verdict.UNKNOWN, checks=(*HEALTH.checks, BAD_ROUTE)),
            "UNKNOWN - sheet: no / route\\nat all",
            id="unknown",
        ),
        pytest.param(replace(UNREAD, checks=()), "HEALTHY", id="nothing to say"),
    ],
)
def test_first_line_is_a_nagios_plugin_s(health: Health, line: str) -> None:
    assert summary_line(health, 86400) == line


def test_first_line_is_cut() -> None:
    health = replace(UNREAD, checks=(fail(CheckName.TABLE, "x" * 5000),))
    assert cell_width(summary_line(health, 86400)) == 200


class Services:
    """A sheet and a table that are well."""

    def describe_sheet(self) -> SheetDescription:
        return SheetDescription("物件\x1b", "Listings", ("Listings",), (), (), (), (), None)

    def describe_table(self) -> TableDescription:
        columns = {"property_number": "text", "price": "numeric", "status": "text"}
        columns["withdrawn_at"] = "timestamp with time zone"
        return TableDescription(True, columns, ("property_number",), frozenset(), defaults={})


class World(LocalWorld):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        services = Services()
        self.sheet: Any = SimpleNamespace(describe=services.describe_sheet)
        self.table: Any = SimpleNamespace(
            describe=services.describe_table,
            accepts_key=lambda: True,
            fingerprints=lambda *_, **__: (),
        )
        self.lock = SimpleNamespace(holder=lambda: None, problem=lambda: None)
        self.records.runs[RUN.run_id] = make_run(minutes=-5)

    def probing(self) -> World:
        return self

    def breaker_state(self, service: Service) -> BreakerState:
        return BreakerState.CLOSED


class GivenFace(Face):
    world: World

    @contextmanager
    def open(self, **options: Any) -> Iterator[World]:  # type: ignore[override]
        self.json_output = options["json_output"]
        yield self.world


def ask(world: World, *arguments: str, quiet: bool = False) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    app.callback()(lambda: None)
    face = GivenFace(quiet=quiet)
    face.world = world
    return runner().invoke(app, ["health", *arguments], obj=face)


def break_sheet(world: World) -> None:
    world.sheet.describe = refuse


def break_everything(world: World) -> None:
    break_sheet(world)
    world.table.describe = refuse
    world.records.away = NO_ROUTE


NO_ROUTE = TransientError("no route", service=Service.GOOGLE, category=Category.NETWORK)


def refuse() -> None:
    raise NO_ROUTE


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        pytest.param(lambda _: None, 0, "HEALTHY", id="healthy"),
        pytest.param(lambda world: world.records.runs.clear(), 1, "DEGRADED", id="no run yet"),
        pytest.param(break_sheet, 2, "UNHEALTHY", id="no sheet"),
        pytest.param(break_everything, 3, "UNKNOWN", id="no network"),
    ],
)
def test_exit_code_and_first_word_agree(tmp_path: Path, change: Any, code: int, word: str) -> None:
    world = World(tmp_path)
    change(world)
    result = ask(world)
    assert (result.exit_code, result.stdout.split()[0]) == (code, word)
    asked = ask(world, "--json")
    assert (asked.exit_code, json.loads(asked.stdout)["status"]) == (code, word.lower())


def test_every_check_has_a_line_and_none_is_wider_than_a_terminal(tmp_path: Path) -> None:
    lines = ask(World(tmp_path)).stdout.splitlines()
    assert max(map(cell_width, lines)) <= 80
    assert [line.split()[0] for line in lines[2:]] == ["ok"] * (len(lines) - 2)
    assert len(lines) - 2 == len(CheckName)


def test_foreign_text_is_made_plain(tmp_path: Path) -> None:
    assert 'of "物件\\x1b"' in ask(World(tmp_path)).stdout


def test_quiet_leaves_the_first_line(tmp_path: Path) -> None:
    assert len(ask(World(tmp_path), quiet=True).stdout.splitlines()) == 1


def test_checks_are_printed_in_the_order_of_their_names(tmp_path: Path) -> None:
    checks = json.loads(ask(World(tmp_path), "--json").stdout)["checks"]
    names = [check["name"] for check in checks]
    assert names == [name.value for name in CheckName]
    assert all(set(check) == {"name", "status", "detail"} for check in checks)


@pytest.mark.parametrize("name", CheckName)
def test_each_check_is_called_by_its_name_in_words(name):
    assert check_words(Check(name, CheckStatus.OK, "")) == name.replace("_", " ")
