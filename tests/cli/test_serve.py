"""The door of the program itself: a run through it, and what happens without it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from listing_sync.serve.api import BASE
from tests.cli.agency import Agency, Printed, house
from tests.cli.serving import TOKENS, ended, served, token, until

pytestmark = pytest.mark.stack


def test_a_run_is_ordered_followed_and_recorded_under_the_id_that_was_told(agency):
    agency.sheet_is(house(1), house(2), house(3), house(4, price="ask"))
    with served(agency, token(agency)) as (process, client):
        answer = client.post(f"{BASE}/manual", json={"propertyNumbers": ["AA10001", "aa10002"]})
        assert answer.status_code == 202
        first = ended(client, answer.json()["syncId"])
        assert (first["type"], first["stats"]["inserted"]) == ("selective", 1)
        assert agency.table() == {"AA10001": 30_000_000}

        second = ended(client, client.post(f"{BASE}/manual", json={}).json()["syncId"])
        assert (second["type"], second["status"]) == ("full", "partial")
        assert second["errors"][0]["cell"] == "Listings!C5"
        process.terminate()
        assert process.wait(timeout=20) == 0
    recorded = agency.project.execute("select id::text, trigger, status from sync_state order by 2")
    assert {(row[0], row[1]) for row in recorded} == {
        (first["syncId"], "manual"),
        (second["syncId"], "manual"),
    }


def test_a_run_of_another_process_is_told_as_it_goes_to_all_who_listen(agency):
    agency.sheet_is(*[house(number) for number in range(20)])
    told: list[tuple[str, Any]] = []
    with (
        served(agency, token(agency, role="read")) as (_, client),
        client.stream("GET", f"{BASE}/events") as stream,
    ):
        run = None
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                told.append((value, None))
            elif name == "data":
                told[-1] = (told[-1][0], json.loads(value))
                if run is None:
                    slow = {"SYNC_BATCH_SIZE": "1", "SYNC_RATE_LIMIT": "4"}
                    run = agency.start("sync", "all", **slow)
                if told[-1][0] == "ended":
                    break
        assert run is not None
        run.communicate(timeout=30)
        assert run.returncode == 0
    kinds = [kind for kind, _ in told]
    assert (kinds[0], kinds[1], kinds[-1]) == ("idle", "progress", "ended")
    assert {document["progress"] for kind, document in told if kind == "progress"} - {0, 1, None}
    assert told[-1][1]["stats"]["inserted"] == 20


def test_a_run_goes_on_when_the_door_is_closed(agency):
    agency.sheet_is(*[house(number) for number in range(25)])
    with served(agency, token(agency), SYNC_BATCH_SIZE="1", SYNC_RATE_LIMIT="10") as (process, c):
        sync_id = c.post(f"{BASE}/manual", json={}).json()["syncId"]
        until(lambda: c.get(f"{BASE}/status/{sync_id}").json()["status"] == "in_progress")
        assert c.post(f"{BASE}/manual", json={}).json()["syncId"] == sync_id
        process.terminate()
        _, told = process.communicate(timeout=20)
        assert (process.returncode, told.count("Traceback")) == (0, 0)
    query = f"select status from sync_state where id = '{sync_id}'"
    until(lambda: agency.project.execute(query) == [("completed",)])
    assert len(agency.table()) == 25


def test_a_run_that_is_killed_is_told_as_failed_and_in_nobodys_way(agency):
    agency.sheet_is(*[house(number) for number in range(25)])
    with served(agency, token(agency), SYNC_BATCH_SIZE="1", SYNC_RATE_LIMIT="10") as (_, client):
        sync_id = client.post(f"{BASE}/manual", json={}).json()["syncId"]
        query = f"select pid from sync_state where id = '{sync_id}'"
        (pid,) = until(lambda: agency.project.execute(query))[0]
        subprocess.run(["kill", f"-{int(signal.SIGKILL)}", str(pid)], check=True)
        found = ended(client, sync_id)
        assert (found["status"], found["errors"][0]["error"]) == (
            "failed",
            "its process was killed (signal 9)",
        )
        again = client.post(f"{BASE}/manual", json={"propertyNumbers": ["AA10001"], "force": True})
        assert ended(client, again.json()["syncId"])["status"] == "completed"


def test_what_runs_could_not_begin_with_is_told_through_the_door(agency):
    agency.sheet_is(house(1))
    with served(agency, token(agency)) as (_, client):
        agency.map("nonsense")
        found = ended(client, client.post(f"{BASE}/manual", json={}).json()["syncId"])
        assert found["status"] == "failed"
        assert "mapping.toml" in found["errors"][0]["error"]


def test_health_answers_while_supabase_is_down(agency):
    agency.sheet_is(house(1))
    with served(agency, token(agency, role="read"), SUPABASE_URL="http://127.0.0.1:9") as (_, c):
        assert c.get(f"{BASE}/health").json()["status"] == "unhealthy"
        answer = c.get(f"{BASE}/status/00000000-0000-4000-8000-000000000001")
        assert (answer.status_code, answer.json()["title"]) == (503, "Service Unavailable")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--host", "0.0.0.0"), 2, "put a proxy"),
        (("--host", "192.0.2.1"), 2, "--behind-tls"),
        (("--host", "192.0.2.1", "--behind-tls"), 78, "--port 8787"),
    ],
)
def test_an_address_that_cannot_be_served_is_told(agency, arguments, code, said):
    agency.sheet_is(house(1))
    printed = agency.run("serve", *arguments, **TOKENS)
    assert (printed.code, said in printed.err) == (code, True), printed.err


def test_serve_says_which_file_it_wants(agency):
    printed = agency.run("serve")
    assert printed.code == 78
    assert "SYNC_SERVE_TOKENS_FILE: required by serve" in printed.err


def test_tokens_are_listed_and_removed_by_name(agency):
    token(agency, "wife", role="read")
    found = agency.run("serve", "token", "list", "--json", **TOKENS).document["tokens"]
    assert [(each["name"], each["role"]) for each in found] == [("wife", "read")]
    assert agency.run("serve", "token", "remove", "wife", **TOKENS).code == 0
    assert agency.run("serve", "token", "remove", "wife", **TOKENS).code == 1
    assert "Nobody is let in" in agency.run("serve", "token", "list", **TOKENS).out


def without_the_extra(agency: Agency, *arguments: str) -> Printed:
    """Run the program where the extra is not installed."""
    folder = agency.folder / "site"
    folder.mkdir(exist_ok=True)
    hidden = "import sys\nsys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
    (folder / "sitecustomize.py").write_text(hidden)
    process = subprocess.run(
        [sys.executable, "-m", "listing_sync", *arguments],
        cwd=agency.folder,
        env={**agency.settings, **TOKENS, "PYTHONPATH": f"{folder}:{':'.join(sys.path)}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Printed(process.returncode, process.stdout, process.stderr)


def test_without_the_extra_all_else_works_and_serve_says_what_to_install(agency):
    agency.sheet_is(house(1))
    assert without_the_extra(agency, "sync", "all").code == 0
    assert without_the_extra(agency, "serve", "token", "add", "office").code == 0
    printed = without_the_extra(agency, "serve")
    assert printed.code == 78
    assert "serve: needs starlette and uvicorn: pip install 'listing-sync[serve]'" in printed.err
