"""Write a run that has ended into a file for Prometheus' textfile collector.

Every sample carries the run's source and target, so that the files of several sheets live in one
directory, and what is said of a run carries its type: a run of a few listings leaves what the last
run of all said. The time of the last success outlives failures.

Source: node_exporter's README, "Textfile Collector"; Prometheus, "Metric and label naming".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from listing_sync.history.run_statistics import duration_s, is_good, metric
from listing_sync.history.runs import ENDED, Run, RunType
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.regular_file import read_regular

_READABLE_BY_ALL = 0o644
_SUCCESS = "listing_sync_last_success_timestamp_seconds"
_RUN = "listing_sync_last_run_"

HELP = {
    _SUCCESS: "When the last good run of all listings ended: completed, be it in part.",
    _RUN + "timestamp_seconds": "When the last run ended.",
    _RUN + "duration_seconds": "How long the last run took.",
    _RUN + "status": "1 for the status with which the last run ended, else 0.",
    _RUN + "listings": "Listings of the last run by what became of them.",
    _RUN + "requests": "Requests of the last run.",
    _RUN + "retries": "Tries of the last run that repeated a failed one.",
    _RUN + "transferred_bytes": "Bytes of bodies sent and received by the last run.",
    _RUN + "received_bytes": "Bytes of answers of the last run as they came, by service.",
    _RUN + "rate_limit_wait_seconds": "Waits of the last run for its rate limit.",
    _RUN + "retry_wait_seconds": "Waits of the last run after failed tries.",
    _RUN + "request_latency_seconds": "Latencies of the requests of the last run.",
    _RUN + "cpu_seconds": "CPU time of the last run.",
    _RUN + "peak_memory_bytes": "Peak resident memory of the last run.",
}
"""Name and help of every metric; all are gauges."""

_NUMBERS = {
    "requests": "requests",
    "retries": "retries",
    "transferred_bytes": "bytes",
    "rate_limit_wait_seconds": "rate_limit_wait_s",
    "retry_wait_seconds": "retry_wait_s",
    "cpu_seconds": "cpu_s",
    "peak_memory_bytes": "peak_memory_bytes",
}
_QUANTILES = {"0.5": "latency_p50_s", "0.95": "latency_p95_s", "0.99": "latency_p99_s"}
_SERVICES = {"supabase": "bytes_from_supabase", "google": "bytes_from_google"}
_OUTCOMES = ("inserted", "updated", "unchanged", "removed", "failed", "skipped")


class Sample(NamedTuple):
    """One line of the file; `labels` are (name, value)."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class PrometheusFile:
    """Writes SYNC_METRICS_FILE; None: nobody reads. It returns why it failed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, run: Run) -> str | None:
        """Replace the file atomically with what this run says and what it leaves standing.

        Returns why that failed.
        """
        if self._path is None:
            return None
        try:
            _write(self._path, [*_samples(run), *_standing(self._path, run)])
        except Exception as error:  # noqa: BLE001 - a signal that fails must not fail a good run
            why = system_words(error) if isinstance(error, OSError) else type(error).__name__
            return phrase("{path} was not written: {why}", path=self._path, why=why)
        return None


def _samples(run: Run) -> Iterator[Sample]:
    ended_s = _ended_s(run)
    if _is_success(run):
        yield Sample(_SUCCESS, _whose(run), ended_s)
    labels = (*_whose(run), ("type", run.run_type.value))
    yield Sample(_RUN + "timestamp_seconds", labels, ended_s)
    yield Sample(_RUN + "duration_seconds", labels, duration_s(run))
    for status in sorted(ENDED):
        is_it = float(run.status is status)
        yield Sample(_RUN + "status", (*labels, ("status", status.value)), is_it)
    for outcome in _OUTCOMES:
        listings = getattr(run.stats, outcome)
        yield Sample(_RUN + "listings", (*labels, ("outcome", outcome)), listings)
    for suffix, key in _NUMBERS.items():
        if key in run.metrics:
            yield Sample(_RUN + suffix, labels, metric(run, key))
    for service, key in _SERVICES.items():
        if key in run.metrics:
            from_it = (*labels, ("service", service))
            yield Sample(_RUN + "received_bytes", from_it, metric(run, key))
    for quantile, key in _QUANTILES.items():
        if run.metrics.get(key) is not None:
            name = _RUN + "request_latency_seconds"
            yield Sample(name, (*labels, ("quantile", quantile)), metric(run, key))


def _ended_s(run: Run) -> float:
    return (run.completed_at or run.heartbeat_at).timestamp()


def _is_success(run: Run) -> bool:
    return run.run_type is RunType.FULL and is_good(run)


def _whose(run: Run) -> tuple[tuple[str, str], ...]:
    return (("source", run.source), ("target", run.target))


def _standing(path: Path, run: Run) -> Iterator[Sample]:
    """Read from the present file what this run does not replace; a damaged file holds nothing."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415

    try:
        families = list(text_string_to_metric_families(read_regular(path).decode()))
    except (FileNotFoundError, ValueError):
        return
    for sample in (sample for family in families for sample in family.samples):
        run_type = sample.labels.get("type")
        is_other = run_type not in (None, run.run_type) or (
            sample.name == _SUCCESS and not _is_success(run)
        )
        is_ours = set(_whose(run)) <= set(sample.labels.items())
        if sample.name in HELP and is_ours and is_other:
            is_time = sample.name == _SUCCESS
            # One of the future, by a clock that was put right, would hide that none is good now.
            value = min(sample.value, _ended_s(run)) if is_time else sample.value
            yield Sample(sample.name, tuple(sample.labels.items()), value)


def _write(path: Path, samples: Iterable[Sample]) -> None:
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile  # noqa: PLC0415

    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for name, labels, value in samples:
        if name not in gauges:
            label_names = [label for label, _ in labels]
            gauges[name] = Gauge(name, HELP[name], label_names, registry=registry)
        gauges[name].labels(**dict(labels)).set(value)
    write_to_textfile(str(path), registry)
    path.chmod(_READABLE_BY_ALL)
