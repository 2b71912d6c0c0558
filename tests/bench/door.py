"""`python -m tests.bench.door`: 50 pages open and 20 requests a second at the door for 30 s.

By hand: it says how long answers took, what failed, and how much memory the server used.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from listing_sync.serve.api import BASE
from tests.cli.agency import HEADERS, MAPPING, SHEET, TAB, house
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.postgres import PostgresServer
from tests.stack.supabase_lite import SupabaseLite

PAGES, A_SECOND, LASTS_S, LISTINGS = 50, 20, 30, 1000
_PATHS = ("/", f"{BASE}/health", "/page", f"{BASE}/status/{{run}}", "/openapi.json")


async def knock(url: str, token: str, run: str) -> tuple[list[float], list[str], int]:
    """Return the times of all answers in seconds, what failed, and how many events came."""
    times: list[float] = []
    wrong: list[str] = []
    events = 0
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        form = re.search(r'name="form" value="(\w+)"', (await client.get("/login")).text)
        assert form
        await client.post("/login", data={"token": token, "form": form[1]})

        async def watch() -> None:
            nonlocal events
            try:
                async with client.stream("GET", f"{BASE}/events") as stream:
                    async for line in stream.aiter_lines():
                        events += line.startswith("event:")
            except httpx.HTTPError as error:
                wrong.append(f"events: {error!r}")

        async def ask(path: str) -> None:
            began = time.monotonic()
            try:
                answer = await client.get(path.format(run=run))
            except httpx.HTTPError as error:
                wrong.append(f"{path}: {error!r}")
                return
            times.append(time.monotonic() - began)
            if answer.status_code != 200:
                wrong.append(f"{path}: {answer.status_code}")

        pages = [asyncio.create_task(watch()) for _ in range(PAGES)]
        await asyncio.sleep(1)
        asked = []
        began = time.monotonic()
        for number in range(A_SECOND * LASTS_S):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            asked.append(asyncio.create_task(ask(_PATHS[number % len(_PATHS)])))
        await asyncio.gather(*asked)
        for page in pages:
            page.cancel()
    return times, wrong, events


def main() -> None:
    """Stage an agency, knock, and say what came of it."""
    with (
        PostgresServer() as postgres,
        SupabaseLite(postgres) as project,
        LoopbackGoogle() as google,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        google.put_tab(SHEET, TAB, [HEADERS, *[house(number) for number in range(LISTINGS)]])
        (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SYNC_")},
            "SUPABASE_URL": project.url,
            "SUPABASE_SERVICE_ROLE_KEY": project.secret_key,
            "GOOGLE_SHEETS_API_ENDPOINT": google.url,
            "GOOGLE_SERVICE_ACCOUNT_JSON": google.key_json(),
            "SYNC_SPREADSHEET_ID": SHEET,
            "SYNC_STATE_DIR": str(folder / "state"),
            "SYNC_MAPPING_FILE": str(folder / "mapping.toml"),
            "SYNC_SERVE_TOKENS_FILE": str(folder / "tokens.json"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        program = [sys.executable, "-m", "listing_sync"]

        def run(*arguments: str) -> str:
            return subprocess.run(
                [*program, *arguments],
                env=environment, cwd=folder, capture_output=True, text=True, check=True,
            ).stdout.strip()  # fmt: skip

        token = run("serve", "token", "add", "bench", "--role", "run")
        run("sync", "all")
        ((sync_id,),) = project.execute("select id::text from sync_state")
        with subprocess.Popen(
            [*program, "-v", "serve", "--port", "0"],
            env=environment, cwd=folder, stderr=subprocess.PIPE, text=True,
        ) as server:  # fmt: skip
            assert server.stderr is not None
            found = None
            while found is None:
                found = re.search(r"serving (\S+)/ ", server.stderr.readline())
            times, wrong, events = asyncio.run(knock(found[1], token, str(sync_id)))
            status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
            peak = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
            server.terminate()
            server.communicate(timeout=30)
        quantiles = statistics.quantiles(times, n=100)
        print(
            f"{len(times)} answers, {len(wrong)} failed, {events} events to {PAGES} pages;"
            f" p50 {quantiles[49] * 1000:.0f} ms, p95 {quantiles[94] * 1000:.0f} ms,"
            f" longest {max(times) * 1000:.0f} ms; peak {peak:.0f} MiB; exit {server.returncode}"
        )
        for each in sorted(set(wrong)):
            print(each)


if __name__ == "__main__":
    main()
