"""Facts in, one self-contained page out: numbers, cells and reasons, never a cell's value."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile

from listing_sync import logs
from listing_sync.cli.json_output import utc_text
from listing_sync.cli.text import plain
from listing_sync.commands.status import PageFacts, page_facts
from listing_sync.core.listings import Rejection
from listing_sync.core.runs import Run, RunStatus
from listing_sync.core.statistics import Day, Statistics, duration_s
from listing_sync.core.verdict import Check, CheckStatus, Verdict
from listing_sync.core.wording import count, duration, percent
from listing_sync.errors import ListingSyncError
from listing_sync.ports import Ports

REFRESH_S = 120
REJECTIONS_SHOWN = 500
RUNS_SHOWN = 30

_TITLES = {
    Verdict.HEALTHY: "Healthy",
    Verdict.DEGRADED: "Needs a look",
    Verdict.UNHEALTHY: "Not working as it should",
    Verdict.UNKNOWN: "Unknown",
}
_COLORS = {
    Verdict.HEALTHY: "#1a6f31",
    Verdict.DEGRADED: "#7d5200",
    Verdict.UNHEALTHY: "#a91a25",
    Verdict.UNKNOWN: "#57606a",
}
_SIGNS = {
    Verdict.HEALTHY: "M7 12.5l3.5 3.5L17 9",
    Verdict.DEGRADED: "M12 6.5v7M12 17v.5",
    Verdict.UNHEALTHY: "M8 8l8 8M16 8l-8 8",
    Verdict.UNKNOWN: "M9 9.5a3 3 0 1 1 3 4v1M12 17.5v.5",
}
_TAGS = {
    CheckStatus.OK: "ok",
    CheckStatus.WARN: "warn",
    CheckStatus.FAIL: "fail",
    RunStatus.COMPLETED: "ok",
    RunStatus.PARTIAL: "warn",
    RunStatus.FAILED: "fail",
    RunStatus.INTERRUPTED: "warn",
}


def refresh(ports: Ports, path: Path) -> None:
    """Write the page of this moment; a failure is a warning, for a run is not worse for it."""
    try:
        write(path, render(page_facts(ports)))
    except (OSError, ListingSyncError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        logs.event("warning", "page_failed", f"SYNC_STATUS_PAGE {path} was not written: {reason}")


def write(path: Path, page: str) -> None:
    """Replace the page at once, so that no reader sees half of it; readable by everybody.

    Raises:
        OSError: it cannot be written; the page before stays as it was.
    """
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        try:
            file.write(page)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            Path(file.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise


def render(facts: PageFacts) -> str:
    """Return the page as HTML; it needs neither network nor script."""
    style = files("listing_sync.cli").joinpath("status_page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )
    title = f"{_TITLES[facts.verdict]} - listing-sync"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta http-equiv="refresh" content="{REFRESH_S}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="icon" href="{_icon(facts.verdict)}">
<style>{style}</style>
</head>
<body>
{_header(facts)}
<main>
{_tiles(facts)}
{_checks(facts.checks)}
{_rejections(facts)}
{_trends(facts.days)}
{_errors(facts)}
{_history(facts)}
</main>
<footer><p>The page follows each run and reloads itself every {REFRESH_S} seconds while it is open.
Times are {_text(facts.written_at.astimezone(facts.zone).tzname() or "local")}.</p></footer>
</body>
</html>
"""


def _text(foreign: str) -> str:
    """Return text for HTML, visible and never markup."""
    return escape(plain(foreign))


def _sentence(foreign: str) -> str:
    """Return a sentence for HTML, what stands between backquotes as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _text(foreign))


def _moment(facts: PageFacts, moment: datetime) -> str:
    local = f"{moment.astimezone(facts.zone):%Y-%m-%d %H:%M}"
    return f'<time datetime="{utc_text(moment)}">{local}</time>'


def _icon(verdict: Verdict) -> str:
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>"
        f"<circle cx='12' cy='12' r='12' fill='{_COLORS[verdict]}'/>"
        f"<path d='{_SIGNS[verdict]}' fill='none' stroke='#fff' stroke-width='2.5'/></svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _header(facts: PageFacts) -> str:
    written = _moment(facts, facts.written_at)
    return f"""<header>
<h1>listing-sync: from the sheet to the site</h1>
<div class="verdict {facts.verdict}">
<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11" fill="none"
 stroke="currentColor" stroke-width="2"/><path d="{_SIGNS[facts.verdict]}" fill="none"
 stroke="currentColor" stroke-width="2.25" stroke-linecap="round"/></svg>
