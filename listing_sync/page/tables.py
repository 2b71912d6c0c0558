"""Draw the page's tables and pictures of rejections, trends, errors and runs."""

from __future__ import annotations

from listing_sync.cells.discretion import discreet
from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import count, duration, one_line, percent
from listing_sync.commands.status import PageFacts
from listing_sync.history.run_statistics import Statistics, duration_s
from listing_sync.history.runs import Run
from listing_sync.page.html_parts import (
    NONE,
    bar_chart,
    moment,
    said,
    sentence,
    table,
    table_section,
    tag,
    text,
)

REJECTIONS_SHOWN = 500
RUNS_SHOWN = 20


def rejections(facts: PageFacts) -> str:
    """Return the listings that the last judging run rejected, with links to their cells."""
    run = facts.rejected_by
    if run is None or not facts.rejections:
        return ""
    shown = facts.rejections[:REJECTIONS_SHOWN]
    rest = len(facts.rejections) - len(shown)
    more = f" The first {len(shown):,}; {rest:,} more in run {text(run.run_id)}." if rest else ""
    return table_section(
        "rejected",
        "Rejected listings",
        f"Listings that the site does not show as the sheet says, and why.{more}",
        (("Listing", ""), ("Cell", ""), ("What is wrong", "long")),
        ((text(item.property_number or NONE), *_place_and_reason(item)) for item in shown),
    )


def _place_and_reason(item: Rejection) -> tuple[str, str]:
    cell = text(item.cell or NONE)
    if item.link and item.link.startswith("https://"):
        cell = f'<a href="{text(item.link)}" rel="noopener noreferrer">{cell}</a>'
    column = f"{text(one_line(item.column))}: " if item.column else ""
    return cell, column + text(discreet(item.reason, item.value))


def errors(facts: PageFacts) -> str:
    """Return how often each category of errors struck."""
    if not facts.errors:
        return ""
    return table_section(
        "errors",
        "Errors by category",
        "Listings rejected or failed in the last run, and runs that an error ended in 7 days.",
        (("Category", ""), ("Listings", "amount"), ("Runs", "amount")),
        (
            (item.category.replace("_", " "), f"{item.listings:,}", f"{item.runs:,}")
            for item in facts.errors
        ),
    )


def history(facts: PageFacts) -> str:
    """Return the last runs."""
    shown = facts.runs[:RUNS_SHOWN]
    if not shown:
        return ""
    return table_section(
        "history",
        "Runs",
        f"The last {count(len(shown), 'run')}, newest first.",
        (
            ("Started", "short"),
            ("Outcome", "long"),
            ("Took", "amount"),
            ("Listings", "amount"),
            ("New", "amount"),
            ("Updated", "amount"),
            ("Removed", "amount"),
            ("Failed", "amount"),
            ("Kind", "short"),
        ),
        (_run_cells(facts, run) for run in shown),
    )


def _run_cells(facts: PageFacts, run: Run) -> tuple[str, ...]:
    stats = run.stats
    remarks = [run.cause.message] if run.cause else []
    if run.in_journal:
        remarks.append("not yet recorded in Supabase")
    outcome = "<br>".join((tag(run.status), *map(sentence, remarks)))
    return (
        moment(run.started_at, facts.zone),
        outcome,
        duration(duration_s(run)) if run.completed_at else NONE,
        *(
            f"{number:,}"
            for number in (stats.total, stats.inserted, stats.updated, stats.removed, stats.failed)
        ),
        f"{run.run_type}, {text(run.trigger)}",
    )


def trends(facts: PageFacts) -> str:
    """Return duration and throughput of the last days, as pictures and in figures."""
    days = facts.days
    columns = (
        ("Day", "short"),
        ("Runs", "amount"),
        ("Average run", "amount"),
        ("Listings a second", "amount"),
        ("Success rate", "amount"),
    )
    rows = (
        (
            day.date.isoformat(),
            f"{day.statistics.runs:,}",
            said(day.statistics.average_duration_s, duration),
            said(day.statistics.throughput, _number),
            success(day.statistics),
        )
        for day in days
    )
    durations = [(f"{day.date:%a %d}", day.statistics.average_duration_s) for day in days]
    throughputs = [(f"{day.date:%a %d}", day.statistics.throughput) for day in days]
    return (
        '<section aria-labelledby="trends"><h2 id="trends">The last 7 days</h2>'
        '<div class="charts">'
        + bar_chart("duration", "Average run", durations, _short_duration)
        + bar_chart("throughput", "Listings a second", throughputs, _number)
        + "</div><details><summary>The same in figures</summary>"
        + table("trends", "Full runs by day", columns, rows)
        + "</details></section>"
    )


def _number(value: float) -> str:
    return f"{value:,.1f}"


def _short_duration(seconds: float) -> str:
    """Return a duration in one unit, fit for the head of a bar: 44 s, 1.4 min, 2.5 h."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return duration(seconds)
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 60 else f"{minutes / 60:.1f} h"  # noqa: PLR2004


def figures(facts: PageFacts) -> str:
    """Return what the runs of a day and of a week amount to."""
    day, week = map(_figures, (facts.day, facts.week))
    return table_section(
        "figures",
        "Figures",
        "Runs of all listings in the last 24 hours and in the last 7 days.",
        (("Figure", ""), ("24 hours", "amount"), ("7 days", "amount")),
        ((name, day[name], week[name]) for name in day),
    )


def _figures(period: Statistics) -> dict[str, str]:
    latencies = period.latencies
    return {
        "Runs": f"{period.runs:,}",
        "Success rate": success(period),
        "Average run": said(period.average_duration_s, duration),
        "Listings a second": said(period.throughput, _number),
        "Requests": f"{period.requests:,}",
        "Retries": f"{period.retries:,}",
        "Request, median": said(latencies.p50_s if latencies else None, _milliseconds),
        "Request, 95 of 100 within": said(latencies.p95_s if latencies else None, _milliseconds),
        "Request, 99 of 100 within": said(latencies.p99_s if latencies else None, _milliseconds),
        "Waited for the rate limit": duration(period.rate_limit_wait_s),
        "Waited before retries": duration(period.retry_wait_s),
    }


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def success(period: Statistics) -> str:
    """Return the share of listings that did not fail."""
    return percent(1 - period.error_rate) if period.total else "no run"
