"""Read the mapping file: which header becomes which column, and how."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping as Table
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from listing_sync.cells.column_types import COMMON_OPTIONS, ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.near import near_matches
from listing_sync.cells.patterns import PatternError, compiled_pattern, fits
from listing_sync.cells.spelling import normalise, without_spaces
from listing_sync.cells.units import UNIT_NAMES, Kind, Unit, unit_of
from listing_sync.errors import SettingsError
from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SheetMapping:
    """The whole mapping; `columns` are in the order of the file and include the key.

    `ignore` finds the rows that are no listings (totals), `encoding` is that of a .csv file, `name`
    the file as messages call it.
    """

    table: str
    key: str
    columns: tuple[Column, ...]
    mark_column: str | None = None
    header_rows: int = 1
    ignore: re.Pattern[str] | None = None
    encoding: str | None = None
    name: str = "mapping"

    def is_shown(self, column: Column) -> bool:
        """Return whether a column is read as a person sees it; the key always is."""
        return column.type.is_shown or column.name == self.key


def normalise_header(text: str) -> str:
    """Return a header in the form in which headers are compared.

    Source: docs/contract.md section 5, header.
    """
    return without_spaces(normalise(text).casefold())


def takes_unit(column_type: ColumnType, scale: int | None, unit: Unit) -> bool:
    """Return whether bare numbers of a column can be in a unit; 坪 needs a scale to be rounded to.

    Source: docs/contract.md section 5, unit.
    """
    if unit.kind not in column_type.units:
        return False
    rest = unit.factor.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 or scale is not None


def parse_mapping(text: str, *, name: str) -> SheetMapping:
    """Return the mapping that a TOML text says; `name` is the file as messages call it.

    Raises:
        SettingsError: every problem, each naming file, key and what is allowed.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:  # a syntax error names its line; so does an integer too long
        last = f"at line {text.count(chr(10)) + 1}, the last"
        what = str(error).replace("at end of document", last)
        raise SettingsError((f"{name}: not valid TOML: {what}",)) from error
    reader = _Reader(name)
    mapping = reader.mapping(document)
    if mapping is None or reader.problems:
        raise SettingsError(tuple(reader.problems))
    return mapping


