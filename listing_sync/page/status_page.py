"""Draw the office's page, self-contained: numbers, cells and reasons, never a cell's value."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from listing_sync import logs
from listing_sync.cells.wording import count, duration
from listing_sync.commands.status import PageFacts, page_facts
from listing_sync.errors import ListingSyncError
from listing_sync.history.run_statistics import Statistics, duration_s
from listing_sync.history.runs import GOOD, RunStatus
from listing_sync.history.verdict import Check, CheckStatus, Verdict
from listing_sync.page.html_parts import NONE, moment, said, sentence, tag, text
from listing_sync.page.shell import Shell
from listing_sync.page.tables import (
    errors,
    figures,
    history,
    rejections,
    success,
    trends,
)
from listing_sync.ports import Ports

REFRESH_S = 120

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


def page_shell(facts: PageFacts) -> Shell:
    """Return the document that the page of these facts stands in."""
    return Shell(
        f"{_TITLES[facts.verdict]} - listing-sync",
        icon_of(facts.verdict),
        head=f'<meta http-equiv="refresh" content="{REFRESH_S}">\n',
    )


def render(facts: PageFacts) -> str:
    """Return the page as HTML; it needs neither network nor script."""
    return page_shell(facts).around(f"""{_header(facts)}
<main>
{_body(facts)}
</main>
<footer>
<p>From {text(facts.source)} to {text(facts.target)}. The page follows each run and reloads itself
every {REFRESH_S} seconds while it is open. Times are {_zone(facts)}.</p>
</footer>""")


def _body(facts: PageFacts) -> str:
    """Return the sections; what the journal alone knows makes no figures."""
    checks = _checks(facts.checks)
    if facts.away:
        return checks + history(facts)
    sections = (rejections, trends, errors, history, figures)
    return "\n".join((_tiles(facts), checks, *(section(facts) for section in sections)))


def _zone(facts: PageFacts) -> str:
    return text(facts.written_at.astimezone(facts.zone).tzname() or "local")


def icon_of(verdict: Verdict = Verdict.UNKNOWN) -> str:
    """Return the picture of a verdict, for the tab of a browser."""
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>"
        f"<circle cx='12' cy='12' r='12' fill='{_COLORS[verdict]}'/>"
        f"<path d='{_SIGNS[verdict]}' fill='none' stroke='#fff' stroke-width='2.5'/></svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _header(facts: PageFacts) -> str:
    written = moment(facts.written_at, facts.zone)
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
    run = facts.last_run
    if run is None:
        return "No run has ended yet."
    if run.status not in GOOD:
        why = f": {sentence(run.cause.message)}" if run.cause else ""
        return f"The last run {'failed' if run.status is RunStatus.FAILED else 'was stopped'}{why}"
    stats = run.stats
    owned = stats.total - stats.skipped
    share = f" {stats.skipped:,} more are outside the rollout share." if stats.skipped else ""
    if stats.success == owned:
        return f"All {count(owned, 'listing')} are on the site as the sheet says.{share}"
    return (
        f"{stats.success:,} of {count(owned, 'listing')} are on the site as the sheet says.{share}"
    )


def _tiles(facts: PageFacts) -> str:
    good, day, week = facts.last_good, facts.day, facts.week
    last = (
        moment(good.completed_at, facts.zone, "%d %b %H:%M") if good and good.completed_at else NONE
    )
    took = f"took {duration(duration_s(good))}" if good else ""
    rejected = len({item.sheet_row or item.property_number for item in facts.rejections})
    return (
        '<dl class="tiles">'
        + _tile("Last good sync", last, took)
        + _tile("Success rate, 24 h", success(day), f"{success(week)} in 7 days")
        + _tile("Rejected listings", f"{rejected:,}", _when_rejected(facts))
        + _tile("Average run, 24 h", said(day.average_duration_s, duration), _speed(day))
        + "</dl>"
    )


def _when_rejected(facts: PageFacts) -> str:
    run = facts.rejected_by
    if run is None:
        return "no run yet"
    return f"on {moment(run.started_at, facts.zone, '%d %b %H:%M')}"


def _tile(name: str, number: str, note: str) -> str:
    return (
        f'<div><dt>{name}</dt><dd class="number">{number}</dd><dd class="muted">{note}</dd></div>'
    )


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
        f"<li>{tag(check.status)} <strong>{check.name.replace('_', ' ')}</strong>: "
        f"{sentence(check.detail)}</li>"
        for check in checks
    )
    return f'<ul class="checks">{items}</ul>'
