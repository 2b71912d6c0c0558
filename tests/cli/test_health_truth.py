"""What `health` tells that nothing else would, about a real table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.cli.agency import Agency, house
from tests.stack.chaos_proxy import ChaosProxy, status
from tests.stack.loopback import Answer, Request

pytestmark = pytest.mark.stack


class LyingProxy(ChaosProxy):
    """Dates every answer so far off."""

    off = timedelta()

    def _forward(self, request: Request) -> Answer:
        answer = super()._forward(request)
        heads = [head for head in answer.headers if head[0].lower() != "date"]
        date = format_datetime(datetime.now(UTC) + self.off, usegmt=True)
        return Answer(answer.status, (*heads, ("Date", date)), answer.body)


def checks_of(agency: Agency, **settings: str) -> dict[str, Any]:
    """Return the checks of health by their names."""
    document = agency.run("health", "--json", **settings).document
    return {check["name"]: check for check in document["checks"]} | {"": document}


def test_another_program_that_undoes_every_run_degrades_health_by_name(agency: Agency) -> None:
    agency.sheet_is(*(house(number) for number in range(30)))
    assert agency.run("sync", "all").code == 0
    for _ in range(3):
        agency.project.execute(
            "update property_listings set price = 1 where property_number in ('AA10003', 'AA10007')"
        )
        assert agency.run("sync", "all").code == 0
    printed = agency.run("health")
    assert printed.code == 1
    first = printed.out.splitlines()[0]
    assert first.startswith(
        "DEGRADED - undone: 3 runs wrote the same values again to AA10003, AA10007 (price):"
        " another program or a trigger of the database undoes them"
    )
    assert agency.run("sync", "all").code == 0
    assert agency.run("sync", "all").code == 0
    assert checks_of(agency)["undone"]["status"] == "ok"


def test_the_dates_of_answers_tell_that_the_clock_is_off(agency: Agency) -> None:
    agency.sheet_is(house(1))
    with LyingProxy(agency.project.url) as proxy:
        assert agency.run("sync", "all", SUPABASE_URL=proxy.url).code == 0
        for off_s, expected in ((0, "ok"), (-50, "ok"), (200, "warn"), (-4000, "warn")):
            proxy.off = timedelta(seconds=off_s)
            found = checks_of(agency, SUPABASE_URL=proxy.url)
            assert (off_s, found["clock"]["status"]) == (off_s, expected)
            assert found[""]["status"] == "healthy"
        assert "clock is 1 h 6 min ahead of the time of the services" in found["clock"]["detail"]
        first = agency.run("health", SUPABASE_URL=proxy.url).out.splitlines()[0]
        assert first.startswith("HEALTHY - clock: this machine's clock is 1 h 6 min ahead")


def test_without_supabase_health_gives_the_ages_from_the_journal(agency: Agency) -> None:
    agency.sheet_is(house(1))
    with ChaosProxy(agency.project.url) as proxy:
        agency.settings |= {"SUPABASE_URL": proxy.url, "SYNC_RETRY_ATTEMPTS": "0"}
        assert agency.run("sync", "all").code == 0
        proxy.schedule = lambda *_: status(503, "{}")
        assert "as far as this machine knows" in checks_of(agency)["last_good_run"]["detail"]
        assert agency.run("sync", "all").code == 3
        found = checks_of(agency)
        assert found["last_run"]["detail"].startswith("failed ")
        assert "none for" in found["last_good_run"]["detail"]
        assert found[""]["status"] == "unhealthy"
        assert found[""]["lastSync"] is None


def test_a_sheet_of_which_all_is_rejected_has_no_good_run(agency: Agency) -> None:
    agency.sheet_is(*(house(number) for number in range(4)))
    assert agency.run("sync", "all").code == 0
    last = checks_of(agency)[""]["lastSync"]
    agency.sheet_is(*(house(number, price="#REF!") for number in range(4)))
    assert agency.run("sync", "all").code == 1
    found = checks_of(agency, SYNC_STALE_AFTER="60")
    assert found[""]["lastSync"] == last
    assert found[""]["status"] == "unhealthy"
    assert found[""]["errorRate"] == 0.5
