"""The live page as a person at the office uses it."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from listing_sync.page.status_page import render
from listing_sync.serve.api import BASE
from tests.browser.chromium import PROGRAM
from tests.cli.agency import house
from tests.cli.serving import TOKENS, served, token, until
from tests.page_facts import PAGES

AXE = Path(__file__).parents[1] / "stack" / "node_modules" / "axe-core" / "axe.min.js"
SLOW = {"SYNC_BATCH_SIZE": "1", "SYNC_RATE_LIMIT": "5"}
SERIOUS = "found.violations.filter((each) => ['serious', 'critical'].includes(each.impact))"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.stack,
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (Debian: chromium)"),
]


def log_in(tab, url, text):
    tab.go(f"{str(url).rstrip('/')}/login")
    tab.fill("#token", text)
    tab.press("button")


def serious_faults(tab):
    """Return what axe-core finds that would keep somebody from using the page."""
    tab.run(AXE.read_text(encoding="utf-8") + "; true")
    script = f"axe.run().then((found) => {SERIOUS}.map((each) => each.id + each.nodes[0].html))"
    return tab.run(script)


def overflow(tab, pixels):
    tab.width(pixels)
    tab.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    return tab.run(
        "[...document.querySelectorAll('body *')].filter((each) => each.getClientRects().length"
        " && each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML)"
    )


def test_a_mended_listing_leaves_the_list_when_two_numbers_are_synced(agency, tab):
    agency.sheet_is(house(1), house(2), house(3, price="ask"))
    assert agency.run("sync", "all").code == 1
    with served(agency, token(agency)) as (_, client):
        log_in(tab, client.base_url, "lsync_0_wrong")
        tab.sees("This token is not known")
        tab.fill("#token", token(agency, "second"))
        tab.press("button")
        tab.sees("Needs a hand")
        assert "AA10003" in tab.text()
        tab.sees("No sync is under way.")
        assert serious_faults(tab) == []

        agency.set_cell("C4", 29_000_000)
        tab.fill("#numbers", "AA10001, AA10003")
        tab.press("#order button[value=these]")
        tab.until("!document.querySelector('progress').hidden")
        tab.press("#order button[value=all]")  # once more: it is under way
        tab.sees("The sync is done.")
        tab.until("!document.querySelector('.trouble').innerText.includes('AA10003')")
        assert agency.table()["AA10003"] == 29_000_000
        assert agency.project.execute("select count(*) from sync_state") == [(2,)]
        assert [overflow(tab, pixels) for pixels in (360, 1280)] == [[], []]
        assert [line for line in tab.console if "401" not in line] == []


def test_who_may_only_read_has_no_order_and_leaves_with_the_token(agency, tab):
    agency.sheet_is(house(1))
    with served(agency, token(agency, role="read")) as (_, client):
        log_in(tab, client.base_url, token(agency, "monitor", role="read"))
        tab.sees("No sync is under way.")
        assert tab.run("document.getElementById('order')") is None
        assert agency.run("serve", "token", "remove", "monitor", **TOKENS).code == 0
        agency.run("sync", "all")
        tab.until("location.pathname === '/login'")


def test_the_bar_moves_and_a_run_that_is_killed_is_told(agency, tab):
    agency.sheet_is(*[house(number) for number in range(40)])
    text = token(agency)
    with served(agency, text, **SLOW) as (_, client):
        log_in(tab, client.base_url, text)
        tab.sees("No sync is under way.")
        tab.press("#order button[value=all]")
        tab.until("document.querySelector('progress').value > 0")
        assert re.search(r"A sync is under way: \d+ of 40 listings", tab.text())
        assert client.post(f"{BASE}/manual", json={}).status_code == 409
        query = "select pid from sync_state where status = 'in_progress'"
        ((pid,),) = until(lambda: agency.project.execute(query))
        subprocess.run(["kill", f"-{int(signal.SIGKILL)}", str(pid)], check=True)
        tab.sees("The sync failed. its process was killed (signal 9)")
        tab.sees("No sync is under way.")


def test_the_page_says_that_supabase_is_down(agency, tab):
    agency.sheet_is(house(1))
    text = token(agency)
    with served(agency, text, SUPABASE_URL="http://127.0.0.1:9") as (_, client):
        log_in(tab, client.base_url, text)
        tab.sees("Supabase cannot be read")
        assert serious_faults(tab) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_from_using_it(tab, tmp_path, scheme):
    tab.send(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    for name in ("degraded", "changing"):
        page = tmp_path / f"{name}.html"
        page.write_text(render(PAGES[name]), encoding="utf-8")
        tab.go(page.as_uri())
        assert [overflow(tab, pixels) for pixels in (360, 1280)] == [[], []]
        assert serious_faults(tab) == []


def test_a_number_is_found_among_trouble_and_changes_without_a_server(tab, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(render(PAGES["degraded"]), encoding="utf-8")
    tab.go(page.as_uri())
    tab.fill("#search", "ａａ123")
    tab.sees("Lines found: 1")
    assert "AA12345" in tab.text()
    assert "the property number is missing" not in tab.text()
    assert tab.run("document.querySelector('.age.stale').textContent").endswith("ago)")
