"""What cron mails of runs that fail, as its environment starts them: no terminal, no -v."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stack.receiver import Receiver

pytestmark = pytest.mark.slow

MAPPING = """
table = "listings"
key = "number"
[columns.number]
header = "Number"
type = "text"
required = true
[columns.price]
header = "Price"
type = "money"
"""


@dataclass
class Cron:
    """Starts `sync all` as cron does; the table's address takes nothing."""

    folder: Path
    chat: Receiver
    code: int = 0

    def runs(self, *options: str, **settings: str) -> str:
        """Return the mail of one run: all that it prints."""
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder),
            "SUPABASE_URL": "http://127.0.0.1:1",
            "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdefghijklmnopqrst",
            "SYNC_SHEET_FILE": str(self.folder / "sheet.csv"),
            "SYNC_MAPPING_FILE": str(self.folder / "mapping.toml"),
            "SYNC_STATE_DIR": str(self.folder / "state"),
            "SYNC_RETRY_ATTEMPTS": "0",
            "SYNC_CIRCUIT_BREAKER_TIMEOUT": "0",
            "SYNC_ALERT_WEBHOOK_URL": self.chat.url,
        }
        done = subprocess.run(
            [sys.executable, "-m", "listing_sync", "sync", "all", *options],
            env=environment | settings,
            cwd=Path(__file__).parents[3],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        self.code = done.returncode
        return done.stdout + done.stderr

    def heard(self) -> list[str]:
        return [json.loads(request.body)["text"].splitlines()[0] for request in self.chat.requests]


@pytest.fixture
def cron(tmp_path: Path) -> Iterator[Cron]:
    (tmp_path / "sheet.csv").write_text("Number,Price\nAA1,100\n", encoding="utf-8")
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    with Receiver() as chat:
        yield Cron(tmp_path, chat)


def test_a_service_that_is_away_is_one_mail_and_one_message_and_each_run_fails(cron: Cron) -> None:
    mails = [cron.runs() for _ in range(4)]
    assert cron.code == 3
    assert mails[0].startswith("Failed: ")
    assert mails[1:] == ["", "", ""]
    assert len(cron.heard()) == 1
    assert "Failed: cannot connect to Supabase" in cron.runs("-v")


def test_wrong_settings_are_one_mail_and_one_message_at_the_third_run(cron: Cron) -> None:
    mails = [cron.runs(SYNC_BATCH_SIZE="many") for _ in range(4)]
    assert cron.code == 78
    assert mails[0].startswith("SYNC_BATCH_SIZE: expected a whole number")
    assert mails[1:] == ["", "", ""]
    assert cron.heard() == ["*listing-sync: SYNC_BATCH_SIZE: expected a whole number, 1 to 1000*"]
    assert "Runs work again, after 4 failed runs" in cron.runs()


def test_wrong_settings_of_a_dry_run_alert_nobody(cron: Cron) -> None:
    mails = [cron.runs("--dry-run", SYNC_BATCH_SIZE="many") for _ in range(4)]
    assert all(mails)
    assert cron.heard() == []


def test_a_state_folder_that_cannot_be_written_is_one_mail_too(cron: Cron) -> None:
    (cron.folder / "state").write_text("in the way", encoding="utf-8")
    mails = [cron.runs() for _ in range(4)]
    assert cron.code == 78
    assert "SYNC_STATE_DIR: " in mails[0]
    assert mails[1:] == ["", "", ""]
    assert len(cron.heard()) == 1
