"""The door of the program, opened in a process of its own."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from listing_sync.serve.api import BASE
from tests.cli.agency import Agency

TOKENS = {"SYNC_SERVE_TOKENS_FILE": "tokens.json"}


def token(agency: Agency, name: str = "office", *, role: str = "run") -> str:
    printed = agency.run("serve", "token", "add", name, "--role", role, **TOKENS)
    assert printed.code == 0
    return printed.out.strip()


def until(happens: Callable[[], Any], within_s: float = 40) -> Any:
    """Return what happens, once it does."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if found := happens():
            return found
        time.sleep(0.1)  # another process is at work
    raise AssertionError("it did not happen")


@contextmanager
def served(
    agency: Agency, text: str, **settings: Any
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Serve in a process of its own; the client brings the token."""
    process = agency.start("-v", "serve", "--port", "0", **{**TOKENS, **settings})
    assert process.stderr is not None
    try:
        lines: list[str] = []
        while not (found := re.search(r"serving (\S+) ", "".join(lines))):
            line = process.stderr.readline()
            assert line, lines
            lines.append(line)
        headers = {"Authorization": f"Bearer {text}"}
        with httpx.Client(base_url=found[1], headers=headers, timeout=30) as client:
            yield process, client
    finally:
        process.terminate()
        process.communicate(timeout=30)


def ended(client: httpx.Client, sync_id: str) -> Any:
    def look() -> Any:
        document = client.get(f"{BASE}/status/{sync_id}").json()
        return document if document["status"] not in {"queued", "in_progress"} else None

    return until(look)
