"""Hold what the mapping says of one column."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from listing_sync.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from listing_sync.cells.column_types import ColumnType  # its rows read such columns


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table and the rule by which a cell becomes its value.

    `minimum` and `maximum` are Decimal for numbers and ISO texts for dates and date-times; `blank`
    and `clear_marker` are normalised (spelling.py), `choices` are as written. `unit` is that of
    bare numbers (units.py), `decimal_mark` "." or ",", `order` of a date "ymd", "mdy" or "dmy".
    `example` shows people the form of `pattern`.
    """

    name: str
    headers: tuple[str, ...]
    type: ColumnType
    required: bool = False
    pattern: re.Pattern[str] | None = None
    example: str | None = None
    minimum: Decimal | str | None = None
    maximum: Decimal | str | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    scale: int | None = None
    blank: frozenset[str] = frozenset()
    keep_on_blank: bool = False
    clear_marker: str | None = None
    unit: str | None = None
    decimal_mark: str | None = None
    order: str | None = None
    fill_down: bool = False
