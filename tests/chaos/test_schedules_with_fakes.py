"""Any faults in three runs: nothing is lost, doubled, or claimed that did not happen."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from listing_sync.commands.sync import SyncResult
from listing_sync.errors import Category, RowError, Service, StoppedError
from listing_sync.history.runs import ENDED, RunStatus
from listing_sync.machine.breaker_file import BreakerFile
from listing_sync.reliability.breaker import Breaker
from tests.chaos.fake_world import KEY, Disturbance, Fault, Scene
from tests.chaos.how_many import IS_LONG, SCHEDULES

pytestmark = pytest.mark.chaos

NUMBERS = [f"AA{number}" for number in range(1, 15)]
REJECTED = "応相談"
DAY = timedelta(days=1)
SECONDS = st.floats(0, 20)

OF_THE_MOMENT = st.builds(
    Fault,
    category=st.sampled_from((Category.NETWORK, Category.RATE_LIMIT, Category.DATABASE)),
    after=st.booleans(),
    takes_s=st.sampled_from((0.0, 0.0, 30.0)),
    retry_after_s=st.sampled_from((None, None, None, 0.0, 2.0, 60.0, 3600.0)),
)
OF_THE_RUN = st.just(Fault(None))


@st.composite
def outages(draw: st.DrawFn) -> dict[int, Fault]:
    """Draw faults by the number of the request: some, each for some requests in a row."""
    faults: dict[int, Fault] = {}
    for _ in range(draw(st.integers(0, 4))):
        first, length = draw(st.integers(0, 25)), draw(st.sampled_from((1, 1, 2, 4, 9)))
        fault = draw(OF_THE_MOMENT if length > 1 else OF_THE_MOMENT | OF_THE_RUN)
        faults |= dict.fromkeys(range(first, first + length), fault)
    return faults


DISTURBANCES = st.builds(
    Disturbance,
    faults=st.fixed_dictionaries({service: outages() for service in Service}),
    stops_after_s=st.none() | st.none() | SECONDS,
    stops_at_request=st.none() | st.none() | st.integers(0, 25),
    clock_jumps=st.lists(
        st.tuples(SECONDS, st.sampled_from((-DAY, timedelta(seconds=-90), DAY))), max_size=1
    ).map(tuple),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What is in the table and the sheet, how the runs are set up and what befalls them."""

    table: Mapping[str, int]
    sheets: tuple[Mapping[str, int | str], ...]
    disturbances: tuple[Disturbance, ...]
    refused: frozenset[str]
    largest: int | None
    batch_size: int
    prune: bool
    concurrency: int
    threshold: int
    retries: int
    rate: int


STORIES = st.builds(
    Story,
    table=st.dictionaries(st.sampled_from(NUMBERS), st.integers(1, 9)),
    sheets=st.tuples(
        *[
            st.dictionaries(
                st.sampled_from(NUMBERS), st.integers(1, 9) | st.just(REJECTED), min_size=1
            )
        ]
        * 3
    ),
    disturbances=st.lists(DISTURBANCES, min_size=1, max_size=3).map(tuple),
    refused=st.frozensets(st.sampled_from(NUMBERS), max_size=2),
    largest=st.none() | st.integers(1, 3),
    batch_size=st.integers(1, 6),
    prune=st.booleans(),
    concurrency=st.sampled_from((1, 4)),
    threshold=st.integers(1, 5),
    retries=st.integers(0, 3),
    rate=st.sampled_from((0, 2, 10)),
)


