"""Draw the last 30 days: what changed, what was not taken, and what share was up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from listing_sync.cells.wording import percent
from listing_sync.commands.page_facts import PageFacts
from listing_sync.history.month import DayFigures
from listing_sync.language.sentences import phrase
from listing_sync.page.html_parts import bar_chart, said, table, text


def month(facts: PageFacts) -> str:
    """Return the pictures, and the same in figures."""
    days = facts.month
    if not any(day.runs for day in days):
        return ""
    charts = (
        ("changed", phrase("Listings changed"), [day.changed for day in days], _count),
        (
            "rejected",
            phrase("Listings that cannot be read"),
            [day.rejected for day in days],
            _count,
        ),
        ("failed", phrase("Listings that failed otherwise"), [day.failed for day in days], _count),
        ("share", phrase("Up to date"), [day.up_to_date for day in days], percent),
    )
    drawn = "".join(
        bar_chart(name, text(title), _labelled(days, values), words, highest=_top(name))
        for name, title, values, words in charts
    )
    title, figures = text(phrase("The last 30 days")), text(phrase("The same in figures"))
    return (
        f'<h3 id="month">{title}</h3><div class="charts">{drawn}</div>'
        f"<details><summary>{figures}</summary>"
        f"{_figures(days)}</details>"
    )


def _top(name: str) -> float | None:
    return 1.0 if name == "share" else None


def _labelled(
    days: Sequence[DayFigures], values: Sequence[float | None]
) -> list[tuple[str, float | None]]:
    return [(f"{day.date:%m-%d}", value) for day, value in zip(days, values, strict=True)]


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _figures(days: Sequence[DayFigures]) -> str:
    def whole(value: float | None, words: Callable[[float], str] = _count) -> str:
        return said(value, words)

    return table(
        "month",
        text(phrase("What changed counts all runs of a day, the rest its last one.")),
        (
            (text(phrase("Day")), "short"),
            (text(phrase("Runs")), "amount"),
            (text(phrase("Changed")), "amount"),
            (text(phrase("Cannot be read")), "amount"),
            (text(phrase("Failed otherwise")), "amount"),
            (text(phrase("Up to date")), "amount"),
        ),
        (
            (
                day.date.isoformat(),
                whole(day.runs),
                whole(day.changed),
                whole(day.rejected),
                whole(day.failed),
                whole(day.up_to_date, percent),
            )
            for day in reversed(days)
        ),
    )
