"""Draw how all is, in one sentence and few figures."""

from __future__ import annotations

from listing_sync.cells.wording import percent
from listing_sync.commands.page_facts import PageFacts
from listing_sync.history.month import rejected_and_failed
from listing_sync.history.runs import GOOD, RunStatus
from listing_sync.history.verdict import Verdict
from listing_sync.language.catalogue import translated
from listing_sync.language.sentences import marked, phrase, phrase_number
from listing_sync.page.html_parts import NONE, moment, sentence, text

TITLES = {
    Verdict.HEALTHY: marked("All is well"),
    Verdict.DEGRADED: marked("Needs a look"),
    Verdict.UNHEALTHY: marked("Not working as it should"),
    Verdict.UNKNOWN: marked("Unknown"),
}
SIGNS = {
    Verdict.HEALTHY: "M7 12.5l3.5 3.5L17 9",
    Verdict.DEGRADED: "M12 6.5v7M12 17v.5",
    Verdict.UNHEALTHY: "M8 8l8 8M16 8l-8 8",
    Verdict.UNKNOWN: "M9 9.5a3 3 0 1 1 3 4v1M12 17.5v.5",
}


def state(facts: PageFacts) -> str:
    """Return the section."""
    return f"""<section aria-labelledby="state" class="state"><h2 id="state">{_name()}</h2>
<div class="verdict {facts.verdict}">
<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11" fill="none"
 stroke="currentColor" stroke-width="2"/><path d="{SIGNS[facts.verdict]}" fill="none"
 stroke="currentColor" stroke-width="2.25" stroke-linecap="round"/></svg>
<div><strong>{text(translated(TITLES[facts.verdict]))}</strong><p>{_headline(facts)}</p></div>
</div>
{_tiles(facts)}
</section>"""


def _name() -> str:
    return text(phrase("State"))


def _headline(facts: PageFacts) -> str:
    if facts.away:
        return text(phrase("Supabase cannot be read; only what this machine knows is shown."))
    run = facts.last_run
    if run is None:
        return text(phrase("No run has ended yet."))
    if run.status not in GOOD:
        why = run.cause.message if run.cause else NONE
        if run.status is RunStatus.FAILED:
            return sentence(phrase("The last run failed: {why}", why=why))
        return sentence(phrase("The last run was stopped: {why}", why=why))
    stats = run.stats
    owned = stats.total - stats.skipped
    if stats.success == owned:
        words = phrase_number(
            "The one listing is on the site as the sheet says.",
            "All {count:,} listings are on the site as the sheet says.",
            owned,
        )
    else:
        words = phrase_number(
            "{success:,} of {count:,} listing is on the site as the sheet says.",
            "{success:,} of {count:,} listings are on the site as the sheet says.",
            owned,
            success=stats.success,
        )
    if not stats.skipped:
        return text(words)
    left_out = phrase("{count:,} more are outside the rollout share.", count=stats.skipped)
    return f"{text(words)} {text(left_out)}"


def _tiles(facts: PageFacts) -> str:
    good, last = facts.last_good, facts.last_run
    at = NONE
    if good is not None and good.completed_at is not None:
        at = moment(good.completed_at, facts.zone, stale_after_s=facts.stale_after_s)
    tiles = [(text(phrase("Last good sync")), at)]
    if last is not None and not facts.away:
        owned = last.stats.total - last.stats.skipped
        rejected, failed = rejected_and_failed(last)
        share = percent(last.stats.success / owned) if owned else NONE
        tiles += [
            (text(phrase("Up to date")), share),
            (text(phrase("Cannot be read")), f"{rejected:,}"),
            (text(phrase("Failed otherwise")), f"{failed:,}"),
        ]
    drawn = "".join(
        f'<div><dt>{name}</dt><dd class="number">{number}</dd></div>' for name, number in tiles
    )
    return f'<dl class="tiles">{drawn}</dl>'
