"""What the program prints, where it cannot be printed, or holds a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from listing_sync.cli.exits import ExitCode
from tests.stack.postgres import free_port

KEY = "sb_secret_NobodyShouldSeeThis1"
PROGRAM = (sys.executable, "-m", "listing_sync")


@pytest.fixture
def office(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sheet.csv").write_text("Property Number\nAA00001\n", encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "SUPABASE_URL": f"http://127.0.0.1:{free_port()}",
        "SUPABASE_SERVICE_ROLE_KEY": KEY,
        "SYNC_SHEET_FILE": str(tmp_path / "sheet.csv"),
        "SYNC_STATE_DIR": str(tmp_path / "state"),
        "SYNC_RETRY_ATTEMPTS": "0",
    }


def code_with(office: dict[str, str], shell: str) -> int:
    command = f"{sys.executable} -m listing_sync {shell}"
    return subprocess.run(["bash", "-c", command], env=office, check=False).returncode


def test_messages_that_cannot_be_written_change_no_exit_code(office: dict[str, str]) -> None:
    assert code_with(office, "sync all 2>/dev/full") == ExitCode.FAILED
    assert code_with(office, "settings 2>/dev/full >/dev/null") == ExitCode.DONE


def test_results_that_cannot_be_written_are_a_failure(office: dict[str, str]) -> None:
    assert code_with(office, "settings >/dev/full 2>/dev/null") == ExitCode.FAILED


def test_a_reader_that_has_gone_is_none(office: dict[str, str]) -> None:
    assert code_with(office, "settings | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}") == 0


def test_a_bug_that_quotes_a_secret_shows_none_of_it(office: dict[str, str]) -> None:
    script = (
        "import sys, listing_sync.settings_problems as command\n"
        "from listing_sync.cli import app\n"
        "def broken(*_, **__): raise ValueError('" + KEY + " ya29.token-of-google')\n"
        "command.load_settings = broken\n"
        "sys.argv = ['listing-sync', '-v', 'settings']\n"
        "app.run()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=office, capture_output=True, text=True, check=False
    )
    assert ended.returncode == ExitCode.BUG
    assert "Traceback" in ended.stderr
    assert "[secret]" in ended.stderr
    assert KEY not in ended.stderr
    assert "ya29" not in ended.stderr


def test_a_signal_in_the_midst_of_an_import_is_no_bug(office: dict[str, str]) -> None:
    script = (
        "import sys, listing_sync.settings_problems as command\n"
        "from listing_sync.cli import app\n"
        "def importing(*_, **__):\n"
        "    try: raise SystemExit(143)\n"
        "    finally: raise RuntimeError('cannot release un-acquired lock')\n"
        "command.load_settings = importing\n"
        "sys.argv = ['listing-sync', 'settings']\n"
        "app.run()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=office, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (143, "")


@pytest.mark.parametrize("command", ["settings", "settings --json"])
def test_no_command_prints_a_secret(office: dict[str, str], command: str) -> None:
    ended = subprocess.run(
        [*PROGRAM, *command.split()], env=office, capture_output=True, text=True, check=True
    )
    assert "NobodyShouldSeeThis" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "SSL_CERT_FILE"])
def test_a_wrong_variable_of_the_network_is_exit_78_by_its_name(
    office: dict[str, str], variable: str
) -> None:
    office[variable] = "socks5://anna:topsecret@proxy:1" if "PROXY" in variable else "/no/file"
    ended = subprocess.run(
        [*PROGRAM, "sync", "all"], env=office, capture_output=True, text=True, check=False
    )
    assert ended.returncode == ExitCode.SETTINGS
    assert ended.stderr.startswith(f"{variable}: ")
    assert "topsecret" not in ended.stderr
