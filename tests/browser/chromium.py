"""Chromium without a window: a URL in, what it drew, said and asked for out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    # Whatever is not on this machine does not exist, so that asking for it is seen.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")


def browse(url: str, profile: Path, *flags: str, dark: bool = False) -> tuple[str, list[str]]:
    """Return the document once it is loaded, and the lines that its console got."""
    assert PROGRAM is not None
    ended = subprocess.run(
        [
            PROGRAM,
            *FLAGS,
            f"--user-data-dir={profile}",
            *(_DARK if dark else ()),
            *flags,
            "--dump-dom",
            url,
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    said = ended.stderr.decode().splitlines()
    return ended.stdout.decode(), [line for line in said if ":CONSOLE" in line]
