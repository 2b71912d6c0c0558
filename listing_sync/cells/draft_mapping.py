"""Draft the mapping of headers that it lacks from their names and some of their cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.header_words import english_name
from listing_sync.cells.listings import Problem, Value
from listing_sync.cells.mapping import normalise_header, takes_unit
from listing_sync.cells.parsing import parser_for
from listing_sync.cells.romaji import romanised
from listing_sync.cells.spelling import normalise
from listing_sync.cells.units import Kind, named_unit
from listing_sync.lazy_dataclasses import dataclass

SAMPLE = 200
"""So many cells of a column are looked at."""
MOST_DRAFTED = 200
"""So many columns are drafted at once; a sheet may have 18,278."""


@dataclass(frozen=True, slots=True)
class UnmappedColumn:
    """A column of the sheet that the mapping does not name; `cells` as a person sees them."""

    header: str
    letter: str
    cells: tuple[str, ...]


_ENOUGH = 3
_DASHES = frozenset({"-", "ー", "―", "—", "–", "−"})
_LONGEST_NAME = 63
_IN_EVERY_TABLE = frozenset({"id", "created_at", "updated_at"})
_CODE_HEADER = re.compile(
    r"番号|コード|郵便|電話|no\.?$|\bid\b|code|number|zip|postal|phone|tel|fax", re.IGNORECASE
)
_DIGITS = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"-?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(,[0-9]{3})+)")
_FRACTION = re.compile(r"-?[0-9,]+\.[0-9]+")
_MONEY_SIGN = re.compile(r"[¥$€円万億]|jpy", re.IGNORECASE)
_AREA_SIGN = re.compile(r"m2|平米", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\r\n]+")
_UNIT = re.compile(r"\([^()]*\)$")
_TRUTHS = frozenset({"true", "false", "○", "×", "◯", "〇", "はい", "いいえ", "yes", "no"})

# Headers that sheets of estate agents have, beside those of the bundled mapping.
_KNOWN_NAMES = {
    "no": "row_number",
    "id": "source_id",
    "徒歩": "walk_minutes",
    "駅徒歩": "walk_minutes",
    "マンション名": "building_name",
    "接道状況": "road_access",
    "媒介": "brokerage_type",
    "仲介手数料": "brokerage_fee",
    "坪単価": "price_per_tsubo",
    "利回り": "yield_rate",
    "担当者名": "assignee",
    "電話番号": "phone",
    "登録日": "registered_on",
    "更新日": "revised_on",
    "公開日": "published_on",
    "公開": "is_published",
    "写真": "photo_url",
    "間取り図": "floor_plan_url",
    "小学校区": "elementary_school",
    "中学校区": "junior_high_school",
    "学区(小)": "elementary_school",
    "学区(中)": "junior_high_school",
    "鍵の場所": "key_location",
    "媒介区分": "brokerage_type",
    "レインズ登録番号": "reins_number",
}


def draft_mapping(
    columns: Sequence[UnmappedColumn], taken: Collection[str], duplicates: Iterable[str] = ()
) -> str:
    """Return tables to append to a mapping, each to be looked at; "" when there is nothing.

    `taken` are column names in use. A type is proposed only where every filled cell is of it; all
    else is text. `duplicates` are headers that stand on several columns, which cannot be mapped.
    """
    names = {*taken, *_IN_EVERY_TABLE}
    blocks = []
    for column in columns[:MOST_DRAFTED]:
        name = _free_name(_name_of(column), names)
        names.add(name)
        blocks.append(_block(name, column))
    blocks += [
        f"# {_basic_string(header)} stands on several columns: rename all but one in the sheet."
        for header in duplicates
    ]
    left = len(columns) - MOST_DRAFTED
    if left > 0:
        blocks.append(f"# {left:,} more columns are not drafted: map these first, and ask again.")
    if not blocks:
        return ""
    title = "# Draft: check each name and type, then append what you want to the mapping file."
    return "\n\n".join((title, *blocks)) + "\n"


def unique_headers(headers: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (headers that stand once, those that stand more often), compared as mappings do."""
    found: dict[str, list[str]] = {}
    for header in headers:
        found.setdefault(normalise_header(header), []).append(header)
    once = tuple(same[0] for same in found.values() if len(same) == 1)
    return once, tuple(same[0] for same in found.values() if len(same) > 1)


def _block(name: str, column: UnmappedColumn) -> str:
    filled = [normalise(cell) for cell in column.cells if normalise(cell)]
    column_type, options = _guess(column.header, filled)
    lines = [
        f"# column {column.letter}: {len(filled)} of {len(column.cells)} cells are filled",
        f"[columns.{name}]",
        f"header = {_basic_string(_LINE_BREAKS.sub(' ', column.header))}",
        f'type = "{column_type}"',
        *options,
    ]
    _, unit = named_unit(column.header)
    if unit is not None and unit.kind is Kind.SHARE and column_type is not ColumnType.TEXT:
        lines.append('# as in the sheet; type = "decimal" with unit = "%" would make 0.6 of 60')
    dashes = sorted(_DASHES & set(filled)) if column_type is not ColumnType.TEXT else []
    if dashes:
        lines.append(f"blank = [{', '.join(map(_basic_string, dashes))}]")
    return "\n".join(lines)


