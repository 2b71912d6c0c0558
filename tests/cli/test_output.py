"""The program's output where streams are narrow, full or closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = (sys.executable, "-m", "listing_sync")
SETTINGS = {"SYNC_MAPPING_FILE": "物件.toml"}


def run(*arguments: str, redirect: str = "", **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirect}', "sh", *PROGRAM, *arguments],
        env={**os.environ, **SETTINGS, **environment},
        capture_output=True,
        check=False,
    )


def test_json_is_utf_8_whatever_the_locale_says(tmp_path: Path):
    done = run("health", "--json", PYTHONIOENCODING="ascii")
    assert done.returncode == 78
    assert "物件.toml" in str(json.loads(done.stdout.decode("utf-8")))


def test_text_that_the_locale_cannot_show_is_escaped():
    done = run("health", PYTHONIOENCODING="ascii")
    assert done.returncode == 78
    assert b"\\u7269\\u4ef6.toml" in done.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("health", "--json")], ids=" ".join)
def test_a_full_disk_under_the_output_is_said_and_is_no_bug(arguments):
    done = run(*arguments, redirect=">/dev/full")
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code(redirect):
    assert run("health", redirect=redirect).returncode == 78


def test_with_json_logs_every_line_of_stderr_is_an_event():
    done = run("--log-format", "json", "health")
    assert done.returncode == 78
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["level"] for event in events} == {"error"}
    assert any("物件.toml" in event["message"] for event in events)


def test_under_systemd_every_line_of_stderr_has_its_priority():
    done = run("health", JOURNAL_STREAM="8:4711")
    assert all(line.startswith(b"<3>") for line in done.stderr.splitlines())


@pytest.mark.parametrize("command", ["health", "settings"])
def test_every_json_document_says_which_form_it_has(command: str) -> None:
    done = run(command, "--json")
    assert next(iter(json.loads(done.stdout).items())) == ("version", 1)
