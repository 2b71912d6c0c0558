"""Read what Google's API says of a cell beside its value (CellData). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from listing_sync.sheets.links import Detail, is_address

CELL_FIELDS = (
    "formattedValue,userEnteredValue(formulaValue),effectiveValue,hyperlink,"
    "chipRuns(chip(richLinkProperties(uri))),textFormatRuns(format(link(uri)))"
)
"""What is asked of a cell (CellData)."""


def detail_of(content: object) -> Detail:
    """Return what CellData says; what it does not hold, or says in another shape, is nothing."""
    if not isinstance(content, dict):
        return Detail()
    chips, runs = _list(content.get("chipRuns")), _list(content.get("textFormatRuns"))
    links = [
        content.get("hyperlink"),
        *(_at(chip, "chip", "richLinkProperties", "uri") for chip in chips),
        *(_at(run, "format", "link", "uri") for run in runs),
    ]
    addresses = dict.fromkeys(link for link in links if isinstance(link, str) and is_address(link))
    formula = _at(content, "userEnteredValue", "formulaValue")
    shown = content.get("formattedValue")
    return Detail(
        formula=formula if isinstance(formula, str) else "",
        is_text=isinstance(_at(content, "effectiveValue", "stringValue"), str),
        links=tuple(addresses),
        has_value=bool(content.get("effectiveValue")),
        shown=shown if isinstance(shown, str) else "",
    )


def _list(content: object) -> list[object]:
    return content if isinstance(content, list) else []


def _at(content: object, *names: str) -> object:
    for name in names:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content
