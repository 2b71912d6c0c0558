"""Draw what concerns the machine alone: its speed, its waits, and the checks that are well."""

from __future__ import annotations

from listing_sync.cells.wording import duration, percent
from listing_sync.commands.page_facts import PageFacts
from listing_sync.history.run_statistics import Statistics
from listing_sync.history.verdict import CheckStatus
from listing_sync.language.sentences import phrase, phrase_number
from listing_sync.page.html_parts import bar_chart, said, table, text
from listing_sync.page.trouble import check_list


def machine(facts: PageFacts) -> str:
    """Return the section."""
    quiet = [check for check in facts.checks if check.status is CheckStatus.OK]
    parts = []
    if not facts.away:
        parts.append(_speed(facts))
    if quiet:
        words = phrase_number("{count} check is well", "{count} checks are well", len(quiet))
        parts.append(f"<details><summary>{text(words)}</summary>{check_list(quiet)}</details>")
    title = text(phrase("The machine"))
    return (
        f'<section aria-labelledby="machine"><h2 id="machine">{title}</h2>'
        f"{''.join(parts)}</section>"
    )


def _speed(facts: PageFacts) -> str:
    days = facts.days
    durations = [(f"{day.date:%m-%d}", day.statistics.average_duration_s) for day in days]
    throughputs = [(f"{day.date:%m-%d}", day.statistics.throughput) for day in days]
    return (
        '<div class="charts">'
        + bar_chart("duration", text(phrase("Average run")), durations, _short_duration)
        + bar_chart("throughput", text(phrase("Listings a second")), throughputs, _number)
        + "</div><details><summary>"
        + text(phrase("Figures"))
        + "</summary>"
        + _figures(facts)
        + "</details>"
    )


def _figures(facts: PageFacts) -> str:
    day, week = map(_of, (facts.day, facts.week))
    return table(
        "machine",
        text(phrase("Runs of all listings in the last 24 hours and in the last 7 days.")),
        (
            (text(phrase("Figure")), ""),
            (text(phrase("24 hours")), "amount"),
            (text(phrase("7 days")), "amount"),
        ),
        ((text(name), day[name], week[name]) for name in day),
    )


def _of(period: Statistics) -> dict[str, str]:
    latencies = period.latencies
    return {
        phrase("Runs"): f"{period.runs:,}",
        phrase("Success rate"): success(period),
        phrase("Average run"): said(period.average_duration_s, duration),
        phrase("Listings a second"): said(period.throughput, _number),
        phrase("Requests"): f"{period.requests:,}",
        phrase("Retries"): f"{period.retries:,}",
        phrase("Request, median"): said(latencies.p50_s if latencies else None, _milliseconds),
        phrase("Request, 95 of 100 within"): said(
            latencies.p95_s if latencies else None, _milliseconds
        ),
        phrase("Request, 99 of 100 within"): said(
            latencies.p99_s if latencies else None, _milliseconds
        ),
        phrase("Waited for the rate limit"): duration(period.rate_limit_wait_s),
        phrase("Waited before retries"): duration(period.retry_wait_s),
    }


def success(period: Statistics) -> str:
    """Return the share of listings that did not fail."""
    return percent(1 - period.error_rate) if period.total else phrase("no run")


def _number(value: float) -> str:
    return f"{value:,.1f}"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _short_duration(seconds: float) -> str:
    """Return a duration in one unit, fit for the head of a bar: 44 s, 1.4 min, 2.5 h."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return duration(seconds)
    minutes = seconds / 60
    if minutes < 60:  # noqa: PLR2004 - an hour
        return phrase("{minutes:.1f} min", minutes=minutes)
    return phrase("{hours:.1f} h", hours=minutes / 60)
