"""Put runs, their errors and the story of a listing into lines of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from listing_sync.cells.wording import duration, plain
from listing_sync.cli.text import (
    WIDTH,
    cut,
    exact_local_time,
    indented,
    local_time,
    padded,
    size,
)
from listing_sync.history.month import rejected_and_failed
from listing_sync.history.outcomes import outcome
from listing_sync.history.pace import Pace
from listing_sync.history.run_statistics import duration_s, metric
from listing_sync.history.runs import Run, RunType
from listing_sync.history.signs_of_life import Going, Life, in_words
from listing_sync.history.skipped import skipped_words
from listing_sync.language.sentences import marked, phrase, phrase_number, spoken

_WIDTHS = (16, 11, -9, -7, -7, -7, -6)
"""In columns of a terminal; negative: to the right."""
_LONGEST_TRIGGER = 10
_LIVES = {
    Life.AT_WORK: marked("at work"),
    Life.HANGS: marked("hangs"),
    Life.GONE: marked("gone"),
    Life.SILENT: marked("silent"),
}


def run_lines(runs: Sequence[Run], going: Sequence[Going] = ()) -> Iterator[str]:
    """Yield the table of runs, at most 80 columns wide: two lines a run, and its remarks.

    Why the newest one failed, and what is to be done of one that hangs, is told whole; of the
    others one line. `going` are those in progress.
    """
    life = {item.run.run_id: item for item in going if item.life is not Life.AT_WORK}
    if not runs:
        yield phrase("No run yet. `listing-sync sync all` starts one.")
        return
    yield _row(
        phrase("Started"),
        phrase("Outcome"),
        phrase("Listings"),
        phrase("New"),
        phrase("Updated"),
        phrase("Removed"),
        phrase("Failed"),
    )
    for run in runs:
        stats = run.stats
        yield _row(
            local_time(run.started_at),
            spoken(_LIVES[life[run.run_id].life]) if run.run_id in life else outcome(run.status),
            f"{stats.total:,}",
            f"{stats.inserted:,}",
            f"{stats.updated:,}",
            f"{stats.removed:,}",
            f"{stats.failed:,}",
        )
        took = duration(((run.completed_at or run.heartbeat_at) - run.started_at).total_seconds())
        filled = {"trigger": cut(plain(run.trigger), _LONGEST_TRIGGER), "took": took}
        origin = (
            phrase("full run, {trigger}, {took}", **filled)
            if run.run_type is RunType.FULL
            else phrase("selective run, {trigger}, {took}", **filled)
        )
        yield f"  {run.run_id}  {origin}"
        if run.in_journal:
            yield f"  {phrase('not yet recorded in Supabase')}"
        if run.run_id in life:
            yield from indented(plain(in_words(life[run.run_id], local_time)))
        for skipped in skipped_words(run):
            yield cut(f"  {phrase('skipped: {why}', why=plain(skipped))}", WIDTH)
        if run.cause and run is runs[0]:
            yield from indented(plain(run.cause.message))
        elif run.cause:
            yield cut(f"  {plain(run.cause.message)}", WIDTH)


def _row(*cells: str) -> str:
    """Return the cells of the table of runs, padded by what a terminal makes of their signs."""
    return "  ".join(map(padded, cells, _WIDTHS)).rstrip()


def run_facts(run: Run, going: Sequence[Going] = ()) -> Iterator[tuple[str, str]]:
    """Yield all that is known of one run, as (name, fact); `going` has it while it is one."""
    stats = run.stats
    run_id = run.run_id
    if run.in_journal:
        run_id = phrase("{run} (not yet recorded in Supabase)", run=run.run_id)
    yield phrase("Run"), run_id
    ended = outcome(run.status)
    if run.cause:
        ended = phrase("{outcome}: {why}", outcome=ended, why=plain(run.cause.message))
    yield phrase("Outcome"), ended
    yield phrase("Started"), f"{exact_local_time(run.started_at)}, {plain(run.trigger)}"
    if run.completed_at:
        yield phrase("Took"), duration(duration_s(run))
    else:
        yield phrase("Last seen"), exact_local_time(run.heartbeat_at)
        for item in going:
            if item.life is not Life.AT_WORK:
                yield phrase("Life"), plain(in_words(item, local_time))
    kind = phrase("full") if run.run_type is RunType.FULL else phrase("selective")
    yield phrase("Kind"), kind
    yield phrase("From"), plain(run.source)
    yield phrase("To"), plain(run.target)
    by = phrase(
        "{host}, process {pid}, version {version}",
        host=plain(run.host),
        pid=run.pid,
        version=plain(run.version),
    )
    yield phrase("By"), by
    yield phrase("Listings"), _totals(run)
    changes = phrase(
        "{inserted:,} inserted, {updated:,} updated, {removed:,} removed, {unchanged:,} unchanged",
        inserted=stats.inserted,
        updated=stats.updated,
        removed=stats.removed,
        unchanged=stats.unchanged,
    )
    yield phrase("Changes"), changes
    for skipped in skipped_words(run):
        yield phrase("Skipped"), plain(skipped)
    if run.removed:
        yield phrase("Removed"), ", ".join(map(plain, run.removed))
    yield from _metric_facts(run)
    for warning in run.warnings:
        yield phrase("Warning"), plain(warning)


def _totals(run: Run) -> str:
    stats = run.stats
    rejected, failed = rejected_and_failed(run)
    said = phrase(
        "{total:,}: {success:,} as in the sheet, {rejected:,} rejected, {failed:,} failed,"
        " {skipped:,} skipped",
        total=stats.total,
        success=stats.success,
        rejected=rejected,
        failed=failed,
        skipped=stats.skipped,
    )
    return phrase("{said}, {open:,} to do", said=said, open=stats.open) if stats.open else said


def _metric_facts(run: Run) -> Iterator[tuple[str, str]]:
    requests = round(metric(run, "requests"))
    if requests:
        latencies = ", ".join(
            f"p{share} {metric(run, f'latency_p{share}_s'):.2f} s" for share in (50, 95, 99)
        )
        said = phrase_number(
            "{requests:,}, {count:,} retry, {size}; {latencies}",
            "{requests:,}, {count:,} retries, {size}; {latencies}",
            round(metric(run, "retries")),
            requests=requests,
            size=size(round(metric(run, "bytes"))),
            latencies=latencies,
        )
        yield phrase("Requests"), said
        received = {name: metric(run, f"bytes_from_{name}") for name in ("supabase", "google")}
        if any(received.values()):
            said = phrase(
                "{supabase} from Supabase, {google} from Google",
                **{name: size(round(amount)) for name, amount in received.items()},
            )
            yield phrase("Received"), said
        said = phrase(
            "{limit} for the rate limit, {retries} before retries",
            limit=duration(metric(run, "rate_limit_wait_s")),
            retries=duration(metric(run, "retry_wait_s")),
        )
        yield phrase("Waited"), said
    cpu_s, memory = metric(run, "cpu_s"), round(metric(run, "peak_memory_bytes"))
    if cpu_s:
        said = phrase("{cpu} of CPU, {memory} of memory", cpu=duration(cpu_s), memory=size(memory))
        yield phrase("Used"), said


def pace_line(current: Pace) -> str:
    """Return how a run in progress gets on."""
    said = phrase_number(
        "In progress: {done:,} of {count:,} listing",
        "In progress: {done:,} of {count:,} listings",
        current.total,
        done=current.done,
    )
    if current.per_s:
        said = phrase("{said}, {per_s:,.1f}/s", said=said, per_s=current.per_s)
    if current.remaining_s is not None:
        left = duration(current.remaining_s)
        said = phrase("{said}, about {left} left", said=said, left=left)
    silence = duration(current.silent_s)
    return phrase("{said}; last sign of life {silence} ago", said=said, silence=silence)
