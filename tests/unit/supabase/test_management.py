from __future__ import annotations

import json
import ssl
from contextlib import nullcontext
from datetime import timedelta

import httpx
import pytest

from listing_sync.errors import (
    Category,
    PermanentError,
    RetryLaterError,
    Service,
    SettingsError,
    TransientError,
)
from listing_sync.reliability.guard import Guard
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.pacing import GuardSettings
from listing_sync.supabase.management import ManagementApi, project_ref, wait_asked_for
from tests.fakes import START, FakeClock, MemoryBreakerStore, PatientClock, straight

BASE = "https://api.supabase.com"
URL = f"{BASE}/v1/projects/abcdefghijklmnopqrst/database/query"
TOKEN = "sbp_token"


class Answers:
    """Gives the answers in order, the last one for ever; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def api(answers, call=straight) -> ManagementApi:
    return ManagementApi(
        BASE,
        "abcdefghijklmnopqrst",
        TOKEN,
        timeout_s=5,
        call=call,
        now=lambda: START,
        http=httpx.Client(transport=httpx.MockTransport(answers)),
    )


def untrusted() -> Exception:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError()
    return error


def guard(clock: FakeClock) -> Guard:
    return Guard(
        Service.SUPABASE,
        GuardSettings(3, 1.0, 5.0, 5, 60.0),
        store=MemoryBreakerStore(),
        bucket=None,
        clock=clock,
        patient_clock=PatientClock(clock),
        bounded=lambda _: nullcontext(),
        meter=Meter(),
        on_retry=lambda _: None,
    )


def test_a_statement_is_posted_with_the_token_and_its_rows_come_back():
    answers = Answers(httpx.Response(201, json=[{"a": 1}]))
    assert list(api(answers).query("select 1 as a")) == [{"a": 1}]
    (request,) = answers.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert json.loads(request.content) == {"query": "select 1 as a"}
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [200, 201])
def test_both_codes_of_success_are_taken(status):
    assert list(api(Answers(httpx.Response(status, json=[]))).query("notify pgrst")) == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        pytest.param(401, {"message": "Unauthorized"}, "account/tokens", id="wrong token"),
        pytest.param(403, {}, "database_write", id="no right"),
        pytest.param(404, {}, "SUPABASE_PROJECT_REF", id="no such project"),
        pytest.param(540, {}, "paused", id="paused"),
        pytest.param(302, {}, "HTTP 302", id="redirect"),
        pytest.param(
            400,
            {"message": "Failed to run sql query: ERROR:  42P01: relation does not exist\n"},
            "PostgreSQL refused the SQL: relation does not exist",
            id="refused by PostgreSQL",
        ),
        pytest.param(201, {"not": "rows"}, "SUPABASE_MANAGEMENT_URL", id="not rows"),
        pytest.param(200, "<html>", "SUPABASE_MANAGEMENT_URL", id="a page"),
        pytest.param(200, "[" * 100_000, "SUPABASE_MANAGEMENT_URL", id="nested too deep"),
        pytest.param(200, f"[{'9' * 5000}]", "SUPABASE_MANAGEMENT_URL", id="too many digits"),
        pytest.param(400, "[" * 100_000, "no reason given", id="refused, nested too deep"),
    ],
)
def test_what_another_try_will_not_mend_says_what_to_do(status, body, words):
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(PermanentError, match=words):
        api(Answers(httpx.Response(status, text=text))).query("select 1")


@pytest.mark.parametrize(
    ("status", "category"),
    [
        pytest.param(429, Category.RATE_LIMIT, id="too many"),
        pytest.param(408, Category.NETWORK, id="slow"),
        pytest.param(500, Category.NETWORK, id="failed"),
        pytest.param(544, Category.NETWORK, id="gateway"),
    ],
)
def test_what_passes_is_of_the_moment(status, category):
    with pytest.raises(TransientError) as caught:
        api(Answers(httpx.Response(status))).query("select 1")
    assert (caught.value.category, caught.value.http_status) == (category, status)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(httpx.ConnectError(f"refused {TOKEN}"), TransientError, id="refused"),
        pytest.param(httpx.ReadTimeout("slow"), TransientError, id="slow"),
        pytest.param(untrusted(), PermanentError, id="certificate"),
        pytest.param(httpx.RemoteProtocolError(TOKEN), TransientError, id="cut short"),
    ],
)
def test_a_failed_connection_never_tells_the_token(error, kind):
    with pytest.raises(kind, match=r"api\.supabase\.com") as caught:
        api(Answers(error)).query("select 1")
    assert TOKEN not in str(caught.value)


def test_a_limit_is_waited_for_as_long_as_the_service_says():
    answers = Answers(
        httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(201, json=[])
    )
    clock = FakeClock()
    api(answers, guard(clock).call).apply(["create table a ();"])
    assert clock.monotonic() == pytest.approx(7)


def test_a_wait_longer_than_a_minute_ends_the_command():
    answers = Answers(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RetryLaterError, match="3600 s"):
        api(answers, guard(FakeClock()).call).query("select 1")


def test_statements_run_in_order_until_one_is_refused():
    answers = Answers(httpx.Response(201, json=[]), httpx.Response(400, json={"message": "no"}))
    with pytest.raises(PermanentError):
        api(answers).apply(["a;", "b;", "c;"])
    sent = [json.loads(request.content)["query"] for request in answers.requests]
    assert sent == ["a;", "b;"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"Retry-After": "5"}, 5, id="seconds"),
        pytest.param(
            {"Retry-After": f"{START + timedelta(seconds=9):%a, %d %b %Y %H:%M:%S} GMT"},
            9,
            id="date",
        ),
        pytest.param({"Retry-After": "soon"}, 60, id="neither"),
        pytest.param({"x-ratelimit-reset": "12"}, 12, id="reset in seconds"),
        pytest.param({"x-ratelimit-reset": "12000"}, 12, id="reset in milliseconds"),
        pytest.param(
            {"x-ratelimit-reset": str(int(START.timestamp()) + 30)}, 30, id="reset at a second"
        ),
        pytest.param(
            {"x-ratelimit-reset": str(int(START.timestamp() * 1000) + 30_000)},
            30,
            id="reset at a millisecond",
        ),
        pytest.param({"x-ratelimit-reset": "-"}, 60, id="reset unknown"),
        pytest.param({}, 60, id="nothing said"),
    ],
)
def test_the_wait_is_what_the_answer_asks_for_in_any_unit(headers, seconds):
    assert wait_asked_for(headers, START) == pytest.approx(seconds)


@pytest.mark.parametrize("token", ["sbp_a\nb", "sbp a", "sbp_é"], ids=["line", "space", "accent"])
def test_a_token_that_cannot_be_one_is_a_setting_and_is_not_quoted(token):
    with pytest.raises(SettingsError, match="SUPABASE_ACCESS_TOKEN") as caught:
        ManagementApi(BASE, "ref", token, timeout_s=5, call=straight, now=lambda: START)
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "given", "ref"),
    [
        pytest.param("https://abcdefghijklmnopqrst.supabase.co", None, "abcdefghijklmnopqrst"),
        pytest.param("https://db.example.com", "abcdefghijklmnopqrst", "abcdefghijklmnopqrst"),
        pytest.param("https://aaaaaaaaaa.supabase.co", "bbbbbbbbbb", "bbbbbbbbbb"),
    ],
    ids=["in the URL", "given", "given wins"],
)
def test_the_project_is_that_of_the_url_unless_given(url, given, ref):
    assert project_ref(url, given) == ref


@pytest.mark.parametrize(
    ("url", "given"),
    [("https://db.example.com", None), ("https://a.supabase.co", "no/ref")],
    ids=["own domain", "not a reference"],
)
def test_a_project_without_a_reference_is_a_setting(url, given):
    with pytest.raises(SettingsError, match="SUPABASE_PROJECT_REF"):
        project_ref(url, given)
