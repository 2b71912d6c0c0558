"""Sheets of any size for benchmarks, with the mapping and the table that fit them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.stack.spreadsheet import Cell, Shown

TABLE = "bench_listings"

_FIRST = (
    ("property_number", "Property Number", "text"),
    ("property_type", "種別", "text"),
    ("status", "状況", "text"),
    ("address", "所在地", "text"),
    ("display_address", "住居表示\n（ATBB登録住所）", "text"),
    ("land_area", "土地面積", "area"),
    ("building_area", "建物面積", "area"),
    ("listing_price", "売出価格", "money"),
    ("price", "価格", "money"),
    ("floor_plan", "間取り", "text"),
    ("structure", "構造", "text"),
    ("construction_year_month", "新築年月", "text"),
    ("contract_date", "契約日", "date"),
    ("sales_assignee", "担当名（営業）", "text"),
    ("broker", "仲介業者", "text"),
    ("parking_fee", "駐車場代", "money"),
    ("management_fee", "管理費", "money"),
    ("current_status", "●現況", "text"),
    ("special_notes", "●特記", "text"),
    ("image_url", "画像", "url"),
)
_MORE = ("text", "text", "money", "text", "area", "date", "text", "text")
_SQL_TYPES = {
    "text": "text",
    "url": "text",
    "money": "numeric(15, 0)",
    "area": "numeric(10, 2)",
    "date": "date",
}
_WORDS = (
    *("空室", "居住中", "東京都世田谷区北沢2丁目13-5", "RC造7階建", "株式会社下北沢不動産"),
    *("販売中", "3LDK", "南向き・角部屋、2023年リフォーム済。スーパー・小学校至近。"),
    *("平成12年3月", "佐藤"),
)


@dataclass(frozen=True, slots=True)
class WideColumn:
    """A column of the sheet and of the table."""

    name: str
    header: str
    type: str


def wide_columns(count: int) -> tuple[WideColumn, ...]:
    """Return `count` columns, the key first; from the 21st on they are mostly blank in the rows."""
    more = (
        (f"extra_{number:03}", f"●項目\n({number})", _MORE[number % len(_MORE)])
        for number in range(len(_FIRST), count)
    )
    return tuple(WideColumn(*column) for column in (*_FIRST[:count], *more))


def listings(count: int, columns: int) -> list[list[Cell]]:
    """Return the headers and `count` valid rows of `columns` cells; the same each time."""
    chance = Random(columns)
    wide = wide_columns(columns)
    table: list[list[Cell]] = [[column.header for column in wide]]
    for index in range(count):
        row = [_cell(column, chance) for column in wide[:20]]
        row += [_cell(column, chance) if chance.random() < 0.4 else None for column in wide[20:]]
        row[0] = f"AA{100001 + index}"
        table.append(row)
    return table


def mapping_text(columns: int) -> str:
    """Return the mapping file (TOML) of those columns onto TABLE."""
    parts = [f'table = "{TABLE}"\nkey = "property_number"\n']
    for column in wide_columns(columns):
        header = column.header.replace("\n", "")
        parts.append(f'[columns.{column.name}]\nheader = "{header}"\ntype = "{column.type}"\n')
    return "\n".join(parts).replace('type = "text"\n', 'type = "text"\nrequired = true\n', 1)


def table_sql(columns: int) -> str:
    """Return the SQL that makes TABLE with those columns anew."""
    defined = [f"{column.name} {_SQL_TYPES[column.type]}" for column in wide_columns(columns)]
    defined[0] += " not null unique"
    return (
        f"drop table if exists public.{TABLE};\n"
        f"create table public.{TABLE} (\n"
        "  id uuid primary key default gen_random_uuid(),\n  "
        + ",\n  ".join(defined)
        + ",\n  created_at timestamptz not null default now()\n);\n"
        f"alter table public.{TABLE} enable row level security;\n"
        f"grant all on public.{TABLE} to service_role;\n"
    )


def _cell(column: WideColumn, chance: Random) -> Cell:
    match column.type:
        case "money":
            amount = chance.randint(180, 9800) * 10_000
            return Shown(f"¥{amount:,}", amount)
        case "area":
            area = chance.randint(2500, 25000) / 100
            return Shown(f"{area:.2f}㎡", area)
        case "date":
            return date(2020, 1, 1) + timedelta(days=chance.randint(0, 2000))
        case "url":
            return f"https://images.example.com/{chance.randint(1, 99999)}/01.jpg"
        case _:
            return chance.choice(_WORDS)
