"""Define each type of column in one row: how its cells are read, compared and kept.

A new type is one row here. What else asks for a type by its name says something that no other type
shares: an unchecked check box is blank, a document is compared in depth.

Source: docs/contract.md section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from enum import StrEnum
from typing import Final, Self

from listing_sync.cells.amounts import number_rules
from listing_sync.cells.columns import Column
from listing_sync.cells.dates import date_rules, datetime_rules
from listing_sync.cells.equality import (
    is_same_boolean,
    is_same_date,
    is_same_moment,
    is_same_number,
    is_same_text,
)
from listing_sync.cells.json_cells import JSON_EXPECTED, json_rules
from listing_sync.cells.json_exact import is_same as is_same_document
from listing_sync.cells.listings import ReadShown, ReadText, ReadValue, Value
from listing_sync.cells.texts import boolean_rules, text_rules, url_rules
from listing_sync.cells.units import Kind
from listing_sync.language.sentences import marked
from listing_sync.lazy_dataclasses import dataclass

Rules = tuple[ReadText | None, ReadValue, ReadShown | None]
"""How the texts of a column are read (None: as they are), its other cells, and shown values."""

COMMON_OPTIONS: Final = (
    *("header", "type", "required", "blank", "on_blank", "clear_marker", "fill_down"),
)
_TEXT_OPTIONS = frozenset({"pattern", "example", "max_length"})
_NUMBER_OPTIONS = frozenset({"min", "max", "unit", "decimal"})
_DATE_OPTIONS = frozenset({"min", "max", "order"})
_MEASURES = frozenset({Kind.MONEY, Kind.AREA})
_NONE: Final[frozenset[Kind]] = frozenset()

_TEXTS = frozenset({"text", "character varying", "character", "citext", "name"})
# PostgREST's API document has said int32 and int64 since 14.8, integer and bigint before.
WHOLE_NUMBERS: Final = frozenset({"smallint", "integer", "bigint", "int16", "int32", "int64"})
STAMPS: Final = frozenset({"timestamp with time zone", "timestamp without time zone"})
_DECIMALS = _TEXTS | {"numeric"}
_EXACT = frozenset({"numeric"})
_LONG_TEXTS = frozenset({"text", "character varying"})


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """Everything that a type of column is.

    `expected` completes "expected ..."; `is_shown`: its cells are read as a person sees them, all
    others unformatted; `options` are its own keys in the mapping; `units` those that its numbers
    may be in; `rules` make the readers of a column (with what is expected, and the zone of moments
    without one, None: not known); `is_equal` compares a value with the table's, neither of them
    null; `sql` is the PostgreSQL type that a column wants; `fits` are those that take its values
    and give them back equal; `kept_by` those, without a modifier, that store them as they come.
    """

    expected: str
    is_shown: bool
    options: frozenset[str]
    units: frozenset[Kind]
    rules: Callable[[Column, str, tzinfo | None], Rules]
    is_equal: Callable[[Value, Value], bool]
    sql: Callable[[Column], str]
    fits: frozenset[str]
    kept_by: frozenset[str]
    may_be_key: bool = False


def _numeric(whole_digits: int) -> Callable[[Column], str]:
    def sql(column: Column) -> str:
        if column.scale is None:
            return "numeric"
        return f"numeric({whole_digits + column.scale},{column.scale})"

    return sql


class ColumnType(StrEnum):
    """What a column holds; its name is what the mapping says."""

    facts: TypeFacts

    def __new__(cls, name: str, facts: TypeFacts) -> Self:
        """Make the member of that name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.facts = facts
        return member

    TEXT = (
        "text",
        TypeFacts(
            expected=marked("text"),
            is_shown=True,
            options=_TEXT_OPTIONS | {"choices"},
            units=_NONE,
            rules=text_rules,
            is_equal=is_same_text,
            sql=lambda _: "text",
            fits=_TEXTS,
            kept_by=_LONG_TEXTS,
            may_be_key=True,
        ),
    )
    INTEGER = (
        "integer",
        TypeFacts(
            expected=marked("a whole number, e.g. 12"),
            is_shown=False,
            options=_NUMBER_OPTIONS,
            units=_MEASURES,
            rules=number_rules,
            is_equal=is_same_number,
            sql=lambda _: "bigint",
            fits=_DECIMALS | WHOLE_NUMBERS,
            kept_by=_EXACT | {"smallint", "integer", "bigint"},
            may_be_key=True,
        ),
    )
    DECIMAL = (
        "decimal",
        TypeFacts(
            expected=marked("a number, e.g. 1,234.5"),
            is_shown=False,
            options=_NUMBER_OPTIONS | {"scale"},
            units=_MEASURES | {Kind.SHARE},
            rules=number_rules,
            is_equal=is_same_number,
            sql=_numeric(15),
            fits=_DECIMALS,
            kept_by=_EXACT,
        ),
    )
    MONEY = (
        "money",
        TypeFacts(
            expected=marked("an amount, e.g. 34800000, 3,480万円"),
            is_shown=False,
            options=_NUMBER_OPTIONS | {"scale"},
            units=frozenset({Kind.MONEY}),
            rules=number_rules,
            is_equal=is_same_number,
            sql=_numeric(15),
            fits=_DECIMALS,
            kept_by=_EXACT,
        ),
    )
    AREA = (
        "area",
        TypeFacts(
            expected=marked("square metres, e.g. 70.25, 70.25㎡"),
            is_shown=False,
            options=_NUMBER_OPTIONS | {"scale"},
            units=frozenset({Kind.AREA}),
            rules=number_rules,
            is_equal=is_same_number,
            sql=_numeric(8),
            fits=_DECIMALS,
            kept_by=_EXACT,
        ),
    )
    DATE = (
        "date",
        TypeFacts(
            expected=marked("a date, e.g. 2024-01-31, 2024年1月31日, 令和6年1月31日"),
            is_shown=False,
            options=_DATE_OPTIONS,
            units=_NONE,
            rules=lambda column, expected, _: date_rules(column, expected),
            is_equal=is_same_date,
            sql=lambda _: "date",
            fits=_TEXTS | STAMPS | {"date"},
            kept_by=frozenset({"date"}),
        ),
    )
    DATETIME = (
        "datetime",
        TypeFacts(
            expected=marked("a date and time, e.g. 2024-01-31 09:30"),
            is_shown=False,
            options=_DATE_OPTIONS,
            units=_NONE,
            rules=datetime_rules,
            is_equal=is_same_moment,
            sql=lambda _: "timestamptz",
            fits=_TEXTS | STAMPS,
            kept_by=frozenset({"timestamp with time zone"}),
        ),
    )
    BOOLEAN = (
        "boolean",
        TypeFacts(
            expected=marked("a check box, TRUE/FALSE, yes/no, ○/×, はい/いいえ, 1/0"),
            is_shown=False,
            options=frozenset(),
            units=_NONE,
            rules=boolean_rules,
            is_equal=is_same_boolean,
            sql=lambda _: "boolean",
            fits=frozenset({"boolean"}),
            kept_by=frozenset({"boolean"}),
        ),
    )
    URL = (
        "url",
        TypeFacts(
            expected=marked("an address such as https://example.com/a.jpg"),
            is_shown=True,
            options=_TEXT_OPTIONS,
            units=_NONE,
            rules=url_rules,
            is_equal=is_same_text,
            sql=lambda _: "text",
            fits=_TEXTS,
            kept_by=_LONG_TEXTS,
        ),
    )
    JSON = (
        "json",
        TypeFacts(
            expected=JSON_EXPECTED,
            is_shown=True,
            options=frozenset(),
            units=_NONE,
            rules=json_rules,
            is_equal=is_same_document,
            sql=lambda _: "jsonb",
            fits=frozenset({"json", "jsonb"}),
            kept_by=frozenset(),
        ),
    )

    @property
    def is_shown(self) -> bool:
        """Return whether its cells are read as a person sees them."""
        return self.facts.is_shown

    @property
    def is_number(self) -> bool:
        """Return whether its values are numbers."""
        return "unit" in self.facts.options

    @property
    def is_moment(self) -> bool:
        """Return whether its values are dates, with or without a time."""
        return "order" in self.facts.options

    @property
    def is_day(self) -> bool:
        """Return whether it holds days, without a time of day."""
        return self is ColumnType.DATE

    @property
    def is_whole(self) -> bool:
        """Return whether its values are whole numbers always, whatever the mapping says."""
        return self.is_number and "scale" not in self.facts.options

    @property
    def units(self) -> frozenset[Kind]:
        """Return the kinds of units that its bare numbers may be in."""
        return self.facts.units

    @property
    def is_measure(self) -> bool:
        """Return whether its numbers are of one kind, whose unit goes without saying."""
        return len(self.facts.units) == 1

    def takes(self, option: str) -> bool:
        """Return whether the mapping may give a column of this type that option."""
        return option in COMMON_OPTIONS or option in self.facts.options
