"""Draw what needs a hand: checks that fail, whole columns, and each listing with its cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from listing_sync.cells.discretion import discreet
from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import one_line
from listing_sync.commands.page_facts import PageFacts
from listing_sync.history.check_names import CHECK_NAMES
from listing_sync.history.verdict import Check, CheckStatus
from listing_sync.language.sentences import phrase, phrase_number, spoken
from listing_sync.page.html_parts import NONE, moment, paragraph, sentence, table, tag, text
from listing_sync.steps.page_memory import standing_key

REJECTIONS_SHOWN = 500
_WHOLE_COLUMN = 0.5
_FEWEST = 5


def trouble(facts: PageFacts) -> str:
    """Return the section, which says so where nothing needs a hand."""
    notable = [check for check in facts.checks if check.status is not CheckStatus.OK]
    parts = []
    if notable:
        parts.append(check_list(notable))
    if facts.rejections and facts.rejected_by is not None:
        parts.append(_listings(facts, facts.rejected_by.stats.total))
    if not parts:
        parts.append(paragraph(phrase("Nothing needs a hand.")))
    title = text(phrase("Needs a hand"))
    return (
        f'<section aria-labelledby="trouble" class="trouble"><h2 id="trouble">{title}</h2>'
        f"{''.join(parts)}</section>"
    )


def check_list(checks: Iterable[Check]) -> str:
    """Return checks as a list."""
    items = "".join(
        f"<li>{tag(check.status)} <strong>{text(spoken(CHECK_NAMES[check.name]))}</strong>: "
        f"{sentence(check.detail)}</li>"
        for check in checks
    )
    return f'<ul class="checks">{items}</ul>'


def _listings(facts: PageFacts, total: int) -> str:
    columns, apart = _columns_apart(facts.rejections, total)
    shown = apart[:REJECTIONS_SHOWN]
    rest = len(apart) - len(shown)
    more = ""
    if rest:
        more = phrase("{rest:,} more: `listing-sync status --rejected` shows all.", rest=rest)
    title = text(phrase("Listings to mend in the sheet"))
    parts = [f'<h3 id="listings">{title}</h3>']
    if columns:
        items = "".join(f"<li>{each}</li>" for each in columns)
        parts.append(f'<ul class="columns">{items}</ul>')
    if shown:
        parts.append(
            table(
                "listings",
                text(
                    phrase(
                        "The site keeps showing what it had of them. Mend the cell in the sheet:"
                        " the next run takes it."
                    )
                ),
                (
                    (text(phrase("Listing")), ""),
                    (text(phrase("Cell")), ""),
                    (text(phrase("What is wrong")), "long"),
                    (text(phrase("Since")), "short"),
                ),
                ((_number(item), *_cells(facts, item)) for item in shown),
                numbers=[item.property_number or "" for item in shown],
            )
        )
    if more:
        parts.append(paragraph(more))
    return "".join(parts)


def _columns_apart(
    rejections: Sequence[Rejection], total: int
) -> tuple[list[str], list[Rejection]]:
    """Return a line for each column that fails for half of all listings, and the others."""
    counts = Counter(item.column for item in rejections if item.column)
    whole = {
        column
        for column, number in counts.items()
        if number >= _FEWEST and number >= total * _WHOLE_COLUMN
    }
    lines = []
    for column in sorted(whole):
        first = next(item for item in rejections if item.column == column)
        words = phrase_number(
            "The whole column {column}: {count:,} listing cannot be read. The first cell:",
            "The whole column {column}: {count:,} listings cannot be read. The first cell:",
            counts[column],
            column=one_line(column),
        )
        reason = text(discreet(first.reason, first.value))
        lines.append(f"{text(words)} {_cell(first)} {reason}")
    return lines, [item for item in rejections if item.column not in whole]


def _number(item: Rejection) -> str:
    return f'<span class="id">{text(item.property_number or NONE)}</span>'


def _cells(facts: PageFacts, item: Rejection) -> tuple[str, str, str]:
    column = f"<strong>{text(one_line(item.column))}</strong>: " if item.column else ""
    since = facts.since.get(standing_key(item))
    return (
        _cell(item),
        column + text(discreet(item.reason, item.value)),
        moment(since, facts.zone) if since else NONE,
    )


def _cell(item: Rejection) -> str:
    cell = text(item.cell or NONE)
    if item.link and item.link.startswith("https://"):
        return f'<a href="{text(item.link)}" rel="noopener noreferrer">{cell}</a>'
    return cell
