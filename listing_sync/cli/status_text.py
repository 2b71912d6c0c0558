"""Put runs, their errors and the story of a listing into lines of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from listing_sync.cells.listings import Value
from listing_sync.cells.wording import count, duration, one_line, plain
from listing_sync.changes.compare import shown
from listing_sync.cli.text import (
    WIDTH,
    cut,
    exact_local_time,
    indented,
    local_time,
    quoted,
    size,
    wrong,
)
from listing_sync.history.pace import Pace
from listing_sync.history.run_statistics import duration_s, metric
from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.signs_of_life import Going, Life, in_words
from listing_sync.history.skipped import skipped_words
from listing_sync.history.story import LastChange, Story

_COLUMNS = "{:<16}  {:<11}  {:>9}  {:>7}  {:>7}  {:>7}  {:>6}"
_LONGEST_TRIGGER = 10


def run_lines(runs: Sequence[Run], going: Sequence[Going] = ()) -> Iterator[str]:
    """Yield the table of runs, at most 80 columns wide: two lines a run, and its remarks.

    Why the newest one failed, and what is to be done of one that hangs, is told whole; of the
    others one line. `going` are those in progress.
    """
    life = {item.run.run_id: item for item in going if item.life is not Life.AT_WORK}
    if not runs:
        yield "No run yet. `listing-sync sync all` starts one."
        return
    yield _COLUMNS.format("Started", "Outcome", "Listings", "New", "Updated", "Removed", "Failed")
    for run in runs:
        stats = run.stats
        yield _COLUMNS.format(
            local_time(run.started_at),
            life[run.run_id].life if run.run_id in life else _words(run.status),
            f"{stats.total:,}",
            f"{stats.inserted:,}",
            f"{stats.updated:,}",
            f"{stats.removed:,}",
            f"{stats.failed:,}",
        )
        took = duration(((run.completed_at or run.heartbeat_at) - run.started_at).total_seconds())
        origin = f"{run.run_type} run, {cut(plain(run.trigger), _LONGEST_TRIGGER)}"
        yield f"  {run.run_id}  {origin}, {took}"
        if run.in_journal:
            yield "  not yet recorded in Supabase"
        if run.run_id in life:
            yield from indented(plain(in_words(life[run.run_id], local_time)))
        for skipped in skipped_words(run):
            yield cut(f"  skipped: {plain(skipped)}", WIDTH)
        if run.cause and run is runs[0]:
            yield from indented(plain(run.cause.message))
        elif run.cause:
            yield cut(f"  {plain(run.cause.message)}", WIDTH)


def _words(run_status: RunStatus) -> str:
    return run_status.replace("_", " ")


def run_facts(run: Run, going: Sequence[Going] = ()) -> Iterator[tuple[str, str]]:
    """Yield all that is known of one run, as (name, fact); `going` has it while it is one."""
    stats = run.stats
    yield "Run", run.run_id + (" (not yet recorded in Supabase)" if run.in_journal else "")
    yield "Outcome", _words(run.status) + (f": {plain(run.cause.message)}" if run.cause else "")
    yield "Started", f"{exact_local_time(run.started_at)}, {plain(run.trigger)}"
    if run.completed_at:
        yield "Took", duration(duration_s(run))
    else:
        yield "Last seen", exact_local_time(run.heartbeat_at)
        for item in going:
            if item.life is not Life.AT_WORK:
                yield "Life", plain(in_words(item, local_time))
    yield "Kind", str(run.run_type)
    yield "From", plain(run.source)
    yield "To", plain(run.target)
    yield "By", f"{plain(run.host)}, process {run.pid}, version {plain(run.version)}"
    to_do = f", {stats.open:,} to do" if stats.open else ""
    yield (
        "Listings",
        (
            f"{stats.total:,}: {stats.success:,} as in the sheet, {stats.failed:,} failed,"
            f" {stats.skipped:,} skipped{to_do}"
        ),
    )
    yield (
        "Changes",
        (
            f"{stats.inserted:,} inserted, {stats.updated:,} updated, {stats.removed:,} removed,"
            f" {stats.unchanged:,} unchanged"
        ),
    )
    for skipped in skipped_words(run):
        yield "Skipped", plain(skipped)
    if run.removed:
        yield "Removed", ", ".join(map(plain, run.removed))
    yield from _metric_facts(run)
    for warning in run.warnings:
        yield "Warning", plain(warning)


def _metric_facts(run: Run) -> Iterator[tuple[str, str]]:
    requests = round(metric(run, "requests"))
    if requests:
        latencies = ", ".join(
            f"p{share} {metric(run, f'latency_p{share}_s'):.2f} s" for share in (50, 95, 99)
        )
        yield (
            "Requests",
            (
                f"{requests:,}, {count(round(metric(run, 'retries')), 'retry', 'retries')},"
                f" {size(round(metric(run, 'bytes')))}; {latencies}"
            ),
        )
        received = {name: metric(run, f"bytes_from_{name}") for name in ("supabase", "google")}
        if any(received.values()):
            parts = [
                f"{size(round(amount))} from {name.title()}" for name, amount in received.items()
            ]
            yield "Received", ", ".join(parts)
        yield (
            "Waited",
            (
                f"{duration(metric(run, 'rate_limit_wait_s'))} for the rate limit,"
                f" {duration(metric(run, 'retry_wait_s'))} before retries"
            ),
        )
    cpu_s, memory = metric(run, "cpu_s"), round(metric(run, "peak_memory_bytes"))
    if cpu_s:
        yield "Used", f"{duration(cpu_s)} of CPU, {size(memory)} of memory"


def listing_facts(story: Story, answer: str) -> Iterator[tuple[str, str]]:
    """Yield what is known of one listing beside what the answer said, as (name, fact)."""
    yield from _sheet_and_table_facts(story)
    if story.last_change:
        yield from _change_facts(story.last_change, is_undone=story.undone is not None)
    for refusal in story.refusals if story.sheet is None else ():
        yield "In the last run", wrong(refusal.rejection)
    if story.outlook.last:
        run = story.outlook.last
        yield "Last run", f"{local_time(run.started_at)}, {_words(run.status)} ({run.run_id})"
    if story.hold and story.hold not in answer:
        yield "Paused", f"by {plain(story.hold)}"
    for problem in story.problems:
        yield "Not known", plain(problem)


def _sheet_and_table_facts(story: Story) -> Iterator[tuple[str, str]]:
    if story.sheet:
        rows = ", ".join(map(str, story.sheet.sheet_rows))
        validity = "valid" if story.sheet.listing else "rejected"
        yield "In the sheet", f"row {rows}, {validity}" if rows else "no"
    if story.table:
        withdrawn = ", marked as withdrawn" if story.table.is_marked else ""
        yield "In the table", f"yes{withdrawn}" if story.table.is_there else "no"
        for item in story.table.differences:
            values = f"sheet {_value(item.sheet)}, table {_value(item.table)}"
            yield "Difference", f"{plain(one_line(item.column))}: {values}"


def _change_facts(change: LastChange, *, is_undone: bool) -> Iterator[tuple[str, str]]:
    undone = ", undone since" if is_undone else ""
    yield (
        "Last changed",
        f"{exact_local_time(change.changed_at)}: {change.kind} by run {change.run_id}{undone}",
    )
    for item in change.columns:
        yield "", f"{plain(one_line(item.column))}: {_value(item.old)} -> {_value(item.new)}"


def _value(value: Value) -> str:
    return quoted(shown(value)) if value is not None else "blank"


def pace_line(current: Pace) -> str:
    """Return how a run in progress gets on."""
    per_s = f", {current.per_s:,.1f}/s" if current.per_s else ""
    remaining = (
        f", about {duration(current.remaining_s)} left" if current.remaining_s is not None else ""
    )
    return (
        f"In progress: {current.done:,} of {count(current.total, 'listing')}{per_s}{remaining};"
        f" last sign of life {duration(current.silent_s)} ago"
    )