def _guess(header: str, filled: Sequence[str]) -> tuple[ColumnType, tuple[str, ...]]:
    """Return the type that all the cells are of, and its options; text unless it is certain."""
    cells = [cell for cell in filled if cell not in _DASHES]
    if len(cells) < _ENOUGH or _looks_like_codes(header, cells):
        return ColumnType.TEXT, ()
    if measured := _measured(header, cells):
        return measured
    for column_type, shows in _EVIDENCE:
        values = _values(cells, column_type) if shows(cells) else None
        if values is not None:
            return column_type, _scale(column_type, values)
    return ColumnType.TEXT, ()


def _measured(header: str, cells: Sequence[str]) -> tuple[ColumnType, tuple[str, ...]] | None:
    """Return the type and unit that a header names, 価格（万円）, where all cells are numbers."""
    _, unit = named_unit(header)
    column_type = None if unit is None else _TYPE_OF_KIND.get(unit.kind)
    if unit is None or column_type is None:
        return None
    usual = _USUAL_SCALE[column_type]
    needs_scale = not takes_unit(column_type, None, unit)
    values = _values(cells, column_type, unit.name, usual if needs_scale else None)
    if values is None:
        return None
    scale = (f"scale = {usual}",) if needs_scale else _scale(column_type, values)
    return column_type, (*scale, f"unit = {_basic_string(unit.name)}")


def _scale(column_type: ColumnType, values: Iterable[Value]) -> tuple[str, ...]:
    """Return the usual scale of the type where the values lose nothing by it."""
    usual = _USUAL_SCALE.get(column_type)
    places = max(len(str(value).partition(".")[2].rstrip("0")) for value in values)
    return (f"scale = {usual}",) if usual is not None and places <= usual else ()


def _looks_like_codes(header: str, cells: Sequence[str]) -> bool:
    has_leading_zero = any(cell[0] == "0" and len(cell) > 1 for cell in cells if cell.isdecimal())
    all_digits = all(_DIGITS.fullmatch(cell) for cell in cells)
    return has_leading_zero or (all_digits and bool(_CODE_HEADER.search(normalise(header))))


def _values(
    cells: Sequence[str],
    column_type: ColumnType,
    unit: str | None = None,
    scale: int | None = None,
) -> list[Value] | None:
    column = Column("draft", ("draft",), column_type, scale=scale, unit=unit)
    parse = parser_for(column, UTC)
    values = [value for cell in cells if not isinstance(value := parse(cell), Problem)]
    return values if len(values) == len(cells) else None


def _any(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], bool]:
    return lambda cells: any(pattern.search(cell) for cell in cells)


def _every(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], bool]:
    return lambda cells: all(pattern.fullmatch(cell) for cell in cells)


_TYPE_OF_KIND = {Kind.MONEY: ColumnType.MONEY, Kind.AREA: ColumnType.AREA}
_USUAL_SCALE = {ColumnType.AREA: 2, ColumnType.MONEY: 0}
_EVIDENCE: tuple[tuple[ColumnType, Callable[[Sequence[str]], bool]], ...] = (
    (ColumnType.BOOLEAN, lambda cells: all(cell.lower() in _TRUTHS for cell in cells)),
    (ColumnType.URL, _every(re.compile(r"https?://\S+", re.IGNORECASE))),
    (ColumnType.AREA, _any(_AREA_SIGN)),
    (ColumnType.MONEY, _any(_MONEY_SIGN)),
    (ColumnType.INTEGER, _every(_GROUPED)),
    (ColumnType.DECIMAL, _any(_FRACTION)),
    (ColumnType.DATE, _every(re.compile(r".*[0-9].*[-/.年].*[0-9].*[-/.月].*[0-9].*"))),
)
"""(type, whether the cells show it at all), first match first."""


def _name_of(column: UnmappedColumn) -> str:
    header = normalise_header(column.header).strip("●○◎■□◆◇★☆※・*")
    for spelling in (header, _UNIT.sub("", header)):
        if spelling in _KNOWN_NAMES:
            return _KNOWN_NAMES[spelling]
    text = normalise(column.header)
    if text.isascii():
        name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_LONGEST_NAME]
        if name:
            return name if name[0].isalpha() else f"column_{name}"[:_LONGEST_NAME]
    plainly = _UNIT.sub("", header)
    name = english_name(plainly) or romanised(plainly) or f"column_{column.letter.lower()}"
    return name[:_LONGEST_NAME].rstrip("_")


def _free_name(name: str, taken: Collection[str]) -> str:
    free, count = name, 1
    while free in taken:
        count += 1
        suffix = f"_{count}"
        free = name[: _LONGEST_NAME - len(suffix)] + suffix
    return free


def _basic_string(text: str) -> str:
    """Return the text as a TOML basic string on one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04X}", escaped) + '"'
