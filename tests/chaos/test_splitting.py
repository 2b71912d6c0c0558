"""Guilty listings are found in few requests, and a batch that was too large is not tried again."""

from __future__ import annotations

from math import log2
from pathlib import Path
from random import Random

import pytest

from listing_sync.errors import Category, RowError, Service
from listing_sync.history.runs import RunStatus
from tests.chaos.fake_world import Scene
from tests.chaos.program import Site
from tests.stack.chaos_proxy import ChaosProxy
from tests.stack.loopback import Answer, Request, Wire
from tests.stack.spreadsheet import Cell
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.chaos

LISTINGS = 1000
NUMBERS = [f"AA{number}" for number in range(1, LISTINGS + 1)]
GUILTY = RowError("the row is bad", service=Service.SUPABASE, category=Category.DATABASE)


def requests_to_find(guilty: list[str], folder: Path) -> int:
    """Return how many requests a batch of 1,000 took above the one that it takes without them."""
    scene = Scene(folder, {}, batch_size=LISTINGS, sync_rate_limit=0)
    scene.put(dict.fromkeys(NUMBERS, 1))
    scene.table.refused = dict.fromkeys(guilty, GUILTY)
    result = scene.run()
    assert result.run.status is RunStatus.PARTIAL
    assert {item.property_number for item in result.rejections} == set(guilty)
    assert scene.table.content.keys() == set(NUMBERS) - set(guilty)
    return len(scene.table.writes) - 1


@pytest.mark.parametrize("place", [0, 1, 499, 500, 998, 999])
def test_one_guilty_listing_in_a_thousand_takes_at_most_twice_the_logarithm(
    place: int, tmp_path: Path
) -> None:
    assert requests_to_find([NUMBERS[place]], tmp_path) <= 2 * log2(LISTINGS) + 2


@pytest.mark.parametrize("count", [2, 5])
def test_each_further_guilty_listing_costs_no_more_than_the_first(
    count: int, tmp_path: Path
) -> None:
    guilty = Random(count).sample(NUMBERS, count)
    assert requests_to_find(guilty, tmp_path) <= count * (2 * log2(LISTINGS) + 2)


def test_a_run_keeps_the_size_that_was_not_too_large(tmp_path: Path) -> None:
    scene = Scene(tmp_path, {}, batch_size=100, sync_rate_limit=0, sync_concurrency=1)
    scene.put(dict.fromkeys(NUMBERS, 1))
    scene.table.largest = 30
    result = scene.run()
    assert result.run.stats.inserted == LISTINGS
    sizes = [len(numbers) for _, numbers in scene.table.writes]
    too_large = [size for size in sizes if size > scene.table.largest]
    assert too_large == [100, 50]


def test_single_listings_that_are_too_large_are_reported(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, {}, batch_size=8, sync_rate_limit=0)
    scene.put(dict.fromkeys(NUMBERS[:8], 1))
    scene.table.largest = 0
    result = scene.run()
    assert (result.run.status, result.run.stats.failed) == (RunStatus.PARTIAL, 8)
    assert len(result.rejections) == 8


# -- the program itself ---------------------------------------------------------------------------

SHEET: dict[str, Cell] = {f"AA{number}": number for number in range(101, 141)}


class Gateway(ChaosProxy):
    """Answers a body of more than so many bytes that is sent to one table by itself."""

    def __init__(self, upstream: str, *, table: str, largest_bytes: int, answer: Answer) -> None:
        super().__init__(upstream)
        self.refused = 0
        self._path = f"/rest/v1/{table}"
        self._largest_bytes = largest_bytes
        self._answer = answer

    def serve(self, request: Request, wire: Wire) -> None:
        if request.path == self._path and len(request.body) > self._largest_bytes:
            self.refused += 1
            wire.send(self._answer)
        else:
            super().serve(request, wire)


TOO_LARGE = Answer(413, body=b"<html>413 Request Entity Too Large</html>")
TOO_SLOW = Answer(500, body=b'{"code": "57014", "message": "canceling statement"}')


@pytest.mark.stack
@pytest.mark.parametrize("answer", [TOO_LARGE, TOO_SLOW], ids=["413", "57014"])
def test_a_batch_too_large_or_too_slow_is_sent_in_smaller_parts(answer: Answer, site: Site) -> None:
    site.put(SHEET)
    with Gateway(
        site.supabase.url, table="property_listings", largest_bytes=500, answer=answer
    ) as gateway:
        ended = site.run(
            "sync", "all", sync_batch_size="20", sync_concurrency="1", supabase_url=gateway.url
        )
    assert (ended.code, ended.err) == (0, "")
    assert site.prices() == SHEET
    assert gateway.refused == 1


@pytest.mark.stack
def test_rejections_too_large_for_a_gateway_are_stored_in_smaller_parts(site: Site) -> None:
    site.put(dict.fromkeys(SHEET, "応相談"))
    with Gateway(
        site.supabase.url, table="sync_errors", largest_bytes=4000, answer=TOO_LARGE
    ) as gateway:
        assert site.run("sync", "all", supabase_url=gateway.url).code == 1
    assert gateway.refused
    assert site.supabase.execute("select count(*) from sync_errors") == [(len(SHEET),)]


@pytest.mark.stack
def test_a_short_page_is_never_taken_for_the_end_of_the_table(
    stack: SupabaseLite, tmp_path: Path
) -> None:
    with (
        SupabaseLite(stack.postgres, database="short_pages", max_rows=7) as supabase,
        Site(tmp_path, supabase) as site,
    ):
        site.put(SHEET)
        assert site.run("sync", "all").code == 0
        assert site.run("sync", "all", "--prune").code == 0
        assert [run["inserted_count"] for run in site.runs()] == [len(SHEET), 0]
        assert site.prices() == SHEET
    stack.postgres.drop_database("short_pages")
