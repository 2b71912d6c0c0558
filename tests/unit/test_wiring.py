"""What the world is made of under which settings."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from listing_sync.cells.mapping import parse_mapping
from listing_sync.clock import Stop
from listing_sync.errors import BreakerOpenError, Service, StoppedError, TransientError
from listing_sync.ports import Probes
from listing_sync.reliability.breaker import BreakerState
from listing_sync.wiring.world import World
from tests.stack.postgres import free_port
from tests.sync_world import MAPPING
from tests.world import made_settings


@contextmanager
def world(folder: Path, *, moves_breakers: bool = True, **settings: Any) -> Iterator[World]:
    given: dict[str, Any] = {
        "supabase_url": f"http://127.0.0.1:{free_port()}",
        "sync_state_dir": folder / "state",
        "sync_retry_attempts": 0,
        "sync_circuit_breaker_threshold": 1,
        **settings,
    }
    made = World(
        made_settings(**given),
        parse_mapping(MAPPING, name="mapping.toml"),
        stop=Stop(),
        trigger="cron",
        google_account=None,
        moves_breakers=moves_breakers,
    )
    try:
        yield made
    finally:
        made.close()


def ask(world: World | Probes) -> None:
    with pytest.raises(TransientError):
        next(iter(world.target.table.pages([])))


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        pytest.param({"sync_spreadsheet_id": "1AbC"}, "google:1AbC", id="the only tab"),
        pytest.param(
            {"sync_spreadsheet_id": "1AbC", "sync_sheet_name": "物件"},
            "google:1AbC#物件",
            id="a tab",
        ),
        pytest.param(
            {"sync_spreadsheet_id": "https://docs.google.com/spreadsheets/d/1AbC/edit#gid=7"},
            "google:1AbC#gid=7",
            id="an address with a tab",
        ),
        pytest.param({}, "", id="none"),
    ],
)
def test_a_source_is_named_by_spreadsheet_and_tab(
    tmp_path: Path, settings: dict[str, Any], source: str
) -> None:
    with world(tmp_path, **settings) as made:
        assert made.identity.source == source


def test_a_file_is_the_same_source_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with world(tmp_path, sync_sheet_file=Path("a.csv"), sync_sheet_name="T") as made:
        assert made.identity.source == f"file:{tmp_path.resolve()}/a.csv#T"


def test_a_target_is_named_by_project_and_table(tmp_path: Path) -> None:
    with world(tmp_path, supabase_url="https://xyz.supabase.co") as made:
        assert made.identity.target == "xyz.supabase.co/listings"
        assert made.identity.pid == os.getpid()


def test_a_breaker_is_found_open_by_the_next_process(tmp_path: Path) -> None:
    address: dict[str, Any] = {"supabase_url": f"http://127.0.0.1:{free_port()}"}
    with world(tmp_path, **address) as first:
        with pytest.raises(Exception, match="failed 1 times"):
            next(iter(first.target.table.pages([])))
        assert first.machine.breaker_state(Service.SUPABASE) is BreakerState.OPEN
    with world(tmp_path, **address) as second:
        assert second.machine.breaker_state(Service.SUPABASE) is BreakerState.OPEN
        assert second.machine.breaker_state(Service.GOOGLE) is BreakerState.CLOSED
        ask(second.probing())
        assert second.machine.breaker_state(Service.SUPABASE) is BreakerState.OPEN


def test_what_only_looks_sees_a_breaker_open_and_moves_none(tmp_path: Path) -> None:
    address: dict[str, Any] = {"supabase_url": f"http://127.0.0.1:{free_port()}"}
    with world(tmp_path, moves_breakers=False, sync_circuit_breaker_threshold=2, **address) as made:
        ask(made)
    assert not (tmp_path / "state").exists()
    with world(tmp_path, **address) as made, pytest.raises(BreakerOpenError):
        next(iter(made.target.table.pages([])))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    with world(tmp_path, moves_breakers=False, **address) as made:
        assert made.machine.breaker_state(Service.SUPABASE) is BreakerState.OPEN
        with pytest.raises(BreakerOpenError):
            next(iter(made.target.table.pages([])))
        ask(made.probing())
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before


@pytest.mark.slow
def test_the_time_limit_stops_the_run(tmp_path: Path) -> None:
    with world(tmp_path, sync_time_limit=1) as made:
        began = time.monotonic()
        made.machine.limit_time()
        with pytest.raises(StoppedError, match="SYNC_TIME_LIMIT"):
            made.clock.sleep(30)
        assert time.monotonic() - began < 5
    with world(tmp_path, sync_time_limit=0) as made:
        made.machine.limit_time()
        made.clock.sleep(0)


def test_whether_a_process_of_this_host_is_alive(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        assert made.machine.is_process_there(os.getpid(), "")
        assert made.machine.is_process_there(1, "")
        assert not made.machine.is_process_there(2**22 + 1, "")
