"""The program itself under any faults of the network: the laws of the fakes, and its exit codes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.chaos.how_many import SCHEDULES
from tests.chaos.program import Finished, Site
from tests.stack.chaos_proxy import (
    Delay,
    Drip,
    Drop,
    Fault,
    Reset,
    Schedule,
    Truncate,
    html,
    redirect,
    status,
)
from tests.stack.supabase_lite import SupabaseLite

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

PARTS = 4
IN_A_PART = max(1, SCHEDULES // 10 // PARTS)
NUMBERS = [f"AA{number}" for number in range(1, 25)]
REJECTED = "応相談"
REFUSED = 10**17
"""A price that the validator takes and the table does not (numeric(15,0))."""
ELSEWHERE = "http://127.0.0.1:9/"
"""Stands for the address of a server that must never hear of us."""


def failed_in_database(http_status: int, code: str) -> Fault:
    body = {"code": code, "message": "as PostgREST says it", "details": None, "hint": None}
    return status(http_status, json.dumps(body), content_type="application/json")


OF_THE_NETWORK: tuple[Fault, ...] = (
    Drop(),
    Drop(after_forwarding=True),
    Reset(),
    Reset(after_forwarding=True),
    Truncate(),
    Truncate(keep_bytes=1),
    Delay(0.2),
    Delay(0.2, Drop()),
    Drip(40, 0.01, head_too=True),
    html(502),
    status(408),
    status(429, retry_after="1"),
    status(503, retry_after="0"),
    status(504),
    status(520),
    status(500),
)
OF_THE_RUN: tuple[Fault, ...] = (
    Delay(1.5, Drop()),
    html(200),
    status(401, '{"message": "Invalid API key"}'),
    status(403),
    status(404),
    status(429, retry_after="3600"),
    redirect(301, ELSEWHERE),
    redirect(307, ELSEWHERE),
)
OF_THE_DATABASE: tuple[Fault, ...] = (
    failed_in_database(500, "40001"),
    failed_in_database(500, "40P01"),
    failed_in_database(500, "57014"),
    failed_in_database(503, "PGRST001"),
    failed_in_database(503, "53300"),
    status(413, "<html>too large</html>"),
    status(402),
    status(540),
)

Faults = Mapping[int, Fault]


def outages(*kinds: Fault) -> st.SearchStrategy[Faults]:
    """Return what draws faults by number of request: some, each for some requests in a row."""
    outage = st.tuples(st.integers(0, 22), st.sampled_from((1, 1, 2, 3, 6)), st.sampled_from(kinds))
    return st.lists(outage, max_size=4).map(
        lambda drawn: {
            number: fault
            for first, length, fault in drawn
            for number in range(first, first + length)
        }
    )


@dataclass(frozen=True, slots=True)
class Story:
    """What the sheet holds, and what befalls one run after the other on both sides."""

    table: Mapping[str, int]
    sheet: Mapping[str, int | str]
    prune: bool
    disturbances: tuple[tuple[Faults, Faults], ...]
    breaker_threshold: int
    concurrency: int


STORIES = st.builds(
    Story,
    table=st.dictionaries(st.sampled_from(NUMBERS), st.integers(1, 99), max_size=12),
    prune=st.booleans(),
    sheet=st.dictionaries(
        st.sampled_from(NUMBERS),
        st.integers(1, 99) | st.integers(1, 99) | st.sampled_from((REJECTED, REFUSED)),
        min_size=8,
    ),
    disturbances=st.lists(
        st.tuples(
            outages(*OF_THE_NETWORK, *OF_THE_RUN),
            outages(*OF_THE_NETWORK, *OF_THE_NETWORK, *OF_THE_RUN, *OF_THE_DATABASE),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    breaker_threshold=st.sampled_from((2, 5, 5)),
    concurrency=st.sampled_from((1, 4)),
)


@pytest.mark.parametrize("part", range(PARTS))
def test_after_any_faults_the_program_ends_well_and_the_next_run_does_the_rest(
    part: int, stack: SupabaseLite
) -> None:
    @seed(part)
    @settings(
        max_examples=IN_A_PART,
        derandomize=False,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(story=STORIES)
    def law(story: Story) -> None:
        stack.truncate()
        with tempfile.TemporaryDirectory() as folder, Site(Path(folder), stack) as site:
            _live_through(story, site)

    law()


def _live_through(story: Story, site: Site) -> None:
    site.fill(story.table)
    site.put(story.sheet)
    reports = []
    for on_google, on_supabase in story.disturbances:
        site.google_proxy.schedule = _from_now_on(on_google)
        site.supabase_proxy.schedule = _from_now_on(on_supabase)
        reports.append(_run(story, site, sync_request_timeout="1000"))
    site.proceed()
    last = _run(story, site)
    valid = {
        number: price
        for number, price in story.sheet.items()
        if isinstance(price, int) and price != REFUSED
    }
    left = {n: p for n, p in story.table.items() if n in story.sheet or not story.prune}
    assert last["status"] == ("completed" if valid == story.sheet else "partial")
    assert site.prices() == left | valid
    assert site.journal() == []
    recorded = {run["id"]: (run["status"], _stats(run)) for run in site.runs()}
    told = {report["syncId"]: (report["status"], report["stats"]) for report in [*reports, last]}
    assert recorded == told
    assert not any(secret in json.dumps(site.runs()) for secret in site.secrets)


def _from_now_on(faults: Faults) -> Schedule:
    """Return the schedule that counts the requests of the coming run."""
    numbers = count()
    return lambda _index, _method, _target: faults.get(next(numbers))


def _run(story: Story, site: Site, **settings: Any) -> dict[str, Any]:
    ended = site.run(
        *("-v", "--log-format", "json", "sync", "all", "--json"),
        sync_prune=str(story.prune),
        sync_prune_limit="100",
        sync_circuit_breaker_threshold=str(story.breaker_threshold),
        sync_concurrency=str(story.concurrency),
        **settings,
    )
    _check_words(ended, site)
    report: dict[str, Any] = json.loads(ended.out)
    code = {"completed": 0, "partial": 1, "failed": 3}[report["status"]]
    assert ended.code == code, ended
    stats = report["stats"]
    assert stats["total"] == stats["success"] + stats["failed"] + stats["skipped"]
    assert stats["success"] == stats["inserted"] + stats["updated"] + stats["unchanged"]
    agreeing = site.prices().items() & story.sheet.items()
    assert stats["success"] <= len(agreeing)
    failed = {error["propertyNumber"] for error in report["errors"]} - {None}
    assert len(failed) <= stats["failed"]
    if report["status"] != "failed":
        assert len(failed) == stats["failed"]
        assert {number for number, _ in agreeing} | failed >= set(story.sheet)
    return report


def _check_words(ended: Finished, site: Site) -> None:
    said = ended.out + ended.err
    assert "Traceback" not in said
    assert "has a bug" not in said
    kept = b"".join(
        path.read_bytes() for path in (site.folder / "state").rglob("*") if path.is_file()
    )
    for secret in site.secrets:
        assert secret not in said
        assert secret.encode() not in kept


def _stats(run: Mapping[str, Any]) -> dict[str, int]:
    names = ("total", "success", "failed", "skipped", "inserted", "updated", "unchanged", "removed")
    columns = {"total": "total_items"}
    return {name: run[columns.get(name, f"{name}_count")] for name in names}
