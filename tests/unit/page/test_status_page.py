"""page/status_page.py: one file that needs nothing else, says no value and can be read by all."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from listing_sync.commands.page_facts import RUNS_OPENED
from listing_sync.history.runs import RunStats, RunStatus
from listing_sync.page.status_page import REFRESH_S, refresh, render, write
from listing_sync.page.trouble import REJECTIONS_SHOWN
from tests.local_world import LocalWorld
from tests.page_facts import LINK, PAGES, REJECTIONS, SECRET_VALUE, course, facts_of
from tests.runs import make_run

EMPTY_ELEMENTS = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """The page as elements: (tag, attributes, own text), and whether every one is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in EMPTY_ELEMENTS:
            self._open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data) -> None:
        for index in self._open:
            self.elements[index][2].append(data)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes, _ in self.elements if tag in tags]

    def texts(self, tag: str) -> list[str]:
        return ["".join(text) for name, _, text in self.elements if name == tag]

    def meta(self, name: str) -> str | None:
        return next(
            item["content"]
            for item in self.all("meta")
            if name in {item.get("name"), item.get("http-equiv")}
        )


@pytest.fixture(params=PAGES.values(), ids=list(PAGES))
def page(request: pytest.FixtureRequest) -> Page:
    return Page(render(request.param))


# -- every page -------------------------------------------------------------------------------


def test_no_page_loads_anything_or_sends_anything(page) -> None:
    assert page.all("script") == [{}]
    assert page.all("img", "iframe", "object", "embed", "form", "base") == []
    assert all(item["href"].startswith("data:image/svg+xml;base64,") for item in page.all("link"))
    assert all(item["href"] == LINK for item in page.all("a"))
    assert not re.search(r"url\(|@import|\son\w+=|style=", page.html)


def test_the_policy_allows_only_the_style_and_the_script_that_are_there(page) -> None:
    policy = page.meta("Content-Security-Policy")
    for kind, (content,) in (("style", page.texts("style")), ("script", page.texts("script"))):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "connect-src 'none'" in policy


def test_no_page_holds_the_value_of_a_cell(page) -> None:
    assert SECRET_VALUE not in page.html


def test_every_page_is_fit_for_screen_readers_phones_and_both_colour_schemes(page) -> None:
    assert page.all("html") == [{"lang": "en"}]
    assert page.meta("viewport") == "width=device-width, initial-scale=1"
    assert page.meta("color-scheme") == "light dark"
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(header.get("scope") in {"col", "row"} for header in page.all("th"))
    names = {item["id"] for item in page.all("h2", "h3", "title", "desc") if "id" in item}
    named = [item["aria-labelledby"] for _, item, _ in page.elements if "aria-labelledby" in item]
    assert {name for names_of in named for name in names_of.split()} <= names
    assert all("aria-labelledby" in item or "aria-hidden" in item for item in page.all("svg"))
    identifiers = [item["id"] for _, item, _ in page.elements if "id" in item]
    assert len(identifiers) == len(set(identifiers))


def test_every_page_reloads_itself_and_says_when_it_was_made_with_its_zone(page) -> None:
    assert page.meta("refresh") == str(REFRESH_S)
    assert page.all("main") == [{"data-reload": str(REFRESH_S)}]
    assert page.texts("p")[-2] == "As of 2026-03-01 18:03 JST"
    assert page.all("time")[-1] == {"datetime": "2026-03-01T09:03:00Z", "data-stale": "86400"}


# -- what they say ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verdict", "headline"),
    [
        ("before the first run", "Needs a look", "No run has ended yet."),
        ("healthy", "All is well", "All 10 listings are on the site as the sheet says."),
        ("degraded", "Needs a look", "9 of 10 listings are on the site as the sheet says."),
        (
            "unhealthy",
            "Not working as it should",
            "The last run failed: no answer within 30 s <5 tries>",
        ),
        (
            "supabase away",
            "Not working as it should",
            "Supabase cannot be read; only what this machine knows",
        ),
    ],
)
def test_the_state_is_told_in_one_sentence(name, verdict, headline) -> None:
    page = Page(render(PAGES[name]))
    assert page.texts("title")[0] == f"{verdict} - listing-sync"
    assert headline_of(page).startswith(f"{verdict}{headline}")


def headline_of(page: Page) -> str:
    return next(
        "".join(text)
        for tag, attributes, text in page.elements
        if tag == "div" and (attributes.get("class") or "").startswith("verdict")
    ).strip()


def test_what_needs_a_hand_comes_first_then_the_state_then_what_was() -> None:
    assert Page(render(PAGES["degraded"])).texts("h2") == [
        "Needs a hand",
        "State",
        "History",
        "The machine",
    ]
    assert "Nothing needs a hand." in Page(render(PAGES["healthy"])).texts("p")


def test_listings_outside_the_share_are_not_called_missing() -> None:
    run = make_run(1, stats=RunStats(total=10, unchanged=3, skipped=7))
    assert headline_of(Page(render(facts_of((run,))))).endswith(
        "All 3 listings are on the site as the sheet says. 7 more are outside the rollout share."
    )


def test_an_interrupted_run_is_not_called_a_failure() -> None:
    run = make_run(1, RunStatus.INTERRUPTED, why="stopped by SIGTERM")
    headline = headline_of(Page(render(facts_of((run,)))))
    assert headline.endswith("The last run was stopped: stopped by SIGTERM")


