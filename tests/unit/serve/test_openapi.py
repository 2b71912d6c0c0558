"""The description is one of the addresses that there are, and of the documents that they give."""

from __future__ import annotations

from listing_sync.serve.api import BASE
from tests.runs import make_run, run_id
from tests.unit.serve.doors import Door


def required(description, path, method="get", code="200"):
    operation = description["paths"][path][method]
    schema = operation["responses"][code]["content"]["application/json"]["schema"]
    assert [*schema["properties"]] == schema["required"]
    return schema


def test_it_describes_what_is_answered(tmp_path):
    door = Door(tmp_path)
    assert door.ask("GET", "/openapi.json").status_code == 401
    found = door.ask("GET", "/openapi.json", token=door.read_token).json()
    paths = {route.path.replace("{sync_id}", "{syncId}") for route in door.routes}
    assert {*found["paths"]} == {path for path in paths if path.startswith(BASE)}

    door.world.records.save(make_run(1))
    run = door.ask("GET", f"{BASE}/status/{run_id(1)}", token=door.read_token).json()
    schema = required(found, f"{BASE}/status/{{syncId}}")
    assert {*run} == {*schema["required"]}
    assert {*run["stats"]} == {*schema["properties"]["stats"]["required"]}
    health = door.ask("GET", f"{BASE}/health", token=door.read_token).json()
    assert {*health} == {*required(found, f"{BASE}/health")["required"]}
    started = door.order({}).json()
    assert {*started} == {*required(found, f"{BASE}/manual", "post", "202")["required"]}
    door.close()
