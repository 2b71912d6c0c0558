"""Who is let in at the door, what is answered, and what is not."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from listing_sync.errors import Category, Service, TransientError
from listing_sync.history.runs import Process, RunStats, RunStatus
from listing_sync.ports import Holder
from listing_sync.serve import api
from listing_sync.serve.api import BASE
from listing_sync.serve.looking import Looking
from listing_sync.serve.orders import LARGEST_BODY_BYTES
from tests.fakes import START
from tests.runs import make_run, run_id
from tests.unit.serve.doors import ENDS_AT_ONCE, STAYS, Door

MANUAL, HEALTH = f"{BASE}/manual", f"{BASE}/health"
AWAY = TransientError("no answer", service=Service.SUPABASE, category=Category.NETWORK)


@pytest.fixture
def doors(tmp_path):
    """Make doors, and end what their runs are at the end."""
    with ExitStack() as stack:

        def make(child: str = STAYS, *, is_behind_tls: bool = False) -> Door:
            return stack.enter_context(closing(Door(tmp_path, child, is_behind_tls=is_behind_tls)))

        yield make


@pytest.fixture
def door(doors):
    return doors()


# -- who is let in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"), [("POST", MANUAL), ("GET", HEALTH), ("GET", f"{BASE}/status/{run_id(1)}")]
)
def test_nothing_is_answered_without_a_token(door, method, path):
    answer = door.ask(method, path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="listing-sync"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert door.ask(method, path, token="lsync_0_0").status_code == 401


def test_a_token_for_reading_reads_and_runs_nothing(door):
    assert door.ask("GET", HEALTH, token=door.read_token).status_code == 200
    answer = door.order({}, token=door.read_token)
    assert answer.status_code == 403
    assert "--role run" in answer.json()["detail"]


def test_a_token_that_is_removed_is_let_in_no_more(door):
    assert door.ask("GET", HEALTH, token=door.read_token).status_code == 200
    door.tokens.remove("monitor")
    assert door.ask("GET", HEALTH, token=door.read_token).status_code == 401


@pytest.mark.slow
def test_the_sixth_wrong_token_of_an_address_within_a_minute_is_not_looked_at(door):
    codes = [door.ask("GET", HEALTH, token=f"lsync_{n}_x").status_code for n in range(6)]
    assert codes == [401] * 5 + [429]
    right = door.ask("GET", HEALTH, token=door.read_token)
    assert (right.status_code, right.headers["retry-after"]) == (429, "61")
    door.world.clock.sleep(60)
    assert door.ask("GET", HEALTH, token=door.read_token).status_code == 200


@pytest.mark.slow
def test_who_was_let_in_before_is_not_kept_out_by_the_failures_of_others(door):
    door.ask("GET", HEALTH, token=door.read_token)
    for number in range(6):
        door.ask("GET", HEALTH, token=f"lsync_{number}_x")
    assert door.ask("GET", HEALTH, token=door.read_token).status_code == 200


@pytest.mark.slow
def test_behind_a_proxy_failures_are_those_of_the_address_that_it_saw(doors):
    door = doors(is_behind_tls=True)
    for _ in range(6):
        answer = door.ask(
            "GET", HEALTH, token="lsync_0_x", headers={"X-Forwarded-For": "9.9.9.9, 10.0.0.1"}
        )
    assert answer.status_code == 429
    other = door.ask("GET", HEALTH, token=door.run_token, headers={"X-Forwarded-For": "10.0.0.2"})
    assert other.status_code == 200


def test_every_answer_is_shielded_and_no_other_site_may_read_it(door):
    for answer in (door.ask("GET", HEALTH, token=door.run_token), door.ask("GET", "/nothing")):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]


# -- orders ----------------------------------------------------------------------------------------


def test_a_run_that_is_ordered_has_its_id_at_once(door):
    answer = door.order({"force": True, "batchSize": 10, "propertyNumbers": ["AA1"]})
    document = answer.json()
    assert answer.status_code == 202
    assert [*document] == ["version", "syncId", "status", "startedAt"]
    assert (document["status"], document["startedAt"]) == ("queued", "2026-03-01T09:00:00Z")
    assert answer.headers["location"] == f"{BASE}/status/{document['syncId']}"
    stands = door.ask("GET", answer.headers["location"], token=door.read_token).json()
    assert (stands["status"], stands["type"]) == ("queued", "selective")


def test_a_second_run_is_refused_by_the_id_of_the_first(door):
    first = door.order({}).json()["syncId"]
    answer = door.order({})
    assert answer.status_code == 409
    assert answer.json()["syncId"] == first
    assert answer.json()["type"] == "urn:listing-sync:problem:run-under-way"


def test_a_run_that_is_recorded_as_ended_is_waited_for_while_it_tells_people(doors, monkeypatch):
    door = doors()
    first = door.order({}).json()["syncId"]
    door.world.records.save(make_run(1, RunStatus.IN_PROGRESS, run_id=first))
    assert door.order({}).json()["syncId"] == first
    door.world.records.save(make_run(1, RunStatus.COMPLETED, run_id=first))
    threading.Timer(0.2, door.end_of, (first, signal.SIGKILL)).start()
    assert door.order({}).status_code == 202

    monkeypatch.setattr(api, "_TELLING_S", 0.1)
    stays = doors()
    first = stays.order({}).json()["syncId"]
    stays.world.records.save(make_run(1, RunStatus.COMPLETED, run_id=first))
    assert stays.order({}).json()["syncId"] == first


def test_a_run_that_cron_started_here_is_in_the_way(door):
    me = Holder("web1", 1, "office", run_id(7), START)
    door.world.lock.holder = lambda: me
    assert door.order({}).json()["syncId"] == run_id(7)


def test_a_run_of_another_machine_is_in_the_way_while_it_gives_signs_of_life(door):
    door.world.records.save(make_run(3, RunStatus.IN_PROGRESS, host="web2"))
    assert door.order({}).json()["syncId"] == run_id(3)
    door.world.clock.sleep(121)
    assert door.order({}).status_code == 202


def test_the_record_of_a_process_that_is_gone_from_here_is_in_nobodys_way(door):
    here = Process("boot", "space", "1")
    door.world.identity = replace(door.world.identity, process=Process("boot", "space", "9"))
    door.world.records.save(make_run(3, RunStatus.IN_PROGRESS, process=here))
    assert door.order({}).status_code == 202


def test_a_run_is_started_though_nobody_can_be_asked_about_others(door):
    door.world.records.away = AWAY
    assert door.order({}).status_code == 202


@pytest.mark.parametrize(
    ("body", "http_status", "said"),
    [
        (b"[]", 400, "expected a JSON object"),
        (b'{"force": ', 400, "expected a JSON object"),
        (b'{"force": 1}', 422, "force: expected true or false"),
        (b'{"batchSize": 0}', 422, "batchSize: expected a whole number from 1 to 1000"),
        (b'{"batchSize": true}', 422, "batchSize: expected a whole number from 1 to 1000"),
        (b'{"propertyNumbers": []}', 422, "propertyNumbers: expected a list of 1 to 1000"),
        (b'{"propertyNumbers": [" "]}', 422, "propertyNumbers: expected a list of 1 to 1000"),
        (b'{"propertyNumbers": ["A\\u0000"]}', 422, "propertyNumbers: expected a list"),
        (b'{"propertyNumbers": ["\\ud800"]}', 422, "propertyNumbers: expected a list"),
        (b'{"prune": true}', 422, "prune: there is no such member"),
        (b" " * (LARGEST_BODY_BYTES + 1), 413, "64 kB at most"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_is_expected(door, body, http_status, said):
    answer = door.order(content=body)
    assert answer.status_code == answer.json()["status"] == http_status
    assert said in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_address_and_a_method_that_are_none_are_problems_too(door):
    assert door.ask("GET", "/nothing").json()["title"] == "Not Found"
    answer = door.ask("DELETE", MANUAL)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["type"] == "urn:listing-sync:problem:method-not-allowed"


# -- how runs stand --------------------------------------------------------------------------------


def test_a_run_is_told_as_its_record_says(door):
    stats = RunStats(total=10, unchanged=4)
    door.world.records.save(make_run(1, RunStatus.IN_PROGRESS, stats=stats))
    found = door.ask("GET", f"{BASE}/status/{run_id(1)}", token=door.read_token).json()
    assert (found["status"], found["queueSize"], found["stats"]["total"]) == ("in_progress", 6, 10)


def test_a_run_that_nobody_knows_is_not_found(door):
    for name in (run_id(9), "latest"):
        answer = door.ask("GET", f"{BASE}/status/{name}", token=door.read_token)
        assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


def test_not_knowing_is_not_called_not_there(door):
    door.world.records.away = AWAY
    answer = door.ask("GET", f"{BASE}/status/{run_id(9)}", token=door.read_token)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the records cannot be read: no answer"


def status_at_end(door: Door, signal: int | None = None):
    """Order a run, and return how it stands when its process is gone."""
    answer = door.order({})
    door.end_of(answer.json()["syncId"], signal)
    return door.ask("GET", answer.headers["location"], token=door.read_token).json()


def test_a_run_that_could_not_begin_says_why(doors):
    found = status_at_end(
        doors('print(\'{"problems": ["SUPABASE_URL: not a URL"]}\'); raise SystemExit(78)')
    )
    assert found["status"] == "failed"
    assert found["errors"][0]["error"] == "SUPABASE_URL: not a URL"


def test_a_run_that_was_killed_is_told_as_failed_with_what_it_had_done(door):
    answer = door.order({})
    stats = RunStats(total=10, unchanged=4)
    run = make_run(1, RunStatus.IN_PROGRESS, stats=stats, run_id=answer.json()["syncId"])
    door.world.records.save(run)
    door.end_of(run.run_id, signal.SIGKILL)
    found = door.ask("GET", answer.headers["location"], token=door.read_token).json()
    assert (found["status"], found["stats"]["skipped"]) == ("failed", 6)
    assert found["errors"][0]["error"] == "its process was killed (signal 9)"


def test_whoever_hears_of_an_end_is_told_how_it_was_though_somebody_asked_just_before(door):
    looking = Looking(door.world, door.children, None)

    async def look() -> RunStatus:
        found = (await looking.run(run.run_id)).run
        assert found is not None
        return found.status

    run = make_run(1, RunStatus.IN_PROGRESS, run_id=door.order({}).json()["syncId"])
    door.world.records.save(run)
    assert asyncio.run(look()) is RunStatus.IN_PROGRESS
    door.end_of(run.run_id, signal.SIGKILL)
    looking.forget()
    assert asyncio.run(look()) is RunStatus.FAILED


def test_a_run_that_leaves_no_record_is_no_success(doors):
    found = status_at_end(doors(ENDS_AT_ONCE))
    assert found["status"] == "failed"
    assert found["errors"][0]["error"] == "it ended with exit code 0 and left no record"


# -- health ----------------------------------------------------------------------------------------


def test_health_has_the_keys_of_the_command_and_its_time(door):
    found = door.ask("GET", HEALTH, token=door.read_token).json()
    assert [*found] == [
        "version", "status", "lastSync", "errorRate", "avgSyncDuration", "queueSize",
        "circuitBreakerState", "checks", "checkedAt",
    ]  # fmt: skip


def test_a_bug_is_told_by_its_name_alone(door):
    door.world.records.away = KeyError("a secret")
    answer = door.ask("GET", f"{BASE}/status/{run_id(9)}", token=door.read_token)
    assert answer.status_code == 500
    assert "(KeyError)" in answer.json()["detail"]
    assert "secret" not in answer.text