<div><strong>{_TITLES[facts.verdict]}</strong><p>{_headline(facts)}</p></div>
</div>
<p class="muted">Written {written}. If that is long ago, no run has ended since.</p>
</header>"""


def _headline(facts: PageFacts) -> str:
    if facts.away:
        return "Supabase cannot be read; only what this machine knows is shown."
    run = facts.rejected_by
    if run is None:
        return "No run has ended yet."
    if run.status is RunStatus.FAILED:
        return f"The last run failed{': ' + _sentence(run.cause.message) if run.cause else '.'}"
    stats = run.stats
    if stats.success == stats.total:
        return f"All {count(stats.total, 'listing')} are on the site as the sheet says."
    return (
        f"{stats.success:,} of {count(stats.total, 'listing')} are on the site as the sheet says."
    )


def _tiles(facts: PageFacts) -> str:
    good, day, week = facts.last_good, facts.day, facts.week
    last = _moment(facts, good.completed_at) if good and good.completed_at else "none yet"
    took = f"took {duration(duration_s(good))}" if good else ""
    rejected = len({item.property_number or item.cell for item in facts.rejections})
    average = day.average_duration_s
    return (
        '<dl class="tiles">'
        + _tile("Last good sync", last, took)
        + _tile("Success rate, 24 h", _success(day), f"{_success(week)} in 7 days")
        + _tile("Rejected listings", f"{rejected:,}", "in the last run")
        + _tile("Average run, 24 h", "-" if average is None else duration(average), _speed(day))
        + "</dl>"
    )


def _tile(name: str, number: str, note: str) -> str:
    return (
        f'<div><dt>{name}</dt><dd class="number">{number}</dd><dd class="muted">{note}</dd></div>'
    )


def _success(period: Statistics) -> str:
    return percent(1 - period.error_rate) if period.total else "-"


def _speed(period: Statistics) -> str:
    return "" if period.throughput is None else f"{period.throughput:,.1f} listings a second"


def _checks(checks: Sequence[Check]) -> str:
    notable = [check for check in checks if check.status is not CheckStatus.OK]
    quiet = [check for check in checks if check.status is CheckStatus.OK]
    parts = ['<section aria-labelledby="checks"><h2 id="checks">What to look after</h2>']
    parts.append(_check_list(notable) if notable else "<p>Nothing.</p>")
    if quiet:
        words = count(len(quiet), "check is", "checks are")
        parts.append(f"<details><summary>{words} well</summary>{_check_list(quiet)}</details>")
    return "".join(parts) + "</section>"


def _check_list(checks: Iterable[Check]) -> str:
    items = "".join(
        f"<li>{_tag(check.status, check.status)} <strong>{check.name.replace('_', ' ')}</strong>: "
        f"{_sentence(check.detail)}</li>"
        for check in checks
    )
    return f'<ul class="checks">{items}</ul>'


def _tag(kind: CheckStatus | RunStatus, words: str) -> str:
    return f'<span class="tag {_TAGS.get(kind, "none")}">{words.replace("_", " ")}</span>'


def _rejections(facts: PageFacts) -> str:
    run = facts.rejected_by
    if run is None or not facts.rejections:
        return ""
    shown = facts.rejections[:REJECTIONS_SHOWN]
    rest = len(facts.rejections) - len(shown)
    more = f" The first {len(shown):,}; {rest:,} more in run {_text(run.run_id)}." if rest else ""
    return _table(
        "rejected",
        "Rejected listings",
        f"Listings that the site does not show as the sheet says, and why.{more}",
        (("Listing", ""), ("Cell", "short"), ("Column", ""), ("What is wrong", "long")),
        ((_text(item.property_number or "-"), *_place_and_reason(item)) for item in shown),
    )


def _place_and_reason(item: Rejection) -> tuple[str, str, str]:
    cell = _text(item.cell or "-")
    if item.link and item.link.startswith("https://"):
        cell = f'<a href="{escape(item.link)}" rel="noopener noreferrer">{cell}</a>'
    return cell, _text(item.column or "the row"), _text(item.reason)


def _errors(facts: PageFacts) -> str:
    if not facts.errors:
        return ""
    return _table(
        "errors",
        "Errors by category",
        "Listings rejected or failed in the last run, and runs that an error ended in 7 days.",
        (("Category", ""), ("Listings", "amount"), ("Runs", "amount")),
        (
            (item.category.replace("_", " "), f"{item.listings:,}", f"{item.runs:,}")
            for item in facts.errors
        ),
    )


def _history(facts: PageFacts) -> str:
    shown = facts.runs[:RUNS_SHOWN]
    if not shown:
        return ""
    return _table(
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
    outcome = "<br>".join((_tag(run.status, run.status), *map(_sentence, remarks)))
    return (
        _moment(facts, run.started_at),
        outcome,
        duration(duration_s(run)) if run.completed_at else "-",
        *(
            f"{number:,}"
            for number in (stats.total, stats.inserted, stats.updated, stats.removed, stats.failed)
        ),
        f"{run.run_type}, {_text(run.trigger)}",
    )


def _table(
    name: str,
    title: str,
    caption: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[str]],
) -> str:
    """Return a section with a table of cells that are HTML; the first names its row.

    `columns` are (header, class). It scrolls sideways where it does not fit, by keyboard too.
    """
    return (
        f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>'
        + _bare_table(name, caption, columns, rows)
        + "</section>"
    )


def _bare_table(
    name: str, caption: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]
) -> str:
    head = "".join(f'<th scope="col"{_class(kind)}>{header}</th>' for header, kind in columns)
    body = "".join(_row(columns, cells) for cells in rows)
    return (
        f'<div class="scroll" role="region" aria-labelledby="{name}" tabindex="0"><table>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(columns: Sequence[tuple[str, str]], cells: Sequence[str]) -> str:
    first, *others = cells
    rest = "".join(
        f"<td{_class(kind)}>{cell}</td>"
        for (_, kind), cell in zip(columns[1:], others, strict=True)
    )
    return f'<tr><th scope="row">{first}</th>{rest}</tr>\n'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _trends(days: Sequence[Day]) -> str:
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
            _said(_duration_s(day), duration),
            _said(_throughput(day), _number),
            _success(day.statistics),
        )
        for day in days
    )
    return (
        '<section aria-labelledby="trends"><h2 id="trends">The last 7 days</h2>'
        '<div class="charts">'
        + _chart("duration", "Average run", days, _duration_s, _short_duration)
        + _chart("throughput", "Listings a second", days, _throughput, _number)
        + "</div><details><summary>The same in figures</summary>"
        + _bare_table("trends", "Full runs by day", columns, rows)
        + "</details></section>"
    )


def _duration_s(day: Day) -> float | None:
    return day.statistics.average_duration_s


def _throughput(day: Day) -> float | None:
    return day.statistics.throughput


def _said(value: float | None, words: Callable[[float], str]) -> str:
    return "-" if value is None else words(value)


def _number(value: float) -> str:
    return f"{value:,.1f}"


def _short_duration(seconds: float) -> str:
    """Return a duration in one unit, fit for the head of a bar: 44 s, 1.4 min, 2.5 h."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return duration(seconds)
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 60 else f"{minutes / 60:.1f} h"  # noqa: PLR2004


