"""Hold what a sheet has, rows of cells, and what they become, listings and rejections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from listing_sync.cells.a1 import quote_tab
from listing_sync.cells.columns import Column
from listing_sync.errors import Category
from listing_sync.language.sentences import code_of, phrase, spoken
from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose value the source does not hold, such as a formula without a stored value.

    `whole_row`: every cell of its row is so, for one reason, as where fields do not line up.
    """

    shown: str
    reason: str
    whole_row: bool = False


Stored = int | float | bool | datetime | date | time
"""A stored value that is not text. Google gives int, float and bool."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A stored value of which a person sees something else, `text`: its number format decides."""

    text: str
    stored: Stored


Cell = str | Stored | Shown | Unreadable | None
"""One cell as a reader gives it; None and "" are blank."""


class Kept(Enum):
    """The value of a blank cell whose column says `on_blank = "keep"`: not written at all."""

    KEPT = "kept"


KEPT: Final = Kept.KEPT

Value = str | int | float | Decimal | Kept | dict[str, Any] | list[Any] | None
"""A typed value in the form in which it is sent as JSON.

text, url: str; integer: int; decimal, money, area: int when scale is 0, else str in plain notation
with the digits kept ("70.25"); date: "2024-01-31"; datetime: "2024-01-31T09:00:00+00:00" (UTC);
boolean: bool; json: the parsed document; blank: None, or KEPT.
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell has no value, in few words, and the form expected instead ("" when it says so)."""

    reason: str
    expected: str = ""

    def __str__(self) -> str:
        if not self.expected:
            return spoken(self.reason)
        return phrase(
            "{reason}; expected {expected}",
            code=code_of(self.reason),
            reason=self.reason,
            expected=self.expected,
        )


ReadText = Callable[[str], Value | Problem]
ReadValue = Callable[[Stored], Value | Problem]
ReadShown = Callable[[Shown], Value | Problem]
"""How one type of column reads a text, a stored value, and one that is shown as something else."""

SheetRow = tuple[int, tuple[Cell, ...]]
"""(sheet_row, cells): 1-based row as the sheet shows it; cells in the order of the columns."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A mapped column that the sheet has: its rule, its header as in the sheet, its letter."""

    column: Column
    header: str
    letter: str


@dataclass(frozen=True, slots=True)
class BlankCell:
    """Where a cell stands that reads as blank, which may not be all that a person sees there."""

    sheet_row: int
    column: SheetColumn


@dataclass(frozen=True, slots=True)
class SheetContents:
    """The mapped columns of one tab, as read.

    `columns` are in the order of the mapping and always hold the key; `rows` are those that are not
    blank, from the top. `time_zone` is the IANA name of the spreadsheet's zone, None for a file.
    `link_base` opens the tab in a browser ("https://docs.google.com/.../edit#gid=0"), None for a
    file. `missing` are optional mapped columns that the sheet lacks, `unmapped` headers that the
    mapping does not have.
    """

    tab: str
    link_base: str | None
    time_zone: str | None
    columns: tuple[SheetColumn, ...]
    rows: Sequence[SheetRow]
    missing: tuple[Column, ...] = ()
    unmapped: tuple[str, ...] = ()

    def named(self, name: str) -> SheetColumn:
        """Return the column of that name, which is there."""
        return next(column for column in self.columns if column.column.name == name)

    def place(self, column: SheetColumn, sheet_row: int) -> tuple[str, str | None]:
        """Return the name of a cell (`Listings!F17`) and the link that opens it, if any."""
        reference = f"{column.letter}{sheet_row}"
        link = None if self.link_base is None else f"{self.link_base}&range={reference}"
        return f"{quote_tab(self.tab)}!{reference}", link


@dataclass(frozen=True, slots=True)
class Listing:
    """One valid listing; `values` are in the order of the sheet's columns."""

    property_number: str
    sheet_row: int
    values: tuple[Value, ...]


REPEATED: Final = "number_repeated"
"""The code of the rejections of a number that stands on several rows."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one listing was not written. `column` is the header, None for what concerns the row.

    `code` names the reason in every language; None where a record of an earlier version has none.
    """

    property_number: str | None
    sheet_row: int | None
    column: str | None
    cell: str | None
    value: str | None
    reason: str
    category: Category = Category.VALIDATION
    link: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the validator makes of a sheet.

    `numbers` are the property numbers that appear on any row, valid or not; `unknown_numbers` is
    True when the number of a row that is not blank is blank or fails its pattern.
    `rejected_rows` counts the rows that have at least one rejection; `repeated` are the numbers
    that stand on several rows, with these.
    """

    columns: tuple[SheetColumn, ...]
    listings: tuple[Listing, ...]
    rejections: tuple[Rejection, ...]
    numbers: frozenset[str]
    unknown_numbers: bool
    total_rows: int
    rejected_rows: int
    repeated: tuple[tuple[str, tuple[int, ...]], ...] = ()
