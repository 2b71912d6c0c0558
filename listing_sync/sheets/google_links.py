"""A cell of a column of addresses and what lies behind it in, the address or why there is none out.

`=IMAGE("https://…")`, pictures and chips show something that the API's values do not hold: they
read as empty, or as a name. The address is taken from the formula, the link or the chip, where it
is one; a cell that is not empty is never taken for a blank one. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from listing_sync.cells.listings import Cell, Unreadable

CELL_FIELDS = (
    "formattedValue,userEnteredValue(formulaValue),effectiveValue(stringValue),hyperlink,"
    "chipRuns(chip(richLinkProperties(uri))),textFormatRuns(format(link(uri)))"
)
"""What is asked of a cell (CellData)."""

_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
_PICTURE = re.compile(r"\b(IMAGE|SPARKLINE)\s*\(", re.IGNORECASE)
_TEXT = r'"(?:[^"]|"")*"'
_LITERAL = re.compile(
    rf'=\s*(?:IMAGE|HYPERLINK)\s*\(\s*"((?:[^"]|"")+)"\s*(?:[,;](?:[^")]|{_TEXT})*)?\)\s*',
    re.IGNORECASE,
)
"""A formula that holds its address as it is: =IMAGE("https://…"), =HYPERLINK("https://…","写真")."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What lies behind a cell; `is_text` when its value is a text, be it an empty one."""

    formula: str = ""
    is_text: bool = False
    links: tuple[str, ...] = ()


def is_address(cell: object) -> bool:
    """Say whether a cell shows an address, so that nothing behind it matters."""
    return isinstance(cell, str) and _ADDRESS.match(cell) is not None


def linked_cell(cell: Any, detail: Detail, *, is_filled: bool) -> Cell:
    """Return the cell with its address, `cell` as it is, or what cannot be read.

    `is_filled`: the API gave the cell as "", which an empty one is not.
    """
    found = _LITERAL.fullmatch(detail.formula)
    address = found[1].replace('""', '"') if found else None
    if cell not in (None, ""):
        links = detail.links or ((address,) if is_address(address) else ())
        return links[0] if len(links) == 1 else cell
    if address is not None:
        return address
    if _PICTURE.search(detail.formula):
        reason = "a picture whose address its formula computes; expected the address as text"
        return Unreadable(detail.formula, reason)
    if len(detail.links) == 1:
        return detail.links[0]
    if is_filled and not detail.formula and not detail.is_text:
        reason = (
            "not empty, but without a text: a picture in the cell, perhaps; expected an address"
            " such as https://example.com/a.jpg"
        )
        return Unreadable("", reason)
    return None


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
    return Detail(
        formula=formula if isinstance(formula, str) else "",
        is_text=isinstance(_at(content, "effectiveValue", "stringValue"), str),
        links=tuple(addresses),
    )


def _list(content: object) -> list[object]:
    return content if isinstance(content, list) else []


def _at(content: object, *names: str) -> object:
    for name in names:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content
