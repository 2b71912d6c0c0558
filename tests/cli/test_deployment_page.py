"""docs/deployment.md, walked word for word: its folders below an empty one, its user this one."""

from __future__ import annotations

import getpass
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.agency import SHEET, TAB, Agency, house
from tests.stack.loopback import Answer
from tests.stack.receiver import Receiver

pytestmark = pytest.mark.stack

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text(encoding="utf-8")
PROGRAM = "/opt/listing-sync/bin/listing-sync"


def blocks(heading: str, language: str) -> list[str]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


class Walker:
    """Does what the page says; `said` keeps what each command of the program printed."""

    def __init__(self, agency: Agency, receiver: Receiver, root: Path) -> None:
        self.agency = agency
        self.root = root
        self._values = {
            "https://xyz.supabase.co": agency.project.url,
            "https://docs.google.com/spreadsheets/d/.../edit": SHEET,
            "https://hooks.slack.com/services/...": receiver.url,
        }

    def here(self, text: str) -> str:
        """Return a text of the page for this machine."""
        program = f"{shlex.quote(sys.executable)} -m listing_sync"
        text = text.replace("sudo -u listing-sync ", "").replace("sudo ", "")
        text = text.replace("-o listing-sync", f"-o {getpass.getuser()}")
        text = text.replace("chown -R listing-sync", f"chown -R {getpass.getuser()}")
        text = text.replace(PROGRAM, program)
        for folder in ("/etc/listing-sync", "/var/lib/listing-sync"):
            text = text.replace(folder, f"{self.root}{folder}")
        for theirs, ours in self._values.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run one line as cron would: with next to no environment, in the user's home."""
        source = str(Path(__file__).parents[2])
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root),
            "PYTHONPATH": source,
            "GOOGLE_SHEETS_API_ENDPOINT": self.agency.google.url,
        }
        return subprocess.run(
            ["/bin/sh", "-c", self.here(line)],
            capture_output=True,
            encoding="utf-8",
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )


@pytest.fixture
def walker(agency: Agency, tmp_path: Path) -> Iterator[Walker]:
    agency.project.truncate()
    headers = ("物件番号", "種別", "価格")
    agency.google.put_tab(SHEET, TAB, [headers, *(house(n)[:3] for n in range(5))])
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "var" / "lib" / "listing-sync").mkdir(parents=True)
    with Receiver(Answer(200)) as receiver:
        yield Walker(agency, receiver, root)


def test_the_page_leads_from_nothing_to_a_silent_cron_job(walker: Walker) -> None:
    make, give = blocks("Settings", "console")
    [settings] = blocks("Settings", "ini")
    assert walker.run(make).returncode == 0
    folder = walker.root / "etc" / "listing-sync"
    (folder / "env").write_text(walker.here(settings), encoding="utf-8")
    (folder / "supabase-key").write_text(walker.agency.project.secret_key, encoding="utf-8")
    walker.agency.google.write_key_file(folder / "google-key.json")
    for line in give.splitlines():
        done = walker.run(line)
        assert (done.returncode, done.stderr) == (0, ""), line
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}

    [first_run] = blocks("First run", "console")
    plan, health, dry_run, sync, status, signals = first_run.splitlines()
    sql = walker.run(plan)
    assert sql.returncode == 0
    walker.agency.project.execute(sql.stdout)
    expected = ((health, 1), (dry_run, 0), (sync, 0), (status, 0), (signals, 0))
    for line, code in expected:
        done = walker.run(line)
        assert done.returncode == code, (line, done.stdout, done.stderr)
    assert len(walker.agency.table()) == 5
    assert walker.run(health).returncode == 0

    [cron] = blocks("Cron", "")
    job = cron.split(maxsplit=5)[5]
    done = walker.run(job)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_folder_of_the_page_is_one_that_it_makes() -> None:
    named = set(re.findall(r"(/(?:etc|opt|var/lib)/[\w-]+)", PAGE))
    assert named == {"/etc/listing-sync", "/opt/listing-sync", "/var/lib/listing-sync"}
