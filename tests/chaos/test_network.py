"""What comes over the wire: outages outlived, wrong answers refused, nobody waited for for ever."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from tests.chaos.program import Site
from tests.stack.chaos_proxy import (
    Drip,
    Drop,
    Fault,
    Respond,
    html,
    redirect,
    status,
)
from tests.stack.loopback import Answer
from tests.stack.receiver import Receiver
from tests.stack.spreadsheet import Cell

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

SHEET: dict[str, Cell] = {f"AA{number}": number for number in range(1, 31)}
TENTH: dict[str, Any] = {"sync_retry_delay": "100"}
"""The default settings ten times as fast."""


def is_write(method: str, target: str) -> bool:
    return method == "POST" and "/property_listings" in target


@pytest.mark.parametrize(
    ("concurrency", "fault"), [("1", status(503)), ("4", Drop()), ("16", Drop())]
)
def test_a_run_outlives_five_seconds_without_the_database(
    fault: Fault, concurrency: str, site: Site
) -> None:
    """An outage of 0.5 s at a tenth of the default delays, from the first write on."""
    site.put(SHEET)
    ends_at: list[float] = []

    def schedule(_index: int, method: str, target: str) -> Fault | None:
        if is_write(method, target) and not ends_at:
            ends_at.append(time.monotonic() + 0.5)
        return fault if ends_at and time.monotonic() < ends_at[0] else None

    site.supabase_proxy.schedule = schedule
    ended = site.run("sync", "all", sync_concurrency=concurrency, **TENTH)
    assert (ended.code, ended.err) == (0, "")
    assert site.prices() == SHEET
    (run,) = site.runs()
    assert (run["status"], run["inserted_count"]) == ("completed", 30)


@pytest.mark.parametrize("side", ["google", "supabase"])
def test_a_run_outlives_five_seconds_without_a_service_at_its_start(side: str, site: Site) -> None:
    site.put(SHEET)
    ends_at: list[float] = []

    def schedule(_index: int, _method: str, _target: str) -> Fault | None:
        if not ends_at:
            ends_at.append(time.monotonic() + 0.5)
        return Drop() if time.monotonic() < ends_at[0] else None

    proxy = {"google": site.google_proxy, "supabase": site.supabase_proxy}[side]
    proxy.schedule = schedule
    assert site.run("sync", "all", **TENTH).code == 0
    assert site.prices() == SHEET
    assert [run["status"] for run in site.runs()] == ["completed"]


@pytest.mark.parametrize("what", ["opened", "cleared of old runs"])
def test_a_run_is_good_and_silent_though_its_records_could_not_be(what: str, site: Site) -> None:
    site.put(SHEET)
    site.supabase_proxy.schedule = lambda index, _method, target: (
        status(503) if (index < 4 if what == "opened" else "select=started_at" in target) else None
    )
    ended = site.run("sync", "all")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert site.prices() == SHEET
    assert [run["status"] for run in site.runs()] == ["completed"]


def test_retries_of_google_come_after_50_200_and_800_ms(site: Site) -> None:
    site.put(SHEET)
    site.google_proxy.schedule = lambda index, _method, _target: status(503) if index < 4 else None
    ended = site.run("sync", "all", sync_retry_delay="50")
    assert ended.code == 3
    times = [each.request.at for each in site.google_proxy.log]
    assert len(times) == 4
    waits = [later - earlier for earlier, later in pairwise(times)]
    for wait, least in zip(waits, (0.05, 0.2, 0.8), strict=True):
        assert least <= wait < least + 0.1


def test_a_dripping_answer_is_given_up_at_the_deadline_of_the_request(site: Site) -> None:
    site.put(SHEET)
    site.google_proxy.schedule = lambda _index, _method, target: (
        Drip(1, 0.05, head_too=True) if "values" in target else None
    )
    ended = site.run("sync", "all", sync_google_timeout="1000", sync_retry_attempts="1")
    assert ended.code == 3
    assert "Google needed longer than" in ended.err
    tried = [each.request.at for each in site.google_proxy.log if "values" in each.request.target]
    assert ended.took_s < 5
    assert site.prices() == {}
    assert len(tried) <= 2


def test_a_host_that_does_not_resolve_is_given_up_after_the_retries_and_named(site: Site) -> None:
    site.put(SHEET)
    ended = site.run("sync", "all", supabase_url="https://listing-sync.invalid")
    assert ended.code == 3
    assert "cannot reach listing-sync.invalid: the name does not resolve" in ended.err
    (kept,) = site.journal()
    assert b"cannot reach" in kept.read_bytes()


def test_retry_after_of_more_than_a_minute_ends_the_run_and_says_when_to_come_back(
    site: Site,
) -> None:
    site.put(SHEET)
    site.supabase_proxy.schedule = lambda _index, method, target: (
        status(429, retry_after="3600") if is_write(method, target) else None
    )
    ended = site.run("sync", "all")
    assert ended.code == 3
    assert "it asks to wait 3600 s" in ended.err
    assert "run again after that" in ended.err
    (run,) = site.runs()
    assert (run["status"], run["failed_count"]) == ("failed", 30)


WRONG_ANSWERS = {
    "a page of a hotspot": (html(200), "is SUPABASE_URL right?"),
    "an empty 200 where rows were asked for": (Respond(Answer(200)), "is SUPABASE_URL right?"),
    "a redirect": (redirect(307, "{elsewhere}"), "SUPABASE_URL redirects elsewhere"),
    "a wrong key": (status(401, '{"message": "Invalid API key"}'), "SUPABASE_SERVICE_ROLE_KEY"),
}


@pytest.mark.parametrize(("fault", "words"), WRONG_ANSWERS.values(), ids=WRONG_ANSWERS.keys())
def test_an_answer_that_only_a_person_can_mend_ends_the_run_at_once_and_says_how(
    fault: Respond, words: str, site: Site
) -> None:
    site.put(SHEET)
    with Receiver() as elsewhere:
        headers = tuple(
            (name, value.format(elsewhere=elsewhere.url)) for name, value in fault.answer.headers
        )
        answer = Answer(fault.answer.status, headers, fault.answer.body)
        site.supabase_proxy.schedule = lambda _index, method, _target: (
            Respond(answer) if method == "GET" else None
        )
        ended = site.run("sync", "all")
        assert not elsewhere.requests, "a redirect was followed"
    assert ended.code == 3
    assert words in ended.err
    assert site.supabase.secret_key not in ended.err
    asked = [each for each in site.supabase_proxy.log if each.request.method == "GET"]
    assert len(asked) == 1, "it was tried again"
    assert [run["status"] for run in site.runs()] == ["failed"]


@pytest.mark.parametrize("fault", [html(200), redirect(302, "http://127.0.0.1:9/")])
def test_an_answer_that_is_not_the_sheet_is_never_taken_for_an_empty_one(
    fault: Fault, site: Site
) -> None:
    site.put(SHEET)
    assert site.run("sync", "all").code == 0
    site.google_proxy.schedule = lambda _index, _method, target: (
        fault if "values" in target else None
    )
    ended = site.run("sync", "all", "--prune", sync_prune_limit="100")
    assert ended.code == 3
    assert site.prices() == SHEET


@pytest.mark.parametrize("column", ["Property Number", "Price"])
def test_a_column_that_is_still_loading_is_waited_for_and_never_taken_for_data(
    column: str, site: Site
) -> None:
    site.put(SHEET)
    assert site.run("sync", "all").code == 0
    loading: dict[str, Cell] = (
        dict.fromkeys(SHEET, "Loading...") if column == "Price" else {"Loading...": 1}
    )
    site.put(loading)
    ended = site.run("sync", "all", "--prune", sync_prune_limit="100")
    assert ended.code == 3
    assert "Open the sheet and wait until it shows values" in ended.err
    assert site.prices() == SHEET
