"""Draw the last runs, each to be opened to what it changed."""

from __future__ import annotations

from collections.abc import Sequence

from listing_sync.cells.wording import duration, plain
from listing_sync.commands.page_facts import RUNS_OPENED, PageFacts
from listing_sync.history.run_statistics import duration_s
from listing_sync.history.runs import Run, RunStats, RunType
from listing_sync.history.story import ChangeKind
from listing_sync.language.catalogue import translated
from listing_sync.language.sentences import marked, phrase
from listing_sync.page.html_parts import NONE, moment, paragraph, tag, text
from listing_sync.steps.kept_changes import CHANGES_SHOWN, ListingChange

_LONGEST_VALUE = 60
_KINDS = {
    RunType.FULL: marked("all listings"),
    RunType.SELECTIVE: marked("single listings"),
}
_COUNTS = (
    ("inserted", marked("{count:,} new")),
    ("updated", marked("{count:,} changed")),
    ("removed", marked("{count:,} removed")),
    ("failed", marked("{count:,} not taken")),
)


def runs(facts: PageFacts) -> str:
    """Return the newest runs."""
    shown = facts.runs[:RUNS_OPENED]
    if not shown:
        return ""
    title = text(phrase("Runs, newest first"))
    items = "".join(f"<li>{_run(facts, run)}</li>" for run in shown)
    return f'<h3 id="runs">{title}</h3><ol class="runs">{items}</ol>'


def _run(facts: PageFacts, run: Run) -> str:
    changes = facts.changes.get(run.run_id, ())
    took = duration(duration_s(run)) if run.completed_at else NONE
    kind = f"{translated(_KINDS[run.run_type])} ({run.trigger})"
    about = (
        (phrase("Run"), f'<code class="id">{text(run.run_id)}</code>'),
        (phrase("Took"), text(took)),
        (phrase("Of"), text(kind)),
    )
    drawn = "".join(f"<div><dt>{text(name)}</dt><dd>{what}</dd></div>" for name, what in about)
    parts = [f'<dl class="about">{drawn}</dl>']
    if run.cause:
        parts.append(paragraph(run.cause.message))
    if run.in_journal:
        parts.append(paragraph(phrase("Not yet recorded in Supabase.")))
    parts.append(_changes(run, changes))
    return (
        f"<details><summary>{moment(run.started_at, facts.zone)} {tag(run.status)}"
        f' <span class="counts">{_counts(run.stats)}</span></summary>{"".join(parts)}</details>'
    )


def _counts(stats: RunStats) -> str:
    said = [
        text(translated(words).format(count=getattr(stats, name)))
        for name, words in _COUNTS
        if getattr(stats, name)
    ]
    return ", ".join(said) or text(phrase("nothing changed"))


def _changes(run: Run, changes: Sequence[ListingChange]) -> str:
    total = run.stats.changed
    if not changes:
        if not total:
            return ""
        return paragraph(phrase("What it changed is not kept on this machine."))
    items = "".join(
        f'<li data-number="{text(each.property_number)}">'
        f'<span class="id">{text(each.property_number)}</span> {_what(each)}</li>'
        for each in changes
    )
    rest = total - len(changes)
    more = ""
    if len(changes) == CHANGES_SHOWN and rest > 0:
        more = paragraph(phrase("{rest:,} more changes are not shown.", rest=rest))
    return f'<ul class="changes">{items}</ul>{more}'


def _what(change: ListingChange) -> str:
    if change.kind is ChangeKind.INSERTED:
        return text(phrase("new"))
    if change.kind is ChangeKind.REMOVED:
        return text(phrase("removed"))
    return "; ".join(
        f"<strong>{text(each.column)}</strong>: {_value(each.old)} &rarr; {_value(each.new)}"
        for each in change.columns
    )


def _value(value: object) -> str:
    if value is None:
        words = phrase("blank")
        return f'<em class="muted">{text(words)}</em>'
    shown = plain(str(value))
    return text(shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}…")