def test_rejected_listings_link_to_their_cells_and_foreign_text_stays_text() -> None:
    page = Page(render(PAGES["degraded"]))
    assert page.all("a") == [{"href": LINK, "rel": "noopener noreferrer"}]
    rows = [row for row in page.texts("tr") if "JST" in row]
    assert rows[0] == "AA12345物件一覧!F17価格: not a number2026-02-26 18:03 JST"
    assert rows[2].startswith(
        '<b>AA</b>L!A41\\u202e"><script>alert(1)</script>: the database refuses it & says <why>'
    )


def test_a_column_that_fails_as_a_whole_is_one_line_and_the_others_stay() -> None:
    column = tuple(replace(REJECTIONS[0], property_number=f"AA{n}") for n in range(9))
    other = replace(REJECTIONS[0], property_number="AA99", column="種別")
    page = Page(render(facts_of(course(RunStatus.PARTIAL), (*column, other))))
    lines = page.texts("li")
    assert any(
        line.startswith("The whole column 価格: 9 listings cannot be read. The first cell: 物件")
        for line in lines
    )
    assert [row[:4] for row in page.texts("tr") if "JST" in row] == ["AA99"]


def test_a_run_opens_to_its_id_and_to_what_it_changed() -> None:
    page = Page(render(PAGES["changing"]))
    run = next(text for text in page.texts("details") if "AA10002" in text)
    assert run.startswith("2026-03-01 18:00 JST completed 1 new, 1 changed, 1 removed")
    assert "00000000-0000-4000-8000-000000000000" in run
    assert "AA10002 価格: 65100000 → 51200000; 状況: blank → <b>商談中</b>" in run
    assert "AA10003 removed" in run
    numbers = {item["data-number"] for item in page.all("li") if "data-number" in item}
    assert numbers == {"AA10001", "AA10002", "AA10003"}


def test_pictures_say_in_words_what_they_show() -> None:
    page = Page(render(PAGES["changing"]))
    changed, rejected, failed, share, durations, throughputs = page.texts("desc")
    assert changed.startswith("01-31: 0; ")
    assert changed.endswith("03-01: 18")
    assert rejected.endswith("03-01: 0")
    assert failed.startswith("01-31: –")
    assert share.endswith("03-01: 100%")
    assert len(durations.split("; ")) == len(throughputs.split("; ")) == 7
    bars = [item for item in page.all("rect") if item["class"] == "bar"]
    assert len(bars) == 4 * 30 + 2 * 7
    assert max(float(bar["height"] or 0) for bar in bars) == 106


def test_figures_of_a_day_and_a_week_stand_side_by_side() -> None:
    metrics = {
        "requests": 30,
        "retries": 2,
        "latency_p50_s": 0.1,
        "latency_p95_s": 0.25,
        "latency_p99_s": 1.5,
        "rate_limit_wait_s": 90,
        "retry_wait_s": 3,
    }
    runs = (make_run(1, metrics=metrics), make_run(2, minutes=-60 * 48, metrics=metrics))
    page = Page(render(facts_of(runs)))
    (figures,) = [text for text in page.texts("table") if text.startswith("Runs of all listings")]
    assert figures.split("7 days", 2)[2].splitlines() == [
        "Runs12",
        "Success rate100%100%",
        "Average run1 min1 min",
        "Listings a second0.20.2",
        "Requests3060",
        "Retries24",
        "Request, median100 ms100 ms",
        "Request, 95 of 100 within250 ms250 ms",
        "Request, 99 of 100 within1,500 ms1,500 ms",
        "Waited for the rate limit1 min 30 s3 min",
        "Waited before retries3.0 s6.0 s",
    ]


def test_a_page_without_a_run_draws_no_days() -> None:
    page = Page(render(PAGES["before the first run"]))
    assert {item["height"] for item in page.all("rect")} == {"0.0"}
    assert [text[:10] for text in page.texts("desc")] == ["02-23: –; "] * 2


def test_a_page_without_supabase_gives_no_figures() -> None:
    page = Page(render(PAGES["supabase away"]))
    assert page.all("figure") == []
    assert len(page.texts("dd")) == 1 + 3


def test_long_lists_are_cut_and_counted() -> None:
    many = tuple(replace(REJECTIONS[0], property_number=f"AA{n}") for n in range(510))
    runs = course(*[RunStatus.PARTIAL] * 40)
    facts = replace(facts_of(runs, many), rejected_by=replace(runs[0], stats=BIG))
    page = Page(render(facts))
    assert sum("not a number" in row for row in page.texts("tr")) == REJECTIONS_SHOWN
    assert any(text.startswith("10 more: listing-sync status") for text in page.texts("p"))
    assert len(page.all("details")) == RUNS_OPENED + 3


BIG = RunStats(total=5000, unchanged=4490, failed=510)


def test_commands_in_sentences_are_set_as_code() -> None:
    assert "listing-sync sync all" in Page(render(PAGES["before the first run"])).texts("code")


# -- the file ---------------------------------------------------------------------------------


def test_a_page_replaces_the_one_before_whole_and_is_readable_by_all(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    write(path, "new 語")
    assert path.read_text(encoding="utf-8") == "new 語"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write(path, "new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_that_cannot_be_refreshed_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "nowhere" / "page.html"
    logger = logging.getLogger("listing_sync")
    logger.addHandler(caplog.handler)
    with caplog.at_level("WARNING", logger=logger.name):
        refresh(LocalWorld(tmp_path), path)
    logger.removeHandler(caplog.handler)
    assert f"SYNC_STATUS_PAGE {path} was not written: No such file or directory" in caplog.text


def test_a_page_is_refreshed_from_records_and_journal(tmp_path: Path) -> None:
    world = LocalWorld(tmp_path)
    world.records.save(make_run(1))
    refresh(world, tmp_path / "page.html")
    assert "All 10 listings" in (tmp_path / "page.html").read_text(encoding="utf-8")
