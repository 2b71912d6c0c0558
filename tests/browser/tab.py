"""One tab of a Chromium without a window, driven as a person would: go, fill in, press, look.

Source: Chrome DevTools Protocol, domains Page and Runtime.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.browser.chromium import FLAGS, PROGRAM

WAITS_S = 20.0


class Tab:
    """A page that is open; `console` are the lines that its scripts and policies wrote."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._count = 0
        self.console: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> Any:
        """Send a command and return its result; events that come meanwhile are noted."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=WAITS_S))
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]
            if message.get("method") == "Log.entryAdded":
                entry = message["params"]["entry"]
                if entry["level"] == "error":
                    self.console.append(entry["text"])
            if message.get("method") == "Runtime.exceptionThrown":
                self.console.append(message["params"]["exceptionDetails"]["text"])

    def go(self, url: str) -> None:
        """Open an address and wait until it is drawn."""
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return what an expression is, or comes to."""
        found = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, script: str) -> Any:
        """Wait until an expression is true, and return it; a page that changes is waited for."""
        ends = time.monotonic() + WAITS_S
        while time.monotonic() < ends:
            try:
                if found := self.run(script):
                    return found
            except AssertionError:
                pass
            time.sleep(0.05)  # another process draws
        raise AssertionError(f"{script}: {self.text()}")

    def text(self) -> str:
        """Return what a person reads."""
        return str(self.run("document.body.innerText"))

    def sees(self, words: str) -> None:
        """Wait until these words are there."""
        self.until(f"document.body.innerText.includes({json.dumps(words)})")

    def fill(self, selector: str, words: str) -> None:
        """Type into a field."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.until(f"{found} !== null")
        self.run(f"{found}.focus()")
        self.until(f"document.activeElement?.matches({json.dumps(selector)})")
        self.send("Input.insertText", text=words)

    def press(self, selector: str) -> None:
        """Press a button or a link."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def width(self, pixels: int) -> None:
        """Be a screen of so many pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )


@contextmanager
def open_tab(profile: Path) -> Iterator[Tab]:
    """Start a Chromium and give its tab."""
    assert PROGRAM is not None
    flags = [*FLAGS, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(
        [PROGRAM, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            port = _port(profile / "DevToolsActivePort")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                (page,) = [each for each in json.load(answer) if each["type"] == "page"]
            with connect(page["webSocketDebuggerUrl"], max_size=None) as socket:
                yield Tab(socket)
        finally:
            process.terminate()


def _port(file: Path) -> str:
    ends = time.monotonic() + WAITS_S
    while time.monotonic() < ends:
        if file.exists() and (lines := file.read_text().splitlines()):
            return lines[0]
        time.sleep(0.05)  # another process starts
    raise AssertionError("Chromium did not start")
