"""The page in a real browser: self-contained, silent, legible, fit for phone and keyboard."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listing_sync.page.status_page import render
from tests.browser.chromium import PROGRAM, browse
from tests.page_facts import PAGES
from tests.stack.loopback import Answer, LoopbackServer, Request

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (Debian: chromium)"),
]

MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
WIDTHS = (360, 768, 1280)
GROUNDS = {"light": "rgb(246, 247, 249)", "dark": "rgb(15, 19, 25)"}


class Office(LoopbackServer):
    """Serves the pages and remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.pages = {f"/{name.replace(' ', '-')}": render(facts) for name, facts in PAGES.items()}
        calls = f"measureAll({json.dumps(list(self.pages))}, {json.dumps(WIDTHS)})"
        self.measuring = f"<!doctype html><body><script>{MEASURE}{calls}</script>"

    def answer(self, request: Request) -> Answer:
        self.asked.append(request.path)
        body = self.pages.get(request.path)
        if request.path == "/measuring":
            body = self.measuring
        if body is None:
            return Answer(404)
        return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), body.encode())


@pytest.fixture
def office() -> Iterator[Office]:
    with Office() as server:
        yield server


@pytest.mark.parametrize("name", ["before-the-first-run", "degraded"])
def test_a_page_asks_for_nothing_else_and_leaves_the_console_empty(
    office: Office, tmp_path: Path, name: str
) -> None:
    drawn, console = browse(f"{office.url}/{name}", tmp_path)
    assert "</footer>" in drawn
    assert office.asked == [f"/{name}"]
    assert console == []


def test_a_page_that_breaks_its_own_policy_would_be_noticed(office: Office, tmp_path: Path) -> None:
    office.pages["/broken"] = office.pages["/healthy"].replace(
        "</main>", '<img alt="" src="/elsewhere.png"></main>'
    )
    _, console = browse(f"{office.url}/broken", tmp_path)
    assert "Content Security Policy" in " ".join(console)


@pytest.mark.parametrize("scheme", GROUNDS)
def test_every_page_is_legible_fits_and_can_be_walked_by_keyboard(
    office: Office, tmp_path: Path, scheme: str
) -> None:
    drawn, _ = browse(
        f"{office.url}/measuring", tmp_path, "--virtual-time-budget=20000", dark=scheme == "dark"
    )
    result = re.search(r'<pre id="result">(.*?)</pre>', drawn, re.DOTALL)
    assert result, drawn
    measured: list[dict[str, Any]] = json.loads(html.unescape(result[1]))
    assert len(measured) == len(PAGES) * len(WIDTHS)
    assert {item["ground"] for item in measured} == {GROUNDS[scheme]}
    for item in measured:
        assert (item["overflow"], item["faint"], item["unreachable"]) == (0, [], 0), item
        assert item["stops"] > 0