_TOP = (
    *("table", "key", "columns", "prune", "header_rows", "ignore", "encoding", "order", "decimal"),
)
_TYPES: Final = {each.value: each for each in ColumnType}
_OPTIONS: Final = tuple(
    dict.fromkeys(
        (*COMMON_OPTIONS, *(option for each in ColumnType for option in sorted(each.facts.options)))
    )
)
"""Every option of a column; which of them fits which type, cells/column_types.py says."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_IDENTIFIER_RULE = "letters, digits and underscores, not starting with a digit, at most 63"
_MAX_SCALE = 30
_MAX_HEADER_ROWS = 10
_ORDERS = ("ymd", "mdy", "dmy")
_DECIMAL_MARKS = (".", ",")


class _Reader:
    """Reads the parsed TOML, collecting problems instead of stopping at the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.problems: list[str] = []

    def mapping(self, document: Table[str, object]) -> SheetMapping | None:
        self._refuse_unknown("", document, _TOP)
        table = self._identifier("table", document.get("table"))
        key = self._identifier("key", document.get("key"))
        stated = {
            "order": self._one_of("order", document.get("order"), _ORDERS),
            "decimal": self._one_of("decimal", document.get("decimal"), _DECIMAL_MARKS),
        }
        defaults = {option: value for option, value in stated.items() if value is not None}
        columns = self._columns(document.get("columns"), key, defaults)
        mark_column = self._mark_column(document.get("prune"), columns)
        if key is not None and columns:
            self._check_key(key, columns)
        self._check_headers(columns)
        header_rows = self._integer(
            "header_rows", document.get("header_rows", 1), 1, _MAX_HEADER_ROWS
        )
        ignore = self._pattern("ignore", document.get("ignore"))
        encoding = self._encoding(document.get("encoding"))
        if table is None or key is None:
            return None
        return SheetMapping(
            table, key, columns, mark_column, header_rows or 1, ignore, encoding, self._name
        )

    def _problem(self, key: str, message: str) -> None:
        self.problems.append(f"{self._name}: {key}: {message}")

    def _refuse_unknown(
        self, prefix: str, table: Table[str, object], known: tuple[str, ...]
    ) -> None:
        for key in table:
            if key not in known:
                near = near_matches(key, known, limit=1)
                allowed = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
                self._problem(prefix + key, f"unknown key; {allowed}")

    def _identifier(self, key: str, value: object) -> str | None:
        if value is None:
            self._problem(key, f"missing; a name ({_IDENTIFIER_RULE})")
        elif not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
            self._problem(key, f"{_shown(value)} is not a name: {_IDENTIFIER_RULE}")
        else:
            return value
        return None

    def _one_of(self, key: str, value: object, allowed: tuple[str, ...]) -> str | None:
        if value is None or (isinstance(value, str) and value in allowed):
            return value
        listed = " or ".join(f'"{text}"' for text in allowed)
        self._problem(key, f"must be {listed}, not {_shown(value)}")
        return None

    def _encoding(self, value: object) -> str | None:
        if value is None:
            return None
        try:
            if isinstance(value, str) and "a".encode(value).decode(value) == "a":
                return codecs.lookup(value).name
        except (LookupError, ValueError):  # no such encoding, or one of bytes to bytes
            pass
        self._problem(
            "encoding",
            'must be an encoding of text such as "utf-8", "cp932" or "cp1252", '
            f"not {_shown(value)}",
        )
        return None

    def _columns(
        self, tables: object, key_name: str | None, defaults: dict[str, str]
    ) -> tuple[Column, ...]:
        if not isinstance(tables, dict) or not tables:
            self._problem("columns", "missing; at least one table such as [columns.price]")
            return ()
        columns = []
        for name, table in tables.items():
            key = f"columns.{name}"
            self._identifier(key, name)
            if isinstance(table, dict):
                whole = {"required": True, **table} if name == key_name else table
                columns.append(self._column(key, name, whole, defaults))
            else:
                self._problem(key, f"must be a table such as [{key}], not {_shown(table)}")
        return tuple(columns)

    def _column(
        self, key: str, name: str, table: dict[str, object], defaults: dict[str, str]
    ) -> Column:
        self._refuse_unknown(f"{key}.", table, _OPTIONS)
        column_type = self._type(f"{key}.type", table)
        if column_type is None:
            return Column(name, self._headers(f"{key}.header", table), ColumnType.TEXT)
        for option in _OPTIONS:
            if option in table and not column_type.takes(option):
                fits = ", ".join(other for other in ColumnType if other.takes(option))
                self._problem(f"{key}.{option}", f"does not fit type {column_type}; fits {fits}")
        options = {
            option: value
            for option, value in (defaults | table).items()
            if column_type.takes(option)
        }
        minimum, maximum = self._limits(key, column_type, options)
        scale = self._integer(f"{key}.scale", options.get("scale"), 0, _MAX_SCALE)
        keep_on_blank, clear_marker = self._on_blank(key, options)
        return Column(
            name=name,
            headers=self._headers(f"{key}.header", options),
            type=column_type,
            required=self._boolean(f"{key}.required", options.get("required", False)),
            pattern=(pattern := self._pattern(f"{key}.pattern", options.get("pattern"))),
            example=self._example(f"{key}.example", options.get("example"), pattern),
            minimum=minimum,
            maximum=maximum,
            max_length=self._integer(f"{key}.max_length", options.get("max_length"), 1, None),
            choices=self._choices(f"{key}.choices", options),
            scale=scale,
            blank=frozenset(map(normalise, self._texts(f"{key}.blank", options.get("blank", [])))),
            keep_on_blank=keep_on_blank,
            clear_marker=clear_marker,
            unit=self._unit(f"{key}.unit", options.get("unit"), column_type, scale),
            decimal_mark=self._one_of(f"{key}.decimal", options.get("decimal"), _DECIMAL_MARKS),
            order=self._one_of(f"{key}.order", options.get("order"), _ORDERS),
            fill_down=self._boolean(f"{key}.fill_down", options.get("fill_down", False)),
        )

    def _unit(
        self, key: str, value: object, column_type: ColumnType, scale: int | None
    ) -> str | None:
        if value is None:
            return None
        unit = unit_of(value) if isinstance(value, str) else None
        if unit is None or unit.kind is Kind.COUNT:
            self._problem(key, f"must be one of {', '.join(UNIT_NAMES)}, not {_shown(value)}")
            return None
        if takes_unit(column_type, scale, unit):
            return unit.name
        if takes_unit(column_type, 0, unit) and not column_type.is_whole:
            self._problem(key, f"{unit.name} needs a scale, e.g. scale = 2: it has no end in ㎡")
        else:
            self._problem(key, f"{unit.name} does not fit type {column_type}")
        return None

    def _type(self, key: str, table: dict[str, object]) -> ColumnType | None:
        value = table.get("type")
        if isinstance(value, str) and value in _TYPES:
            return _TYPES[value]
        what = "missing" if value is None else f"{_shown(value)} is not a type"
        self._problem(key, f"{what}; one of {', '.join(ColumnType)}")
        return None

    def _headers(self, key: str, table: dict[str, object]) -> tuple[str, ...]:
        value = table.get("header")
        if value is None:
            self._problem(key, 'missing; the header in the sheet, "Price" or ["Price", "価格"]')
            return ()
        headers = self._texts(key, [value] if isinstance(value, str) else value)
        if value == []:
            self._problem(key, "must name at least one header")
        for header in headers:
            if not normalise_header(header):
                self._problem(key, f"{_shown(header)} is blank")
        return headers

    def _texts(self, key: str, value: object) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return tuple(value)
        self._problem(key, f"must be a list of texts, not {_shown(value)}")
        return ()

    def _boolean(self, key: str, value: object) -> bool:
        if not isinstance(value, bool):
            self._problem(key, f"must be true or false, not {_shown(value)}")
        return value is True

    def _integer(self, key: str, value: object, low: int, high: int | None) -> int | None:
        if value is None:
            return None
        if type(value) is int and value >= low and (high is None or value <= high):
            return value
        allowed = f"of at least {low}" if high is None else f"from {low} to {high}"
        self._problem(key, f"must be a whole number {allowed}, not {_shown(value)}")
        return None

    def _pattern(self, key: str, value: object) -> re.Pattern[str] | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self._problem(key, f"must be a regular expression in quotes, not {_shown(value)}")
            return None
        try:
            return compiled_pattern(value, is_searched=key == "ignore")
        except PatternError as error:
            self._problem(key, str(error))
            return None

    def _example(self, key: str, value: object, pattern: re.Pattern[str] | None) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or not normalise(value):
            self._problem(key, f"must be a text, not {_shown(value)}")
            return None
        if pattern is not None and not fits(pattern, normalise(value)):
            self._problem(key, f"{_shown(value)} does not fit pattern; give a text that does")
        return value

    def _choices(self, key: str, table: dict[str, object]) -> tuple[str, ...]:
        if "choices" not in table:
            return ()
        choices = self._texts(key, table["choices"])
        spellings = [normalise(choice) for choice in choices]
        if table["choices"] == [] or not all(spellings):
            self._problem(key, "must name at least one text, none of them blank")
        if len(set(spellings)) < len(spellings):
            self._problem(key, "names one text twice (compared after NFKC)")
        return choices

    def _on_blank(self, key: str, table: dict[str, object]) -> tuple[bool, str | None]:
        on_blank = table.get("on_blank", "clear")
        if on_blank not in ("clear", "keep"):  # a tuple: it may be a list, which no set takes
            self._problem(f"{key}.on_blank", f'must be "clear" or "keep", not {_shown(on_blank)}')
        keeps = on_blank == "keep"
        if keeps and table.get("required") is True:
            self._problem(
                f"{key}.on_blank", '"keep" does not fit required = true: it is never blank'
            )
        marker = table.get("clear_marker")
        if marker is None:
            return keeps, None
        if not isinstance(marker, str) or not normalise(marker):
            self._problem(f"{key}.clear_marker", f"must be a text, not {_shown(marker)}")
            return keeps, None
        if not keeps:
            self._problem(f"{key}.clear_marker", 'works only with on_blank = "keep"')
        return keeps, normalise(marker)

    def _limits(
        self, key: str, column_type: ColumnType, table: dict[str, object]
    ) -> tuple[Decimal | str | None, Decimal | str | None]:
        read = self._number_limit if column_type.is_number else self._date_limit
        low = read(f"{key}.min", table.get("min"), column_type)
        high = read(f"{key}.max", table.get("max"), column_type)
        if (isinstance(low, Decimal) and isinstance(high, Decimal) and low > high) or (
            isinstance(low, str) and isinstance(high, str) and low > high
        ):
            self._problem(f"{key}.min", f"{low} is above max {high}")
        return low, high

    def _number_limit(self, key: str, value: object, _: ColumnType) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            number = Decimal(value)
            if number.is_finite():
                return number
        self._problem(key, f"must be a number, not {_shown(value)}")
        return None

    def _date_limit(self, key: str, value: object, column_type: ColumnType) -> str | None:
        if value is None:
            return None
        form = "2024-01-31" if column_type is ColumnType.DATE else "2024-01-31T09:00:00"
        try:
            limit = _iso_limit(value, column_type)
        except ValueError:
            self._problem(key, f"must be a date such as {form}, not {_shown(value)}")
            return None
        return limit

    def _mark_column(self, prune: object, columns: tuple[Column, ...]) -> str | None:
        if prune is None:
            return None
        if not isinstance(prune, dict):
            self._problem("prune", f"must be the table [prune], not {_shown(prune)}")
            return None
        self._refuse_unknown("prune.", prune, ("mark_column",))
        mark_column = self._identifier("prune.mark_column", prune.get("mark_column"))
        if any(column.name == mark_column for column in columns):
            self._problem("prune.mark_column", f"{mark_column} is a mapped column; name another")
        return mark_column

    def _check_key(self, key: str, columns: tuple[Column, ...]) -> None:
        column = next((column for column in columns if column.name == key), None)
        if column is None:
            near = near_matches(key, [column.name for column in columns])
            hint = f" (near: {', '.join(near)})" if near else ""
            self._problem("key", f"{key} is not among the columns{hint}; add [columns.{key}]")
            return
        if not column.type.facts.may_be_key:
            keys = [each for each in ColumnType if each.facts.may_be_key]
            allowed = " or ".join(f'"{each}"' for each in keys)
            self._problem(f"columns.{key}.type", f"must be {allowed}: it is the key")
        if not column.required:
            self._problem(f"columns.{key}.required", "must be true: it is the key")
        if column.fill_down:
            self._problem(f"columns.{key}.fill_down", "must be false: it is the key")

    def _check_headers(self, columns: tuple[Column, ...]) -> None:
        owners: dict[str, str] = {}
        for column in columns:
            for header in dict.fromkeys(map(normalise_header, column.headers)):
                owner = owners.setdefault(header, column.name)
                if header and owner != column.name:
                    self._problem(
                        f"columns.{column.name}.header",
                        f"{header} is a header of columns.{owner} too (case, width and spaces "
                        "make no difference)",
                    )


def _iso_limit(value: object, column_type: ColumnType) -> str:
    """Return a limit as ISO text, so that limits of one column compare as texts do."""
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str):
        raise ValueError  # noqa: TRY004 - one kind of problem for the caller
    if column_type is ColumnType.DATE:
        return date.fromisoformat(text).isoformat()
    return datetime.fromisoformat(text).isoformat()


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else str(value)