@settings(
    max_examples=SCHEDULES,
    derandomize=not IS_LONG,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(story=STORIES)
def test_after_any_faults_the_table_equals_the_sheet_and_every_run_is_told_once(
    story: Story,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = _scene(story, Path(folder))
        for sheet, disturbance in zip(story.sheets, story.disturbances, strict=False):
            scene.put(sheet)
            result = scene.run(disturbance)
            event(f"a run {result.run.status}: {type(result.error).__name__}")
            _check_claims(scene, story, sheet, result)
            _check_rate(scene, story)
            _check_records(scene)
            scene.time.pass_by(61)
        _check_end(scene, story, sheet)


def _scene(story: Story, folder: Path) -> Scene:
    scene = Scene(
        folder,
        {number: {"price": price} for number, price in story.table.items()},
        batch_size=story.batch_size,
        prune=story.prune,
        sync_concurrency=story.concurrency,
        sync_circuit_breaker_threshold=story.threshold,
        sync_retry_attempts=story.retries,
        sync_rate_limit=story.rate,
    )
    scene.table.refused = dict.fromkeys(
        story.refused,
        RowError("the row is bad", service=Service.SUPABASE, category=Category.DATABASE),
    )
    scene.table.largest = story.largest
    return scene


def _valid(sheet: Mapping[str, int | str]) -> dict[str, int]:
    return {number: price for number, price in sheet.items() if isinstance(price, int)}


def _prices(scene: Scene) -> dict[str, object]:
    return {number: row["price"] for number, row in scene.table.content.items()}


def _check_claims(
    scene: Scene, story: Story, sheet: Mapping[str, int | str], result: SyncResult
) -> None:
    stats, table = result.run.stats, scene.table
    assert stats.total == stats.success + stats.failed + stats.skipped
    assert stats.inserted + stats.updated == len(set(table.told_written))
    assert len(table.told_written) == len(set(table.told_written)), "written twice in a run"
    assert stats.removed == len(table.told_removed)
    agreeing = _valid(sheet).items() & _prices(scene).items()
    assert stats.success <= len(agreeing)
    failed = {item.property_number for item in result.rejections}
    assert not failed & set(table.told_written)
    if result.error is None:
        assert result.run.status in {RunStatus.COMPLETED, RunStatus.PARTIAL, RunStatus.FAILED}
        assert stats.skipped == 0
        assert stats.total == len(sheet)
        assert {number for number, _ in agreeing} | failed >= set(sheet)
    elif isinstance(result.error, StoppedError) and result.error.signal:
        assert result.run.status is RunStatus.INTERRUPTED
    else:
        assert result.run.status is RunStatus.FAILED
    assert set(table.told_removed).isdisjoint(sheet)
    assert not story.refused & set(table.told_written)


def _check_rate(scene: Scene, story: Story) -> None:
    """In any window of s seconds at most rate * s requests, and the bucket's content once.

    A thread that may ask may do so a little later.
    """
    if story.rate == 0:
        return
    times = sorted(scene.asked_at_s)
    content = story.rate + story.concurrency
    for index, begin in enumerate(times):
        for later, end in enumerate(times[index:], start=1):
            assert later <= story.rate * (end - begin) + content + 1e-6


def _check_records(scene: Scene) -> None:
    """Every run that has ended is in the records or waits on disk, as it was told."""
    kept = {entry.run.run_id: entry.run for entry in scene.journal.entries()}
    known = {run_id: run for run_id, run in scene.records.runs.items() if run.status in ENDED}
    told = {result.run.run_id: replace(result.run, in_journal=False) for result in scene.results}
    assert known | kept == told
    assert len(told) == len(scene.results)


def _check_end(scene: Scene, story: Story, sheet: Mapping[str, int | str]) -> None:
    """Without faults one run does the rest, or the next if a breaker opened and time went back."""
    result = scene.run()
    if any(by < timedelta() for run in story.disturbances for _, by in run.clock_jumps):
        scene.time.pass_by(61)
        result = scene.run()
    assert result.error is None
    is_clean = not (result.rejections or result.run.stats.failed)
    assert result.run.status is (RunStatus.COMPLETED if is_clean else RunStatus.PARTIAL)
    _check_claims(scene, story, sheet, result)
    _check_records(scene)
    assert scene.journal.entries() == ()
    before = dict(story.table)
    expected = {n: p for n, p in _valid(sheet).items() if n not in story.refused}
    table = _prices(scene)
    assert table.items() >= expected.items()
    if story.prune:
        assert table.keys() <= sheet.keys() | story.refused
    else:
        assert table.keys() >= before.keys()
    for service in Service:
        assert BreakerFile(scene.state, service).load() == Breaker()
    assert scene.warnings == []
    stats = scene.run().run.stats
    assert (stats.inserted, stats.updated, stats.removed) == (0, 0, 0)
    written = b"".join(path.read_bytes() for path in scene.folder.rglob("*") if path.is_file())
    assert KEY.encode() not in written
