"""Decide whether two values of a column mean the same to the table, and who may give them.

Values come in the forms of a sheet, of several servers and of files of earlier days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from listing_sync.cells import json_exact
from listing_sync.cells.column_types import WHOLE_NUMBERS, ColumnType
from listing_sync.cells.listings import Value
from listing_sync.changes.compare import is_equal
from listing_sync.lazy_dataclasses import dataclass

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_LITERAL = re.compile(
    r"(?:'(?P<text>(?:[^']|'')*)'(?:::[\w ()\",.]+)?|(?P<word>true|false|-?[\d.]+))"
)
_ROW_ID = "id"
"""The primary key of the tables that Supabase makes; not every API shows which one it is."""
_CLOCKS_DIFFER = timedelta(minutes=15)
_RUN_LASTS = timedelta(hours=1)
_TEXTS = frozenset({ColumnType.TEXT, ColumnType.URL})
_DATE_CHARACTERS = len("2026-01-31")
_NUMBERS = WHOLE_NUMBERS | {"numeric", "real", "double precision", "number"}
_KINDS = {
    "date": ColumnType.DATE,
    "boolean": ColumnType.BOOLEAN,
    "json": ColumnType.JSON,
    "jsonb": ColumnType.JSON,
    "text": ColumnType.TEXT,
    **dict.fromkeys(_NUMBERS, ColumnType.DECIMAL),
}


@dataclass(frozen=True, slots=True)
class TableNow:
    """What a way back has to know of the mapping and the table.

    `types` are those of the mapped columns, `table_types` PostgreSQL's own names for all, as far as
    they are known; `columns` are those that are there (None: not known), `fixed` those of them that
    only the database fills, `identities` those that number the rows. `defaults` are PostgreSQL's
    expressions, None where they are not known.
    """

    key: str
    types: Mapping[str, ColumnType]
    table_types: Mapping[str, str] = field(default_factory=dict)
    columns: frozenset[str] | None = None
    fixed: frozenset[str] = frozenset()
    primary_key: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()
    defaults: Mapping[str, str] | None = None

    @property
    def row_ids(self) -> frozenset[str]:
        """Return the columns that tell a row from another one with the same number."""
        written = self.types.keys() | {self.key}
        return row_ids(self.identities, self.primary_key, self.defaults, written)

    def is_same(self, name: str, left: Value, right: Value, then: ColumnType | None = None) -> bool:
        """Return whether two values of a column mean the same, whatever form they came in.

        `then` is the type of the column when one of them was written.
        """
        if left is None or right is None:
            return left is right
        are_texts = type(left) is type(right) is str
        if are_texts and left == right:
            return True
        now = self.types.get(name)
        if are_texts and now in _TEXTS and (then is None or then in _TEXTS):
            return False
        kinds = {then, now, _kind(self.table_types.get(name, ""))} - {None}
        return any(means(left, right, kind) for kind in kinds) or _is_alike(left, right)

    def is_clock(self, name: str, value: Value) -> bool:
        """Return whether it is a moment that no mapping writes: triggers and defaults set those."""
        if name in self.types or value is None:
            return False
        known = self.table_types.get(name, "")
        if known:
            return known.startswith("timestamp")
        return isinstance(value, str) and _MOMENT.match(value) is not None

    def may_be_given(self, name: str, value: Value, moments: Iterable[datetime]) -> bool:
        """Return whether an insert that does not name the column may have left this value in it.

        `moments` are when runs of ours began: a time that a default or trigger sets is near one.
        """
        return (
            value is None
            or name in self.fixed
            or name in self.primary_key
            or (name == _ROW_ID and name not in self.types)
            or (self.is_clock(name, value) and _is_near(value, moments))
            or self.is_default(name, value)
        )

    def is_default(self, name: str, value: Value) -> bool:
        """Return whether it is the default of the column, where that is a mere value."""
        match = _LITERAL.fullmatch((self.defaults or {}).get(name, ""))
        if match is None:
            return False
        text, word = match["text"], match["word"]
        if word in {"true", "false"}:
            return value is (word == "true")
        return self.is_same(name, word if text is None else text.replace("''", "'"), value)


def row_ids(
    identities: frozenset[str],
    primary_key: Iterable[str],
    defaults: Mapping[str, str] | None,
    written: AbstractSet[str],
) -> frozenset[str]:
    """Return the columns that tell a row from another one with the same number.

    The database itself gives them, anew for each row: others that the primary key holds may be
    typed, or are `written` from the sheet. Where it is not known which have a default, all that it
    holds are taken for such.
    """
    if defaults is None:
        return identities.union(primary_key) - written
    given = {
        name
        for name in primary_key
        if name in defaults and _LITERAL.fullmatch(defaults[name]) is None
    }
    return (identities | given) - written


def _kind(postgres_type: str) -> ColumnType | None:
    if postgres_type.startswith("timestamp"):
        return ColumnType.DATETIME
    return _KINDS.get(postgres_type)


def means(left: Value, right: Value, kind: ColumnType | None) -> bool:
    """Return whether two values mean the same in a column of that type, whatever their form."""
    if kind is None:
        return False
    if kind is ColumnType.JSON:
        return json_exact.is_same(left, right)
    if kind is ColumnType.DATETIME and _is_date(left) is not _is_date(right):
        # A date column takes the day out of a moment as it is written.
        return str(left)[:_DATE_CHARACTERS] == str(right)[:_DATE_CHARACTERS]
    return is_equal(left, right, kind)


def _is_near(value: Value, moments: Iterable[datetime]) -> bool:
    """Return whether a time is one at which a run was at work, by clocks that differ somewhat."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return any(-_CLOCKS_DIFFER <= at - moment <= _RUN_LASTS for moment in moments)


def _is_date(value: Value) -> bool:
    return len(str(value)) == _DATE_CHARACTERS


def _is_alike(left: Value, right: Value) -> bool:
    """Return whether values of a column of which nothing is known are equal; true is never 1."""
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return json_exact.is_same(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    try:
        return Decimal(str(left)) == Decimal(str(right))
    except InvalidOperation:
        return False
