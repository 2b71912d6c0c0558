"""What a person sees beside what is stored: which of them is the value of the cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Cell, Problem, Shown, Unreadable
from listing_sync.cells.parsing import parser_for
from listing_sync.cells.shown import joiner, residue, says_the_number

MONEY = Column("price", ("Price",), ColumnType.MONEY, scale=0)
EXACT = Column("price", ("Price",), ColumnType.MONEY)
AREA = Column("area", ("Area",), ColumnType.AREA, scale=2)
SHARE = Column("share", ("Share",), ColumnType.DECIMAL)
DAY = Column("built", ("Built",), ColumnType.DATE)
YES = Column("flag", ("Flag",), ColumnType.BOOLEAN)


def meaning(column: Column, text: object, stored: object) -> object:
    return parser_for(column, UTC)(joiner(column)(text, stored))


def reason(column: Column, text: object, stored: object) -> str:
    problem = meaning(column, text, stored)
    assert isinstance(problem, Problem), f"accepted as {problem!r}"
    return str(problem)


@pytest.mark.parametrize(
    ("column", "text", "stored", "value"),
    [
        (MONEY, "2,980万円", 2980, 29_800_000),
        (MONEY, "29,800,000円", 29_800_000, 29_800_000),
        (MONEY, "29,800千円", 29_800_000, 29_800_000),
        (MONEY, "8.5万円", 8.5, 85_000),
        (MONEY, "$350K", 350_000, 350_000),
        (MONEY, "$0.35M", 350_000, 350_000),
        (MONEY, "¥ 29,800,000 ", 29_800_000, 29_800_000),
        (MONEY, "(1,234)", -1234, -1234),
        (MONEY, "$ (1,234)", -1234, -1234),
        (MONEY, "(¥1,234)", -1234, -1234),
        (AREA, "70.25(㎡)", 70.25, "70.25"),
        (MONEY, "1'234", 1234, 1234),
        (MONEY, "12,34,567", 1234567, 1234567),
        (MONEY, "▲1,234", -1234, -1234),
        (MONEY, "1.234,00 €", 1234, 1234),
        (MONEY, "1\u202f234 €", 1234, 1234),
        (EXACT, "3,481", 3480.5, "3480.5"),
        (EXACT, "1.234,50", 1234.5, "1234.5"),
        (AREA, "70.25㎡", 70.25, "70.25"),
        (AREA, "70.3 m2", 70.25, "70.25"),
        (SHARE, "12.5%", 0.125, "0.125"),
        (SHARE, "1.23E+08", 123_456_789.5, "123456789.5"),
        (DAY, "2024/01/31", 45322, "2024-01-31"),
        (DAY, "31-janv.-24", 45322, "2024-01-31"),
        (DAY, "1/31/24", 45322, "2024-01-31"),
        (DAY, "令和6年1月31日", 45322, "2024-01-31"),
        (DAY, "R6.1.31", 45322, "2024-01-31"),
        (DAY, "20240131", 45322, "2024-01-31"),
        (DAY, "令和元年5月1日", 43586, "2019-05-01"),
        (YES, "TRUE", True, True),
        (YES, "1", 1, True),
        (YES, "はい", 1, True),
    ],
)
def test_the_value_is_what_a_person_sees(
    column: Column, text: str, stored: Cell, value: object
) -> None:
    assert meaning(column, text, stored) == value


@pytest.mark.parametrize(
    ("column", "text", "stored", "why"),
    [
        (AREA, "25.80坪", 25.8, "坪"),
        (AREA, "1,200 sq ft", 1200, "sq ft"),
        (AREA, "6帖", 6, "shows 6帖, holds 6"),
        (MONEY, "応相談", 0, "not a number"),
        (MONEY, "(1,234)", 1234, "shows (1,234), holds 1234"),
        (MONEY, "-", 0, "shows -, holds 0"),
        (MONEY, "£350,000", 350_000, "shows £350,000, holds 350000"),
        (MONEY, "1,000K", 1000, "shows 1,000K, holds 1000"),
        (MONEY, "要確認 2,980", 2980, "shows 要確認 2,980, holds 2980"),
        (MONEY, "2,980万円", 5, "shows 2,980万円, holds 5"),
        (MONEY, "29,800", 29_800_000, "shows 29,800, holds 29800000"),
        (MONEY, "1,234", -1234, "shows 1,234, holds -1234"),
        (MONEY, "", 0, "shows nothing, holds 0"),
        (DAY, "240131", 240131, "bare number"),
        (DAY, "2024", 2024, "bare number"),
        (DAY, "10:30", 0.4375, "shows 10:30"),
        (DAY, "26:30:00", 1.1041666, "shows 26:30:00"),
        (DAY, "1899-12-30", 0, "shows 1899-12-30"),
        (DAY, "2月3日", 46056, "shows 2月3日"),
        (DAY, "2024年2月1日", 45322, "shows 2024年2月1日"),
        (YES, "済", 1, "neither yes nor no"),
    ],
)
def test_what_shows_something_else_is_rejected_with_both(
    column: Column, text: str, stored: Cell, why: str
) -> None:
    assert why in reason(column, text, stored)


def test_a_text_that_the_number_format_hides_is_rejected() -> None:
    cell = joiner(MONEY)("", "応相談")
    assert isinstance(cell, Unreadable)
    assert cell.shown == "応相談"


def test_a_blank_cell_is_blank_and_a_text_is_as_shown() -> None:
    join = joiner(MONEY)
    assert join(None, None) is None
    assert join("", "") is None
    assert join("応相談", "応相談") == "応相談"


def test_a_number_that_shows_just_itself_is_handed_on_bare() -> None:
    join = joiner(MONEY)
    assert [join("2980", 2980), join("¥2,980", 2980)] == [2980, 2980]
    assert join("2,980万円", 2980) == Shown("2,980万円", 2980)


def test_a_serial_number_that_shows_its_date_is_handed_on_as_the_moment() -> None:
    assert joiner(DAY)("2024/01/31", 45322) == datetime.fromisoformat("2024-01-31")


def test_a_text_column_holds_what_is_shown() -> None:
    text = Column("note", ("Note",), ColumnType.TEXT)
    assert joiner(text)("060-0001", 600001) == "060-0001"
    assert joiner(text)(None, 5) == 5
    assert parser_for(text, UTC)(Shown("060-0001", 600001)) == "060-0001"


def test_a_check_box_is_not_remembered_as_the_number_one() -> None:
    read = parser_for(MONEY, UTC)
    assert read(Shown("1円", 1)) == 1
    assert isinstance(read(Shown("1円", True)), Problem)


def test_a_number_that_is_none_agrees_with_nothing() -> None:
    assert "not a number that can be stored" in reason(MONEY, "1円", float("nan"))


def test_several_numbers_in_a_text_count_where_they_are_the_stored_one() -> None:
    assert meaning(MONEY, "1億2,000万円", 120_000_000) == 120_000_000
    assert "not one number" in reason(MONEY, "1億2,000万円", 12_000)


@pytest.mark.parametrize(
    ("text", "rest"),
    [("¥29,800,000", "¥"), ("２，９８０万円", "万円"), ("70.25 m²", "㎡"), ("-1.5E+3", "e")],
)
def test_the_residue_is_what_stands_beside_the_digits(text: str, rest: str) -> None:
    assert residue(text) == rest


@pytest.mark.parametrize(
    ("rest", "column", "is_neutral"),
    [
        ("", MONEY, True),
        ("円", MONEY, True),
        ("㎡", MONEY, False),
        ("㎡", AREA, True),
        ("坪", AREA, False),
        ("万円", MONEY, False),
        ("帖", AREA, False),
    ],
)
def test_a_unit_is_neutral_by_the_type_of_its_column(
    rest: str, column: Column, *, is_neutral: bool
) -> None:
    assert says_the_number(rest, column) is is_neutral


# -- the law ------------------------------------------------------------------------------------

UNITS = {
    "": Decimal(1),
    "円": Decimal(1),
    " €": Decimal(1),
    "千円": Decimal(10**3),
    "万円": Decimal(10**4),
    "億円": Decimal(10**8),
    "K": Decimal(10**3),
    "百万円": Decimal(10**6),
    "帖": None,
    "坪": None,
    "%": None,
    "台": None,
}
"""What a number format writes behind a number -> what it multiplies by; None is no money."""

LOCALES = [(",", "."), (".", ","), ("\u202f", ","), ("’", "."), ("", ".")]


def formatted(number: Decimal, *, places: int, scaled: int, marks: tuple[str, str]) -> str:
    """Return a number as a spreadsheet shows it: rounded, grouped, in its locale."""
    step = Decimal(1).scaleb(-places)
    whole = number.scaleb(-scaled).quantize(step, ROUND_HALF_UP)
    group, mark = marks
    text = f"{whole:,f}".replace(",", "g").replace(".", "m")
    return text.replace("g", group).replace("m", mark)


@given(
    number=st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9).map(lambda x: round(x, 4)),
    places=st.integers(0, 3),
    scaled=st.sampled_from([0, 0, 3, 6]),
    marks=st.sampled_from(LOCALES),
    before=st.sampled_from(["", "¥", "$ ", "約"]),
    after=st.sampled_from(sorted(UNITS)),
    unit=st.sampled_from([None, "千円", "万円"]),
)
def test_a_value_is_what_the_text_means_or_there_is_none(
    number: float,
    places: int,
    scaled: int,
    marks: tuple[str, str],
    before: str,
    after: str,
    unit: str | None,
) -> None:
    assume(not scaled or places < 3)  # 1234 in thousands with three places looks like itself
    exact = Decimal(repr(number))
    shown = formatted(exact, places=places, scaled=scaled, marks=marks)
    value = meaning(replace(EXACT, unit=unit), f"{before}{shown}{after}", number)
    factor = UNITS[after if after or unit is None else unit]
    if isinstance(value, Problem):
        return
    assert factor is not None
    group, mark = marks
    means = Decimal(shown.replace(group, "").replace(mark, ".") if group else shown) * factor
    step = Decimal(1).scaleb(-places) * factor
    assert abs(Decimal(str(value)) - means) <= Decimal("0.5001") * step


@given(
    number=st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9).map(lambda x: round(x, 4)),
    places=st.integers(0, 3),
    marks=st.sampled_from(LOCALES),
    around=st.sampled_from([("", ""), ("¥", ""), ("", "円"), ("", " €")]),
)
def test_a_plain_format_of_any_locale_keeps_the_stored_number(
    number: float, places: int, marks: tuple[str, str], around: tuple[str, str]
) -> None:
    shown = formatted(Decimal(repr(number)), places=places, scaled=0, marks=marks)
    value = meaning(EXACT, f"{around[0]}{shown}{around[1]}", number)
    assert not isinstance(value, Problem), str(value)
    assert Decimal(str(value)) == Decimal(repr(number))


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(-400, 400))
def test_a_day_is_the_one_that_is_shown_or_there_is_none(day: date, off: int) -> None:
    serial = (day - date(1899, 12, 30)).days
    for text in (f"{day:%Y/%m/%d}", f"{day:%d.%m.%Y}", f"{day.year}年{day.month}月{day.day}日"):
        assert meaning(DAY, text, serial) == day.isoformat()
    shown = f"{day + timedelta(days=off):%Y-%m-%d}" if day.year > 1901 else f"{day:%Y-%m-%d}"
    value = meaning(DAY, shown, serial)
    assert (
        isinstance(value, Problem)
        or value == shown
        or sorted(shown[5:].split("-")) == sorted(f"{day:%m-%d}".split("-"))
    )


def test_a_serial_number_that_shows_another_day_is_judged_with_it() -> None:
    assert joiner(DAY)("2024/1/31", 45323) == Shown("2024/1/31", 45323)
    assert joiner(DAY)("2024/1/31", 45322) == datetime(2024, 1, 31)  # noqa: DTZ001 - of the sheet


def test_a_unit_leaves_a_number_as_it_is_where_the_column_counts_in_it() -> None:
    in_man = replace(MONEY, unit="万円")
    assert says_the_number("万円", in_man)
    assert not says_the_number("円", in_man)
    assert not says_the_number("千円", in_man)


def test_what_a_format_shows_for_nothing_is_blank_whatever_is_stored() -> None:
    dash = replace(MONEY, blank=frozenset({"-"}))
    assert meaning(dash, "-", 0) is None
