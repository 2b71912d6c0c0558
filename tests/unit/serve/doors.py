"""A door over a world in memory, and how one knocks."""

from __future__ import annotations

import asyncio
import re
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from listing_sync.cli.health_text import health_document
from listing_sync.cli.json_output import run_document
from listing_sync.serve.api import BASE, Documents
from listing_sync.serve.children import Children, Launch
from listing_sync.serve.door import DoorOptions, make_door
from listing_sync.serve.sessions import Session
from listing_sync.serve.tokens import Role, TokensFile
from tests.fakes import START
from tests.sync_world import SyncWorld

ENDS_AT_ONCE = "import sys; sys.exit(0)"
STAYS = "import time; time.sleep(60)"


@cache
def _two_tokens() -> tuple[bytes, str, str]:
    """Return a file and its two tokens; making one takes time on purpose."""
    with TemporaryDirectory() as folder:
        file = TokensFile(Path(folder) / "tokens.json")
        run, read = file.add("office", Role.RUN, START), file.add("monitor", Role.READ, START)
        return file.path.read_bytes(), run, read


class Door:
    """`run` and `read` are tokens; `child` is the Python program that stands for a run."""

    def __init__(self, folder: Path, child: str = STAYS, *, is_behind_tls: bool = False) -> None:
        self.world = SyncWorld(folder)
        self.url = "https://listings.example" if is_behind_tls else "http://127.0.0.1"
        self.cookies = httpx.Cookies()
        file = TokensFile(folder / "tokens.json")
        self.tokens = file
        content, self.run_token, self.read_token = _two_tokens()
        file.path.touch(0o600)
        file.path.write_bytes(content)
        program = [sys.executable, "-c", child]
        self._door = make_door(
            self.world,
            DoorOptions(
                tokens_file=file.path,
                launch=Launch(program, {"PATH": "/usr/bin:/bin"}, "RUN_TO_BE"),
                documents=Documents(run_document, health_document, {"version": 1}),
                is_behind_tls=is_behind_tls,
            ),
        )

    @property
    def sessions(self) -> list[Session]:
        """Return who is logged in."""
        return [*self._door.sessions._sessions.values()]

    @property
    def routes(self) -> Any:
        """Return the addresses."""
        return self._door.app.routes

    @property
    def children(self) -> Children:
        """Return the runs that were started."""
        return self._door.children

    def close(self) -> None:
        """End what stands for runs."""
        for child in self.children._children.values():
            child.process.kill()
            child.process.wait()
            child.report.close()

    def end_of(self, sync_id: str, signal: int | None = None) -> None:
        """Wait until a run has ended, by a signal or by itself."""
        process = self.children._children[sync_id].process
        if signal is not None:
            process.send_signal(signal)
        process.wait(timeout=20)

    def ask(self, method: str, path: str, *, token: str | None = None, **more: Any) -> Any:
        """Return the answer to one request; a browser's cookies are kept."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        cookies = self.cookies
        headers |= more.pop("headers", {})

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._door.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=self.url, cookies=cookies
            ) as who:
                answer = await who.request(method, path, headers=headers, **more)
                self.cookies = who.cookies
                return answer

        return asyncio.run(send())

    def log_in(self, token: str) -> Any:
        """Fill in the form as a browser does, and return the answer."""
        form = re.search(r'name="form" value="(\w+)"', self.ask("GET", "/login").text)
        assert form
        return self.ask("POST", "/login", data={"token": token, "form": form[1]})

    def order(self, document: object = None, *, token: str | None = None, **more: Any) -> Any:
        """Return the answer to an order of a run."""
        if document is not None:
            more["json"] = document
        return self.ask("POST", f"{BASE}/manual", token=token or self.run_token, **more)
