"""Put the result of `health` into a document, and into a line as Nagios plugins print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from listing_sync.cells.wording import plain, utc_text
from listing_sync.cli.json_output import Document
from listing_sync.cli.text import cut
from listing_sync.history.check_names import CHECK_NAMES
from listing_sync.history.verdict import Check, CheckStatus, Verdict, decisive
from listing_sync.language.sentences import marked, phrase, spoken

if TYPE_CHECKING:
    from listing_sync.commands.health import Health

_SUMMARY_WIDTH = 200
_STATUSES = {
    CheckStatus.OK: marked("ok"),
    CheckStatus.WARN: marked("warn"),
    CheckStatus.FAIL: marked("fail"),
}


def health_document(health: Health) -> Document:
    """Return the document of `health --json`; what could not be read is null."""
    recent = health.recent
    average_s = recent.average_duration_s if recent else None
    return {
        "status": health.verdict.value,
        "lastSync": utc_text(health.last_sync) if health.last_sync else None,
        "errorRate": recent.error_rate if recent else None,
        "avgSyncDuration": None if average_s is None else round(average_s, 3),
        "queueSize": health.queue_size,
        "circuitBreakerState": health.breaker_state.value,
        "checks": [
            {"name": check.name.value, "status": check.status.value, "detail": check.detail}
            for check in health.checks
        ],
    }


def summary_line(health: Health, stale_after_s: int) -> str:
    """Return the verdict, the check that decides it and the figures as a Nagios plugin prints them.

    Source: Monitoring Plugins guidelines: text, a bar, label=value[unit];warn;crit.
    """
    figures = []
    if health.recent:
        figures.append(f"errors={health.recent.error_rate * 100:.2f}%;5;10")
    if health.last_sync:
        age_s = (health.checked_at - health.last_sync).total_seconds()
        figures.append(f"age={age_s:.0f}s;;{stale_after_s}")
    if health.queue_size is not None:
        figures.append(f"queue={health.queue_size}")
    check = decisive(health.checks)
    said = ""
    if check:
        words = phrase("{check}: {detail}", check=check_words(check), detail=check.detail)
        said = f" - {plain(words)}"
    # Other advice stands behind what is said, by name: it is told whole below.
    warned = [each for each in health.checks if each.status is CheckStatus.WARN]
    advice = [check_words(each) for each in warned if each is not check]
    if health.verdict is Verdict.HEALTHY and advice:
        said = phrase("{said}; look at {checks}", said=said, checks=", ".join(advice))
    text = cut(health.verdict.upper() + said.replace("|", "/"), _SUMMARY_WIDTH)
    return f"{text} | {' '.join(figures)}" if figures else text


def check_words(check: Check) -> str:
    """Return the name of a check as people read it."""
    return spoken(CHECK_NAMES[check.name])


def status_word(check: Check) -> str:
    """Return how a check came out as people read it."""
    return spoken(_STATUSES[check.status])
