"""The metrics file, read back by prometheus-client's own parser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from listing_sync.history.runs import Run, RunStats, RunStatus, RunType
from listing_sync.signals.metrics_file import HELP, PrometheusFile
from tests.runs import make_run

SUCCESS = "listing_sync_last_success_timestamp_seconds"
METRICS = {
    "requests": 12,
    "retries": 1,
    "bytes": 3456,
    "bytes_from_supabase": 2000,
    "bytes_from_google": 1000,
    "rate_limit_wait_s": 0.5,
    "retry_wait_s": 1.0,
    "latency_p50_s": 0.01,
    "latency_p95_s": 0.02,
    "latency_p99_s": 0.03,
    "cpu_s": 0.9,
    "peak_memory_bytes": 60_000_000,
    "rewritten": {"price": [1]},
}

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples_of(path: Path) -> Samples:
    """Return (name, labels but source and target) -> value."""
    return {
        (
            sample.name,
            frozenset(sample.labels.items()) - {("source", "sheet"), ("target", "table")},
        ): (sample.value)
        for family in text_string_to_metric_families(path.read_text(encoding="utf-8"))
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "listing_sync.prom"


def write(path: Path, *runs: Run) -> Samples:
    for run in runs:
        PrometheusFile(path).write(run)
    return samples_of(path)


def test_a_run_is_told_whole(path: Path) -> None:
    stats = RunStats(total=10, inserted=1, updated=2, unchanged=3, failed=4, removed=5)
    run = make_run(status=RunStatus.PARTIAL, took_s=90, stats=stats, metrics=METRICS)
    samples = write(path, run)
    assert run.completed_at is not None
    ended_at = run.completed_at.timestamp()
    run_name = "listing_sync_last_run_"
    assert value(samples, SUCCESS) == ended_at
    for name, expected in {
        "timestamp_seconds": ended_at,
        "duration_seconds": 90,
        "requests": 12,
        "retries": 1,
        "transferred_bytes": 3456,
        "rate_limit_wait_seconds": 0.5,
        "retry_wait_seconds": 1,
        "cpu_seconds": 0.9,
        "peak_memory_bytes": 60_000_000,
    }.items():
        assert value(samples, run_name + name, type="full") == expected, name
    outcomes = {
        "inserted": 1,
        "updated": 2,
        "unchanged": 3,
        "failed": 4,
        "removed": 5,
        "skipped": 0,
    }
    for outcome, count in outcomes.items():
        assert value(samples, run_name + "listings", type="full", outcome=outcome) == count
    for status in ("completed", "partial", "failed", "interrupted"):
        is_it = float(status == "partial")
        assert value(samples, run_name + "status", type="full", status=status) == is_it
    for quantile, latency_s in {"0.5": 0.01, "0.95": 0.02, "0.99": 0.03}.items():
        name = run_name + "request_latency_seconds"
        assert value(samples, name, type="full", quantile=quantile) == latency_s
    for service, received in {"supabase": 2000, "google": 1000}.items():
        name = run_name + "received_bytes"
        assert value(samples, name, type="full", service=service) == received
    assert {name for name, _ in samples} == set(HELP)


def test_every_sample_names_its_source_and_target(path: Path) -> None:
    write(path, make_run())
    for line in path.read_text(encoding="utf-8").splitlines():
        is_named = 'source="sheet"' in line and 'target="table"' in line
        assert line.startswith("#") or is_named


def test_the_last_success_is_kept_through_failures_and_interruptions(path: Path) -> None:
    good = make_run(1)
    later = [
        make_run(2, RunStatus.FAILED, minutes=5),
        make_run(3, RunStatus.INTERRUPTED, minutes=10),
        make_run(4, minutes=15, run_type=RunType.SELECTIVE),
    ]
    samples = write(path, good, *later)
    assert good.completed_at is not None
    assert value(samples, SUCCESS) == good.completed_at.timestamp()


def test_a_success_moves_it(path: Path) -> None:
    again = make_run(2, RunStatus.PARTIAL, minutes=5)
    assert again.completed_at is not None
    assert value(write(path, make_run(1), again), SUCCESS) == again.completed_at.timestamp()


def test_no_success_yet_is_no_sample(path: Path) -> None:
    assert value(write(path, make_run(1, RunStatus.FAILED)), SUCCESS) is None


def test_a_run_of_a_few_listings_leaves_what_the_run_of_all_said(path: Path) -> None:
    few = RunStats(total=1, unchanged=1)
    samples = write(path, make_run(1), make_run(2, run_type=RunType.SELECTIVE, stats=few))
    name = "listing_sync_last_run_listings"
    assert value(samples, name, type="full", outcome="unchanged") == 10
    assert value(samples, name, type="selective", outcome="unchanged") == 1


def test_what_another_sheet_said_is_not_kept(path: Path) -> None:
    samples = write(path, make_run(1, source="old sheet"), make_run(2, RunStatus.FAILED))
    assert not any("old sheet" in dict(labels).values() for _, labels in samples)


def test_prometheus_accepts_the_text(path: Path) -> None:
    write(path, make_run(metrics=METRICS, source='シート "x"\n\\y'))
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    families = list(text_string_to_metric_families(text))
    assert {family.type for family in families} == {"gauge"}
    assert {sample.timestamp for family in families for sample in family.samples} == {None}
    assert families[0].samples[0].labels["source"] == 'シート "x"\n\\y'


def test_everybody_may_read_the_file_and_nothing_else_is_left(path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(path, make_run())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"{{{", b"\xff\xfe", b"listing_sync_last 1 2 3 4"])
def test_a_damaged_file_is_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert value(write(path, make_run()), SUCCESS) is not None


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "x.prom"
    why = PrometheusFile(path).write(make_run())
    assert why == f"{path} was not written: No such file or directory"


def test_nothing_is_written_where_nobody_reads() -> None:
    assert PrometheusFile(None).write(make_run()) is None
