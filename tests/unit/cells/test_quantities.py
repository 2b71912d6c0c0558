"""Texts of number columns as people paste them: every case, its neighbours, and exactness."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Problem, Value
from listing_sync.cells.parsing import parser_for
from listing_sync.cells.quantities import number_from_text, scale_of

CASES = Path(__file__).parents[2] / "cases"

MONEY_TEXTS = {
    "M01": 320_000_000,
    "M02": 29_805_000,
    "M04": 29_800_000,
    "M05": 29_800_000,
    "M08": 29_800_000,
    "M09": 29_800_000,
    "M10": 29_800_000,
    "M11": 2_980,
    "M12": 100_000_000,
    "M14": 30_000_000,
    "M16": 29_800_000,
    "M25": 0,
    "M26": -100,
    "M27": 29_800_000,
    "M30": 29_800_000,
    "M31": 29_800_000,
    "M32": 29_800_000,
    "M33": 29_800_000,
    "M38": 350_000,
    "M41": 350_000,
    "M44": 120_000_000,
    "M45": 120_000_000,
    "M47": 29_800_000,
}
"""The cases that are certain; every other text of money_texts is rejected."""

AREA_TEXTS = {
    "M00": "85.50",
    "M01": "85.50",
    "M02": "70.25",
    "M03": "70.25",
    "M04": "70.25",
    "M05": "70.25",
    "M06": "70.00",
    "M07": "70.25",
    "M12": "1234.56",
    "M15": "70.25",
    "M16": "70.25",
    "M17": "70.25",
    "M18": "70.25",
    "M19": "70.25",
    "M26": "123.45",
    "M27": "70.25",
    "M30": "100.50",
    "M33": "70.25",
    "M34": "85.50",
}


def parse(column_type: ColumnType, text: str, **options: Any) -> Value | Problem:
    column = Column("c", ("C",), column_type, **options)
    return parser_for(column, UTC)(text)


def reason(column_type: ColumnType, text: str, **options: Any) -> str:
    problem = parse(column_type, text, **options)
    assert isinstance(problem, Problem), f"accepted as {problem!r}"
    return str(problem)


def case_rows(name: str) -> list[list[str]]:
    rows: list[list[str]] = json.loads((CASES / name).read_text(encoding="utf-8"))
    return rows[1:]


@pytest.mark.parametrize("row", case_rows("money_texts.google.json"), ids=lambda row: row[1])
def test_a_text_of_money_has_its_value_or_is_rejected(row: list[str]) -> None:
    value = parse(ColumnType.MONEY, row[2], scale=0)
    if row[0] in MONEY_TEXTS:
        assert value == MONEY_TEXTS[row[0]]
    else:
        assert isinstance(value, Problem), f"accepted as {value!r}"


@pytest.mark.parametrize("row", case_rows("area_texts.google.json"), ids=lambda row: row[1])
def test_a_text_of_an_area_has_its_value_or_is_rejected(row: list[str]) -> None:
    value = parse(ColumnType.AREA, row[2], scale=2)
    if row[0] in AREA_TEXTS:
        assert value == AREA_TEXTS[row[0]]
    else:
        assert isinstance(value, Problem), f"accepted as {value!r}"


# -- the decimal mark ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column_type", "text"),
    [
        (ColumnType.MONEY, "350.000 €"),
        (ColumnType.MONEY, "1.234"),
        (ColumnType.AREA, "12.500"),
        (ColumnType.AREA, "70.250㎡"),
        (ColumnType.DECIMAL, "1.234 €"),
        (ColumnType.DECIMAL, "2.980万"),
    ],
)
def test_a_dot_before_three_digits_of_a_measure_is_as_uncertain_as_1_23(
    column_type: ColumnType, text: str
) -> None:
    why = reason(column_type, text)
    assert why.startswith("not certain")
    assert "decimal" in why


@pytest.mark.parametrize(
    ("column_type", "text", "value"),
    [
        (ColumnType.DECIMAL, "35.681", "35.681"),
        (ColumnType.AREA, "0.125", "0.125"),
        (ColumnType.AREA, "1234.567", "1234.567"),
        (ColumnType.AREA, "1,234.567㎡", "1234.567"),
        (ColumnType.MONEY, "12.50", "12.50"),
    ],
)
def test_a_dot_that_cannot_group_or_of_a_bare_decimal_is_its_decimal_mark(
    column_type: ColumnType, text: str, value: str
) -> None:
    assert parse(column_type, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("350.000 €", "350000"),
        ("1.250.000", "1250000"),
        ("350.000,50", "350000.50"),
        ("120,5", "120.5"),
        ("350,000", "350.000"),
        ("1 234,5 €", "1234.5"),
        ("1,5万", "15000"),
        ("1234", "1234"),
    ],
)
def test_a_stated_decimal_comma_is_believed(text: str, value: str) -> None:
    parsed = parse(ColumnType.MONEY, text, decimal_mark=",")
    assert isinstance(parsed, str)
    assert Decimal(parsed) == Decimal(value)


@pytest.mark.parametrize("text", ["1,234.5", "12.34", "1.23.456"])
def test_dots_that_do_not_group_are_rejected_beside_a_decimal_comma(text: str) -> None:
    assert "dots do not group" in reason(ColumnType.MONEY, text, decimal_mark=",")


def test_a_stated_decimal_point_is_believed() -> None:
    assert parse(ColumnType.MONEY, "350.000 €", decimal_mark=".") == "350.000"
    assert "commas" in reason(ColumnType.MONEY, "350,5", decimal_mark=".")


# -- units --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("万円", "2,980", 29_800_000),
        ("万円", "2,980.5", 29_805_000),
        ("万円", "2,980万円", 29_800_000),
        ("万円", "2,980万", 29_800_000),
        ("万円", "29,800,000円", 29_800_000),
        ("万円", "1億2,000万円", 120_000_000),
        ("千円", "29,800", 29_800_000),
        ("千円", "29,800千円（税込）", 29_800_000),
        ("百万円", "29.8", 29_800_000),
    ],
)
def test_a_bare_number_counts_by_the_unit_of_its_column_and_a_named_unit_by_itself(
    unit: str, text: str, value: int
) -> None:
    assert parse(ColumnType.MONEY, text, scale=0, unit=unit) == value


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("坪", "30.5", "100.83"),
        ("坪", "121坪", "400.00"),
        ("坪", "70.25㎡", "70.25"),
        ("sq ft", "1,200", "111.48"),
        ("sq ft", "750 sqft", "69.68"),
        ("ha", "0.5", "5000.00"),
    ],
)
def test_an_area_in_a_stated_unit_is_turned_into_square_metres(
    unit: str, text: str, value: str
) -> None:
    assert parse(ColumnType.AREA, text, scale=2, unit=unit) == value


@pytest.mark.parametrize("text", ["12.5", "12.5%", "１２．５％"])
def test_a_share_in_percent_is_turned_into_a_number(text: str) -> None:
    assert parse(ColumnType.DECIMAL, text, unit="%") == "0.125"


@pytest.mark.parametrize(
    ("column_type", "unit", "text", "why"),
    [
        (ColumnType.MONEY, "万円", "¥2,980", "not certain: ¥"),
        (ColumnType.AREA, "坪", "750 sqft", "wrong unit: sqft"),
        (ColumnType.AREA, "坪", "6帖", "wrong unit: 帖"),
        (ColumnType.AREA, None, "25.8坪", "wrong unit: 坪"),
        (ColumnType.AREA, None, "0.5ha", "wrong unit: ha"),
        (ColumnType.DECIMAL, None, "12.5%", "a percentage"),
        (ColumnType.MONEY, "万円", "12%", "a percentage"),
        (ColumnType.MONEY, None, "12%超", "a percentage"),
        (ColumnType.MONEY, None, "2億百万円", "not a number: two units"),
    ],
)
def test_a_unit_that_the_column_does_not_take_is_rejected(
    column_type: ColumnType, unit: str | None, text: str, why: str
) -> None:
    assert reason(column_type, text, unit=unit, scale=2).startswith(why)


def test_stored_numbers_count_by_the_unit_of_their_column() -> None:
    column = Column("c", ("C",), ColumnType.MONEY, scale=0, unit="万円")
    read = parser_for(column, UTC)
    assert [read(2980), read(2980.5), read(0)] == [29_800_000, 29_805_000, 0]


# -- remarks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column_type", "text", "value"),
    [
        (ColumnType.AREA, "48.85m2（14.77坪）（壁芯）", "48.85"),
        (ColumnType.AREA, "100㎡（約30.25坪）", "100.00"),
        (ColumnType.AREA, "100㎡【公簿】", "100.00"),
        (ColumnType.AREA, "100㎡(100平米)", "100.00"),
        (ColumnType.MONEY, "2,980万円（税込）", "29800000.00"),
        (ColumnType.MONEY, "2,980万円（29,800,000円）", "29800000.00"),
        (ColumnType.MONEY, "2,980万[値下げ]", "29800000.00"),
    ],
)
def test_a_number_with_its_unit_may_be_followed_by_remarks(
    column_type: ColumnType, text: str, value: str
) -> None:
    assert parse(column_type, text, scale=2) == value


@pytest.mark.parametrize(
    ("column_type", "text"),
    [
        (ColumnType.AREA, "48.85m2（24.77坪）"),
        (ColumnType.AREA, "70.25㎡（坪）"),
        (ColumnType.AREA, "70.25㎡（3階）"),
        (ColumnType.MONEY, "2,980万円（税抜2,709万円）"),
        (ColumnType.MONEY, "2,980万円（3,280）"),
        (ColumnType.MONEY, "12万円（㎡あたり）"),
        (ColumnType.MONEY, "2,980万円（以上）"),
        (ColumnType.MONEY, "2,980万円（～）"),
        (ColumnType.MONEY, "2,980（税込）"),
        (ColumnType.MONEY, "2,980万円（税込"),
    ],
)
def test_a_remark_hides_no_contradiction(column_type: ColumnType, text: str) -> None:
    assert reason(column_type, text).startswith("not ")


# -- exactness ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column_type", "text", "value"),
    [
        (ColumnType.MONEY, "123456789012345678901234567891", "123456789012345678901234567891"),
        (ColumnType.MONEY, "-123456789012345678901234567891", "-123456789012345678901234567891"),
        (
            ColumnType.DECIMAL,
            "12345678901234567890.123456789012345",
            "12345678901234567890.123456789012345",
        ),
    ],
)
def test_numbers_of_more_than_28_digits_are_exact(
    column_type: ColumnType, text: str, value: str
) -> None:
    assert parse(column_type, text) == value


@given(st.integers(min_value=-(10**60), max_value=10**60), st.sampled_from(["", "万", "億円"]))
def test_any_whole_number_is_exact_in_any_unit(number: int, unit: str) -> None:
    factor = {"": 1, "万": 10**4, "億円": 10**8}[unit]
    assert parse(ColumnType.MONEY, f"{number}{unit}", scale=0) == number * factor


@given(
    st.from_regex(r"[0-9]{1,3}(,[0-9]{3}){0,5}(\.[0-9]{1,4})?(万|円|万円|千円)?", fullmatch=True)
    | st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,4})?(万円|円)?", fullmatch=True)
)
def test_the_short_way_of_usual_texts_says_what_the_long_one_says(text: str) -> None:
    column = Column("c", ("C",), ColumnType.MONEY)
    scale = scale_of(column)
    assert number_from_text(text, scale) == number_from_text(text, replace(scale, is_common=False))
