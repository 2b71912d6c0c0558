"""Mapping text (TOML) in, Mapping out: which header becomes which column, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class ColumnType(StrEnum):
    """What a column holds (docs/contract.md section 5)."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    AREA = "area"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    URL = "url"
    JSON = "json"


SHOWN_TYPES = frozenset({ColumnType.TEXT, ColumnType.URL, ColumnType.JSON})
"""Types that are read as a person sees them in the sheet; all others are read unformatted."""

NUMBER_TYPES = frozenset(
    {ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY, ColumnType.AREA}
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table and the rule by which a cell becomes its value."""

    name: str
    headers: tuple[str, ...]
    type: ColumnType
    required: bool = False
    pattern: re.Pattern[str] | None = None
    minimum: Decimal | str | None = None
    maximum: Decimal | str | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    scale: int | None = None
    blank: frozenset[str] = frozenset()
    keep_on_blank: bool = False
    clear_marker: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """The whole mapping; `columns` are in the order of the file and include the key."""

    table: str
    key: str
    columns: tuple[Column, ...]
    mark_column: str | None = None
