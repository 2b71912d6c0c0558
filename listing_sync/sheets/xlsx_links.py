"""Give cells of columns of addresses the links that an .xlsx file keeps beside its cells.

Source: ECMA-376 part 1, 18.3.1.47 (hyperlink).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from listing_sync.cells.a1 import column_index
from listing_sync.cells.error_cells import error_cell
from listing_sync.cells.listings import Cell, SheetRow, Unreadable
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.file_limits import TooLargeError
from listing_sync.sheets.links import Detail, is_address, linked_cell
from listing_sync.sheets.xlsx_package import RELATION_IDS, Attributes

Place = tuple[int, int]
"""Sheet row, and column counted from 0."""

_LONGEST_FORMULA: Final = 32_768
_MOST_LINKED: Final = 5_000_000
_FORMULA: Final = re.compile(r"\b(?:HYPERLINK|IMAGE)\s*\(", re.IGNORECASE)
_IMAGE: Final = re.compile(r"=\s*(?:_xlfn\.)?IMAGE\s*\(", re.IGNORECASE)
_CORNER: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")


@dataclass(slots=True)
class TabLinks:
    """The links of one tab as they are met: of formulas by cell, of elements by range."""

    _formulas: dict[Place, str] = field(default_factory=dict)
    _elements: list[tuple[str, str, str]] = field(default_factory=list)

    def take_formula(self, row: int, column: int, text: str) -> None:
        """Note a formula that may hold an address."""
        if len(text) <= _LONGEST_FORMULA and _FORMULA.search(text):
            self._formulas[row, column] = f"={text}"

    def take_element(self, attributes: Attributes) -> None:
        """Note a hyperlink."""
        relation = next(filter(None, map(attributes.get, RELATION_IDS)), "")
        place = attributes.get("ref", ""), relation, attributes.get("location", "")
        self._elements.append(place)

    @property
    def are_there(self) -> bool:
        """Return whether any was met."""
        return bool(self._elements or self._formulas)

    def linked(
        self, rows: Sequence[SheetRow], columns: Mapping[int, int], addresses: Mapping[str, str]
    ) -> list[SheetRow]:
        """Return the rows with the addresses of cells that show none.

        `columns` gives for each column of addresses its place in a row, `addresses` where the
        relations of the tab lead.
        """
        links = dict(self._links(rows, columns, addresses))
        found = []
        for row, cells in rows:
            changed = list(cells)
            for column, at in columns.items():
                formula = self._formulas.get((row, column), "")
                link = links.get((row, column), "")
                if formula or link:
                    changed[at] = _linked(cells[at], formula, link)
            found.append((row, tuple(changed)))
        return found

    def _links(
        self, rows: Sequence[SheetRow], columns: Mapping[int, int], addresses: Mapping[str, str]
    ) -> Iterator[tuple[Place, str]]:
        still = _MOST_LINKED
        for reference, relation, location in self._elements:
            first, _, last = reference.partition(":")
            start = _CORNER.fullmatch(first)
            end = _CORNER.fullmatch(last) if last else start
            address = addresses.get(relation, "")
            if start is None or end is None or not is_address(address):
                continue
            address += f"#{location}" if location and "#" not in address else ""
            left, right = column_index(start[1]), column_index(end[1])
            wanted = [column for column in columns if left <= column <= right]
            if wanted and start[2] == end[2]:
                yield from (((int(start[2]), column), address) for column in wanted)
            elif wanted:
                still -= len(rows)
                if still < 0:
                    raise TooLargeError(phrase("its links lie over too many rows"))
                top, bottom = int(start[2]), int(end[2])
                yield from (
                    ((row, column), address)
                    for row, _ in rows
                    if top <= row <= bottom
                    for column in wanted
                )


def _linked(cell: Cell, formula: str, link: str) -> Cell:
    """Return the cell with its address: the same as Google's of the same cell.

    Excel keeps #VALUE! as the result of =IMAGE(). A formula without a result stays rejected.
    """
    if isinstance(cell, Unreadable) or is_address(cell):
        return cell
    is_picture = isinstance(cell, str) and error_cell(cell) and _IMAGE.match(formula)
    detail = Detail(formula=formula, links=(link,) if link else ())
    found = linked_cell(None if is_picture else cell, detail)
    return cell if found is None else found
