"""Write text, tables and pictures as HTML; foreign text becomes visible, never markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from html import escape

from listing_sync.cells.wording import plain, utc_text
from listing_sync.history.runs import RunStatus
from listing_sync.history.verdict import CheckStatus

NONE = "–"

_TAGS = {
    CheckStatus.OK: "ok",
    CheckStatus.WARN: "warn",
    CheckStatus.FAIL: "fail",
    RunStatus.COMPLETED: "ok",
    RunStatus.PARTIAL: "warn",
    RunStatus.FAILED: "fail",
    RunStatus.INTERRUPTED: "warn",
}

_WIDTH, _HEIGHT, _FLOOR, _CEILING = 420, 150, 126, 20


def text(foreign: str) -> str:
    """Return text for HTML, visible and never markup."""
    return escape(plain(foreign))


def sentence(foreign: str) -> str:
    """Return a sentence for HTML, what stands between backquotes as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", text(foreign))


def moment(at: datetime, zone: tzinfo, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a moment in the zone of the page; programs read it in UTC."""
    return f'<time datetime="{utc_text(at)}">{at.astimezone(zone).strftime(form)}</time>'


def tag(status: CheckStatus | RunStatus) -> str:
    """Return a status as a coloured word."""
    return f'<span class="tag {_TAGS.get(status, "none")}">{status.replace("_", " ")}</span>'


def table_section(
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
        + table(name, caption, columns, rows)
        + "</section>"
    )


def table(
    name: str, caption: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]
) -> str:
    """Return the table of `table_section` alone, named by the element of id `name`."""
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


def bar_chart(
    name: str,
    title: str,
    bars: Sequence[tuple[str, float | None]],
    words: Callable[[float], str],
) -> str:
    """Return a picture of bars, (label, value), and a text that says the same.

    A value of None has no bar.
    """
    highest = max((value or 0.0 for _, value in bars), default=0.0) or 1.0
    step = _WIDTH / len(bars)
    drawn = []
    for index, (label, value) in enumerate(bars):
        middle = step * (index + 0.5)
        height = (value or 0.0) / highest * (_FLOOR - _CEILING)
        drawn.append(
            f'<rect class="bar" x="{middle - step * 0.3:.1f}" y="{_FLOOR - height:.1f}"'
            f' width="{step * 0.6:.1f}" height="{height:.1f}" rx="3"/>'
            f'<text x="{middle:.1f}" y="{_FLOOR - height - 6:.1f}">{said(value, words)}</text>'
            f'<text class="label" x="{middle:.1f}" y="{_HEIGHT - 6}">{label}</text>'
        )
    in_words = "; ".join(f"{label}: {said(value, words)}" for label, value in bars)
    return (
        f"<figure><figcaption>{title}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{title}</title><desc id="{name}-d">{in_words}</desc>'
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_FLOOR}" y2="{_FLOOR}"/>'
        f"{''.join(drawn)}</svg></figure>"
    )


def said(value: float | None, words: Callable[[float], str]) -> str:
    """Return a value in words, a dash for none."""
    return NONE if value is None else words(value)
