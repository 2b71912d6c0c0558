"""`settings` says what is in force, and shows no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import Result

from listing_sync import given_settings
from listing_sync.cli.face import Face
from listing_sync.cli.settings import register
from listing_sync.errors import SettingsError
from listing_sync.settings import Settings
from tests.command_line import runner

KEY = "sb_secret_abcdefghijklmnop_12345678"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    (tmp_path / ".env").write_text(
        f"SUPABASE_URL=https://xyz.supabase.co\nSUPABASE_SERVICE_ROLE_KEY={KEY}\n"
        "SYNC_CHANGE_LIMIT=60\nSYNC_ALERT_WEBHOOK_URL=https://hooks.example/T0/secret\n"
    )
    monkeypatch.setenv("SYNC_CHANGE_LIMIT", "70%")
    return tmp_path


def ask(*arguments: str, face: Face | None = None) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    app.callback()(lambda: None)
    return runner().invoke(app, ["settings", *arguments], obj=face or Face())


def test_the_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []

    def read(path: Path) -> bytes:
        reads.append(path)
        return path.read_bytes()

    monkeypatch.setattr(given_settings, "read_regular", read)
    face = Face()
    face.choose_language()
    ask(face=face)
    with face.open(needs_sheet=False):
        pass
    assert reads == [Path(".env")]


def test_every_setting_is_shown_with_its_value_and_where_it_comes_from() -> None:
    shown = {
        each["name"]: (each["value"], each["from"])
        for each in json.loads(ask("--json").stdout)["settings"]
    }
    assert shown.keys() == {name.upper() for name in Settings.model_fields}
    assert shown["SUPABASE_URL"] == ("https://xyz.supabase.co", ".env")
    assert shown["SYNC_CHANGE_LIMIT"] == ("70", "environment")
    assert shown["SYNC_PRUNE"] == ("false", "default")
    assert shown["SYNC_SHEET_NAME"] == (None, "default")


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_no_secret_is_shown(arguments: tuple[str, ...]) -> None:
    printed = ask(*arguments).output
    assert "(set, not shown)" in printed
    assert KEY not in printed
    assert "hooks.example" not in printed


def test_the_settings_file_is_named_also_where_there_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"Settings file: {folder / '.env'}" in ask().output.replace("\n", "")
    (folder / ".env").unlink()
    monkeypatch.setenv("SUPABASE_URL", "https://xyz.supabase.co")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", KEY)
    assert "There is no settings file" in ask().output


def test_what_is_missing_or_wrong_is_named_and_the_rest_is_shown(folder: Path) -> None:
    (folder / ".env").write_text(
        f"SYNC_BATCH_SIZE=0\nSUPABASE_SERVICE_ROLE_KEY={KEY}\nSYNC_SHEET_NAME=物件\n"
    )
    asked = ask()
    assert isinstance(asked.exception, SettingsError)
    named = {problem.partition(":")[0] for problem in asked.exception.problems}
    assert named == {"SUPABASE_URL", "SYNC_BATCH_SIZE"}
    shown = {line.split()[0]: line.split()[-1] for line in asked.output.splitlines()}
    assert shown["SUPABASE_URL"] == "(missing)"
    assert shown["SYNC_BATCH_SIZE"] == "(wrong)"
    assert shown["SYNC_SHEET_NAME"] == "物件"
    assert shown["SYNC_PRUNE"] == "false"
    assert KEY not in asked.output


def test_the_document_of_wrong_settings_holds_both(folder: Path) -> None:
    (folder / ".env").write_text("SYNC_BATCH_SIZE=0\n")
    asked = ask("--json")
    assert isinstance(asked.exception, SettingsError)
    document = json.loads(asked.stdout)
    assert (document["status"], document["exitCode"]) == ("failed", 78)
    assert document["problems"] == list(asked.exception.problems)
    assert {"name": "SYNC_PRUNE", "value": "false", "from": "default"} in document["settings"]
