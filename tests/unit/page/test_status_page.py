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

from listing_sync.history.runs import RunStats, RunStatus
from listing_sync.page.status_page import REFRESH_S, refresh, render, write
from listing_sync.page.tables import REJECTIONS_SHOWN, RUNS_SHOWN
from tests.local_world import LocalWorld
from tests.page_facts import LINK, PAGES, REJECTIONS, SECRET_VALUE, course, facts_of
from tests.runs import make_run

EMPTY_ELEMENTS = {"meta", "link", "br"}


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


def test_no_page_loads_anything_or_runs_a_script(page) -> None:
    assert page.all("script", "img", "iframe", "object", "embed", "form", "base") == []
    assert all(item["href"].startswith("data:image/svg+xml;base64,") for item in page.all("link"))
    assert all(item["href"] == LINK for item in page.all("a"))
    assert not re.search(r"url\(|@import|\son\w+=|style=", page.html)


def test_the_policy_allows_only_the_style_that_is_there(page) -> None:
    (style,) = page.texts("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.meta("Content-Security-Policy")
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; script-src ")


def test_no_page_holds_the_value_of_a_cell(page) -> None:
    assert SECRET_VALUE not in page.html


def test_every_page_is_fit_for_screen_readers_phones_and_both_colour_schemes(page) -> None:
    assert page.all("html") == [{"lang": "en"}]
    assert page.meta("viewport") == "width=device-width, initial-scale=1"
    assert page.meta("color-scheme") == "light dark"
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(header.get("scope") in {"col", "row"} for header in page.all("th"))
    names = {item["id"] for item in page.all("h2", "title", "desc") if "id" in item}
    named = [item["aria-labelledby"] for _, item, _ in page.elements if "aria-labelledby" in item]
    assert {name for names_of in named for name in names_of.split()} <= names
    assert all("aria-labelledby" in item or "aria-hidden" in item for item in page.all("svg"))
    identifiers = [item["id"] for _, item, _ in page.elements if "id" in item]
    assert len(identifiers) == len(set(identifiers))


def test_every_page_reloads_itself_and_says_when_it_was_written(page) -> None:
    assert page.meta("refresh") == str(REFRESH_S)
    assert "Written 2026-03-01 18:03" in " ".join(page.texts("p"))
    assert page.all("time")[0] == {"datetime": "2026-03-01T09:03:00Z"}
    assert "Times are JST." in page.html


# -- what they say ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verdict", "headline"),
    [
        ("before the first run", "Needs a look", "No run has ended yet."),
        ("healthy", "Healthy", "All 10 listings are on the site as the sheet says."),
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
def test_the_verdict_comes_first(name, verdict, headline) -> None:
    page = Page(render(PAGES[name]))
    assert page.texts("title")[0] == f"{verdict} - listing-sync"
    assert page.texts("strong")[0] == verdict
    assert page.texts("p")[0].startswith(headline)


def test_listings_outside_the_share_are_not_called_missing() -> None:
    run = make_run(1, stats=RunStats(total=10, unchanged=3, skipped=7))
    assert Page(render(facts_of((run,)))).texts("p")[0] == (
        "All 3 listings are on the site as the sheet says. 7 more are outside the rollout share."
    )


def test_an_interrupted_run_is_not_called_a_failure() -> None:
    run = make_run(1, RunStatus.INTERRUPTED, why="stopped by SIGTERM")
    headline = Page(render(facts_of((run,)))).texts("p")[0]
    assert headline == "The last run was stopped: stopped by SIGTERM"


def test_rejected_listings_link_to_their_cells_and_foreign_text_stays_text() -> None:
    page = Page(render(PAGES["degraded"]))
    assert page.all("a") == [{"href": LINK, "rel": "noopener noreferrer"}]
    rows = page.texts("tr")
    assert "AA12345物件一覧!F17価格: not a number\n" in [f"{row}\n" for row in rows]
    assert (
        '<b>AA</b>L!A41\\u202e"><script>alert(1)</script>: the database refuses it & says <why>'
        in rows
    )


def test_pictures_say_in_words_what_they_show() -> None:
    page = Page(render(PAGES["healthy"]))
    durations, throughputs = page.texts("desc")
    assert durations.startswith("Mon 23: ")
    assert durations.endswith("Sun 01: 40 s")
    assert len(throughputs.split("; ")) == 7
    bars = [item for item in page.all("rect") if item["class"] == "bar"]
    assert len(bars) == 14
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
    (figures,) = [text for text in page.texts("section") if text.startswith("Figures")]
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


def test_a_day_without_a_run_has_no_bar_and_a_dash() -> None:
    page = Page(render(PAGES["before the first run"]))
    assert {item["height"] for item in page.all("rect")} == {"0.0"}
    assert page.texts("desc")[0].startswith("Mon 23: –; Tue 24: –")


def test_a_page_without_supabase_gives_no_figures() -> None:
    page = Page(render(PAGES["supabase away"]))
    assert page.texts("h2") == ["What to look after", "Runs"]
    assert page.all("figure", "dl") == []


def test_long_lists_are_cut_and_counted() -> None:
    many = tuple(replace(REJECTIONS[0], property_number=f"AA{n}") for n in range(510))
    runs = course(*[RunStatus.PARTIAL] * 40)
    page = Page(render(facts_of(runs, many)))
    rejected, _, _, history, _ = page.texts("tbody")
    assert rejected.count("not a number") == REJECTIONS_SHOWN
    assert any("The first 500; 10 more" in caption for caption in page.texts("caption"))
    assert history.count("partial") == RUNS_SHOWN


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
