"""Draw the office's page, self-contained: what needs a hand, how all is, what was, how fast."""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from listing_sync import logs
from listing_sync.commands.page_facts import PageFacts, page_facts
from listing_sync.errors import ListingSyncError
from listing_sync.history.verdict import Verdict
from listing_sync.language.catalogue import translated
from listing_sync.language.sentences import english_of, phrase
from listing_sync.language.system_words import system_words
from listing_sync.page.html_parts import moment, text
from listing_sync.page.machine import machine
from listing_sync.page.month import month
from listing_sync.page.runs import runs
from listing_sync.page.shell import Shell
from listing_sync.page.state import SIGNS, TITLES, state
from listing_sync.page.trouble import trouble
from listing_sync.ports import Ports

REFRESH_S = 120

_COLORS = {
    Verdict.HEALTHY: "#1a6f31",
    Verdict.DEGRADED: "#7d5200",
    Verdict.UNHEALTHY: "#a91a25",
    Verdict.UNKNOWN: "#57606a",
}


def refresh(ports: Ports, path: Path) -> None:
    """Write the page of this moment; a failure is a warning, for a run is not worse for it."""
    try:
        write(path, render(page_facts(ports)))
    except (OSError, ListingSyncError) as error:
        reason = system_words(error) if isinstance(error, OSError) else error
        logs.event(
            "warning",
            "page_failed",
            f"SYNC_STATUS_PAGE {path} was not written: {english_of(reason)}",
        )


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


def page_shell(facts: PageFacts, *, is_live: bool = False, head: str = "") -> Shell:
    """Return the document that the page of these facts stands in."""
    reload = f'<noscript><meta http-equiv="refresh" content="{REFRESH_S}"></noscript>\n'
    return Shell(
        f"{translated(TITLES[facts.verdict])} - listing-sync",
        icon_of(facts.verdict),
        scripts=("page.js", "live.js") if is_live else ("page.js",),
        head=reload + head,
        asks=is_live,
    )


def render(facts: PageFacts) -> str:
    """Return the page as HTML; it needs neither network nor script, and has a little of it."""
    return page_shell(facts).around(body(facts, f' data-reload="{REFRESH_S}"'))


def body(facts: PageFacts, marks: str = "", controls: str = "") -> str:
    """Return what the page shows; `marks` are attributes of what changes, `controls` come first."""
    way = phrase("From {source} to {target}.", source=facts.source, target=facts.target)
    return f"""<header>
<h1>{heading()}</h1>
</header>
{controls}<main{marks}>
{sections(facts)}
</main>
<footer>
<p>{text(way)}</p>
</footer>"""


def heading() -> str:
    """Return what stands above every page."""
    return text(phrase("Property listings: from the sheet to the site"))


def sections(facts: PageFacts) -> str:
    """Return all that changes from run to run; what the journal alone knows makes no figures."""
    written = moment(facts.written_at, facts.zone, stale_after_s=facts.stale_after_s)
    history = ("" if facts.away else month(facts)) + runs(facts)
    parts = [_search(), trouble(facts), state(facts)]
    if history:
        title = text(phrase("History"))
        parts.append(
            f'<section aria-labelledby="history"><h2 id="history">{title}</h2>{history}</section>'
        )
    parts.append(machine(facts))
    as_of = text(phrase("As of"))
    parts.append(f'<p class="muted">{as_of} {written}</p>')
    return "\n".join(parts)


def _search() -> str:
    """Return the field that the script shows: without it there is nothing to search with."""
    label = text(phrase("Find a property number"))
    found = text(phrase("Lines found: {count}", count="#"))
    return (
        f'<div class="search" hidden><label for="search">{label}</label>'
        '<input id="search" type="search" autocomplete="off">'
        f'<p role="status" data-found="{found}"></p></div>'
    )


def icon_of(verdict: Verdict = Verdict.UNKNOWN) -> str:
    """Return the picture of a verdict, for the tab of a browser."""
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>"
        f"<circle cx='12' cy='12' r='12' fill='{_COLORS[verdict]}'/>"
        f"<path d='{SIGNS[verdict]}' fill='none' stroke='#fff' stroke-width='2.5'/></svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
