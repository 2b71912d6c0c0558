"""`make demo` and `make demo-up` do what they say and leave nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack

DEMO = (sys.executable, "-m", "tests.stack.demo")


def test_the_demo_runs_to_its_end() -> None:
    done = subprocess.run(
        DEMO, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_kept_stack_ends_cleanly_at_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen((*DEMO, "--keep"), stdout=subprocess.PIPE, encoding="utf-8") as process:
        folder = None
        for line in process.stdout or ():
            if line.strip().startswith("cd "):
                folder = Path(line.split()[1])
            if line.startswith("Ctrl-C"):
                break
        process.send_signal(number)
    assert process.returncode == 0
    assert folder is not None
    assert not folder.exists()
