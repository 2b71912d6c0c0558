"""One cell, its value or the reason why there is none: the table of forms, type by type."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.json_exact import encode
from listing_sync.cells.listings import KEPT, Cell, Problem, Shown, Unreadable, Value
from listing_sync.cells.parsing import parsed, parser_for
from listing_sync.cells.patterns import longest_tried
from tests.strategies import ANY_CELL

CASES = Path(__file__).parents[2] / "cases"
TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")

naive = datetime.fromisoformat


def column(column_type: ColumnType, **options: Any) -> Column:
    return Column("price", ("Price",), column_type, **options)


def parse(column_type: ColumnType, cell: Cell, **options: Any) -> Value | Problem:
    return parser_for(column(column_type, **options), TOKYO)(cell)


def reason(column_type: ColumnType, cell: Cell, **options: Any) -> str:
    problem = parse(column_type, cell, **options)
    assert isinstance(problem, Problem), f"accepted as {problem!r}"
    return str(problem)


# -- every type ---------------------------------------------------------------------------------


@pytest.mark.parametrize("column_type", ColumnType)
@pytest.mark.parametrize("text", ["#REF!", "#N/A", "#NAME？", "Err:502", "####", "Loading..."])
def test_error_cells_are_rejected_in_every_column(column_type: ColumnType, text: str) -> None:
    assert "formula" in reason(column_type, text)


def case_errors() -> list[str]:
    lines = (CASES / "error_spellings.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split(",")[1] for line in lines]


@pytest.mark.parametrize(
    "text",
    [
        *case_errors(),
        *("#NULL!", "#DIV/0!", "#VALUE!", "#NUM!", "#ERROR!", "#SPILL!", "#CALC!", "#PYTHON!"),
        *("#VALEUR!", "#ЗНАЧ!", "#Н/Д", "#N/D", "#I/T", "#ÜBERLAUF!", "Fehler:522", "エラー:502"),
        *("＃REF！", "#SAKNAS!", "#"),
    ],
)
def test_a_formula_without_a_value_is_told_by_its_shape(text: str) -> None:
    assert "formula" in reason(ColumnType.TEXT, text)


@pytest.mark.parametrize(
    "text",
    [
        *("#1 house", "#101", "#Sold!", "#花園!町", "Error: 5", "Err", "Fix #REF! in row 2"),
        *("E5", "#NoFilter", "# 3", "#A/B test", "F"),
    ],
)
def test_a_text_that_is_no_error_stays_a_text(text: str) -> None:
    assert parse(ColumnType.TEXT, text) == text


@pytest.mark.parametrize("column_type", ColumnType)
@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000\u200b\ufeff\n"])
def test_a_cell_of_white_space_is_null_in_every_column(column_type: ColumnType, cell: Cell) -> None:
    assert parse(column_type, cell) is None


@pytest.mark.parametrize("column_type", ColumnType)
def test_an_unreadable_cell_is_rejected_with_the_readers_reason(column_type: ColumnType) -> None:
    cell = Unreadable("=A1", "the formula has no stored value")
    assert reason(column_type, cell) == "the formula has no stored value"


@pytest.mark.parametrize(
    "column_type", [known for known in ColumnType if known not in {ColumnType.TEXT, ColumnType.URL}]
)
@pytest.mark.parametrize("cell", [time(9, 30), "maybe", float("nan"), float("-inf")], ids=repr)
def test_what_no_typed_column_understands_is_rejected(column_type: ColumnType, cell: Cell) -> None:
    assert "; expected " in reason(column_type, cell)


@pytest.mark.parametrize("cell", ["-", " － ", "ｰ", "ー"])
def test_texts_for_blank_are_compared_after_nfkc(cell: str) -> None:
    assert parse(ColumnType.MONEY, cell, blank=frozenset({"-", "ー"})) is None


def test_a_blank_cell_of_a_kept_column_is_kept_and_its_marker_clears_it() -> None:
    read = parser_for(column(ColumnType.TEXT, keep_on_blank=True, clear_marker="(none)"), TOKYO)
    assert (read(None), read(" "), read("（none）"), read("x")) == (KEPT, KEPT, None, "x")


def test_a_blank_cell_of_a_required_column_is_rejected() -> None:
    assert reason(ColumnType.TEXT, " ", required=True).startswith("blank, but a value is required")


def test_a_remembered_text_does_not_stand_for_another_type() -> None:
    read = parser_for(column(ColumnType.BOOLEAN), TOKYO)
    assert [read(cell) for cell in ("1", 1, True, 1.0)] == [True] * 4
    read = parser_for(column(ColumnType.INTEGER), TOKYO)
    assert read(1) == 1
    assert isinstance(read(True), Problem)


# -- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3LDK", "3LDK"),
        ("\ufeff\u3000千代田区　丸の内\xa0\u200b", "千代田区　丸の内"),
        (" a\r\nb\rc\td ", "a\nb\nc\td"),
        ("１２３", "１２３"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("007", "007"),
        ("#1 house", "#1 house"),
        (12, "12"),
        (12.0, "12"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2024, 1, 31), "2024-01-31"),
        (naive("2024-01-31T09:30"), "2024-01-31 09:30:00"),
        (time(9, 30), "09:30:00"),
    ],
    ids=repr,
)
def test_text_is_what_a_person_sees_without_surrounding_space(cell: Cell, value: str) -> None:
    assert parse(ColumnType.TEXT, cell) == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [("a\x00b", "U+0000"), ("\ud83d", "U+D83D")],
    ids=["nul", "lone surrogate"],
)
def test_characters_that_no_table_can_hold_are_named(cell: str, code: str) -> None:
    assert code in reason(ColumnType.TEXT, cell)


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\x0bb", "a\x7fb"], ids=repr)
def test_other_control_characters_are_text_like_any(text: str) -> None:
    assert parse(ColumnType.TEXT, text) == text


def test_a_text_of_a_megabyte_is_fine() -> None:
    text = "千代田区\n" * 200_000 + "end"
    assert parse(ColumnType.TEXT, text) == text


def test_text_longer_than_max_length_is_rejected() -> None:
    assert parse(ColumnType.TEXT, "価" * 5, max_length=5) == "価" * 5
    assert reason(ColumnType.TEXT, "価" * 6, max_length=5).startswith("too long: 6 characters")


def test_a_choice_is_written_in_its_own_spelling() -> None:
    assert parse(ColumnType.TEXT, " ＳＯＬＤ ", choices=("SOLD", "open")) == "SOLD"
    assert reason(ColumnType.TEXT, "sold", choices=("SOLD", "open")).endswith("one of SOLD, open")


def test_a_pattern_must_match_the_whole_text() -> None:
    pattern = re.compile(r"^\d+$")
    assert parse(ColumnType.TEXT, "12", pattern=pattern) == "12"
    assert reason(ColumnType.TEXT, "1\n2", pattern=pattern) == "not in the form of this column"


def test_a_text_that_would_take_long_to_be_tried_on_its_form_is_too_long() -> None:
    pattern = re.compile(r"\s*.*\s*")
    longest = longest_tried(pattern)
    assert parse(ColumnType.TEXT, "x" * longest, pattern=pattern) == "x" * longest
    said = reason(ColumnType.TEXT, "x" * (longest + 1), pattern=pattern)
    assert said.startswith(f"too long to be tried on the form of this column: {longest + 1}")


def test_a_form_is_shown_by_its_example_never_as_a_pattern() -> None:
    said = reason(ColumnType.TEXT, "12", pattern=re.compile("[A-Z]{2}[0-9]+"), example="AA12345")
    assert said == "not in the form of this column; expected text such as AA12345"


# -- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (34_800_000, 34_800_000),
        (34_800_000.0, 34_800_000),
        (0.5, 1),
        (-0.5, -1),
        (1.4, 1),
        (-0.4, 0),
        (1e18, 10**18),
        ("34800000", 34_800_000),
        ("34,800,000", 34_800_000),
        ("３，４８０万円", 34_800_000),
        ("3480万", 34_800_000),
        ("3,480 万 円", 34_800_000),
        ("1.5億", 150_000_000),
        ("1億2,000万円", 120_000_000),
        ("1億 2,000万円", 120_000_000),
        ("2億3千万", 230_000_000),
        ("5千万円", 50_000_000),
        ("3,480万5,000円", 34_805_000),
        ("34,800千円", 34_800_000),
        ("¥34,800,000", 34_800_000),
        ("￥34,800,000", 34_800_000),
        ("¥3,480円", 3_480),
        ("34,800,000 JPY", 34_800_000),
        ("JPY 100", 100),
        ("$100", 100),
        ("€100", 100),
        ("約3,480万円", 34_800_000),
        ("約 3,480万円", 34_800_000),
        ("-3", -3),
        ("−3", -3),
        ("－３", -3),
        ("▲1,200", -1_200),
        ("△1,200円", -1_200),
        ("-¥3", -3),
        ("¥-3", -3),
        ("+3", 3),
        (".5億", 50_000_000),
        ("-0", 0),
    ],
    ids=repr,
)
def test_money_is_read_exactly(cell: Cell, value: int) -> None:
    result = parse(ColumnType.MONEY, cell, scale=0)
    assert result == value
    assert type(result) is int


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("ask", "not a number"),
        ("1,23", "not a number: commas"),
        ("1,2345", "not a number: commas"),
        ("1234,567", "not a number: commas"),
        (",123", "not a number"),
        ("1.2.3", "not a number"),
        ("5.", "not a number"),
        ("1 000", "not a number"),
        ("3万万", "not a number"),
        ("1_000", "not a number"),
        ("1e5", "not a number"),
        ("0x10", "not a number"),
        ("nan", "not a number"),
        ("Infinity", "not a number"),
        ("(1,200)", "not a number"),
        ("--3", "not a number"),
        ("-¥-3", "not a number"),
        ("10²", "not a number"),
        ("①", "not a number"),
        ("١٢", "not a number"),
        ("三千万", "not a number"),
        ("3480-3980万円", "not a number"),
        ("3,480万円~", "not a number"),
        ("12,000円/月", "not a number"),
        ("1億5000", "not a number: what comes after"),
        ("1億5000円", "not a number: what comes after"),
        ("3480万5", "not a number: what comes after"),
        ("1億20000万", "not a number: 億"),
        ("1.5億2000万", "not a number: 億"),
        ("2000万1億", "not a number: 億"),
        ("2千500万", "not a number: 億"),
        ("$3円", "not a number: two units"),
        ("12%", "a percentage"),
        ("１２％", "a percentage"),
        ("70㎡", "wrong unit: ㎡"),
        ("21坪", "wrong unit: 坪"),
        ("1" * 300, "not a number"),
        (10**2000, "not a number that can be stored"),
        (float("inf"), "not a number that can be stored"),
        (True, "a check box"),
        (date(2024, 1, 31), "a date or time"),
    ],
    ids=lambda value: repr(value)[:40] if not isinstance(value, int) else str(value.bit_length()),
)
def test_money_that_is_not_certain_is_rejected(cell: Cell, problem: str) -> None:
    assert reason(ColumnType.MONEY, cell, scale=0).startswith(problem)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (70.25, "70.25"),
        (70, "70.00"),
        (2.675, "2.68"),
        (1.005, "1.01"),
        (-2.675, "-2.68"),
        (-0.001, "0.00"),
        ("70.25㎡", "70.25"),
        ("70.25 m²", "70.25"),
        ("70.25m2", "70.25"),
        ("７０．２５平米", "70.25"),
        ("約1,234.5㎡", "1234.50"),
        (1e300, "1" + "0" * 300 + ".00"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_area_keeps_its_scale_and_rounds_half_away_from_zero(cell: Cell, value: str) -> None:
    assert parse(ColumnType.AREA, cell, scale=2) == value


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("70.25㎡・21.25坪", "wrong unit: 坪"),
        ("70円", "wrong unit: 円"),
        ("¥70", "wrong unit: ¥"),
        ("70,25㎡", "not a number: commas"),
    ],
)
def test_an_area_in_another_unit_is_rejected(cell: str, problem: str) -> None:
    assert reason(ColumnType.AREA, cell, scale=2).startswith(problem)


@pytest.mark.parametrize(
    ("cell", "value"),
    [(3.0, "3"), (0.1, "0.1"), ("1.50", "1.50"), ("¥1,200.5", "1200.5"), ("70㎡", "70")],
    ids=repr,
)
def test_a_decimal_without_scale_keeps_its_digits(cell: Cell, value: str) -> None:
    assert parse(ColumnType.DECIMAL, cell) == value


@pytest.mark.parametrize("cell", [3, 3.0, "3", "3.0", "３", " 3 "], ids=repr)
def test_an_integer_may_be_written_with_zero_decimals(cell: Cell) -> None:
    assert parse(ColumnType.INTEGER, cell) == 3


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (3.5, "not a whole number"),
        ("3.5", "not a whole number"),
        (2**63, "too large for a whole number"),
        (-(2**63) - 1, "too large for a whole number"),
    ],
)
def test_an_integer_must_be_whole_and_fit_bigint(cell: Cell, problem: str) -> None:
    assert reason(ColumnType.INTEGER, cell).startswith(problem)


@pytest.mark.parametrize("cell", [5, 5.0, "5", 10, "10"], ids=repr)
def test_limits_include_their_ends(cell: Cell) -> None:
    limits = {"minimum": Decimal(5), "maximum": Decimal(10)}
    assert parse(ColumnType.INTEGER, cell, **limits) in {5, 10}


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (4, "below 5; expected at least 5"),
        ("4.9", "below 5"),
        (11, "above 10"),
        (10.01, "above 10"),
    ],
)
def test_numbers_outside_their_limits_are_rejected(cell: Cell, problem: str) -> None:
    limits = {"minimum": Decimal(5), "maximum": Decimal(10)}
    assert reason(ColumnType.DECIMAL, cell, **limits).startswith(problem)


AMOUNTS = st.integers(min_value=0, max_value=10**12 - 1)


@given(
    AMOUNTS,
    st.sampled_from(["", "-", "▲"]),
    st.sampled_from(["", ","]),
    st.sampled_from([0, 0xFEE0]),
)
def test_money_round_trips_through_grouping_and_full_width(
    amount: int, sign: str, comma: str, widened: int
) -> None:
    narrow = f"{sign}¥{amount:{comma}}"
    text = "".join(chr(ord(c) + widened) if "!" <= c <= "~" else c for c in narrow)
    assert parse(ColumnType.MONEY, text, scale=0) == (-amount if sign else amount)


@given(AMOUNTS)
def test_money_round_trips_through_oku_man_and_yen(amount: int) -> None:
    oku, rest = divmod(amount, 10**8)
    man, yen = divmod(rest, 10**4)
    parts = [f"{oku:,}億" if oku else "", f"{man:,}万" if man else ""]
    if yen and (man or not oku):
        parts.append(f"{yen:,}")
    else:
        amount -= yen
    text = "".join(parts) or "0"
    assert parse(ColumnType.MONEY, text + "円", scale=0) == amount


@given(
    st.one_of(
        st.integers(-(2**60), 2**60),
        st.floats(),
        st.decimals(-(10**9), 10**9, places=2).map(float),
        st.sampled_from([-0.0, 0, 1e16, 2.0**53, 1e-7, 0.1]),
    ),
    st.sampled_from([None, 0, 1, 2, 5]),
    st.sampled_from([ColumnType.MONEY, ColumnType.AREA, ColumnType.DECIMAL, ColumnType.INTEGER]),
)
def test_the_short_way_of_a_stored_number_leads_where_the_exact_one_does(
    number: float, scale: int | None, kind: ColumnType
) -> None:
    scale = None if kind is ColumnType.INTEGER else scale
    without_short_way = {"minimum": Decimal(-(10**400)), "maximum": Decimal(10**400)}
    exact = parse(kind, number, scale=scale, **without_short_way)
    found = parse(kind, number, scale=scale)
    assert (found, type(found)) == (exact, type(exact))


@given(st.text(st.sampled_from("htps:/.-_?#[]@%0aé \t"), max_size=30))
def test_the_short_way_of_an_address_takes_nothing_that_the_long_one_rejects(rest: str) -> None:
    for start in ("http://", "https://", "https://a", ""):
        text = start + rest
        if isinstance(parse(ColumnType.URL, text), str):
            assert urlsplit(text.strip()).hostname
            assert len(text.split()) == 1


@given(st.lists(ANY_CELL | st.sampled_from(["a", "b", " ", "#REF!"]), max_size=12))
def test_a_column_is_read_as_its_cells_are(cells: list[Cell]) -> None:
    for kind in ColumnType:
        read = parser_for(column(kind), TOKYO)
        found = parsed(read, [*cells, *cells, *cells])
        wanted = [read(cell) for cell in cells] * 3
        assert list(map(repr, found)) == list(map(repr, wanted))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_cell_keeps_every_digit_that_it_shows(number: float) -> None:
    value = parse(ColumnType.DECIMAL, number)
    assert isinstance(value, str)
    assert Decimal(value) == Decimal(repr(number))
    assert "e" not in value.lower()


# -- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        Shown("2024/01/31", 45322),
        Shown("2024年1月31日(水)", 45322.0),
        Shown("R6.1.31", 45321.999999),
        Shown("31-Jan-24", 45322.000001),
        "2024-01-31",
        "2024-1-31",
        "2024/1/31",
        "2024/01/31",
        "2024.1.31",
        "2024年1月31日",
        "2024年 1月 31日",
        "２０２４／１／３１",
        "２０２４年１月３１日",
        "2024/1/31(水)",
        "2024年1月31日（水）",
        "2024年1月31日水曜日",
        "令和6年1月31日",
        "令和６年１月３１日(水)",
        "㋿6年1月31日",
        "R6.1.31",
        "R6/1/31",
        "r06.01.31",
        "2024-01-31T00:00:00",
        "2024-01-31 00:00",
        date(2024, 1, 31),
        naive("2024-01-31"),
    ],
    ids=repr,
)
def test_one_day_in_all_its_forms(cell: Cell) -> None:
    assert parse(ColumnType.DATE, cell) == "2024-01-31"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (Shown("1900-01-01", 2), "1900-01-01"),
        (Shown("9999-12-31", 2_958_465), "9999-12-31"),
        (Shown("1905-03-13", 1899), "1905-03-13"),
        (Shown("1905-06-30", 2008), "1905-06-30"),
        ("2024-02-29", "2024-02-29"),
        ("令和元年5月1日", "2019-05-01"),
        ("R1.5.1", "2019-05-01"),
        ("平成31年4月30日", "2019-04-30"),
        ("H31.4.30", "2019-04-30"),
        ("H1.1.8", "1989-01-08"),
        ("S64/1/7", "1989-01-07"),
        ("昭和元年12月25日", "1926-12-25"),
        ("大正15年12月25日", "1926-12-25"),
        ("T1.7.30", "1912-07-30"),
        ("明治45年7月30日", "1912-07-30"),
        ("M6.1.1", "1873-01-01"),
    ],
    ids=repr,
)
def test_days_at_the_limits(cell: Cell, value: str) -> None:
    assert parse(ColumnType.DATE, cell) == value


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("01/02/2024", "not a date: which number is"),
        ("24/1/31", "not a date: which number is"),
        ("31.1.2024", "not a date: which number is"),
        ("2024/13/1", "not a date: no such day"),
        ("2024-02-30", "not a date: no such day"),
        ("2023-02-29", "not a date: no such day"),
        ("2024年1月", "not a date: no day"),
        ("2024/1", "not a date: no day"),
        ("2024", "not a date: no day"),
        ("240131", "not a date"),
        ("45322.5", "not a date: a bare number"),
        ("2024/1-31", "not a date"),
        ("20240131", "not a date"),
        ("1月31日", "not a date"),
        ("二〇二四年一月一日", "not a date"),
        ("٢٠٢٤-٠١-٣١", "not a date"),
        ("today", "not a date"),
        ("infinity", "not a date"),
        ("2024年1月下旬", "not a date"),
        ("2024/1/31(火)", "not a date: 2024-01-31 is not 火曜日 but 水曜日"),
        ("平成35年1月1日", "not a date: 平成 is from 1989-01-08 to 2019-04-30"),
        ("平成31年5月1日", "not a date: 平成"),
        ("R1.4.30", "not a date: 令和 is from 2019-05-01;"),
        ("S64.1.8", "not a date: 昭和"),
        ("R0.1.1", "not a date: 令和"),
        ("明治5年1月1日", "not a date: 明治"),
        ("2024-01-31 09:30", "has a time of day"),
        ("2024-01-31T00:00:00Z", "has a time of day"),
        (Shown("2024-01-31 12:00", 45322.5), "has a time of day"),
        (naive("2024-01-31T09:00"), "has a time of day"),
        (45322, "not a date: a bare number"),
        (240131, "not a date: a bare number"),
        (Shown("2024", 2024), "not a date: a bare number, 2024"),
        (Shown("45322", 45322), "not a date: a bare number, 45322"),
        (Shown("2024-01-31", 45321), "not a date with year, month and day: shows 2024-01-31"),
        (Shown("2024年1月", 45322), "not a date with year, month and day: shows 2024年1月"),
        (Shown("1899-12-30", 0), "not a date with year"),
        (Shown("9999-12-31", 2_958_465.9999999), "not a date with year"),
        (Shown("2024-01-31", True), "a check box"),
        (Shown("1月31日", date(2024, 1, 31)), "not a date with year"),
        (float("nan"), "not a date: a bare number"),
        (True, "a check box"),
        (time(9), "a time without a date"),
        ("9" * 1000, "not a date"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_dates_that_are_not_certain_are_rejected(cell: Cell, problem: str) -> None:
    assert (reason(ColumnType.DATE, cell) + ";").startswith(problem)


def test_dates_outside_their_limits_are_rejected() -> None:
    limits = {"minimum": "2024-01-01", "maximum": "2024-12-31"}
    assert parse(ColumnType.DATE, "2024-01-01", **limits) == "2024-01-01"
    assert reason(ColumnType.DATE, "2023-12-31", **limits).startswith("before 2024-01-01")
    assert reason(ColumnType.DATE, "2025-01-01", **limits).startswith("after 2024-12-31")


@given(st.dates(min_value=date(2101, 1, 1) - timedelta(days=73_000), max_value=date(9999, 12, 31)))
def test_a_day_reads_the_same_from_its_serial_and_from_its_texts(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    forms: list[Cell] = [day.isoformat(), f"{day.year}年{day.month}月{day.day}日", day]
    if serial >= 2:
        forms += [
            Shown(day.isoformat(), serial),
            Shown(f"{day.day}.{day.month}.{day.year}", serial),
        ]
    assert {parse(ColumnType.DATE, form) for form in forms} == {day.isoformat()}


# -- date-times ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2024-01-31 09:30", "2024-01-31T00:30:00+00:00"),
        ("2024-01-31T09:30:15", "2024-01-31T00:30:15+00:00"),
        ("2024-01-31 09:30:15.250000", "2024-01-31T00:30:15.250000+00:00"),
        ("2024/1/31 9:30", "2024-01-31T00:30:00+00:00"),
        ("2024-01-31T09:30:00Z", "2024-01-31T09:30:00+00:00"),
        ("2024-01-31T09:30:00+01:00", "2024-01-31T08:30:00+00:00"),
        ("2024-01-31 09:30 -0530", "2024-01-31T15:00:00+00:00"),
        ("2024年1月31日 9時30分", "2024-01-31T00:30:00+00:00"),
        ("２０２４年１月３１日９時３０分１５秒", "2024-01-31T00:30:15+00:00"),
        ("令和6年1月31日(水) 9時", "2024-01-31T00:00:00+00:00"),
        ("2024-01-31", "2024-01-30T15:00:00+00:00"),
        (Shown("2024/01/31", 45322), "2024-01-30T15:00:00+00:00"),
        (Shown("2024/01/31 9:30", 45322.395833333336), "2024-01-31T00:30:00+00:00"),
        (Shown("2024/01/02", 45292.99999999), "2024-01-01T15:00:00+00:00"),
        (naive("2024-01-31T09:29:59.999999"), "2024-01-31T00:30:00+00:00"),
        (datetime(2024, 1, 31, 9, 30, tzinfo=UTC), "2024-01-31T09:30:00+00:00"),
        (date(2024, 1, 31), "2024-01-30T15:00:00+00:00"),
    ],
    ids=repr,
)
def test_date_times_are_read_in_the_sheets_zone_and_given_in_utc(cell: Cell, value: str) -> None:
    assert parse(ColumnType.DATETIME, cell) == value


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("2024-01-31 24:00", "not a date-time: no such time of day"),
        ("2024-01-31 9:60", "not a date-time: no such time of day"),
        ("2024-01-31 9:30 +25:00", "not a date-time: no such zone"),
        ("2024-01-31 13:30 PM", "not a date-time: no such time of day"),
        ("09:30", "not a date"),
        ("2024-02-30 09:30", "not a date: no such day"),
        (2024, "not a date: a bare number"),
        ("9999-12-31T23:59:59-01:00", "not a date-time: out of range"),
    ],
    ids=repr,
)
def test_date_times_that_are_not_certain_are_rejected(cell: Cell, problem: str) -> None:
    assert reason(ColumnType.DATETIME, cell).startswith(problem)


@pytest.mark.parametrize("text", ["7/5/2005", "11/21/1979 0:00:00", "31.01.2024", "1/31/24"])
def test_a_date_of_no_certain_order_is_rejected_and_names_the_option(text: str) -> None:
    assert "is not certain (the mapping can state order)" in reason(ColumnType.DATE, text)
    assert "is not certain" in reason(ColumnType.DATE, text, order="ymd")


@pytest.mark.parametrize(
    ("order", "text", "value"),
    [
        ("mdy", "7/5/2005", "2005-07-05"),
        ("dmy", "7/5/2005", "2005-05-07"),
        ("mdy", "11/21/1979 0:00:00", "1979-11-21"),
        ("mdy", "11/21/1979 12:00:00 AM", "1979-11-21"),
        ("dmy", "31.01.2024", "2024-01-31"),
        ("dmy", "31-1-2024", "2024-01-31"),
        ("mdy", "2024-01-31", "2024-01-31"),
        ("mdy", "令和6年1月31日", "2024-01-31"),
    ],
)
def test_a_stated_order_is_believed(order: str, text: str, value: str) -> None:
    assert parse(ColumnType.DATE, text, order=order) == value


@pytest.mark.parametrize(
    ("order", "text", "why"),
    [
        ("mdy", "21/11/1979", "no such day"),
        ("mdy", "1/31/24", "century"),
        ("dmy", "2/3/2024 25:00", "no such time"),
        ("dmy", "2/3-2024", "not a date"),
    ],
)
def test_what_a_stated_order_leaves_open_is_rejected(order: str, text: str, why: str) -> None:
    assert why in reason(ColumnType.DATE, text, order=order)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-31 9:30 PM", "2024-01-31T12:30:00+00:00"),
        ("2024-01-31 12:00 am", "2024-01-30T15:00:00+00:00"),
        ("2024-01-31 12:30PM", "2024-01-31T03:30:00+00:00"),
    ],
)
def test_a_half_of_the_day_may_be_named(text: str, value: str) -> None:
    assert parse(ColumnType.DATETIME, text) == value


def test_each_date_of_a_file_is_the_day_it_says_or_rejected() -> None:
    lines = (CASES / "dates.csv").read_text(encoding="utf-8").splitlines()[1:]
    read = parser_for(column(ColumnType.DATE), TOKYO)
    dates = {}
    for number, text, _ in (line.split(",") for line in lines):
        value = read(text)
        if not isinstance(value, Problem):
            dates[number] = value
    assert dates == {
        "A11": "2024-01-31",
        "A12": "2019-05-01",
        "A16": "2024-01-31",
        "A23": "2024-01-31",
        "A24": "2024-01-31",
    }


def test_a_time_that_the_clocks_skip_is_rejected_and_the_earlier_of_two_is_taken() -> None:
    read = parser_for(column(ColumnType.DATETIME), NEW_YORK)
    assert "clocks" in str(read("2024-03-10 02:30"))
    assert read("2024-11-03 01:30") == "2024-11-03T05:30:00+00:00"


def test_without_a_known_zone_only_date_times_with_one_are_read() -> None:
    read = parser_for(column(ColumnType.DATETIME), None)
    assert "time zone of the spreadsheet" in str(read("2024-01-31 09:30"))
    assert read("2024-01-31 09:30Z") == "2024-01-31T09:30:00+00:00"


def test_limits_of_date_times_are_in_the_sheets_zone() -> None:
    limits = {"minimum": "2024-01-31T09:00:00", "maximum": "2024-01-31T01:00:00+00:00"}
    assert parse(ColumnType.DATETIME, "2024-01-31 09:00", **limits) == "2024-01-31T00:00:00+00:00"
    assert reason(ColumnType.DATETIME, "2024-01-31 08:59", **limits).startswith("before")
    assert reason(ColumnType.DATETIME, "2024-01-31 10:01", **limits).startswith("after")


@given(st.datetimes(min_value=naive("1950-01-01"), max_value=naive("2400-01-01")))
def test_a_date_time_reads_the_same_from_its_serial_and_from_its_text(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    serial = (moment - naive("1899-12-30")) / timedelta(days=1)
    fixed = timezone(timedelta(hours=9))
    read = parser_for(column(ColumnType.DATETIME), fixed)
    expected = moment.replace(tzinfo=fixed).astimezone(UTC).isoformat()
    shown = Shown(f"{moment:%Y/%m/%d %H:%M:%S}", serial)
    assert read(shown) == read(moment.isoformat(" ")) == read(moment) == expected


# -- booleans, addresses, JSON --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        ((True, 1, 1.0, "TRUE", "true", "Yes", "○", "〇", "◯", "はい", "1", "１", "ｙｅｓ"), True),
        ((False, 0, 0.0, "FALSE", "no", "×", "✕", "✖", "いいえ", "0", "０"), False),
    ],
    ids=["yes", "no"],
)
def test_booleans_in_all_their_forms(cells: tuple[Cell, ...], value: Value) -> None:
    assert [parse(ColumnType.BOOLEAN, cell) for cell in cells] == [value] * len(cells)


@pytest.mark.parametrize("cell", [2, 0.5, "x", "✓", "有", "①", "y", date(2024, 1, 1)], ids=repr)
def test_what_is_neither_yes_nor_no_is_rejected(cell: Cell) -> None:
    assert reason(ColumnType.BOOLEAN, cell).startswith("neither yes nor no")


@pytest.mark.parametrize(
    "cell",
    ["https://example.com/a.jpg", "HTTP://例え.jp:8080/画像?x=1#y", "https://[::1]/"],
)
def test_addresses_are_kept_as_written(cell: str) -> None:
    assert parse(ColumnType.URL, f" {cell}\n") == cell


@pytest.mark.parametrize(
    "cell",
    [
        "example.com/a.jpg",
        "ftp://example.com/",
        "javascript:alert(1)",
        "https:///a.jpg",
        "https://",
        "https://[::1/",
        "https://example.com:port/",
        "https://a.example/1.jpg https://a.example/2.jpg",
        "https://a.example/1.jpg\nhttps://a.example/2.jpg",
        "https://a.example/<1>.jpg",
        "https://a.example/1\u200b.jpg",
        12,
    ],
    ids=repr,
)
def test_what_is_not_one_http_address_is_rejected(cell: Cell) -> None:
    assert reason(ColumnType.URL, cell).startswith("not ")


def test_an_address_obeys_max_length_and_pattern() -> None:
    assert reason(ColumnType.URL, "https://a.example/", max_length=5).startswith("too long")
    pattern = re.compile(r".*\.jpg")
    assert reason(ColumnType.URL, "https://a.example/", pattern=pattern).startswith("not in the")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('{"a": [1, 2.5, null, "千"]}', {"a": [1, 2.5, None, "千"]}),
        ("[]", []),
        ('"\\\\u0000"', "\\u0000"),
        (3, 3),
        (True, True),
    ],
    ids=repr,
)
def test_json_is_parsed(cell: Cell, value: object) -> None:
    assert parse(ColumnType.JSON, cell) == value


@pytest.mark.parametrize(
    "cell",
    [
        "{",
        "{'a': 1}",
        "NaN",
        "[Infinity]",
        "1e999",
        '"\\u0000"',
        '{"\\ud800": 1}',
        '[["\\udfff"]]',
        "[" * 100_000,
        "1" * 5_000,
        date(2024, 1, 1),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_jsonb_cannot_hold_is_rejected(cell: Cell) -> None:
    assert "JSON" in reason(ColumnType.JSON, cell)


def nested(levels: int) -> str:
    return '{"a":[' * (levels // 2) + "]}" * (levels // 2)


def test_json_of_a_hundred_levels_is_taken_and_deeper_json_rejected() -> None:
    assert not isinstance(parse(ColumnType.JSON, nested(100)), Problem)
    assert "deeper than 100 levels" in reason(ColumnType.JSON, nested(102))
    assert "deeper than 100 levels" in reason(ColumnType.JSON, "[" * 600 + "]" * 600)
    assert "deeper than 100 levels" in reason(ColumnType.JSON, "[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize("number", ["12345678901234567890.5", "0.1234567890123456789", "1e23"])
def test_json_keeps_every_digit_of_a_number(number: str) -> None:
    document = parse(ColumnType.JSON, f'{{"n": {number}}}')
    assert number in encode(document)


# -- laws -----------------------------------------------------------------------------------------


@given(st.sampled_from(ColumnType), ANY_CELL, st.sampled_from([None, 0, 2]))
def test_every_value_can_be_sent_and_nothing_raises(
    column_type: ColumnType, cell: Cell, scale: int | None
) -> None:
    value = parse(column_type, cell, scale=scale)
    if isinstance(value, Problem):
        assert value.reason or isinstance(cell, Unreadable)
    else:
        sent = encode(value)
        assert "\x00" not in sent
        sent.encode()
