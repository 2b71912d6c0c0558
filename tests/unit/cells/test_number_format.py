"""What a number format shows of a number: as Excel does, or not at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.number_format import (
    adds_to_text,
    built_in_format,
    general_text,
    number_format,
)
from listing_sync.cells.serials import moment_of_serial, shows_day
from listing_sync.cells.shown import agrees, joiner

AS_OTHERS_DO = [
    ("0", 45322.75, "45323"),
    ("0", 8.5, "9"),
    ("0.00", 0.4375, "0.44"),
    ("0.00", 29800000, "29800000.00"),
    ("#,##0", 2958465.999, "2,958,466"),
    ("#,##0", 0.4375, "0"),
    ("#,##0.00", 2958465.999, "2,958,466.00"),
    ("#,##0.00", 0.4375, "0.44"),
    ("0%", 45322.75, "4532275%"),
    ("0%", 10000000000.0, "1000000000000%"),
    ("0.00%", 0, "0.00%"),
    ("0.00%", 2958465.999, "295846599.90%"),
    ("0.00E+00", -0.4, "-4.00E-01"),
    ("0.00E+00", 0.99999, "1.00E+00"),
    ("000-0000", 70.25, "000-0070"),
    ("000-0000", 60.2, "000-0060"),
    ("00000", 1, "00001"),
    ("00000", 1234567, "1234567"),
    ('#,##0"円"', 12345, "12,345円"),
    ('#,##0"円"', 29800000, "29,800,000円"),
    ('"AA"00000', 10000000000.0, "AA10000000000"),
    ('"AA"00000', -0.5, "-AA00001"),
    ('#,##0,"千円"', 999.995, "1千円"),
    ('#,##0,"千円"', 45322.75, "45千円"),
    ('0.0,,"M"', 12345, "0.0M"),
    ('0.0,,"M"', 600001, "0.6M"),
    ("#.##", 0.05, ".05"),
    ("#.##", 0, "."),
    ("#.0#", 60.2, "60.2"),
    ("#.0#", 0.5, ".5"),
    ("?0.0?", 350000, "350000.0"),
    ("?0.0?", 1234567, "1234567.0"),
    ("#,##0;[Red]-#,##0", 1234567, "1,234,567"),
    ("#,##0;[Red]-#,##0", 0.99999, "1"),
    ('#,##0;(#,##0);"-"', 350000, "350,000"),
    ('#,##0;(#,##0);"-"', 1234567, "1,234,567"),
    ("0.0;;", 1234567, "1234567.0"),
    ("0.0;;", 0.05, "0.1"),
    ('_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)', 45322, "45,322.00"),
    ('_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)', -0.4, "(0.40)"),
    ('[>=10000]#,##0,"K";0', 0.5, "1"),
    ('[>=10000]#,##0,"K";0', 0, "0"),
    ('[<100]"low "0;[>=1000]"high "0;"mid "0', 0, "low 0"),
    ('[<100]"low "0;[>=1000]"high "0;"mid "0', 8.5, "low 9"),
    ("0000-00-00", 8.5, "0000-00-09"),
    ("0000-00-00", 0.05, "0000-00-00"),
    ("(000) 000-0000", 0.05, "(000) 000-0000"),
    ("(000) 000-0000", 350000, "(000) 035-0000"),
    ("#,##0.00_ ;[Red]-#,##0.00 ", 70.25, "70.25"),
    ("#,##0.00_ ;[Red]-#,##0.00 ", 0.5, "0.50"),
    ("0.###", 1234567.895, "1234567.895"),
    ("0.###", 33298.123456, "33298.123"),
    (".00", 1.1041666, "1.10"),
    (".00", 0.5, ".50"),
    ("#", 0.5, "1"),
    ("#", 8.5, "9"),
    ("##", 1234567.895, "1234568"),
    ("##", 350000, "350000"),
    ("#,###", 1, "1"),
    ("#,###", 999.995, "1,000"),
    ('0.0"㎡"', 0.001, "0.0㎡"),
    ('0.0"㎡"', 1234567, "1234567.0㎡"),
    ("$#,##0.00;-$#,##0.00", -12345, "-$12,345.00"),
    ("$#,##0.00;-$#,##0.00", 0.05, "$0.05"),
    ("[$¥-411]#,##0", -1, "-¥1"),
    ("[$¥-411]#,##0", 70.25, "¥70"),
    ('"築"0"年"', 70.25, "築70年"),
    ('"築"0"年"', 33298.123456, "築33298年"),
    ("00\\-00", 45322, "453-22"),
    ("00\\-00", 0, "00-00"),
    ("yyyy/m/d", 33298.123456, "1991/3/1"),
    ("yyyy/m/d", 1234567.895, "5280/2/15"),
    ("yyyy-mm-dd", 1234567, "5280-02-15"),
    ("yyyy-mm-dd", 999.995, "1902-09-25"),
    ("yyyy-mm-dd hh:mm:ss", 1234567.895, "5280-02-15 21:28:48"),
    ("yyyy-mm-dd hh:mm:ss", 999.995, "1902-09-25 23:52:48"),
    ('yyyy"年"m"月"d"日"', 45322, "2024年1月31日"),
    ('yyyy"年"m"月"d"日"', 1234567.895, "5280年2月15日"),
    ('m"月"d"日"', 70.25, "3月10日"),
    ('m"月"d"日"', 45322, "1月31日"),
    ("h:mm", 33298.123456, "2:57"),
    ("h:mm", 0.05, "1:12"),
    ("h:mm:ss", 1, "0:00:00"),
    ("h:mm:ss", 350000, "0:00:00"),
    ("[h]:mm:ss", 0, "0:00:00"),
    ("[h]:mm:ss", 1234567.895, "29629629:28:48"),
    ("[mm]:ss", 600001, "864001440:00"),
    ("[mm]:ss", 0, "00:00"),
    ("mm:ss.0", 0.99999, "59:59.1"),
    ("mm:ss.0", 45322, "00:00.0"),
    ("mm:ss.000", 1234567.895, "28:48.000"),
    ("mm:ss.000", 600001, "00:00.000"),
    ("h:mm AM/PM", 0.99999, "11:59 PM"),
    ("h:mm AM/PM", 0, "12:00 AM"),
    ("d-mmm-yy", 45322, "31-Jan-24"),
    ("d-mmm-yy", 12345, "18-Oct-33"),
    ("mmm-yy", 60.2, "Feb-00"),
    ("mmm-yy", 8.5, "Jan-00"),
    ("mmmm d, yyyy", 33298.123456, "March 1, 1991"),
    ("mmmm d, yyyy", 350000, "April 6, 2858"),
    ("dddd", 1234567, "Thursday"),
    ("dddd", 70.25, "Saturday"),
    ("ddd, d mmm", 45322, "Wed, 31 Jan"),
    ("ddd, d mmm", 1234567.895, "Thu, 15 Feb"),
    ("yyyymmdd", 45322.75, "20240131"),
    ("yyyymmdd", 1234567.895, "52800215"),
    ("m/d/yy h:mm", 45322.75, "1/31/24 18:00"),
    ("m/d/yy h:mm", 999.995, "9/25/02 23:52"),
    ("hh:mm:ss.00", 45322.75, "18:00:00.00"),
    ("hh:mm:ss.00", 1234567, "00:00:00.00"),
    ("s", 0.99999, "59"),
    ("s", 1234567.895, "48"),
    ("[s]", 0.001, "86"),
    ("[s]", 1, "86400"),
    ("mmmmm", 1234567.895, "F"),
    ("mmmmm", 1234567, "F"),
    ("h AM/PM", 8.5, "12 PM"),
    ("h AM/PM", 999.995, "11 PM"),
    ('h"時"mm"分"ss"秒"', 0.4375, "10時30分00秒"),
    ('h"時"mm"分"ss"秒"', 1234567.895, "21時28分48秒"),
]
"""What numfmt 4.0.1 and ssf 0.11.2 (npm), two other renderers of these formats, agree on."""

AS_JAPANESE_EXCEL_DOES = [
    ('[$-411]ggge"年"m"月"d"日";@', 45322, "令和6年1月31日"),
    ('[$-411]ggge"年"', 43586, "令和1年"),
    ('[$-ja-JP-x-gannen]ggge"年"m"月"', 43586, "令和元年5月"),
    ("[$-411]ge.m.d", 32515, "S64.1.7"),
    ("[$-411]ge.m.d", 32516, "H1.1.8"),
    ("[$-411]gge", 33298, "平3"),
    ('[$-411]e"年"', 45322, "6年"),
    ("ge.mm.dd", 45322, "R6.01.31"),
    ("[$-1030411]ge\\.m\\.d", 32516, "H1.1.8"),
    ("[$-30411]ggge\\年m\\月d\\日;@", 45322, "令和6年1月31日"),
    ("aaa", 45322, "水"),
    ("m/d(aaaa)", 45322, "1/31(水曜日)"),
    ("[$-F800]dddd, mmmm dd, yyyy", 45322, "2024年1月31日"),
    ("[$-F400]h:mm:ss AM/PM", 0.75, "18:00:00"),
    ("[$-411]AM/PM h:mm", 0.75, "午後 6:00"),
    ("h:mm A/P", 0.75, "6:00 P"),
    ("h:mm A/P", 0.25, "6:00 A"),
    ('G/標準"年"', 25, "25年"),
    ("#,##0円", 8000, "8,000円"),
    ("[赤]#,##0", 8000, "8,000"),
    ("[$¥-411]#,##0", 1500, "¥1,500"),
    ("[$$-409]#,##0.00", 1500, "$1,500.00"),
]


@pytest.mark.parametrize(("code", "value", "text"), AS_OTHERS_DO + AS_JAPANESE_EXCEL_DOES)
def test_a_number_is_shown_as_excel_shows_it(code: str, value: float, text: str) -> None:
    form = number_format(code)
    assert form is not None
    assert form.text(value) == text


@pytest.mark.parametrize(
    ("code", "value"),
    [
        pytest.param("# ?/?", 0.5, id="fraction"),
        pytest.param("[DBNum1]0", 5, id="digits of another script"),
        pytest.param("[$-1030411]yyyy", 45322, id="the calendar of a locale"),
        pytest.param("[$-404]mmmm", 45322, id="month names of another language"),
        pytest.param("e", 45322, id="era year without an era"),
        pytest.param("0!年", 3, id="a mark that is not certain"),
        pytest.param("0 km", 3, id="letters without quotes"),
        pytest.param("yyyy/m/d", -1, id="before all dates"),
        pytest.param("yyyy/m/d", 0, id="the day zero"),
        pytest.param("yyyy/m/d", 3e6, id="after all dates"),
        pytest.param("[<100]0;[<200]0", 500, id="no section for it"),
        pytest.param("0.0.0", 1, id="two points"),
        pytest.param("ss.0.0", 0.5, id="two parts of a second"),
        pytest.param("ss.0000", 0.5, id="finer than a millisecond"),
        pytest.param("[$-411,5-x]yyyy", 45322, id="a locale that nobody knows"),
        pytest.param("0E+0E+0", 5, id="two exponents"),
        pytest.param("0E+", 5, id="an exponent without digits"),
        pytest.param(",0", 5, id="a comma before all digits"),
        pytest.param("0.0,0", 5, id="a comma between decimals"),
        pytest.param("[<5][>3]0", 4, id="two conditions"),
        pytest.param("[<5x]0", 4, id="a condition that is none"),
        pytest.param("0", float("inf"), id="no number"),
        pytest.param("##0.0E+0", 12345, id="an exponent in steps of three"),
    ],
)
def test_what_is_not_certain_is_not_shown(code: str, value: float) -> None:
    form = number_format(code)
    assert form is None or form.text(value) is None


@pytest.mark.parametrize("code", ['0"', "a" * 2_000, "0;0;0;0;0", "[h"])
def test_a_code_that_excel_would_not_take_shows_nothing(code: str) -> None:
    form = number_format(code)
    assert form is None or form.text(5) is None


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("@", "x"),
        ("General", "x"),
        ('"AA"@', "AAx"),
        ('0;0;0;@"様"', "x様"),
        (";;;", ""),
        ("0", "x"),
    ],
)
def test_a_text_is_shown_by_the_section_for_texts(code: str, shown: str) -> None:
    form = number_format(code)
    assert form is not None
    assert form.text_of_text("x") == shown
    assert adds_to_text(code) == (shown != "x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12, "12"),
        (1e16, "10000000000000000"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.3333333333"),
        (0.00001, "0.00001"),
        (float("inf"), None),
    ],
)
def test_a_number_without_a_format_is_plain(value: float, text: str | None) -> None:
    assert general_text(value) == text


def test_every_built_in_format_is_known_to_show_something() -> None:
    codes = {number: built_in_format(number) for number in range(60)}
    shown = {
        number: form.text(45322)
        for number, code in codes.items()
        if code is not None and (form := number_format(code)) is not None
    }
    assert {number for number, text in shown.items() if text is None} == {12, 13, 48}
    assert {number for number, code in codes.items() if code is None} == {23, 24, 25, 26, 59}


NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 4))
)
LITERALS = st.sampled_from(["", '"円"', '"万円"', '"築"', "\\-", " ", '"第3"', "[Red]", "[$¥-411]"])
DIGITS = st.sampled_from(["0", "#,##0", "0.0", "#,##0.00", "000", "#", "0.##", "#,##0,", "0%"])
SECTIONS = st.builds(lambda a, b, c: a + b + c, LITERALS, DIGITS, LITERALS)
CODES = st.lists(SECTIONS, min_size=1, max_size=3).map(";".join)
MONEY = Column(name="price", headers=("Price",), type=ColumnType.MONEY)


@given(CODES, NUMBERS)
def test_what_is_shown_means_the_number_or_is_judged_with_it(code: str, value: float) -> None:
    form = number_format(code)
    assert form is not None
    text = form.text(value)
    assert text is not None
    if form.plain is not None and value > 0:
        digits = text.removeprefix(form.plain.around[0].strip())
        assert value < 1 or agrees(digits.removesuffix(form.plain.around[1].strip()), value)
    cell = joiner(MONEY)(text, value)
    assert cell == value or not isinstance(cell, int | float)


@given(
    st.sampled_from(["yyyy/m/d", "yyyy-mm-dd", "d-mmm-yy", "[$-411]ge.m.d", "yyyymmdd"]),
    st.integers(2, 79_000),
)
def test_a_date_is_shown_as_the_day_it_is(code: str, serial: int) -> None:
    form = number_format(code)
    moment = moment_of_serial(serial)
    assert form is not None
    assert moment is not None
    assert moment.date() == date(1899, 12, 30) + timedelta(days=serial)
    assert shows_day(str(form.text(serial)), moment.date())


def test_a_day_somewhere_in_a_long_text_is_not_what_its_cell_shows() -> None:
    day = date(2026, 11, 28)
    assert shows_day("入居 2026/11/28" + " " * 180, day)
    assert not shows_day("入居 2026/11/28" + " " * 200, day)


@given(st.text(max_size=30), NUMBERS)
def test_no_code_breaks_the_program(code: str, value: float) -> None:
    form = number_format(code)
    if form is not None:
        form.text(value)
        form.text_of_text("x")
        adds_to_text(code)


def test_a_moment_that_rounds_past_the_last_day_is_none() -> None:
    assert moment_of_serial(2958465.99) is not None
    assert moment_of_serial(2958465.9999999) is None
    assert moment_of_serial(2958466) is None
