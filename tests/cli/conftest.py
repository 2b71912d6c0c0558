"""The agencies of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.agency import Agency
from tests.cli.homes import MAPPING, TABLE, Office
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.supabase_lite import SQL_FILES, SupabaseLite


@pytest.fixture
def agency(
    google: LoopbackGoogle,
    project: SupabaseLite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Agency:
    return Agency(google, project, tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="session")
def homes(stack: SupabaseLite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupabaseLite]:
    made = tmp_path_factory.mktemp("sql") / "homes.sql"
    made.write_text(TABLE, encoding="utf-8")
    with SupabaseLite(stack.postgres, database="homes", apply=(*SQL_FILES, made)) as supabase:
        yield supabase


@pytest.fixture
def office(
    google: LoopbackGoogle,
    homes: SupabaseLite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Office:
    homes.truncate()
    office = Office(google, homes, tmp_path, monkeypatch, capsys)
    office.settings["SYNC_SHEET_FILE"] = str(tmp_path / "homes.csv")
    office.map(MAPPING)
    return office