_WIDTH, _HEIGHT, _FLOOR, _CEILING = 420, 150, 126, 20


def _chart(
    name: str,
    title: str,
    days: Sequence[Day],
    value: Callable[[Day], float | None],
    words: Callable[[float], str],
) -> str:
    """Return bars, one a day, with their values above and a text that says the same."""
    highest = max((value(day) or 0.0 for day in days), default=0.0) or 1.0
    step = _WIDTH / len(days)
    bars = []
    for index, day in enumerate(days):
        middle = step * (index + 0.5)
        height = (value(day) or 0.0) / highest * (_FLOOR - _CEILING)
        said = _said(value(day), words)
        bars.append(
            f'<rect class="bar" x="{middle - step * 0.3:.1f}" y="{_FLOOR - height:.1f}"'
            f' width="{step * 0.6:.1f}" height="{height:.1f}" rx="3"/>'
            f'<text x="{middle:.1f}" y="{_FLOOR - height - 6:.1f}">{said}</text>'
            f'<text class="day" x="{middle:.1f}" y="{_HEIGHT - 6}">{day.date:%a %d}</text>'
        )
    all_said = "; ".join(f"{day.date:%a %d}: {_said(value(day), words)}" for day in days)
    return (
        f"<figure><figcaption>{title}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{title} by day</title><desc id="{name}-d">{all_said}</desc>'
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_FLOOR}" y2="{_FLOOR}"/>'
        f"{''.join(bars)}</svg></figure>"
    )
