"""Find the address that a cell shows or hides, or say why there is none.

`=IMAGE("https://…")`, links, pictures and chips show something that the values of a sheet do not
hold: they read as empty, or as a name. The address is taken from the formula, the link or the chip,
where it is one; a cell that is not empty is never taken for a blank one.
"""

from __future__ import annotations

import re
from typing import Any

from listing_sync.cells.error_cells import error_cell
from listing_sync.cells.listings import Cell, Unreadable
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass

_SHOWN_FORMULA = 80
_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
_PICTURE = re.compile(r"\b(IMAGE|SPARKLINE)\s*\(", re.IGNORECASE)
_TEXT = r'"(?:[^"]|"")*"'
_LITERAL = re.compile(
    rf'=\s*(?:_xlfn\.)?(?:IMAGE|HYPERLINK)\s*\(\s*"((?:[^"]|"")+)"\s*(?:[,;](?:[^")]|{_TEXT})*)?\)\s*',
    re.IGNORECASE,
)
"""A formula that holds its address as it is: =IMAGE("https://…"), =HYPERLINK("https://…","写真")."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What lies behind a cell; `is_text` when its value is a text, be it an empty one.

    `has_value`: it has one of some kind, though its number format may not show it. `shown` is what
    a person sees of it. `is_filled`: the API gives the cell as "", which an empty one is not.
    """

    formula: str = ""
    is_text: bool = False
    links: tuple[str, ...] = ()
    has_value: bool = False
    shown: str = ""
    is_filled: bool = False

    @property
    def is_bare(self) -> bool:
        """Return whether nothing is known of it: an empty cell, or a picture put into one."""
        return not (self.formula or self.has_value or self.links or self.shown)


def is_address(cell: object) -> bool:
    """Say whether a cell shows an address, so that nothing behind it matters."""
    return isinstance(cell, str) and _ADDRESS.match(cell) is not None


def is_picture(formula: object) -> bool:
    """Say whether a formula draws what no value holds."""
    return isinstance(formula, str) and _PICTURE.search(formula) is not None


def linked_cell(cell: Any, detail: Detail) -> Cell:
    """Return the cell with its address, `cell` as it is, or what cannot be read."""
    if isinstance(cell, str) and cell and error_cell(cell):
        return cell
    found = _LITERAL.fullmatch(detail.formula)
    address = found[1].replace('""', '"') if found else None
    if cell not in (None, ""):
        links = detail.links or ((address,) if is_address(address) else ())
        return links[0] if len(links) == 1 else cell
    if address is not None:
        return address
    if is_picture(detail.formula):
        reason = phrase(
            "a picture whose address its formula computes; expected the address as text",
            code="picture",
        )
        return Unreadable(detail.formula, reason)
    if len(detail.links) == 1:
        return detail.links[0]
    is_filled = detail.is_filled or detail.has_value
    if is_filled and not detail.formula and not detail.is_text:
        reason = phrase(
            "not empty, but without a text: a picture in the cell, perhaps; expected an address"
            " such as https://example.com/a.jpg",
            code="picture",
        )
        return Unreadable("", reason)
    return None


def hidden_reason(detail: Detail) -> str | None:
    """Return why a cell that reads as blank is not empty to a person, None when it is.

    A formula that gives "" is blank, and so is a number whose format shows nothing.
    """
    if detail.shown:
        return phrase(
            "edited while it was read: empty at first; the next run reads it again",
            code="edited_while_read",
        )
    if is_picture(detail.formula):
        return _no_text(phrase("a picture"), detail.formula)
    if detail.links:
        return _no_text(phrase("a link or a chip"), "")
    if detail.has_value:
        return None
    if detail.formula:
        return _no_text(phrase("a picture, perhaps"), detail.formula)
    return _no_text(phrase("a picture in the cell, perhaps"), "") if detail.is_filled else None


def _no_text(what: str, formula: str) -> str:
    if not formula:
        return phrase(
            "not empty, but without a text: {what};"
            " expected a text, or an empty cell where nothing is meant",
            code="picture",
            what=what,
        )
    return phrase(
        "not empty, but without a text: {what} ({formula});"
        " expected a text, or an empty cell where nothing is meant",
        code="picture",
        what=what,
        formula=formula[:_SHOWN_FORMULA],
    )
