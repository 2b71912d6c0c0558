"""Write text, tables and pictures as HTML; foreign text becomes visible, never markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from html import escape

from listing_sync.cells.wording import plain, utc_text
from listing_sync.history.runs import RunStatus
from listing_sync.history.verdict import CheckStatus
from listing_sync.language.catalogue import translated
from listing_sync.language.sentences import marked

NONE = "–"

_TAGS = {
    CheckStatus.OK: ("ok", marked("well")),
    CheckStatus.WARN: ("warn", marked("to look at")),
    CheckStatus.FAIL: ("fail", marked("trouble")),
    RunStatus.COMPLETED: ("ok", marked("completed")),
    RunStatus.PARTIAL: ("warn", marked("done in part")),
    RunStatus.FAILED: ("fail", marked("failed")),
    RunStatus.INTERRUPTED: ("warn", marked("stopped")),
    RunStatus.IN_PROGRESS: ("none", marked("under way")),
    RunStatus.QUEUED: ("none", marked("about to begin")),
}

_WIDTH, _HEIGHT, _FLOOR, _CEILING = 420, 150, 126, 20
_MOST_NAMED = 10
"""Bars that each have room for their value and label."""


def text(foreign: str) -> str:
    """Return text for HTML, visible and never markup."""
    return escape(plain(foreign))


def sentence(foreign: str) -> str:
    """Return a sentence for HTML, what stands between backquotes as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", text(foreign))


def paragraph(words: str) -> str:
    """Return a sentence as a paragraph."""
    return f"<p>{sentence(words)}</p>"


def moment(at: datetime, zone: tzinfo, *, stale_after_s: int | None = None) -> str:
    """Return a moment in the zone of the page; programs read it in UTC.

    The script adds how long ago it was, in red where that is more than `stale_after_s`.
    """
    there = at.astimezone(zone)
    limit = "" if stale_after_s is None else f' data-stale="{stale_after_s}"'
    return (
        f'<time datetime="{utc_text(at)}"{limit}>{there:%Y-%m-%d %H:%M} '
        f"{text(there.tzname() or '')}</time>"
    )


def tag(status: CheckStatus | RunStatus) -> str:
    """Return a status as a coloured word."""
    kind, words = _TAGS[status]
    return f'<span class="tag {kind}">{text(translated(words))}</span>'


def table(
    name: str,
    caption: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[str] = (),
) -> str:
    """Return a table of cells that are HTML; the first names its row. A phone shows rows as cards.

    `columns` are (header, class), `name` is the id of what names it; `numbers` are by row the
    property numbers by which it is found. Roles are told, since cards are no table to a browser.
    """
    head = "".join(
        f'<th scope="col" role="columnheader"{_class(kind)}>{header}</th>'
        for header, kind in columns
    )
    named = [*numbers]
    drawn = []
    for at, cells in enumerate(rows):
        number = f' data-number="{text(named[at])}"' if named else ""
        drawn.append(f'<tr role="row"{number}>{_row(columns, cells)}</tr>\n')
    return (
        f'<table role="table" aria-labelledby="{name}"><caption>{caption}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(drawn)}</tbody></table>'
    )


def _row(columns: Sequence[tuple[str, str]], cells: Sequence[str]) -> str:
    first, *others = cells
    rest = "".join(
        f'<td role="cell" data-label="{header}"{_class(kind)}>{cell}</td>'
        for (header, kind), cell in zip(columns[1:], others, strict=True)
    )
    return f'<th scope="row" role="rowheader">{first}</th>{rest}'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def bar_chart(
    name: str,
    title: str,
    bars: Sequence[tuple[str, float | None]],
    words: Callable[[float], str],
    *,
    highest: float | None = None,
) -> str:
    """Return a picture of bars, (label, value), and a text that says the same.

    A value of None has no bar. Of many bars the first, the highest and the last are named.
    """
    top = highest or max((value or 0.0 for _, value in bars), default=0.0) or 1.0
    named = _named(bars)
    step = _WIDTH / len(bars)
    drawn = []
    for index, (label, value) in enumerate(bars):
        middle = step * (index + 0.5)
        height = (value or 0.0) / top * (_FLOOR - _CEILING)
        drawn.append(
            f'<rect class="bar" x="{middle - step * 0.35:.1f}" y="{_FLOOR - height:.1f}"'
            f' width="{step * 0.7:.1f}" height="{height:.1f}" rx="2"/>'
        )
        if index in named:
            at = min(max(middle, 20), _WIDTH - 20)
            shown = text(said(value, words))
            drawn.append(
                f'<text x="{at:.1f}" y="{_FLOOR - height - 6:.1f}">{shown}</text>'
                f'<text class="label" x="{at:.1f}" y="{_HEIGHT - 6}">{text(label)}</text>'
            )
    in_words = "; ".join(f"{label}: {said(value, words)}" for label, value in bars)
    return (
        f"<figure><figcaption>{title}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{title}</title><desc id="{name}-d">{text(in_words)}</desc>'
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_FLOOR}" y2="{_FLOOR}"/>'
        f"{''.join(drawn)}</svg></figure>"
    )


def _named(bars: Sequence[tuple[str, float | None]]) -> set[int]:
    """Return which bars have room for their value: all, or few that are far enough apart."""
    last = len(bars) - 1
    if len(bars) <= _MOST_NAMED:
        return set(range(len(bars)))
    room = len(bars) / _MOST_NAMED
    peak = max(range(len(bars)), key=lambda at: bars[at][1] or 0)
    is_apart = min(peak, last - peak) > room
    return {0, last, *([peak] if is_apart else [])}


def said(value: float | None, words: Callable[[float], str]) -> str:
    """Return a value in words, a dash for none."""
    return NONE if value is None else words(value)
