"""Rows in, listings and rejections out: rows as a whole, cell names, duplicates, laws."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.a1 import column_letter
from listing_sync.cells.cell_texts import shown_cells
from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import (
    Cell,
    Checked,
    Listing,
    Rejection,
    SheetColumn,
    SheetContents,
    SheetRow,
    Unreadable,
)
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.validator import (
    loading_columns,
    normalise_number,
    validate,
)
from listing_sync.errors import SettingsError
from tests.strategies import ANY_CELL

NUMBER = Column(
    "property_number",
    ("Property Number",),
    ColumnType.TEXT,
    required=True,
    pattern=re.compile(r"^[A-Z]{2}\d+(-\d+)?$"),
)
PRICE = Column("price", ("Price",), ColumnType.MONEY, scale=0, blank=frozenset({"-"}))
SOLD = Column("sold", ("Sold",), ColumnType.BOOLEAN)
OPENED = Column("opened_at", ("Opened",), ColumnType.DATETIME)
MAPPING = SheetMapping("property_listings", "property_number", (NUMBER, PRICE, SOLD, OPENED))
COLUMNS = (
    SheetColumn(NUMBER, "Property Number", "A"),
    SheetColumn(PRICE, "Price\n（税込）", "F"),
    SheetColumn(SOLD, "Sold", "AB"),
    SheetColumn(OPENED, "Opened", "AC"),
)
LINK = "https://docs.google.com/spreadsheets/d/x/edit#gid=0"


def contents(*rows: tuple[int, Sequence[Cell]], tab: str = "Listings") -> SheetContents:
    return SheetContents(
        tab=tab,
        link_base=LINK,
        time_zone="Asia/Tokyo",
        columns=COLUMNS,
        rows=[(sheet_row, (*cells, *[None] * (4 - len(cells)))) for sheet_row, cells in rows],
    )


def check(*rows: tuple[int, Sequence[Cell]], tab: str = "Listings") -> Checked:
    return validate(contents(*rows, tab=tab), MAPPING, default_zone=UTC)


def reasons(checked: Checked) -> list[tuple[str | None, int | None, str]]:
    return [(known.property_number, known.sheet_row, known.reason) for known in checked.rejections]


def test_a_good_row_is_a_listing_in_the_order_of_the_columns() -> None:
    checked = check((2, ("AA1", "3,480万円", True, "2024-01-31 09:00")))
    assert checked == Checked(
        columns=COLUMNS,
        listings=(Listing("AA1", 2, ("AA1", 34_800_000, True, "2024-01-31T00:00:00+00:00")),),
        rejections=(),
        numbers=frozenset({"AA1"}),
        unknown_numbers=False,
        total_rows=1,
        rejected_rows=0,
    )


def test_a_bad_cell_rejects_its_row_with_everything_needed_to_mend_it() -> None:
    checked = check((2, ("AA1", 1)), (17, ("AA2", "ask")))
    assert [listing.property_number for listing in checked.listings] == ["AA1"]
    assert checked.rejections == (
        Rejection(
            property_number="AA2",
            sheet_row=17,
            column="Price\n（税込）",
            cell="Listings!F17",
            value="ask",
            reason="not a number; expected an amount, e.g. 34800000, 3,480万円",
            link=f"{LINK}&range=F17",
            code="not_a_number",
        ),
    )
    assert (checked.total_rows, checked.rejected_rows) == (2, 1)
    assert checked.numbers == {"AA1", "AA2"}


def test_all_problems_of_a_row_are_reported_at_once_in_the_order_of_the_columns() -> None:
    checked = check((3, ("AA1", "ask", "maybe", "01/02/2024")), (2, ("AA2", "ask")))
    assert [(known.sheet_row, known.cell) for known in checked.rejections] == [
        (2, "Listings!F2"),
        (3, "Listings!F3"),
        (3, "Listings!AB3"),
        (3, "Listings!AC3"),
    ]
    assert checked.rejected_rows == 2


@pytest.mark.parametrize(
    ("tab", "cell"),
    [
        ("Listings", "Listings!F2"),
        ("物件", "物件!F2"),
        ("My tab", "'My tab'!F2"),
        ("It's", "'It''s'!F2"),
        ("A1", "'A1'!F2"),
    ],
)
def test_a_cell_is_named_as_the_sheet_names_it(tab: str, cell: str) -> None:
    assert check((2, ("AA1", "ask")), tab=tab).rejections[0].cell == cell


def test_a_file_has_cells_but_no_links_and_reads_times_in_the_zone_given() -> None:
    of_file = replace(
        contents((2, ("AA1", "ask")), (3, ("AA2", None, None, "2024-01-31 09:00"))),
        link_base=None,
        time_zone=None,
    )
    checked = validate(of_file, MAPPING, default_zone=UTC)
    assert checked.rejections[0].link is None
    assert checked.listings[0].values[3] == "2024-01-31T09:00:00+00:00"


@pytest.mark.parametrize(
    ("zone", "value"),
    [
        ("America/New_York", "2024-01-31T14:00:00+00:00"),
        ("GMT-07:00", "2024-01-31T16:00:00+00:00"),
        ("GMT+05:30", "2024-01-31T03:30:00+00:00"),
    ],
)
def test_the_spreadsheets_zone_may_be_a_name_or_an_offset(zone: str, value: str) -> None:
    zoned = replace(contents((2, ("AA1", None, None, "2024-01-31 09:00"))), time_zone=zone)
    assert validate(zoned, MAPPING, default_zone=UTC).listings[0].values[3] == value


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc", "", "GMT+25:00"])
def test_an_unknown_zone_rejects_date_times_only(zone: str) -> None:
    zoned = replace(
        contents((2, ("AA1", 1)), (3, ("AA2", 1, None, "2024-01-31 09:00"))), time_zone=zone
    )
    checked = validate(zoned, MAPPING, default_zone=UTC)
    assert [listing.property_number for listing in checked.listings] == ["AA1"]
    assert "time zone" in checked.rejections[0].reason


# -- property numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["AA12345-1", " ＡＡ１２３４５－１\u3000", "\ufeffAA12345-1\n"])
def test_a_number_is_trimmed_and_normalised_before_its_pattern(cell: str) -> None:
    checked = check((2, (cell, 1)))
    assert checked.listings[0].property_number == "AA12345-1"
    assert checked.listings[0].values[0] == "AA12345-1"
    assert normalise_number(cell) == "AA12345-1"


@pytest.mark.parametrize(("cell", "number"), [(12345, "12345"), (12345.0, "12345")])
def test_a_number_in_a_number_cell_is_its_plain_text(cell: Cell, number: str) -> None:
    mapping = replace(MAPPING, columns=(replace(NUMBER, pattern=None), *MAPPING.columns[1:]))
    columns = (SheetColumn(mapping.columns[0], "Property Number", "A"), *COLUMNS[1:])
    numeric = replace(contents((2, (cell,))), columns=columns)
    assert validate(numeric, mapping, default_zone=UTC).listings[0].property_number == number


def test_a_row_without_a_number_is_rejected_as_a_row() -> None:
    checked = check((2, (None, "ask")))
    assert reasons(checked) == [
        (None, 2, "no property number, although other cells are filled"),
        (None, 2, "not a number; expected an amount, e.g. 34800000, 3,480万円"),
    ]
    assert (checked.rejections[0].column, checked.rejections[0].cell) == (None, "Listings!A2")
    assert checked.unknown_numbers
    assert checked.rejected_rows == 1


@pytest.mark.parametrize(
    "cell", ["aa1", "#REF!", True, Unreadable("=A1", "no stored value")], ids=str
)
def test_a_row_whose_number_fails_has_none(cell: Cell) -> None:
    checked = check((2, (cell, 1)))
    assert checked.listings == ()
    assert [known.property_number for known in checked.rejections] == [None]
    assert checked.rejections[0].column == "Property Number"
    assert checked.unknown_numbers


def test_a_number_that_fails_its_pattern_still_appears() -> None:
    assert check((2, ("ＡＡ-x",))).numbers == {"AA-x"}


def test_a_number_on_several_rows_rejects_them_all_each_naming_the_others() -> None:
    checked = check((2, ("AA1", 1)), (3, ("AA2", 1)), (5, ("ＡＡ1", "ask")), (9, (" AA1", 3)))
    assert [listing.property_number for listing in checked.listings] == ["AA2"]
    assert reasons(checked) == [
        ("AA1", 2, "the property number is also on rows 5, 9; expected once"),
        ("AA1", 5, "not a number; expected an amount, e.g. 34800000, 3,480万円"),
        ("AA1", 5, "the property number is also on rows 2, 9; expected once"),
        ("AA1", 9, "the property number is also on rows 2, 5; expected once"),
    ]
    assert {known.column for known in checked.rejections if "once" in known.reason} == {None}
    assert (checked.total_rows, checked.rejected_rows) == (4, 3)
    assert not checked.unknown_numbers


def test_two_rows_with_one_number_name_each_other() -> None:
    checked = check((2, ("AA1",)), (3, ("AA1",)))
    assert [known.reason.split(";")[0] for known in checked.rejections] == [
        "the property number is also on row 3",
        "the property number is also on row 2",
    ]


def test_whole_numbers_as_keys_are_one_in_any_spelling() -> None:
    number = replace(NUMBER, type=ColumnType.INTEGER, pattern=None)
    sheet = replace(
        contents((2, ["5"]), (3, ["０５"]), (4, ["6"]), (5, ["six"])),
        columns=(replace(COLUMNS[0], column=number), *COLUMNS[1:]),
    )
    checked = validate(sheet, MAPPING, default_zone=UTC)
    assert [(item.property_number, item.values[0]) for item in checked.listings] == [("6", 6)]
    assert [item.property_number for item in checked.rejections] == ["5", "5", None]
    assert checked.numbers == {"5", "6", "six"}


def test_a_number_on_thirteen_rows_names_ten_and_counts_two() -> None:
    checked = check(*((row, ("AA1",)) for row in range(2, 15)))
    assert checked.rejections[0].reason.endswith("11, 12 and 2 more; expected once")


def test_ten_thousand_rows_with_one_number_do_not_write_a_book() -> None:
    checked = check(*((row, ("AA1",)) for row in range(2, 10_002)))
    assert len(checked.rejections) == 10_000
    assert checked.rejections[0].reason.endswith("11, 12 and 9989 more; expected once")


# -- rows that say nothing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [
        (None, None, False, None),
        (None, None, "FALSE", None),
        ("\u3000", "-", False, " "),
        (None, None, None, None),
    ],
    ids=repr,
)
def test_a_row_of_unchecked_boxes_and_blanks_is_ignored(cells: tuple[Cell, ...]) -> None:
    checked = check((2, cells))
    assert (checked.total_rows, checked.rejections, checked.unknown_numbers) == (0, (), False)


@pytest.mark.parametrize(
    "cells", [(None, None, True), (None, None, "×"), (None, False), (None, 0)], ids=repr
)
def test_a_row_that_says_something_is_not_ignored(cells: tuple[Cell, ...]) -> None:
    assert check((2, cells)).unknown_numbers


# -- what a rejection shows -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("x" * 300, "x" * 200),
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        (float("nan"), "nan"),
        (10**5000, "a number of very many digits"),
        (True, "TRUE"),
        (Unreadable("=B2*2", "no stored value"), "=B2*2"),
    ],
    ids=["long", "nul", "surrogate", "nan", "huge", "check box", "unreadable"],
)
def test_a_rejected_value_is_short_and_can_be_sent(cell: Cell, shown: str) -> None:
    assert check((2, ("AA1", cell))).rejections[0].value == shown


def test_the_cells_of_a_row_are_shown_by_header_without_the_blank_ones() -> None:
    cells = ("AA1", 34_800_000.0, None, "")
    assert shown_cells(COLUMNS, cells) == {"Property Number": "AA1", "Price\n（税込）": "34800000"}


# -- columns that were still loading --------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "letters"),
    [
        (["Loading..."] * 2, ["F"]),
        (["Loading...", None, "Loading..."], ["F"]),
        (["Loading...", None, "Loading...", "Loading..."], ["F"]),
        (["Loading..."], ["F"]),
        (["Loading...", None], []),
        (["Loading...", 1], []),
        (["#REF!"] * 5, []),
        ([None, *["#N/A"] * 5], []),
        (["#REF!"] * 4, []),
        (["#REF!"] * 5 + ["#N/A"], []),
        (["#REF!"] * 5 + [1], []),
        ([1, 2, 3, 4, 5], []),
        ([None, None], []),
        ([], []),
    ],
    ids=repr,
)
def test_columns_without_any_computed_value_are_found(
    cells: list[Cell], letters: list[str]
) -> None:
    read = contents(*((row, (f"AA{row}", cell)) for row, cell in enumerate(cells, start=2)))
    assert [column.letter for column in loading_columns(read)] == letters


# -- laws -----------------------------------------------------------------------------------------

NUMBERS = st.sampled_from(["AA1", "AA2", "ＡＡ1", "bb", "", "-"]) | ANY_CELL
ROWS = st.lists(st.tuples(NUMBERS, ANY_CELL, ANY_CELL, ANY_CELL), max_size=6)


@given(ROWS, st.text(max_size=5))
def test_whatever_the_cells_every_row_is_a_listing_or_has_a_rejection(
    rows: list[tuple[Cell, ...]], tab: str
) -> None:
    checked = check(*enumerate(rows, start=2), tab=tab)
    listed = [listing.sheet_row for listing in checked.listings]
    rejected = {known.sheet_row for known in checked.rejections}
    assert rejected.isdisjoint(listed)
    assert checked.rejected_rows == len(rejected)
    assert checked.total_rows == len(listed) + len(rejected) <= len(rows)
    numbers = [listing.property_number for listing in checked.listings]
    assert len(set(numbers)) == len(numbers)
    assert checked.numbers.issuperset(numbers)


@given(ROWS)
def test_whatever_the_cells_listings_and_rejections_can_be_sent(
    rows: list[tuple[Cell, ...]],
) -> None:
    checked = check(*enumerate(rows, start=2))
    shown = [(known.property_number, known.value, known.column) for known in checked.rejections]
    sent = json.dumps(
        [shown, [listing.values for listing in checked.listings]],
        ensure_ascii=False,
        allow_nan=False,
    )
    assert "\\u0000" not in sent
    sent.encode()


@given(st.permutations([(2, "AA1"), (3, "AA2"), (4, "AA2"), (5, "x"), (6, None)]))
def test_the_order_of_the_rows_changes_nothing_but_the_order(
    rows: list[tuple[int, str | None]],
) -> None:
    checked = check(*((row, (number, 1)) for row, number in rows))
    assert {listing.sheet_row for listing in checked.listings} == {2}
    assert [known.sheet_row for known in checked.rejections] == [3, 4, 5, 6]


# -- rows that are no listings, keys that are none ----------------------------------------------


def test_of_a_long_text_its_beginning_says_whether_the_row_is_ignored() -> None:
    mapping = replace(MAPPING, ignore=re.compile("※.*x.*"))
    sheet = contents((2, ("※x" + "y" * 90_000, 100)), (3, ("※" + "y" * 90_000 + "x", 100)))
    assert validate(sheet, mapping, default_zone=UTC).total_rows == 1


def test_of_what_is_searched_for_from_every_place_the_beginning_is_shorter() -> None:
    mapping = replace(MAPPING, ignore=re.compile(".*.*x"))
    sheet = contents((2, ("y" * 50 + "x", 100)), (3, ("y" * 190 + "x", 100)))
    assert validate(sheet, mapping, default_zone=UTC).total_rows == 1


def test_rows_that_the_mapping_ignores_are_no_listings_and_not_counted() -> None:
    mapping = replace(MAPPING, ignore=re.compile("^(合計|平均)"))
    sheet = contents(
        (2, ("AA1", 100)),
        (3, ("合計", 100)),
        (4, (None, "平　均")),
        (5, (None, " 平均 100")),
        (6, (None, 100)),
    )
    checked = validate(sheet, mapping, default_zone=UTC)
    assert [listing.property_number for listing in checked.listings] == ["AA1"]
    assert reasons(checked) == [
        (None, 4, "no property number, although other cells are filled"),
        (None, 4, "not a number; expected an amount, e.g. 34800000, 3,480万円"),
        (None, 6, "no property number, although other cells are filled"),
    ]
    assert checked.total_rows == 3


def test_it_is_the_number_that_says_whether_a_row_is_ignored_wherever_it_stands() -> None:
    price, number, sold, opened = (COLUMNS[index] for index in (1, 0, 2, 3))
    columns = (
        replace(price, letter="A"),
        replace(number, letter="F"),
        replace(sold, letter="B"),
        opened,
    )
    mapping = replace(MAPPING, ignore=re.compile("^計$"))
    rows: list[SheetRow] = [(2, (100, "計", True, None)), (3, ("計", "AA1", True, None))]
    sheet = replace(contents(), columns=columns, rows=rows)
    checked = validate(sheet, mapping, default_zone=UTC)
    assert [known.sheet_row for known in checked.rejections] == [3]


def test_the_key_is_the_column_of_that_name_wherever_it_stands() -> None:
    columns = tuple(COLUMNS[index] for index in (1, 2, 0, 3))
    mapping = replace(MAPPING, key=MAPPING.key.upper().lower())  # a text of its own
    rows: list[SheetRow] = [(2, (1, True, "AA1", None)), (3, ("ask", True, None, None))]
    checked = validate(replace(contents(), columns=columns, rows=rows), mapping, default_zone=UTC)
    assert [listing.property_number for listing in checked.listings] == ["AA1"]
    assert [(known.column, known.cell) for known in checked.rejections] == [
        ("Price\n（税込）", "Listings!F3"),
        (None, "Listings!A3"),
    ]


def test_the_number_may_stand_behind_300_other_columns() -> None:
    others = tuple(Column(f"c{index}", (f"C{index}",), ColumnType.TEXT) for index in range(300))
    columns = (*others, NUMBER)
    mapping = SheetMapping("wide", NUMBER.name, columns, ignore=re.compile("^計$"))
    blank = (None,) * 299
    sheet = replace(
        contents(),
        columns=tuple(
            SheetColumn(column, column.headers[0], column_letter(index))
            for index, column in enumerate(columns)
        ),
        rows=[(2, ("計", *blank, "AA1")), (3, ("new", *blank, None))],
    )
    checked = validate(sheet, mapping, default_zone=UTC)
    assert [listing.property_number for listing in checked.listings] == ["AA1"]
    assert reasons(checked) == [(None, 3, "no property number, although other cells are filled")]


def test_rows_of_different_lengths_are_never_cut_to_the_shortest() -> None:
    rows = [(2, ("AA1", 1, None, None)), (3, ("AA2", 1, None))]
    with pytest.raises(ValueError, match="shorter"):
        validate(replace(contents(), rows=rows), MAPPING, default_zone=UTC)


def test_a_first_filled_cell_is_the_leftmost_one_of_the_sheet() -> None:
    swapped = (replace(COLUMNS[0], letter="F"), replace(COLUMNS[1], letter="A"), *COLUMNS[2:])
    mapping = replace(MAPPING, ignore=re.compile("^計$"))
    sheet = replace(contents((2, (None, "計", True))), columns=swapped)
    assert validate(sheet, mapping, default_zone=UTC).total_rows == 0


@pytest.mark.parametrize("total", ["合計", "合計 3件", "小計", "平均", "計", "Total:", "※ 以上"])
def test_a_totals_row_without_that_option_is_rejected_whatever_numbers_look_like(
    total: str,
) -> None:
    mapping = replace(MAPPING, columns=(replace(NUMBER, pattern=None), *MAPPING.columns[1:]))
    columns = (replace(COLUMNS[0], column=mapping.columns[0]), *COLUMNS[1:])
    sheet = replace(contents((2, ("T1",)), (3, (total, 100))), columns=columns)
    checked = validate(sheet, mapping, default_zone=UTC)
    assert [listing.property_number for listing in checked.listings] == ["T1"]
    assert checked.rejected_rows == 1
    assert "a total or a note" in checked.rejections[0].reason
    assert not checked.unknown_numbers  # nothing that the table has may be on that row


def test_a_number_of_more_than_200_bytes_is_rejected() -> None:
    mapping = replace(MAPPING, columns=(replace(NUMBER, pattern=None), *MAPPING.columns[1:]))
    columns = (replace(COLUMNS[0], column=mapping.columns[0]), *COLUMNS[1:])
    sheet = replace(contents((2, ("ア" * 66 + "ab",)), (3, ("ア" * 67,))), columns=columns)
    checked = validate(sheet, mapping, default_zone=UTC)
    assert [listing.sheet_row for listing in checked.listings] == [2]
    assert [reason for _, _, reason in reasons(checked)] == [
        "too long: 201 bytes; expected at most 200 bytes"
    ]


def test_a_number_that_is_a_whole_float_beside_others_is_rejected() -> None:
    mapping = replace(MAPPING, columns=(replace(NUMBER, pattern=None), *MAPPING.columns[1:]))
    columns = (replace(COLUMNS[0], column=mapping.columns[0]), *COLUMNS[1:])
    sheet = replace(contents((2, ("AA1",)), (3, ("1001.0",)), (4, ("1.10",))), columns=columns)
    checked = validate(sheet, mapping, default_zone=UTC)
    assert [listing.property_number for listing in checked.listings] == ["AA1", "1.10"]
    assert "with decimals" in checked.rejections[0].reason


@pytest.mark.parametrize("option", ["minimum", "maximum"])
def test_a_limit_in_an_hour_that_does_not_exist_is_a_fault_of_the_mapping(option: str) -> None:
    limit: dict[str, Any] = {option: "2024-03-10T02:30:00"}
    opened = replace(OPENED, **limit)
    mapping = replace(MAPPING, columns=(*MAPPING.columns[:3], opened), name="m.toml")
    sheet = replace(contents((2, ("AA1",))), time_zone="America/New_York")
    with pytest.raises(SettingsError) as raised:
        validate(sheet, mapping, default_zone=UTC)
    name = {"minimum": "min", "maximum": "max"}[option]
    (problem,) = raised.value.problems
    assert problem == (
        f"m.toml: columns.opened_at.{name}: 2024-03-10T02:30:00: no such time in "
        "America/New_York: the clocks are put forward over it"
    )
    assert validate(replace(sheet, time_zone="UTC"), mapping, default_zone=UTC).total_rows == 1


def test_a_day_without_a_midnight_is_a_limit_of_days_all_the_same() -> None:
    day = replace(OPENED, type=ColumnType.DATE, minimum="2024-09-08")
    mapping = replace(MAPPING, columns=(*MAPPING.columns[:3], day))
    columns = (*COLUMNS[:3], replace(COLUMNS[3], column=day))
    rows = [(2, ("AA1", 1, None, "2024-09-07")), (3, ("AA2", 1, None, "2024-09-08"))]
    sheet = replace(contents(), columns=columns, rows=rows, time_zone="America/Santiago")
    checked = validate(sheet, mapping, default_zone=UTC)
    assert [listing.property_number for listing in checked.listings] == ["AA2"]
